"""Series that a program has at hand, a data frame or arrays, for the reader that knows those of files."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seq2seq.errors import InputError
from seq2seq.hugging_face import is_dataset, table_of
from seq2seq.series.arrays import RawArray
from seq2seq.series.arrow import array_columns, frame_of
from seq2seq.series.files import named_errors
from seq2seq.series.raw import typed_table
from seq2seq.sources import MEMORY, InMemory

_FORMS = (
    "a pandas DataFrame or Series, a mapping from columns to values, a datasets.Dataset, a NumPy array of numbers or a "
    "list of such arrays"
)


def series_at(data: Any, name: str = "series") -> str | InMemory:
    """Return where `read_series` finds `data`: the name of a file as it is, or else the data themselves.

    Args:
        data: str or path of a file; or
            a pandas DataFrame, whose index is a column where it has a name or holds times, and tells nothing else; or
            a pandas Series, or a mapping from names of columns to as many values each, likewise; or
            a `datasets.Dataset` of Hugging Face, whose columns are those of a table; or
            a NumPy array as one of an NPY file, `(steps,)`, `(steps, features)` or `(samples, steps, features)`; or
            a list of numbers, `(steps,)`, or of arrays, a sample each: `(steps,)` or `(steps, features)`, of any steps.
        name: what messages call data that are none of a file.

    Raises:
        InputError: something else, no rows, columns of one name, or arrays of other shapes than these.
    """
    if isinstance(data, str | Path):
        return str(data)
    if is_dataset(data, MEMORY + name):
        data = _rows_of(data, name)
    if isinstance(data, Mapping):
        data = _framed(data, name)
    if isinstance(data, pd.Series):
        data = data.to_frame("0" if data.name is None else data.name)
    if isinstance(data, pd.DataFrame):
        return _table(data, name)
    if isinstance(data, np.ndarray):
        return _array(data, name)
    if isinstance(data, Sequence) and len(data):
        return _array(_samples(data, name), name)
    raise InputError(f"{MEMORY}{name}: expected {_FORMS}, got {_told(data)}.")


def _rows_of(data, name):
    table = table_of(data)
    if lists := array_columns(table.schema):
        raise InputError(
            f"{MEMORY}{name} has lists of numbers in {', '.join(lists)}: give list(data[{lists[0]!r}]) alone, or take "
            "them out by remove_columns."
        )
    return frame_of(table)


def _told(data):
    return f"{type(data).__name__} {' '.join(repr(data).split()):.40}"


def _framed(columns, name):
    try:
        return pd.DataFrame(columns)
    except ValueError as error:  # of different lengths
        raise InputError(f"{MEMORY}{name}: expected columns of equally many values: {error}.") from error


def _table(frame, name):
    index = frame.index
    if isinstance(frame.columns, pd.MultiIndex):
        raise InputError(
            f"{MEMORY}{name} has columns of {frame.columns.nlevels} levels: expected a name for each, as by "
            'frame.set_axis([" ".join(map(str, names)) for names in frame.columns], axis=1).'
        )
    if isinstance(index, pd.PeriodIndex):
        frame = frame.set_axis(index.to_timestamp())
    # What pandas numbers rows by, also what is left of it after some were taken out, is no column.
    if isinstance(index, pd.MultiIndex | pd.DatetimeIndex | pd.PeriodIndex) or index.name is not None:
        frame = frame.reset_index()
    called = MEMORY + name
    with named_errors(called):
        table = typed_table(frame, called)
    if table.frame.empty:
        raise InputError(f"{called} has no rows: expected one row of numbers per step.")
    if not table.frame.columns.is_unique:
        twice = table.frame.columns[table.frame.columns.duplicated()][0]
        raise InputError(f"{called} has two columns {twice!r}: give each a name of its own.")
    hasher = blake2b(digest_size=16)
    for column, cells in table.frame.items():
        hasher.update(f"{column}\0{cells.dtype}\0".encode())
        plain = cells if cells.dtype != object else cells.map(repr)
        hasher.update(pd.util.hash_pandas_object(plain, index=False).to_numpy().tobytes())
    return InMemory(name, table, hasher.hexdigest(), int(table.frame.memory_usage().sum()))


def _array(values, name):
    called = MEMORY + name
    if values.dtype.kind not in "biuf":
        raise InputError(f"{called} is an array of {values.dtype}: expected numbers; convert it with astype(float).")
    values = np.array(values)  # what the program does to its own one later changes nothing here
    digest = blake2b(f"{values.dtype.str}{values.shape}".encode() + values.tobytes(), digest_size=16).hexdigest()
    return InMemory(name, RawArray(values, called), digest, values.nbytes)


def _samples(data, name):
    """A list of numbers as `(steps,)`, or of arrays as `(samples, steps, features)`, NaN after the end of a shorter."""
    called, parts = MEMORY + name, []
    if all(isinstance(each, int | float | np.number) for each in data):
        return np.asarray(data, np.float64)
    for number, each in enumerate(data):
        try:
            part = np.asarray(each)
        except ValueError:  # a list of lists of several lengths
            part = np.array(None)
        framed = isinstance(each, pd.DataFrame | pd.Series)  # whose names and times would be lost
        if framed or part.dtype.kind not in "biuf" or part.ndim not in (1, 2):
            mend = "put data frames into one, with a column that names the series; " * framed
            raise InputError(
                f"{called}[{number}]: {mend}expected an array of numbers, (steps,) or (steps, features), got "
                f"{_told(each)}."
            )
        parts.append(part.reshape(len(part), -1).astype(np.float64))
    for number, part in enumerate(parts):
        if part.shape[1] != parts[0].shape[1]:
            raise InputError(
                f"{called}[{number}] has {part.shape[1]} features, the first {parts[0].shape[1]}: give each so many."
            )
    values = np.full((len(parts), max(map(len, parts)), parts[0].shape[1]), np.nan)
    for row, part in zip(values, parts, strict=True):
        row[: len(part)] = part
    return values
