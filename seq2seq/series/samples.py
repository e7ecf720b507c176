"""Arrays, and tables whose rows are samples: float arrays become series."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from seq2seq.errors import InputError
from seq2seq.series.arrays import RawArray
from seq2seq.series.condition import Condition
from seq2seq.series.reading import Reading
from seq2seq.series.series import Series
from seq2seq.series.values import filled, limit_note, made_up_notes, missing_notes, refuse, without_codes


def from_array(
    raw: RawArray, condition: Condition | None, reading: Reading, rejected: list[tuple[int | str, str]] | None
) -> Series:
    """Return the series of an array: `(steps,)`, `(steps, features)` or `(samples, steps, features)`.

    Args:
        raw: `RawArray`.
        condition: which entries of the first axis are kept; None for all.
        reading: `Reading`.
        rejected: as of `read_series`.

    Raises:
        InputError: another shape, or values that cannot be used.
    """
    values = without_codes(np.asarray(raw.values, np.float64), reading.missing_values)
    if values.ndim not in (1, 2, 3) or values.size == 0:
        raise InputError(
            f"{raw.name} has the shape {values.shape}: expected (steps,), (steps, features) or "
            "(samples, steps, features), none of them 0"
        )
    entries = np.arange(len(values))
    if condition:
        if raw.beside is None:
            raise InputError(f"{raw.name} stands alone, so there is no {condition.key!r} to keep by: use an NPZ file")
        entries = condition.positions(np.asarray(raw.beside, np.float64), raw.name)
    entries = entries[: reading.limit]
    values = values[entries]

    def place(index):
        return f"{raw.name}[{', '.join(map(str, (entries[index[0]], *index[1:])))}]"

    if values.ndim == 3 or (values.ndim == 2 and reading.rows != "steps"):
        series = samples_of(
            values.reshape(*values.shape[:2], -1), entries, place, reading.missing, values.ndim, rejected
        )
        return replace(series, reading=reading)
    notes = missing_notes(values, None, place, reading.missing)
    notes += (limit_note(reading.limit),) if len(entries) == reading.limit else ()
    values = values.reshape(len(values), -1)
    columns = [str(number) for number in range(values.shape[1])]
    notes += made_up_notes([values], [""], columns) if reading.missing == "interpolate" else ()
    return Series((filled(values, reading.missing, columns, ""),), columns, ("",), None, False, notes, reading)


def samples_of(
    values: np.ndarray,
    entries: np.ndarray,
    place: Callable[[tuple[int, ...]], str],
    missing: str,
    dimensions: int = 2,
    rejected: list[tuple[int | str, str]] | None = None,
) -> Series:
    """Return independent samples as series, without what is padding at their ends.

    Args:
        values: float array, `(samples, steps, features)`.
        entries: int array, `(samples,)`. Their numbers in the file, which become their names.
        place: function from an index of `values`, of as many axes as `dimensions`, to what an error shall call it.
        missing: str. As of `Reading`.
        dimensions: int. 2 or 3.
        rejected: as of `read_series`.

    Raises:
        InputError: values that cannot be used.
    """
    if rejected is not None:
        wrong = _wrong_samples(values, missing)
        rejected += [(int(entries[row]), reason) for row, reason in wrong.items()]
        good = np.setdiff1d(np.arange(len(values)), list(wrong))
        if not good.size:
            raise InputError(f"{place((0,) * dimensions)} and all other samples cannot be used: {wrong[0]}")
        values, entries = values[good], np.asarray(entries)[good]
    observed = ~np.isnan(values).all(axis=2)
    steps = values.shape[1]
    lengths = steps - observed[:, ::-1].argmax(axis=1)
    empty = ~observed.any(axis=1)
    refuse(empty, lambda index: place((*index, 0, 0)[:dimensions]), "starts a sample without any value: leave it out")
    inside = (np.arange(steps) < lengths[:, None])[:, :, None]
    notes = missing_notes(values, inside, lambda index: place(index[:dimensions]), missing)
    if lengths.min() < steps:
        notes += (f"samples of {lengths.min()} to {lengths.max()} steps: NaN at the end of a sample is padding",)
    columns = [str(number) for number in range(values.shape[2])]
    names = [str(entry) for entry in entries]
    parts = [
        filled(sample[:length], missing, columns, name)
        for sample, length, name in zip(values, lengths, names, strict=True)
    ]
    return Series(parts, columns, names, None, True, notes)


def _wrong_samples(values, missing):
    """Row → what is wrong with it, of the samples `(samples, steps, features)` that cannot be used."""
    absent = np.isnan(values)
    lengths = values.shape[1] - (~absent.all(axis=2))[:, ::-1].argmax(axis=1)
    inside = np.arange(values.shape[1]) < lengths[:, None]
    checks = [
        (np.isinf(values).any(axis=(1, 2)), "an infinite value"),
        (absent.all(axis=(1, 2)), "no value"),
        ((absent.any(axis=2) & inside).any(axis=1) & (missing == "error"), "a missing value"),
        # Over what steps would a feature without any value be interpolated?
        (absent.all(axis=1).any(axis=1) & (missing == "interpolate"), "a feature without any value"),
    ]
    return {row: reason for wrong, reason in reversed(checks) for row in np.flatnonzero(wrong).tolist()}
