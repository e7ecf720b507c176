"""Files to raw tables: CSV, Parquet and XLSX, one or several. What the cells mean is for `table` to say."""

import difflib
import glob
import gzip
import re
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pandas as pd

from seq2seq.errors import InputError
from seq2seq.hugging_face import is_hf, opened_hf
from seq2seq.series.arrow import array_columns, read_frame
from seq2seq.series.layout import NAME_ALL, distinct, encoding_of, layout_of, opened_text
from seq2seq.series.numerals import MISSING, is_identifier, may_be_thousands
from seq2seq.series.raw import RawTable, joined, typed_table
from seq2seq.series.reading import Reading
from seq2seq.series.records import BLANKS, first_lines, records
from seq2seq.series.sheets import sheet_of
from seq2seq.sources import InMemory, Source, data_set_files, is_data_set, is_tfds, opened, refuse_forgotten

_TEXTS = (".csv", ".csv.gz", ".txt", ".txt.gz", ".tsv", ".tsv.gz")
_TABLES = (*_TEXTS, ".parquet", ".xlsx")
_ARRAYS = (".npy", ".npz")
_LONG_ROW = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
_NOT_THERE = {*MISSING, *map(str.upper, MISSING), *map(str.capitalize, MISSING), "NaN", "-NaN", "NaT"}
_PANDAS = tuple(map(int, pd.__version__.split(".")[:2]))
# Before 3.1 pandas reads a number as its nearest float only where it is told to, and from then on warns of being told.
_EXACTLY = {"float_precision": "round_trip"} if _PANDAS < (3, 1) else {}


def files_of(location: str | Path) -> list[Path]:
    """The files of a location: one, a pattern such as `logs/*.csv` (in the order of their names), or names with commas.

    Raises:
        InputError: there is no such file, or none fits the pattern.
    """
    refuse_forgotten(location)
    path = Path(location)
    if path.exists():
        return [path]
    if glob.has_magic(str(location)):
        found = sorted(each for each in map(Path, glob.glob(str(location), recursive=True)) if each.is_file())
        if not found:
            raise InputError(f"no file is called {location}: check the pattern")
        return found
    names = [name.strip() for name in str(location).split(",") if name.strip()]
    return [file for name in names for file in files_of(name)] if len(names) > 1 else [path]


def holds_array(location: str | Path) -> bool:
    """Return whether `location` holds an array (NPY, NPZ, TFDS) rather than a table.

    A data set of Hugging Face is a table, unless a column of it has lists of numbers in its cells.

    Raises:
        InputError: there is no such file, it is of another kind, or there are several and not all of them tables.
    """
    if isinstance(location, InMemory):
        return not isinstance(location.content, RawTable)
    if is_tfds(location):
        return True
    if is_hf(location):
        return bool(array_columns(opened_hf(location).schema))
    files = files_of(location)
    for path in files:
        _check_there(path)
    arrays = [is_array(path) for path in files]
    if len(files) > 1 and any(arrays):
        raise InputError(f"{location}: of {len(files)} files {files[arrays.index(True)]} is no table: give one file")
    return arrays[0]


def is_array(path: str | Path) -> bool:
    """Return whether the name of a file is that of an array, and not that of a table.

    Raises:
        InputError: it is of another kind.
    """
    name = str(path).lower()
    if not name.endswith(_TABLES + _ARRAYS):
        raise InputError(f"{path} is of no known kind: expected a file named {', '.join(_TABLES + _ARRAYS)}")
    return name.endswith(_ARRAYS)


def _check_there(path):
    if not path.is_file():
        names = sorted(entry.name for entry in path.parent.iterdir()) if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, names, 3, 0.5)
        if path.is_dir():
            raise InputError(f"{path} is a folder: expected one file ({', '.join(_TABLES + _ARRAYS)}), or a pattern")
        raise InputError(f"there is no file {path}" + (f"; near it: {', '.join(near)}" if near else ""))


def data_files(location: str | Path) -> Sequence[Source]:
    """Return the files that the data at `location` are read from; of data in memory, these."""
    if isinstance(location, InMemory):
        return [location]
    return data_set_files(location) if is_data_set(location) else files_of(location)


def has_names(location: str | Path, encoding: str | None = None, decimal: str | None = None) -> bool:
    """Return whether the columns of the table at `location` have names: whether a file of text has a header."""
    if isinstance(location, InMemory) or is_hf(location):
        return True
    path = files_of(location)[0]
    with named_errors(path):
        return not path.name.lower().endswith(_TEXTS) or layout_of(path, encoding_of(path, encoding), decimal).header


@contextmanager
def named_errors(path):
    """Turn whatever reading `path` may raise into an `InputError` that names it."""
    try:
        yield
    except InputError:
        raise
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text ({error.reason} at byte {error.start + 1}): name its encoding, "
            "such as --encoding cp1252 (of Windows, western Europe)"
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is damaged or not what its name says ({error}): make or download it again") from error
    except pd.errors.ParserWarning as error:
        raise InputError(f"{path}: the first row has more cells than the header: {NAME_ALL}") from error
    except OSError as error:
        reason = error.strerror or " ".join(str(error).split())
        raise InputError(f"{path} cannot be read: {reason}") from error
    except Exception as error:  # whatever damaged bytes make the parsers of pandas, Arrow, NumPy and ZIP raise
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise InputError(f"{path} cannot be read: {reason[:300] or type(error).__name__}") from error


