"""What became of series, written as they came, the same rows in the same kind of file; or step by step as CSV."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from seq2seq.series.arrays import read_array
from seq2seq.series.clock import Clock
from seq2seq.series.figures import cell, column_cells, decimals_in, decimals_of
from seq2seq.series.files import holds_array, read_table
from seq2seq.series.rewriting import write_parquet, write_text
from seq2seq.series.scaling import Scaler
from seq2seq.series.series import Series, column_positions
from seq2seq.series.sheets import write_sheet
from seq2seq.series.sizes import by_name

Decimals = Sequence[Sequence[int | None]]  # of each series, of each column, as `decimals_of` has them


def decimals_of_each(scaler: Scaler, series: Series, columns: Sequence[str] | None = None) -> Decimals:
    """How many decimals show what each column of each series changes by, as its scaler knows and its own values tell.

    So a forecast of one step, and a flat one, has as many as others, and no series has those of another.

    Args:
        scaler: `Scaler`.
        series: with the columns of the scaler in its order.
        columns: some of them; default: all.
    """
    at = column_positions(columns or series.columns, series.columns, "the series")
    found = {}
    for name, parts in by_name(series.values, series.names).items():
        values = np.concatenate(parts)
        sizes = scaler.of(name, values).sizes()
        both = ((decimals_of(*sizes[k]), decimals_in(values[:, k])) for k in at)
        found[name] = [max((number for number in pair if number is not None), default=None) for pair in both]
    return [found[name] for name in series.names]


def write_like(
    path: Path, file: BinaryIO, series: Series, reconstructed: Sequence[np.ndarray], decimals: Decimals
) -> int:
    """Write a file like the one that series were read from, with other numbers in their place.

    A table is the same but for the cells of the reconstructed columns, in text to the byte; an array has the same
    shape. What was left out in reading is NaN, in text an empty cell. An NPZ file holds the array `reconstructed`, and
    the names of its columns and samples.

    Args:
        path: what was read.
        file: what to write, an open binary file.
        series: what was read from it, the columns in the order of `reconstructed`.
        reconstructed: float arrays, `(time_steps, features)`, one for each series and as long as it.
        decimals: those of their cells where these are text.

    Returns:
        The number of rows, or entries of the first axis, that were written.
    """
    if not holds_array(path):
        return _write_table(path, file, series, reconstructed, decimals)
    raw = read_array(path, series.reading.array, "train")
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


def _write_table(path, file, series, reconstructed, decimals):
    frame, name = read_table(path, series.reading).frame, path.name.lower()
    if not name.endswith((".parquet", ".xlsx")):
        reconstructed = [_texts(*each) for each in zip(reconstructed, decimals, strict=True)]
    columns = _samples_by_step(frame, series, reconstructed) if series.whole else _columns(frame, series, reconstructed)
    if name.endswith(".parquet"):
        write_parquet(path, file, columns)
    elif name.endswith(".xlsx"):
        write_sheet(path, file, columns)
    else:
        write_text(path, file, columns, series.reading)
    return len(frame)


def _texts(values, decimals):
    """Cells `(time_steps, features)` of values."""
    cells = [[cell(value, places) for value, places in zip(row, decimals, strict=True)] for row in values]
    return np.array(cells, object).reshape(values.shape)


def _empty(rows, columns, reconstructed):
    """Cells that say nothing, of the kind of these."""
    kind = reconstructed[0].dtype
    return np.full((rows, columns), "" if kind.kind == "O" else np.nan, kind)


def _samples_by_step(frame, series, reconstructed):
    """From the columns of a table whose rows are samples to what is in each row, an array `(rows,)`."""
    names = series.reading.columns[: max(map(len, reconstructed))]
    values = _empty(len(frame), len(names), reconstructed)
    for name, part in zip(series.names, reconstructed, strict=True):
        values[int(name), : len(part)] = part[:, 0]
    return dict(zip(names, values.T, strict=True))


def _columns(frame, series, reconstructed):
    """From the columns of a table that were reconstructed to what is in each row, an array `(rows,)`."""
    group = series.reading.group
    values = _empty(len(frame), len(series.columns), reconstructed)
    rows = frame.groupby(frame[group].astype(str), sort=False).indices if group else {"": slice(None)}
    for name, part in zip(series.names, reconstructed, strict=True):
        values[rows[name]] = part
    # Where one side has no names its columns were taken in order; a value of a category is no column of the file.
    there = set(series.columns) & set(frame.columns)
    names = series.columns if there else series.reading.columns
    return {name: column for name, column in zip(names, values.T, strict=True) if name in frame.columns}


def each_once(function: Callable[[np.ndarray], Any], times: Sequence[np.ndarray]) -> Iterator[Any]:
    """`function` of the times of each series, called once for neighbours with equal ones: those of many often are."""
    before, found = None, None
    for part in times:
        if before is None or not np.array_equal(part, before):
            before, found = part, function(part)
        yield found


def step_lines(
    names: Sequence[str],
    times: Sequence[np.ndarray] | None,
    columns: Sequence[str],
    values: Sequence[Sequence[np.ndarray]],
    *,
    decimals: Decimals | None = None,
    group: str | None = None,
    time: Sequence[str] | str | None = None,
    clock: Clock | None = None,
    unit: str = "series",
    first: int | Sequence[int] = 0,
) -> Iterator[list[Any]]:
    """Series as the lines of one CSV file, one for each step of each series: group, time, values.

    Args:
        names: of the series; there is no column of them for a single one, unless it is of a `group`.
        times: of each series; `None` counts its steps.
        columns: names of the values.
        values: of each series, of each column, an array of as many values as steps.
        decimals: likewise, of columns that are in the units of the data; default: as many as show the changes in what
            is written.
        group: column of groups in the data that the series are from.
        time: columns of times in them.
        clock: `Clock` that writes times as they are in the data.
        unit: what a series is called where there is no group.
        first: number of the first step where there are no times, of all or of each.

    Returns:
        An iterator of lines, each a list of cells; the first one has the headings.
    """
    many, clock = len(names) > 1 or bool(group), clock or Clock()
    yield [*[group or unit] * many, *(clock.heading(time) if times else ["step"]), *columns]
    at = each_once(lambda part: clock.cells(part, time), times) if times else None
    for number, name in enumerate(names):
        steps = len(values[number][0])
        start = first if isinstance(first, int) else first[number]
        places = next(at) if at else [[step] for step in range(start, start + steps)]
        if decimals is None:
            cells = map(column_cells, values[number])
        else:
            pairs = zip(values[number], decimals[number], strict=True)
            cells = ([cell(value, places_) for value in column] for column, places_ in pairs)
        for when, *row in zip(places, *cells, strict=True):
            yield [*[name] * many, *when, *row]
