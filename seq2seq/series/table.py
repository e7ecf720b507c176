"""Named float columns in: tables and arrays become series, checked, with missing values dealt with."""

import operator
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from seq2seq.errors import InputError
from seq2seq.series.calendar import check_order, find_gaps, looks_like_time, parse_times, time_text
from seq2seq.series.reading import holds_array, read_array, read_table
from seq2seq.series.series import Series, column_positions, split_in_time, split_samples

__all__ = ["Series", "read_series", "split_in_time", "split_samples"]

_COMPARISONS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_KEEP = re.compile(r"\s*(?P<key>.+?)\s*(?P<sign>==|!=|<=|>=|<|>)\s*(?P<number>[^=<>!]+?)\s*")
_CHOICES = {"missing": ("error", "interpolate", "mask"), "rows": ("auto", "steps", "samples")}


def read_series(
    location: str | Path,
    *,
    array: str | None = None,
    keep: str | None = None,
    columns: Sequence[str] | None = None,
    group: str | None = None,
    time: str | None = None,
    missing: str = "error",
    rows: str = "auto",
    split: str = "train",
    rejected: list[tuple[int, str]] | None = None,
) -> Series:
    """Read numeric series from a table or an array.

    An array `(steps,)` is one series of one feature and `(samples, steps, features)` are samples; what the rows of a
    table or of a 2-D array are, `rows` says. NaN from some step of a sample to its end is padding and is cut off.
    A column of texts alone is left out unless it is chosen.

    Args:
        location: str or path. `.csv`, `.txt`, `.tsv` (each plain or `.gz`, with a header or without), `.parquet`,
            `.npy`, `.npz` or `tfds:NAME[/CONFIG][:SPLIT]`.
        array: str. Key of the array in an NPZ file, or the TFDS feature.
        keep: str. Rows (of arrays: entries of the first axis) to keep, as `KEY OP NUMBER`, say `y_train==1`: KEY is
            a column, or another array of the file with a number for each entry; OP one of == != < <= > >=.
            As a column it is no feature unless chosen.
        columns: sequence of str. The features, in this order. None takes all columns of numbers.
        group: str. Column of a table whose values name the series; their rows may be mixed.
        time: str. Column with the times of the rows, dates or numbers. None takes the first that holds dates.
        missing: str. What to do with missing values: `"error"`; `"interpolate"`, in a straight line over the
            steps between the neighbours, the nearest value at the ends; or `"mask"`, which leaves them NaN.
        rows: str. `"steps"`: a row is a step of all features. `"samples"`: a row is a sequence of one feature.
            `"auto"`: steps in tables, samples in arrays.
        split: str. TFDS split where `location` names none.
        rejected: list. Samples that would be an error are left out, their number and what is wrong put into this list;
            their numbers are missing in the `names` then. None raises at the first.

    Returns:
        A `Series`; its `notes` say what was missing, left out or irregular.

    Raises:
        InputError: nothing there, damaged, an unknown column, a text or an infinite value among numbers, a missing
            value (unless chosen otherwise), times out of order or repeated. Says where.
    """
    for name, choice in (("missing", missing), ("rows", rows)):
        if choice not in _CHOICES[name]:
            raise InputError(f"{name} must be one of {', '.join(_CHOICES[name])}, got {choice!r}")
    columns = (columns,) if isinstance(columns, str) else tuple(columns or ())
    condition = _condition(keep) if keep else None
    if holds_array(location):
        if group or time:
            raise InputError(f"{location} is an array, which has no column {group or time!r} for groups or times")
        raw = read_array(location, array, split, condition and condition[0])
        series = _from_array(raw, condition, missing, rows, rejected)
        return series.select(columns) if columns else series
    if array:
        raise InputError(f"{location} is a table, but the array {array!r} was asked for: choose columns instead")
    if rows == "samples" and (group or time):
        raise InputError(f"rows that are samples have no column {group or time!r} for groups or times")
    table = read_table(location, text_column=group)
    return _from_table(table, condition, columns, group, time, missing, rows == "samples", rejected)


def _condition(keep):
    match = _KEEP.fullmatch(keep)
    try:
        return match["key"], match["sign"], float(match["number"])
    except (TypeError, ValueError):
        raise InputError(
            f"expected what to keep as KEY OP NUMBER, OP one of == != < <= > >=, as in y_train==1; got {keep!r}"
        ) from None


