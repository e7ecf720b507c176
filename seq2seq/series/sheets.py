"""The first sheet of an XLSX file: read, and written again with other numbers in some columns."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from seq2seq.errors import InputError, installed_with
from seq2seq.series.layout import HEAD_RECORDS, distinct, head_of


def sheet_of(path: Path) -> tuple[list[str], list[list[Any]], int, list[str]]:
    """Read a sheet.

    Returns:
        The names of its columns, the cells of its rows (None for an empty one), the number of the first row, and notes
        on what was passed over.

    Raises:
        InputError: as `head_of`; the package that reads XLSX is not installed.
    """
    sheet = _openpyxl(path).load_workbook(path, read_only=True, data_only=True).worksheets[0]
    cells = [list(row) for row in sheet.iter_rows(values_only=True)]
    width = max(map(len, cells), default=0)
    head = [["" if cell is None else str(cell).strip() for cell in row] for row in cells[:HEAD_RECORDS]]
    first, names, notes = head_of([row if any(row) else [] for row in head], str(path))
    names = list(map(str, range(width))) if names is None else names + [""] * (width - len(names))
    rows = [[cell.strip() or None if isinstance(cell, str) else cell for cell in row] for row in cells[first:]]
    return names, rows, first, notes


def write_sheet(path: Path, file: BinaryIO, columns: Mapping[str, np.ndarray]) -> None:
    """Write a file again with other numbers in columns.

    Args:
        path: the file.
        file: what to write, an open binary file.
        columns: from their names to float arrays, `(rows,)`; NaN makes an empty cell.
    """
    names, _, first, _ = sheet_of(path)
    places = list(distinct(names))
    book = _openpyxl(path).load_workbook(path)
    sheet = book.worksheets[0]
    for name, values in columns.items():
        for row, value in enumerate(values.tolist(), first + 1):
            sheet.cell(row, places.index(name) + 1).value = None if value != value else value
    book.save(file)


def _openpyxl(path):
    try:
        import openpyxl
    except ImportError as error:
        raise InputError(f"{path}: .xlsx needs the package openpyxl: {installed_with('xlsx')}") from error
    return openpyxl