def read_table(location: str | Path, reading: Reading | None = None) -> RawTable:
    """Read a CSV, Parquet or XLSX file (its first sheet), or several of them as one, row after row; or a data set of
    Hugging Face.

    CSV is text in UTF-8, UTF-16 or what `reading` names, plain or `.gz`, its cells separated by commas, tabs,
    semicolons, bars or runs of blanks. Without a header, that is if no cell of the first line is a name, the columns
    are called "0", "1"….

    Args:
        location: str or path, see `files_of`.
        reading: `Reading`. Columns of groups and of categories stay as they are written, "007".

    Raises:
        InputError: damaged, empty, rows of different lengths, files of different columns.
    """
    if isinstance(location, InMemory):
        return location.content
    if is_hf(location):
        return _with_rows(typed_table(read_frame(location, "train"), str(location)))
    reading = reading or Reading()
    tables = [_read_one(path, reading) for path in files_of(location)]
    return tables[0] if len(tables) == 1 else joined(tables, str(location))


def _read_one(path, reading):
    name = path.name.lower()
    with named_errors(path):
        if name.endswith(".parquet"):
            frame = pd.read_parquet(path)
            table = typed_table(frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index(), str(path))
        else:
            table = _read_sheet(path) if name.endswith(".xlsx") else _read_csv(path, reading)
    return _with_rows(table)


def _with_rows(table):
    if table.frame.empty:
        raise InputError(f"{table.name} has no rows: expected one row of numbers per step")
    return table


def _read_sheet(path):
    names, rows, first, notes = sheet_of(path)
    frame = pd.DataFrame(rows, columns=list(distinct(names)), dtype=object).infer_objects()
    frame = _without_index(_without_end(frame, names), names)
    texts = {name: frame[name].dropna() for name in frame if not pd.api.types.is_numeric_dtype(frame[name])}
    texts = {name: cells for name, cells in texts.items() if cells.map(lambda cell: isinstance(cell, str)).all()}
    identifiers = frozenset(name for name, cells in texts.items() if is_identifier(cells))
    return RawTable(frame, str(path), ((0, str(path), lambda row: first + 1 + row),), None, identifiers, tuple(notes))


def _read_csv(path, reading):
    layout = _layout(path, reading)
    names = list(layout.keys)
    told = _NOT_THERE | set(reading.missing_values or ())
    kept = {reading.group, *(reading.categorical or ())}  # columns of which a cell may say NA, say for Namibia
    options = {
        "sep": r"\s+" if layout.separator == BLANKS else layout.separator,
        "names": names,
        "skiprows": layout.first,
        "encoding": layout.encoding,
        "na_values": {name: {""} if name in kept else told for name in names},
    }

    line_of = _lines(path, layout)

    def read(decimal):
        types = "str" if decimal is None else {name: "str" for name in kept & set(names)}
        with opened(path, utf8=False) as stream, warnings.catch_warnings(), _named_rows(path, layout, line_of):
            warnings.simplefilter("error", pd.errors.ParserWarning)  # a first row longer than the header
            frame = pd.read_csv(
                stream,
                header=None,
                skip_blank_lines=False,  # an empty line is a missing value, and lines are counted
                index_col=False,
                skipinitialspace=True,
                low_memory=False,  # a column has one type
                keep_default_na=False,
                decimal=decimal or ".",
                dtype=types,
                **_EXACTLY,
                **options,
            )
        return _without_index(_without_end(frame, layout.names), layout.names)

    columns = dict(zip(names, layout.columns, strict=True))
    return RawTable(
        read(reading.decimal or "."),
        str(path),
        ((0, str(path), line_of),),
        read,
        frozenset(name for name, cells in columns.items() if is_identifier(cells)),
        layout.notes,
        frozenset(name for name, cells in columns.items() if may_be_thousands(cells)),
    )


@contextmanager
def _named_rows(path, layout, line_of):
    """Name the line of a row that is too long, of which pandas knows the number of its record."""
    try:
        yield
    except pd.errors.ParserError as error:
        if (match := _LONG_ROW.search(str(error))) is None:
            raise
        raise InputError(
            f"{path}, line {line_of(int(match[2]) - 1 - layout.first)} has {match[3]} cells, expected {match[1]}: give "
            f"rows of one length, and quote what has {layout.separator!r} in it"
        ) from error


def _lines(path, layout):
    """The function from a row of a file of text to its line: a quoted cell may go on over several."""

    @cache
    def firsts():
        with opened_text(path, layout.encoding) as text:
            return list(first_lines(records(text, layout.separator)))

    def line_of(row):
        place = layout.first + row
        return firsts()[place] if place < len(firsts()) else place + 1  # after a quotation mark that nothing closes

    return line_of


def _layout(path, reading):
    encoding = encoding_of(path, reading.encoding)
    layout = layout_of(path, encoding, reading.decimal)
    decided = reading.thousands is not None and reading.decimal == ","
    if decided and layout.header and len(layout.names) == 1 and layout.names[0] not in (reading.columns or ()):
        return layout_of(path, encoding)  # where the run has other columns, their commas may separate
    return layout


def _without_end(frame, names):
    """A table without empty rows at its end, and without empty columns there that have no name."""
    written = frame.notna().any(axis=1).to_numpy()
    frame = frame.iloc[: len(written) - written[::-1].argmax()] if written.any() else frame.iloc[:0]
    while len(names) > 1 and not names[-1] and frame.iloc[:, -1].isna().all():
        frame, names = frame.iloc[:, :-1], names[:-1]
    return frame


def _without_index(frame, names):
    """A table without the index that pandas writes as a first column without a name."""
    if len(names) > 1 and not names[0]:
        numbers = pd.to_numeric(frame.iloc[:, 0], errors="coerce").to_numpy()
        if (numbers == range(len(frame))).all():
            return frame.iloc[:, 1:]
    return frame
