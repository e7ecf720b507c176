"""Tables and samples that are given as values, not as a file: written as one, so that one reader knows them all."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seq2seq.errors import InputError

_LONG = 2**63


def write_given(data: Any, folder: Path, most: int, name: str = "data") -> Path:
    """Write values to a file that `read_series` reads.

    Args:
        data: mapping from the names of columns to lists of equally many numbers, texts, or None for what is missing;
            or lists of samples, `(samples, steps)` or `(samples, steps, features)`, of numbers and None.
        folder: for the file.
        most: int. Values that there may be.
        name: str. What messages call them.

    Returns:
        Path of the file: Parquet or NPY.

    Raises:
        InputError: something else, or too many.
    """
    if isinstance(data, Mapping):
        return _write_columns(data, folder / f"{name}.parquet", most, name)
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _write_samples(data, folder / f"{name}.npy", most, name)
    raise InputError(f"{name}: expected an object of columns, or nested lists of samples; got {data!r:.40}.")


def _write_columns(columns, path, most, name):
    import pyarrow as pa
    from pyarrow import parquet

    lengths = {}
    for column, cells in columns.items():
        if not isinstance(cells, list):
            raise InputError(f"{name}: the column {column!r:.60} should be a list of cells, got {cells!r:.40}.")
        lengths[column] = len(cells)
    if len(set(lengths.values())) != 1 or not max(lengths.values()):
        told = ", ".join(f"{column!r:.40} {length:,}" for column, length in list(lengths.items())[:4]) or "none"
        raise InputError(f"{name}: expected columns of equally many cells, at least one; got {told}.")
    _check_count(sum(lengths.values()), most, name)
    arrays = [_column(cells, f"{name}, column {column!r:.60}") for column, cells in columns.items()]
    parquet.write_table(pa.table(arrays, [*columns]), path)
    return path


def _column(cells, place):
    """A column of an Arrow table: of integers, floats, or texts."""
    import pyarrow as pa

    kinds = {type(cell) for cell in cells} - {type(None)}
    if wrong := kinds - {int, float, str}:
        odd = next(cell for cell in cells if type(cell) in wrong)
        raise InputError(f"{place}: expected numbers, texts or null, got {odd!r:.40}.")
    if str in kinds:
        return pa.array([cell if cell is None else str(cell) for cell in cells], pa.string())
    _check_finite(cells, place)
    if kinds == {int} and all(cell is None or -_LONG <= cell < _LONG for cell in cells):
        return pa.array(cells, pa.int64())
    return pa.array([cell if cell is None else float(cell) for cell in cells], pa.float64())  # Arrow rounds no integers


def _write_samples(samples, path, most, name):
    deep = bool(samples) and isinstance(samples[0], list) and bool(samples[0]) and isinstance(samples[0][0], list)
    features = len(samples[0][0]) if deep else 1
    rows = []
    for number, sample in enumerate(samples):
        place = f"{name}, sample {number:,}"
        if not isinstance(sample, list):
            raise InputError(f"{place}: expected a list of steps, got {sample!r:.40}.")
        steps = sample if deep else [[step] for step in sample]
        for step in steps:
            if not isinstance(step, list) or len(step) != features:
                raise InputError(f"{place}: expected steps of {features:,} numbers each, got {step!r:.40}.")
            if any(type(value) not in (int, float, type(None)) for value in step):
                raise InputError(f"{place}: expected numbers or null, got {step!r:.40}.")
            _check_finite(step, place)
        rows.append(steps)
    longest = max(map(len, rows), default=0)
    if not longest or not features:
        raise InputError(f"{name}: expected at least one sample of one step, got none.")
    _check_count(len(rows) * longest * features, most, name)
    values = np.full((len(rows), longest, features), np.nan)
    for row, steps in zip(values, rows, strict=True):
        if steps:
            row[: len(steps)] = np.array(steps, np.float64)
    np.save(path, values if deep else values[:, :, 0], allow_pickle=False)
    return path


def _check_count(count, most, name):
    if count > most:
        raise InputError(f"{name}: at most {most:,} values at a time, got {count:,}.")


def _check_finite(values, place):
    for value in values:
        if value is not None and (abs(value) > 1.7e308 or not math.isfinite(value)):
            raise InputError(f"{place}: expected finite numbers, got {value!s:.40}.")
