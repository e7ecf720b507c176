"""Raw tables, whatever they come from: rows whose cells are as they were found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa

from seq2seq.errors import InputError


@dataclass(frozen=True)
class RawTable:
    """The rows of a file, or of several, cells as they were found.

    Attributes:
        frame: pandas DataFrame, its index 0, 1, … in the order of the rows, its columns str.
        name: str. The file.
        parts: tuple, of each file, of its first label, its name, and the function from the number of a row, 0 first, to
            its line, 1 first; None where a file has no lines.
        again: function from a decimal mark to the same frame with numbers that have it, from None to one of texts;
            None where cells have types of their own.
        identifiers: frozenset of str. Columns of digits with zeros before them, "00060".
        notes: tuple of str. What was passed over.
        dotted: frozenset of str. Columns that begin with numbers such as 1.234, whose point may be decimal or not.
    """

    frame: pd.DataFrame
    name: str
    parts: tuple[tuple[int, str, Callable[[int], int] | None], ...]
    again: Callable[[str | None], pd.DataFrame] | None = None
    identifiers: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    dotted: frozenset[str] = frozenset()

    def row(self, label: int) -> str:
        """What a message calls the row with this label of the index."""
        start, name, line_of = next(part for part in reversed(self.parts) if part[0] <= label)
        return f"{name}, row {label - start + 1}" if line_of is None else f"{name}, line {line_of(label - start)}"


def typed_table(frame: pd.DataFrame, name: str) -> RawTable:
    """A data frame, whose cells have types, as the table `name`; its index tells nothing, and lists are no cells."""
    frame = frame.reset_index(drop=True).rename(columns=lambda column: str(column).strip())
    nested = [name for name, cells in frame.items() if cells.dtype == object and cells.map(_is_nested).any()]
    frame, note = frame.drop(columns=nested), f"left out, as their cells are lists or records: {', '.join(nested)}"
    decimals = [name for name, cells in frame.items() if cells.dtype == object and cells.map(_is_decimal).any()]
    frame = frame.astype(dict.fromkeys(decimals, float))  # as text, 6.25 might be a time of day
    for _, texts in frame.select_dtypes("str").items():
        pa.array(texts).validate(full=True)  # are they UTF-8? Otherwise whatever looks at them fails
    return RawTable(frame, name, ((0, name, None),), notes=(note,) * bool(nested))


def _is_decimal(cell):
    return isinstance(cell, Decimal)


def _is_nested(cell):
    return isinstance(cell, dict | list | tuple | np.ndarray)


def joined(tables: Sequence[RawTable], name: str) -> RawTable:
    """Tables of the same columns, in any order, as one.

    Raises:
        InputError: a column is missing in one.
    """
    first = tables[0]
    for table in tables[1:]:
        if differing := set(first.frame.columns) ^ set(table.frame.columns):
            odd = min(differing)
            has, lacks = (first, table) if odd in first.frame.columns else (table, first)
            raise InputError(f"{has.name} has a column {odd!r}, {lacks.name} has none: give files of the same columns")
    starts = [0, *pd.Series([len(table.frame) for table in tables]).cumsum()][:-1]
    parts = [(int(start), table.name, table.parts[0][2]) for start, table in zip(starts, tables, strict=True)]

    def together(frames):
        return pd.concat([frame[first.frame.columns] for frame in frames], ignore_index=True)

    def again(decimal):
        return together([table.again(decimal) if table.again else table.frame for table in tables])

    notes = (f"{len(tables)} files are read one after the other, from {tables[0].name} to {tables[-1].name}",)
    return RawTable(
        together([table.frame for table in tables]),
        name,
        tuple(parts),
        again if any(table.again for table in tables) else None,
        frozenset().union(*(table.identifiers for table in tables)),
        notes + tuple(note for table in tables for note in table.notes),
        frozenset().union(*(table.dotted for table in tables)),
    )
