"""Named float columns in: tables and arrays become series, checked, with missing values dealt with."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seq2seq.errors import InputError
from seq2seq.series.calendar import check_order, find_gaps, looks_like_time, parse_times, time_text
from seq2seq.series.condition import Condition
from seq2seq.series.files import holds_array, read_array, read_table
from seq2seq.series.reading import Reading
from seq2seq.series.samples import from_array, samples_of
from seq2seq.series.series import Series, column_positions, parts_of, split_in_time, split_samples
from seq2seq.series.values import filled, missing_notes, refuse

__all__ = ["Reading", "Series", "parts_of", "read_series", "split_in_time", "split_samples"]


def read_series(
    location: str | Path,
    *,
    split: str = "train",
    rejected: list[tuple[int, str]] | None = None,
    **how: Any,
) -> Series:
    """Read numeric series from a table or an array.

    An array `(steps,)` is one series of one feature and `(samples, steps, features)` are samples; what the rows of a
    table or of a 2-D array are, `rows` says. NaN from some step of a sample to its end is padding and is cut off.
    A column of texts alone is left out unless it is chosen.

    Args:
        location: str or path. `.csv`, `.txt`, `.tsv` (each plain or `.gz`, with a header or without), `.parquet`,
            `.npy`, `.npz` or `tfds:NAME[/CONFIG][:SPLIT]`.
        split: str. TFDS split where `location` names none.
        rejected: list. Samples that would be an error are left out, their number and what is wrong put into this list;
            their numbers are missing in the `names` then. None raises at the first.
        **how: attributes of `Reading`.

    Returns:
        A `Series`; its `notes` say what was missing, left out or irregular, its `reading` how it was read.

    Raises:
        InputError: nothing there, damaged, an unknown column, a text or an infinite value among numbers, a missing
            value (unless chosen otherwise), times out of order or repeated. Says where.
    """
    reading = Reading(**how)
    condition = Condition.parse(reading.keep) if reading.keep else None
    of_rows = reading.group or reading.time
    if holds_array(location):
        if of_rows:
            raise InputError(f"{location} is an array, which has no column {of_rows!r} for groups or times")
        raw = read_array(location, reading.array, split, condition and condition.key)
        series = from_array(raw, condition, reading, rejected)
        return series.select(reading.columns) if reading.columns else series
    if reading.array:
        raise InputError(
            f"{location} is a table, but the array {reading.array!r} was asked for: choose columns instead"
        )
    if reading.rows == "samples" and of_rows:
        raise InputError(f"rows that are samples have no column {of_rows!r} for groups or times")
    return _from_table(read_table(location, text_column=reading.group), condition, reading, rejected)


def _from_table(table, condition, reading, rejected):
    present, columns, group, time = list(table.frame.columns), reading.columns or (), reading.group, reading.time
    samples = reading.rows == "samples"
    column_positions([*columns, *(name for name in (group, time) if name)], present, table.name)
    frame, used = table.frame, {group}
    if condition:
        column_positions([condition.key], present, table.name)
        frame = frame.iloc[condition.positions(_numbers(table, frame, [condition.key], True)[0][:, 0], table.name)]
        used.add(condition.key)
    if not time and not samples:
        time = _column_of_dates(frame, [name for name in present if name not in used | set(columns)])
    used.add(time)
    chosen = columns or [name for name in present if name not in used]
    values, names, notes = _numbers(table, frame, chosen, bool(columns))

    def place(index):
        return f"{table.row(frame.index[index[0]])}, column {names[index[1]]!r}"

    if samples:
        series = samples_of(values[:, :, None], frame.index, place, reading.missing, rejected=rejected)
        return replace(series, notes=notes + series.notes, reading=reading)
    notes += missing_notes(values, None, place, reading.missing)
    groups = _groups(table, frame, group)
    parts = [filled(values[rows], reading.missing, names, name) for name, rows in groups.items()]
    times = None
    if time:
        whole = parse_times(frame[time], table.row)
        times = tuple(whole[rows] for rows in groups.values())
        for part, rows in zip(times, groups.values(), strict=True):
            check_order(part, lambda step, rows=rows: table.row(frame.index[rows[step]]))
        notes += _gap_notes(times)
    return Series(parts, names, tuple(groups), times, False, notes, replace(reading, time=time))


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
    refuse(
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
