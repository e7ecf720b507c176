"""What became of series, written as they came, the same rows in the same kind of file; or step by step as CSV."""

import gzip
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from seq2seq.series.clock import Clock
from seq2seq.series.files import holds_array, read_array, read_table, separator_in
from seq2seq.series.series import Series, unnamed


def write_like(
    path: Path,
    file: BinaryIO,
    series: Series,
    reconstructed: Sequence[np.ndarray],
    *,
    array: str | None = None,
    group: str | None = None,
) -> int:
    """Write a file like the one that series were read from, with other numbers in their place.

    A table has the same rows and columns, an array the same shape; what was left out in reading is NaN, in CSV an empty
    cell. An NPZ file holds the array `reconstructed`, and the names of its columns and samples.

    Args:
        path: what was read.
        file: what to write, an open binary file.
        series: what was read from it, the columns in the order of `reconstructed`.
        reconstructed: float arrays, `(time_steps, features)`, one for each series and as long as it.
        array: str. Key of the array in an NPZ file.
        group: str. Column of a table whose values name the series.

    Returns:
        The number of rows, or entries of the first axis, that were written.
    """
    if not holds_array(path):
        return _write_table(path, file, series, reconstructed, group)
    raw = read_array(path, array, "train")
    values = _like_array(raw.values.shape, series, reconstructed)
    if path.name.lower().endswith(".npy"):
        np.save(file, values, allow_pickle=False)
    else:
        np.savez_compressed(file, reconstructed=values, names=np.array(series.names), columns=np.array(series.columns))
    return len(values)


def _like_array(shape, series, reconstructed):
    if not series.whole:
        return reconstructed[0].reshape(shape)
    values = np.full((*shape[:2], len(series.columns)), np.nan)
    for name, part in zip(series.names, reconstructed, strict=True):
        values[int(name), : len(part)] = part
    return values.reshape(shape)


def _write_table(path, file, series, reconstructed, group):
    frame = read_table(path, text_column=group).frame
    if series.whole:
        columns = [name for name in frame.columns if name != group][: max(map(len, reconstructed))]
        values = np.full((len(frame), len(columns)), np.nan)
        for name, part in zip(series.names, reconstructed, strict=True):
            values[int(name), : len(part)] = part[:, 0]
    else:
        columns, values = list(series.columns), np.full((len(frame), len(series.columns)), np.nan)
        if unnamed(columns):
            columns = list(frame.columns[: len(columns)])
        keys = frame[group].astype(str).to_numpy() if group else np.full(len(frame), series.names[0])
        for name, part in zip(series.names, reconstructed, strict=True):
            values[keys == name] = part
    if path.name.lower().endswith(".parquet"):
        frame[columns] = values
        frame.to_parquet(file, index=False)
        return len(frame)
    frame[columns] = pd.DataFrame(values, frame.index, columns).map(cell)
    _write_csv(path, file, frame)
    return len(frame)


def _write_csv(path, file, frame):
    # Without a time and a name in its header a gzip file depends on its content alone.
    packed = path.name.lower().endswith(".gz")
    stream = gzip.GzipFile("", "wb", fileobj=file, mtime=0) if packed else file
    text = TextIOWrapper(stream, encoding="utf-8", newline="")
    header = not unnamed(list(frame.columns))  # a file that had none gets none
    frame.to_csv(text, sep=separator_in(path), header=header, index=False, lineterminator="\n")
    text.flush()
    text.detach()
    if packed:
        stream.close()


def step_lines(
    names: Sequence[str],
    times: Sequence[np.ndarray] | None,
    columns: Sequence[str],
    values: Sequence[Sequence[np.ndarray]],
    *,
    group: str | None = None,
    time: Sequence[str] | str | None = None,
    clock: Clock | None = None,
    unit: str = "series",
    first: int = 0,
) -> Iterator[list[Any]]:
    """Series as the lines of one CSV file, one for each step of each series: group, time, values.

    Args:
        names: of the series; there is no column of them for a single one, unless it is of a `group`.
        times: of each series; `None` counts its steps.
        columns: names of the values.
        values: of each series, of each column, an array of as many values as steps.
        group: column of groups in the data that the series are from.
        time: columns of times in them.
        clock: `Clock` that writes times as they are in the data.
        unit: what a series is called where there is no group.
        first: number of the first step where there are no times.

    Returns:
        An iterator of lines, each a list of cells; the first one has the headings.
    """
    many, clock = len(names) > 1 or bool(group), clock or Clock()
    yield [*[group or unit] * many, *(clock.heading(time) if times else ["step"]), *columns]
    for number, name in enumerate(names):
        steps = len(values[number][0])
        at = clock.cells(times[number], time) if times else [[step] for step in range(first, first + steps)]
        for when, *cells in zip(at, *values[number], strict=True):
            yield [*[name] * many, *when, *map(cell, cells)]


def cell(value: Any) -> Any:
    """A number with nine figures, an empty cell for NaN; anything else as it is."""
    if not isinstance(value, float | np.floating):
        return value
    return f"{value:.9g}" if value == value else ""
