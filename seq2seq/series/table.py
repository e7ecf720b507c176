"""Named float columns in: tables and arrays become series, checked, with missing values dealt with."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seq2seq.errors import InputError
from seq2seq.series.arrays import read_array
from seq2seq.series.clock import Clock
from seq2seq.series.columns import features_of
from seq2seq.series.condition import Condition
from seq2seq.series.files import holds_array, read_table
from seq2seq.series.reading import Reading
from seq2seq.series.samples import from_array, samples_of
from seq2seq.series.segments import gaps_of
from seq2seq.series.series import Series, column_positions, near_match, parts_of, split_in_time, split_samples
from seq2seq.series.time_axis import arranged, find_times, times_of
from seq2seq.series.values import filled, limit_note, made_up_notes, missing_notes, refuse, stretch_note, wrong_series

__all__ = ["Reading", "Series", "parts_of", "read_series", "split_in_time", "split_samples"]


def read_series(
    location: str | Path,
    *,
    split: str = "train",
    rejected: list[tuple[int | str, str]] | None = None,
    joined: bool = False,
    **how: Any,
) -> Series:
    """Read numeric series from a table or an array.

    An array `(steps,)` is one series of one feature and `(samples, steps, features)` are samples; what the rows of a
    table or of a 2-D array are, `rows` says. NaN from some step of a sample to its end is padding and is cut off.
    A column of texts alone is left out unless it is chosen.

    Args:
        location: str or path. `.csv`, `.txt`, `.tsv` (each plain or `.gz`, with a header or without), `.parquet`,
            `.xlsx`, several of these (a pattern, or names with commas), `.npy`, `.npz` or
            `tfds:NAME[/CONFIG][:SPLIT]`, `hf:NAME[/CONFIG][:SPLIT]` or a folder of `save_to_disk`.
        split: str. That of a data set where `location` names none.
        rejected: list. Samples, and series of a group, that would be an error are left out, their number or name and
            what is wrong put into this list; they are missing in the `names` then. None raises at the first.
        joined: bool. Rows are joined to those of other data by group and time; what is said where a table lacks these.
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
    table = read_table(location, reading)
    if joined:
        _check_keys(table, [reading.group, *(reading.time or ())])
    return _from_table(table, condition, reading, rejected)


def _check_keys(table, names):
    for name in names:
        if name and name not in table.frame.columns:
            raise InputError(
                f"{table.name} has no column {name!r}, by which its rows are joined to those of the data: add it; "
                f"{near_match(name, table.frame.columns)}"
            )


def _from_table(table, condition, reading, rejected):
    present, columns, group = list(table.frame.columns), reading.columns or (), reading.group
    used = {name for name in (group, *(reading.time or ()), condition and condition.key) if name}
    column_positions(sorted(used), present, table.name)
    frame = table.frame
    if condition:
        key = features_of(table, frame.index, [condition.key], replace(reading, categorical=None), True).values[:, 0]
        frame = frame.iloc[condition.positions(key, table.name)]
    samples = reading.rows == "samples"
    groups = _groups(table, frame, None if samples else group)
    notes = table.notes
    if reading.limit and max(map(len, groups.values())) > reading.limit:
        notes += (limit_note(reading.limit),)
        frame, groups = _rows_of(frame, {name: rows[: reading.limit] for name, rows in groups.items()})
    if not samples:
        left = [name for name in present if name not in used | {*columns, *(reading.categorical or ())}]
        reading, no_features, told = find_times(frame, reading, left, groups)
        used |= set(no_features)
        notes += told
    chosen = columns or [name for name in present if name not in used]
    features = features_of(table, frame.index, chosen, reading, bool(columns))
    values, names, notes = features.values, features.names, notes + features.notes
    reading = replace(features.reading, columns=names)
    labels = frame.index

    def place(index):
        return f"{table.row(labels[index[0]])}, column {names[index[1]]!r}"

    if samples:
        series = samples_of(values[:, :, None], frame.index, place, reading.missing, rejected=rejected)
        return replace(series, notes=notes + series.notes, reading=reading)
    if rejected is not None and len(groups) > 1:
        wrong = wrong_series(values, groups, place, reading.missing)
        rejected += wrong.items()
        if 0 < len(wrong) < len(groups):
            good = {name: rows for name, rows in groups.items() if name not in wrong}
            values = values[np.sort(np.concatenate(list(good.values())))]
            frame, groups = _rows_of(frame, good)
            labels = frame.index
    notes += missing_notes(values, None, place, reading.missing)
    parts = [values] if len(groups) == 1 else [values[rows] for rows in groups.values()]
    times, clock = None, Clock()
    if reading.time:
        whole, clock, reading, told = times_of(frame, reading, table.row, groups)
        notes += told
        rows = [lambda step, rows=rows: table.row(frame.index[rows[step]]) for rows in groups.values()]
        times = [whole[rows] for rows in groups.values()]
        parts, times, reading, told = arranged(parts, times, clock, reading, rows)
        notes += told
    series = Series(parts, names, tuple(groups), times and tuple(times), False, notes, reading, clock)
    return _interpolated(series) if reading.missing == "interpolate" else series


def _interpolated(series):
    """The same without missing values; no line is drawn across a gap in time."""
    gaps, columns = gaps_of(series), series.columns
    values = [
        filled(part, "interpolate", columns, name, cuts)
        for part, name, cuts in zip(series.values, series.names, gaps, strict=True)
    ]
    told = made_up_notes(series.values, series.names, columns, series.times)
    return replace(series, values=values, notes=series.notes + told + stretch_note(series.values, gaps))


def _rows_of(frame, groups):
    """The rows of these series alone, and where in them each series has its own."""
    kept = np.sort(np.concatenate(list(groups.values())))
    return frame.iloc[kept], {name: np.searchsorted(kept, rows) for name, rows in groups.items()}


def _groups(table, frame, group):
    """Name of each series → positions of its rows, both in the order of the file."""
    if not group:
        return {"": np.arange(len(frame))}
    texts = frame[group].astype(str).str.strip()  # a blank at the end of a name comes and goes
    refuse(
        (frame[group].isna() | (texts == "")).to_numpy(bool),
        lambda index: table.row(frame.index[index[0]]),
        f"has an empty cell in the column of groups, {group!r}: say which series the row belongs to",
    )
    codes, names = pd.factorize(texts)
    order = np.argsort(codes, kind="stable")
    positions = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    return dict(zip(map(str, names), positions, strict=True))
