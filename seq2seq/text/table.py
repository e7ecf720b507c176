"""The rows of a table of texts, TSV or CSV."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from seq2seq.errors import InputError
from seq2seq.sources import SEPARATORS, InMemory, separator_of
from seq2seq.text.blank import is_blank
from seq2seq.text.splitting import LARGEST_CELL, text_lines

LOOKED_AT = 1000  # rows that decide what separates cells, and what a column holds


def is_table(location: str | Path) -> bool:
    """Return whether pairs are read from a file of columns, rather than from two files or a data set."""
    return not isinstance(location, InMemory) and Path(location).is_file()


def rows_of(path: str | Path) -> Iterator[tuple[int, list[str]]]:
    """Stream the rows of a table: the number of the line at which each ends, and its cells.

    In a TSV a line is a row, and quotation marks mean nothing; a file named `.csv` has commas, semicolons or tabs
    between cells that may be in quotation marks.

    Raises:
        InputError: see `read_lines`; or it is no CSV (says where), or one whose cells two marks may separate.
    """
    if not is_csv(path):
        yield from ((number, line.split("\t")) for number, line in enumerate(text_lines(path), 1))
        return
    csv.field_size_limit(LARGEST_CELL)
    rows = _csv_reader(path, _separator(path))
    try:
        yield from ((rows.line_num, cells) for cells in rows)
    except csv.Error as error:
        raise InputError(f"{path}, line {rows.line_num}: no row of CSV ({error})") from error


def is_csv(path: str | Path) -> bool:
    """Return whether the name of a table says that it is a CSV file."""
    return Path(path).name.lower().removesuffix(".gz").endswith(".csv")


def _csv_reader(path, separator):
    return csv.reader((f"{line}\n" for line in text_lines(path)), delimiter=separator, strict=True)


def _separator(path):
    """What separates the cells of a CSV of texts, where commas and semicolons are in the texts, too: what is in each of
    its first rows, and as often. Tabs are in no text."""
    widths = {mark: _widths(path, mark) for mark in SEPARATORS}
    if all(found[:1] in ([], [1]) for found in widths.values()):  # The first row is a title.
        widths = {mark: found[1:] for mark, found in widths.items()}
    found = [mark for mark in SEPARATORS if min(widths[mark], default=0) > 1]
    if len(found) > 1 and found[0] != "\t":
        found = [mark for mark in found if len(set(widths[mark])) == 1] or found
    if len(found) > 1 and found[0] != "\t":
        raise InputError(
            f"{path}: both commas and semicolons may separate its cells: put cells that hold one of them in quotation "
            "marks, or write it as a .tsv with tabs"
        )
    # Where nothing is in each row, one of them is refused, whatever separates the others.
    return found[0] if found else separator_of(next(text_lines(path, 1), ""))


def _widths(path, separator):
    """How many cells the first rows have that are not blank; none where this cannot be what separates them."""
    try:
        rows = list(islice(_csv_reader(path, separator), LOOKED_AT))
    except csv.Error:
        return []
    return [len(cells) for cells in rows if not all(map(is_blank, cells))]