def _kept(values, condition, name):
    """Positions of the numbers that fulfil the condition."""
    key, sign, number = condition
    kept = np.flatnonzero(_COMPARISONS[sign](values, number) & ~np.isnan(values))
    if not kept.size:
        occurring = np.unique(values[~np.isnan(values)])
        listed = ", ".join(f"{value:g}" for value in occurring[:8]) + ", …" * (len(occurring) > 8)
        raise InputError(f"{name} has no {key} {sign} {number:g}: the values of {key} are {listed or 'missing'}")
    return kept


# --- arrays


def _from_array(raw, condition, missing, rows, rejected):
    values = np.asarray(raw.values, np.float64)
    if values.ndim not in (1, 2, 3) or values.size == 0:
        raise InputError(
            f"{raw.name} has the shape {values.shape}: expected (steps,), (steps, features) or "
            "(samples, steps, features), none of them 0"
        )
    entries = np.arange(len(values))
    if condition:
        if raw.beside is None:
            raise InputError(f"{raw.name} stands alone, so there is no {condition[0]!r} to keep by: use an NPZ file")
        entries = _kept(np.asarray(raw.beside, np.float64), condition, raw.name)
        values = values[entries]

    def place(index):
        return f"{raw.name}[{', '.join(map(str, (entries[index[0]], *index[1:])))}]"

    if values.ndim == 3 or (values.ndim == 2 and rows != "steps"):
        return _samples(values.reshape(*values.shape[:2], -1), entries, place, missing, values.ndim, rejected)
    notes = _missing_notes(values, None, place, missing)
    values = values.reshape(len(values), -1)
    columns = [str(number) for number in range(values.shape[1])]
    return Series((_filled(values, missing, columns, ""),), columns, ("",), None, False, notes)


def _samples(values, entries, place, missing, dimensions=2, rejected=None):
    """Series of independent samples from `(samples, steps, features)`; `place` takes an index of that or of 2 axes."""
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
    _refuse(empty, lambda index: place((*index, 0, 0)[:dimensions]), "starts a sample without any value: leave it out")
    inside = (np.arange(steps) < lengths[:, None])[:, :, None]
    notes = _missing_notes(values, inside, lambda index: place(index[:dimensions]), missing)
    if lengths.min() < steps:
        notes += (f"samples of {lengths.min()} to {lengths.max()} steps: NaN at the end of a sample is padding",)
    columns = [str(number) for number in range(values.shape[2])]
    names = [str(entry) for entry in entries]
    parts = [
        _filled(sample[:length], missing, columns, name)
        for sample, length, name in zip(values, lengths, names, strict=True)
    ]
    return Series(parts, columns, names, None, True, notes)


# --- tables


def _from_table(table, condition, columns, group, time, missing, samples, rejected):
    present = list(table.frame.columns)
    column_positions([*columns, *(name for name in (group, time) if name)], present, table.name)
    frame, used = table.frame, {group}
    if condition:
        key = condition[0]
        column_positions([key], present, table.name)
        frame = frame.iloc[_kept(_numbers(table, frame, [key], True)[0][:, 0], condition, table.name)]
        used.add(key)
    if not time and not samples:
        time = _column_of_dates(frame, [name for name in present if name not in used | set(columns)])
    used.add(time)
    chosen = columns or [name for name in present if name not in used]
    values, names, notes = _numbers(table, frame, chosen, bool(columns))

    def place(index):
        return f"{table.row(frame.index[index[0]])}, column {names[index[1]]!r}"

    if samples:
        series = _samples(values[:, :, None], frame.index, place, missing, rejected=rejected)
        return replace(series, notes=notes + series.notes)
    notes += _missing_notes(values, None, place, missing)
    groups = _groups(table, frame, group)
    parts = [_filled(values[rows], missing, names, name) for name, rows in groups.items()]
    times = None
    if time:
        whole = parse_times(frame[time], table.row)
        times = tuple(whole[rows] for rows in groups.values())
        for part, rows in zip(times, groups.values(), strict=True):
            check_order(part, lambda step, rows=rows: table.row(frame.index[rows[step]]))
        notes += _gap_notes(times)
    return Series(parts, names, tuple(groups), times, False, notes)


