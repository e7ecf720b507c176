"""Columns of Arrow, as the data sets of Hugging Face have them, to data frames and arrays."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from seq2seq.errors import InputError
from seq2seq.hugging_face import opened_hf, reading

_INDEX = "__index_level_0__"  # what pandas calls an index without a name there


def frame_of(table: pa.Table) -> pd.DataFrame:
    """A table of Arrow as a data frame; row numbers of an earlier frame are left out, its times are not."""
    if _INDEX in table.column_names and not pa.types.is_timestamp(table.schema.field(_INDEX).type):
        table = table.drop_columns(_INDEX)
    columns = [pa.chunked_array(map(_plain, column.chunks), _stored_as(column.type)) for column in table.columns]
    return pa.table(columns, table.column_names).to_pandas()


def read_frame(location: str | Path, split: str) -> pd.DataFrame:
    """Read all columns of a data set of Hugging Face.

    Args:
        location: see `opened_hf`.
        split: str. Read where `location` names none.

    Raises:
        InputError: no such data set or split, or damaged files.
    """
    data = opened_hf(location)
    batches = [*data.batches(data.split or split)]
    with reading(data.place):
        return frame_of(pa.Table.from_batches(batches, data.schema))


def read_rows(location: str | Path, names: Sequence[str], split: str) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield the cells of some columns of numbers, row by row, each an array of its own shape.

    Raises:
        InputError: as `read_frame`; a cell without a value, or one whose lists are of different
            lengths.
    """
    data, number = opened_hf(location), 0
    for batch in data.batches(data.split or split):
        with reading(data.place):
            columns = [(name, batch.column(name)) for name in names]
            for row in range(len(batch)):
                number += 1
                what = f"{data.place}, row {number}, column"
                yield tuple(_array(cells.slice(row, 1), f"{what} {name!r}")[0] for name, cells in columns)


def number_columns(schema: pa.Schema) -> list[str]:
    """Names of the columns whose cells are numbers, or lists of numbers."""
    return [field.name for field in schema if _is_number(_innermost(field.type))]


def array_columns(schema: pa.Schema) -> list[str]:
    """Names of the columns whose cells are lists of numbers."""
    return [field.name for field in schema if _is_number(_innermost(field.type)) and not _is_number(field.type)]


def _innermost(kind):
    """The type of what stands in lists of lists of it."""
    while _is_list(kind := _stored_as(kind)):
        kind = kind.value_type
    return kind


def _stored_as(kind):
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind  # such as Array2D of `datasets`


def _plain(cells):
    return cells.storage if isinstance(cells, pa.ExtensionArray) else cells


def _is_list(kind):
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def _is_number(kind):
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)


def _array(cells, what):
    """An Arrow array of numbers, or of lists of lists of them that are equally long, as a NumPy array."""
    cells = _plain(cells)
    if pa.types.is_boolean(cells.type):
        cells = cells.cast(pa.uint8())
    if not _is_list(cells.type):
        return cells.to_numpy(zero_copy_only=False)
    lengths = set(pc.list_value_length(cells).to_pylist()) or {0}
    if None in lengths:
        raise InputError(f"{what} is empty: expected a list of numbers")
    if len(lengths) > 1:
        raise InputError(f"{what} has lists of {min(lengths)} to {max(lengths)} entries: expected one length")
    inner = _array(cells.flatten(), what)
    return inner.reshape(len(cells), lengths.pop(), *inner.shape[1:])
