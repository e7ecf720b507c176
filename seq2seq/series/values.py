"""What is wrong with the numbers of a table or an array: infinite ones refused, missing ones told of and filled in."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from seq2seq.errors import InputError
from seq2seq.report import counted
from seq2seq.series.clock import time_texts
from seq2seq.series.figures import cell
from seq2seq.series.series import listed

LONG_STRETCH = 5  # steps: a line through more of them is told of
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_CODES = (99, 200, 999, 9999, 99999, 32768)  # that many files have for a missing value, with a minus or without


def by_feature(values: np.ndarray, columns: Sequence[str]) -> np.ndarray:
    """Float64 `(rows, columns)` of values `(…, steps, columns)`.

    Raises:
        InputError: they have another shape.
    """
    values = np.asarray(values, np.float64)
    if values.ndim < 2 or values.shape[-1] != len(columns):
        raise InputError(
            f"expected an array (…, steps, features) with {counted(len(columns), 'feature')} ({listed(columns)}), "
            f"got the shape {values.shape}"
        )
    return values.reshape(-1, len(columns))


def refuse_column(bad: np.ndarray, columns: Sequence[str], what: str) -> None:
    """Raise `InputError` naming the first column with a True in a bool array `(rows, columns)`; `what` it has."""
    if bad.any():
        name = columns[int(bad.any(axis=0).argmax())]
        raise InputError(f"column {name!r} has {what}")


def refuse(bad: np.ndarray, place: Callable[[tuple[int, ...]], str], what: str) -> None:
    """Raise `InputError` at the first True of a bool array, which `place` names by its index; `what` is wrong there."""
    if bad.any():
        index = tuple(int(i) for i in np.unravel_index(int(bad.argmax()), bad.shape))
        raise InputError(f"{place(index)} {what}")


def without_codes(numbers: np.ndarray, missing_values: Sequence[str] | None) -> np.ndarray:
    """Float values with NaN for those that stand for missing ones, of `missing_values` all that are numbers."""
    codes = [float(text) for text in missing_values or () if _NUMBER.fullmatch(text)]
    return np.where(np.isin(numbers, codes), np.nan, numbers) if codes else numbers


def code_note(numbers: np.ndarray, name: str) -> list[str]:
    """A note on the column `name` where its lowest or highest number looks like a code for missing values, -999.

    Such a number comes again and again, far from all others.
    """
    numbers = numbers[np.isfinite(numbers)]
    ends = (numbers.min(), numbers.max()) if len(numbers) else ()
    for value in ends:
        is_code = numbers == value
        count = int(is_code.sum())
        if count < 3 or value % 1:
            continue
        others = numbers[~is_code]
        low, high = (others.min(), others.max()) if len(others) else (value, value)
        gap = max(low - value, value - high)
        if gap > (high - low) * (0.1 if abs(value) in _CODES else 1) > 0:
            value, low, high = map(cell, (value, low, high))
            return [
                f"column {name!r} is {value} in {count:,} rows and {low} to {high} in all others: if that stands "
                f"for a missing value, give --missing-values {value}"
            ]
    return []


def limit_note(limit: int) -> str:
    """What is told where not all was read."""
    first = counted(limit, "step was", "steps were")
    return f"only the first {first} read (data.limit): a forecast follows those, not the last of the data"


def missing_notes(
    values: np.ndarray, inside: np.ndarray | None, place: Callable[[tuple[int, ...]], str], missing: str
) -> tuple[str, ...]:
    """Refuse infinite and, unless told otherwise, missing values; return a note on how many were missing.

    Args:
        values: float array, `(…, features)`.
        inside: bool array that broadcasts to it, False where NaN is padding; None where there is none.
        place: function from an index of `values` to what an error shall call it.
        missing: str. As of `Reading`.
    """
    refuse(np.isinf(values), place, "is infinite: expected a number, or an empty cell or NaN if it is missing")
    absent = np.isnan(values) if inside is None else np.isnan(values) & inside
    if missing == "error":
        refuse(absent, place, "is missing: fill it in, or train with --missing interpolate or --missing mask")
    count = int(absent.sum())
    total = values.size if inside is None else int(inside.sum()) * values.shape[2]
    done = {"interpolate": "interpolated", "mask": "left out by mask"}.get(missing)
    were = "was" if count == 1 else "were"
    return (f"{count:,} of {total:,} values {were} missing and {were} {done}",) if count else ()


def wrong_series(
    values: np.ndarray, groups: Mapping[str, np.ndarray], place: Callable[[tuple[int, ...]], str], missing: str
) -> dict[str, str]:
    """Name → what is wrong with it, of the series that cannot be used.

    Args:
        values: float array, `(rows, features)`.
        groups: from the name of each series to the positions of its rows.
        place: as of `missing_notes`.
        missing: str. As of `Reading`.
    """
    infinite, absent = np.isinf(values), np.isnan(values)
    bad = infinite | absent if missing == "error" else infinite
    bad_rows = bad.any(axis=1)
    found = {}
    for name, rows in groups.items():
        if bad_rows[rows].any():
            row = int(rows[bad_rows[rows].argmax()])
            feature = int(bad[row].argmax())
            found[name] = f"{place((row, feature))} is {'infinite' if infinite[row, feature] else 'missing'}"
        elif missing == "interpolate" and absent[rows].all(axis=0).any():
            feature = int(absent[rows].all(axis=0).argmax())
            found[name] = f"{place((int(rows[0]), feature))} and all after it are missing"
    return found


def stretch_note(parts: Sequence[np.ndarray], gaps: Sequence[np.ndarray]) -> tuple[str, ...]:
    """A note on stretches between gaps in which a column has no value; `parts` and `gaps` are as of `filled`."""
    empty = sum(
        int((np.add.reduceat(~np.isnan(part), [0, *cuts], axis=0, dtype=np.int64) == 0).any(axis=1).sum())
        for part, cuts in zip(parts, gaps, strict=True)
        if len(cuts)
    )
    if not empty:
        return ()
    which = counted(empty, "stretch between gaps has", "stretches between gaps have")
    return (f"{which} no value of some column to interpolate from: the nearest one beyond the gap is taken",)


def made_up_notes(
    parts: Sequence[np.ndarray],
    names: Sequence[str],
    columns: Sequence[str],
    times: Sequence[np.ndarray] | None = None,
) -> tuple[str, ...]:
    """Notes on interpolated values that are no measurements at all: in long stretches, and at the end of a series.

    Args:
        parts: of each series a float array, `(steps, features)`, NaN = missing.
        names: of the series.
        columns: of the features.
        times: of each series an array, `(steps,)`; None counts steps from 1 on.
    """
    steps, longest, at_end = LONG_STRETCH, None, []
    for number, part in enumerate(parts):
        for feature in np.flatnonzero(np.isnan(part).any(axis=0)).tolist():
            edges = np.diff(np.concatenate(([0], np.isnan(part[:, feature]).astype(np.int8), [0])))
            first, end = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
            place = int((end - first).argmax())
            if end[place] - first[place] > steps:
                steps, longest = int(end[place] - first[place]), (number, feature, int(first[place]))
            if end[-1] == len(part):
                at_end.append((int(end[-1] - first[-1]), number, feature))

    def which(number, feature):
        return repr(columns[feature]) + f" of series {names[number]!r}" * bool(names[number])

    notes: tuple[str, ...] = ()
    if longest:
        number, feature, begin = longest
        when = time_texts(times[number][[begin]])[0] if times else f"step {begin + 1:,}"
        notes += (
            f"the longest stretch without a value is {counted(steps, 'step')} of {which(number, feature)} from "
            f"{when}: the values there are nothing measured, and scores and errors tell nothing",
        )
    if at_end:
        steps, number, feature = max(at_end, key=lambda each: each[0])
        more = f", nor have {len(at_end) - 1:,} more at the end of theirs" if len(at_end) > 1 else ""
        notes += (
            f"{which(number, feature)} has no value in the last {counted(steps, 'step')}{more}: the latest one stands "
            "in, and a forecast starts from it",
        )
    return notes


def filled(values: np.ndarray, missing: str, columns: Sequence[str], name: str, gaps: Sequence[int] = ()) -> np.ndarray:
    """Return the values of the series `name`, interpolated over the steps if so wished.

    Args:
        values: float array, `(steps, features)`.
        missing: str. As of `Reading`.
        columns: their names.
        name: str.
        gaps: ints. The steps after gaps in time, across which no line is drawn: what is before a gap and after it has
            the nearest value on its own side, or on the other one where there is none.
    """
    if missing != "interpolate" or not np.isnan(values).any():
        return values
    values, bounds = values.copy(), [0, *gaps, len(values)]
    for feature, column in enumerate(values.T):
        if np.isnan(column).all():
            where = f"of series {name!r} " if name else ""
            raise InputError(f"column {columns[feature]!r} {where}has no value to interpolate from: leave it out")
        for first, end in pairwise(bounds):
            _draw_lines(column[first:end])
        _draw_lines(column)  # over stretches that have nothing, at whose ends all others have a value
    return values


def _draw_lines(line):
    absent, steps = np.isnan(line), np.arange(len(line))
    if absent.any() and not absent.all():
        line[absent] = np.interp(steps[absent], steps[~absent], line[~absent])