def _numbers(table, frame, names, chosen):
    """The columns as one float64 matrix, with the names of those that are numbers, and notes on the others."""
    matrix, numeric, notes = [], [], ()
    for name in names:
        column = frame[name]
        dates = pd.api.types.is_datetime64_any_dtype(column)
        numbers = np.full(len(column), np.nan) if dates else _as_numbers(column)
        texts = np.isnan(numbers) & column.notna().to_numpy()
        if not chosen and np.isnan(numbers).all():
            notes += (f"column {name!r} holds {'no numbers' if texts.any() else 'nothing'} and was left out",)
            continue
        if texts.any():
            first = int(texts.argmax())
            raise InputError(
                f"{table.row(frame.index[first])}, column {name!r}: {str(column.iloc[first])[:60]!r} is not a number: "
                "mend it, leave the cell empty if the value is missing, or choose other columns"
            )
        matrix.append(numbers)
        numeric.append(name)
    if not matrix:
        listed = ", ".join(names[:12]) or "none that is no group or time"
        raise InputError(f"{table.name} has no column of numbers; its columns: {listed}")
    return np.stack(matrix, axis=1), tuple(numeric), notes


def _as_numbers(column):
    try:
        numbers = pd.to_numeric(column, errors="coerce")
    except TypeError:  # cells that are lists or the like
        return np.full(len(column), np.nan)
    return numbers.to_numpy(np.float64, na_value=np.nan)


def _column_of_dates(frame, names):
    """The first of the columns that holds dates."""
    return next((name for name in names if _holds_dates(frame[name].dropna())), None)


def _holds_dates(cells):
    if pd.api.types.is_numeric_dtype(cells) or not len(cells):
        return False
    return pd.api.types.is_datetime64_any_dtype(cells) or looks_like_time(str(cells.iloc[0]))


def _groups(table, frame, group):
    """Name of each series → positions of its rows, both in the order of the file."""
    if not group:
        return {"": np.arange(len(frame))}
    _refuse(
        frame[group].isna().to_numpy(),
        lambda index: table.row(frame.index[index[0]]),
        f"has an empty cell in the column of groups, {group!r}: say which series the row belongs to",
    )
    codes, names = pd.factorize(frame[group].astype(str))
    order = np.argsort(codes, kind="stable")
    positions = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    return dict(zip(map(str, names), positions, strict=True))


def _gap_notes(times):
    by_series = [(part, *find_gaps(part)) for part in times]
    total = sum(len(gaps) for _, gaps, _ in by_series)
    if not total:
        return ()
    part, gaps, usual = next(each for each in by_series if len(each[1]))
    start, end = (time_text(part[step]) for step in (gaps[0] - 1, gaps[0]))
    across = f" in {sum(len(gaps) > 0 for _, gaps, _ in by_series)} of {len(by_series)} series" * (len(by_series) > 1)
    gaps = f"{total:,} gap{'s' * (total > 1)} in time{across}"
    return (f"{gaps}, the first from {start} to {end} where the usual step is {usual}: steps are taken as equal",)


# --- values


def _refuse(bad, place, what):
    if bad.any():
        index = tuple(int(i) for i in np.unravel_index(int(bad.argmax()), bad.shape))
        raise InputError(f"{place(index)} {what}")


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


def _missing_notes(values, inside, place, missing):
    """Refuse infinite and, unless told otherwise, missing values; say how many were missing."""
    _refuse(np.isinf(values), place, "is infinite: expected a number, or an empty cell or NaN if it is missing")
    absent = np.isnan(values) if inside is None else np.isnan(values) & inside
    if missing == "error":
        _refuse(absent, place, "is missing: fill it in, or train with --missing interpolate or --missing mask")
    count = int(absent.sum())
    total = values.size if inside is None else int(inside.sum()) * values.shape[2]
    done = {"interpolate": "interpolated", "mask": "left out by mask"}.get(missing)
    return (f"{count:,} of {total:,} values were missing and were {done}",) if count else ()


def _filled(values, missing, columns, name):
    """The values `(steps, features)` of one series, interpolated over the steps if so wished."""
    if missing != "interpolate" or not np.isnan(values).any():
        return values
    values, steps = values.copy(), np.arange(len(values))
    for feature, column in enumerate(values.T):
        absent = np.isnan(column)
        if absent.all():
            where = f"of series {name!r} " if name else ""
            raise InputError(f"column {columns[feature]!r} {where}has no value to interpolate from: leave it out")
        column[absent] = np.interp(steps[absent], steps[~absent], column[~absent])
    return values
