"""Files to raw tables and arrays: CSV, Parquet, NPY, NPZ and TFDS. What the numbers mean is for `table` to say."""

import csv
import difflib
import gzip
import warnings
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

import numpy as np
import pandas as pd

from seq2seq.errors import InputError
from seq2seq.series.series import near_match
from seq2seq.series.times import looks_like_time
from seq2seq.sources import is_tfds, opened, opened_tfds, separator_of, tfds_examples, tfds_files

_TABLES = (".csv", ".csv.gz", ".txt", ".txt.gz", ".tsv", ".tsv.gz", ".parquet")
_ARRAYS = (".npy", ".npz")
_NUMERIC_KINDS = "biuf"


@dataclass(frozen=True)
class RawTable:
    """The rows of a file, cells as they were found.

    Attributes:
        frame: pandas DataFrame, its index 0, 1, … in file order, its columns str.
        name: str. The file.
        first_line: int or None. Line of the file, counted from 1, that holds the first row; None: it has no lines.
    """

    frame: pd.DataFrame
    name: str
    first_line: int | None

    def row(self, label: int) -> str:
        """What a message calls the row with this label of the index."""
        if self.first_line is None:
            return f"{self.name}, row {label + 1}"
        return f"{self.name}, line {label + self.first_line}"


@dataclass(frozen=True)
class RawArray:
    """An array of numbers of any shape.

    Attributes:
        values: numeric array.
        name: str. The file, with the key of an NPZ or the feature of a data set in brackets.
        beside: numeric array with one number for each entry of the first axis of `values`, or None.
    """

    values: np.ndarray
    name: str
    beside: np.ndarray | None = None


def holds_array(location: str | Path) -> bool:
    """Return whether `location` holds an array (NPY, NPZ, TFDS) rather than a table.

    Raises:
        InputError: there is no such file, or it is of another kind.
    """
    if is_tfds(location):
        return True
    path = Path(location)
    known = path.name.lower().endswith(_TABLES + _ARRAYS)
    if not path.is_file():
        names = sorted(entry.name for entry in path.parent.iterdir()) if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, names, 3, 0.5)
        if path.is_dir():
            raise InputError(f"{path} is a folder: expected one file ({', '.join(_TABLES + _ARRAYS)})")
        raise InputError(f"there is no file {path}" + (f"; near it: {', '.join(near)}" if near else ""))
    if not known:
        raise InputError(f"{path} is of no known kind: expected a file named {', '.join(_TABLES + _ARRAYS)}")
    return path.name.lower().endswith(_ARRAYS)


@contextmanager
def _named_errors(path):
    """Turn whatever reading `path` may raise into an `InputError` that names it."""
    try:
        yield
    except InputError:
        raise
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text ({error.reason} at byte {error.start + 1}): convert it") from error
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is damaged or not what its name says ({error}): make or download it again") from error
    except pd.errors.ParserWarning as error:
        raise InputError(f"{path}: the first row has more cells than the header: name every column") from error
    except OSError as error:
        reason = error.strerror or " ".join(str(error).split())
        raise InputError(f"{path} cannot be read: {reason}") from error
    except Exception as error:  # whatever damaged bytes make the parsers of pandas, Arrow, NumPy and ZIP raise
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise InputError(f"{path} cannot be read: {reason[:300] or type(error).__name__}") from error


def read_table(location: str | Path, text_column: str | None = None) -> RawTable:
    """Read a CSV or Parquet file.

    CSV is UTF-8, plain or `.gz`, its cells separated by commas (or tabs or semicolons, where its first line has
    them). Without a header, that is if no cell of the first line is a name, the columns are called "0", "1"….

    Args:
        location: str or path.
        text_column: str. The column whose cells stay as they are written, "007".

    Raises:
        InputError: damaged, empty, rows of different lengths.
    """
    path = Path(location)
    with _named_errors(path):
        if path.name.lower().endswith(".parquet"):
            frame = pd.read_parquet(path)
            if not isinstance(frame.index, pd.RangeIndex):
                frame = frame.reset_index()
            table = RawTable(frame.reset_index(drop=True).rename(columns=str), str(path), None)
        else:
            table = _read_csv(path, text_column)
    if table.frame.empty:
        raise InputError(f"{path} has no rows: expected one row of numbers per step")
    return table


def _read_csv(path, text_column):
    blank, first = _first_line(path)
    separator = separator_of(first)
    cells = next(csv.reader([first], delimiter=separator, skipinitialspace=True))
    header = not _are_values(cells)
    with opened(path) as stream, warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # a first row longer than the header
        frame = pd.read_csv(
            stream,
            sep=separator,
            header=None,
            names=list(_distinct(cells)) if header else [str(number) for number in range(len(cells))],
            skiprows=blank + header,
            skip_blank_lines=False,  # an empty line is a missing value, and lines are counted
            index_col=False,
            skipinitialspace=True,
            low_memory=False,  # a column has one type
            dtype={text_column: "str"} if text_column else None,
            encoding="utf-8-sig",
        )
    written = frame.notna().any(axis=1).to_numpy()
    frame = frame.iloc[: len(written) - written[::-1].argmax()] if written.any() else frame.iloc[:0]
    # pandas writes its index as a first column without a name.
    if header and not cells[0].strip() and len(cells) > 1:
        numbers = pd.to_numeric(frame.iloc[:, 0], errors="coerce").to_numpy()
        if np.array_equal(numbers, np.arange(len(frame))):
            frame = frame.iloc[:, 1:]
    return RawTable(frame, str(path), blank + header + 1)


def separator_in(path: Path) -> str:
    """What separates the cells of a CSV file."""
    return separator_of(_first_line(path)[1])


def _first_line(path):
    """The number of blank lines at the start of a text file, and the first line that is none."""
    with opened(path) as stream:
        for number, line in enumerate(TextIOWrapper(stream, encoding="utf-8-sig")):
            if line.strip():
                return number, line.rstrip("\r\n")
    raise InputError(f"{path} is empty: expected one row of numbers per step")


def _distinct(names):
    """Give columns without a name one, and set names apart that come twice."""
    seen = set()
    for name in names:
        name = name.strip() or "unnamed"
        unique, count = name, 1
        while unique in seen:
            unique, count = f"{name}.{count}", count + 1
        seen.add(unique)
        yield unique


def _are_values(cells):
    """Whether the first line of a file holds values: numbers, with times and empty cells among them."""
    if cells[0] == "" and cells[1:] == [str(number) for number in range(len(cells) - 1)]:
        return False  # what pandas writes above an index and columns without names
    numbers = pd.to_numeric(pd.Series(cells, dtype="str"), errors="coerce").notna()
    others = [cell for cell, number in zip(cells, numbers, strict=True) if not number and cell.strip()]
    return bool(numbers.any()) and all(cell.lower() == "nan" or looks_like_time(cell) for cell in others)


def read_array(location: str | Path, array: str | None, split: str, beside: str | None = None) -> RawArray:
    """Read an NPY file, an array of an NPZ file or a feature of a TFDS data set. Nothing is unpickled.

    Args:
        location: str or path, or `tfds:NAME[/CONFIG][:SPLIT]` or `tfds:/FOLDER[:SPLIT]`.
        array: str or None. Key of the array in an NPZ file, not needed if it holds one alone; the TFDS feature.
        split: str. TFDS split where `location` names none.
        beside: str or None. A second key or feature to read along, one number for each entry of the first.

    Raises:
        InputError: damaged, no such key, not an array of numbers.
    """
    if is_tfds(location):
        return _read_tfds(str(location), array, split, beside)
    path = Path(location)
    with _named_errors(path):
        found = _loaded(lambda: np.load(path, allow_pickle=False), path)
        if isinstance(found, np.ndarray):
            if array or beside:
                raise InputError(f"{path} is one array without keys, but {array or beside!r} was asked for: use an NPZ")
            return RawArray(_numeric(found, path), str(path))
        with found:
            key = array or (found.files[0] if len(found.files) == 1 else None)
            if key is None:
                raise InputError(f"{path} holds {len(found.files)} arrays: name the array: {', '.join(found.files)}")
            values = _entry(found, key, path)
            return RawArray(values, f"{path}[{key}]", _one_each(values, beside and _entry(found, beside, path), beside))


def _entry(arrays, key, path):
    if key not in arrays.files:
        raise InputError(f"{path} has no array {key!r}: {near_match(key, arrays.files)}")
    name = f"{path}[{key}]"
    return _numeric(_loaded(lambda: arrays[key], name), name)


def _loaded(load, name):
    try:
        return load()
    except ValueError as error:
        if "Object arrays" in str(error):
            raise InputError(
                f"{name} holds Python objects, which are never unpickled: save an array of numbers, with rows of "
                "different lengths filled up with NaN"
            ) from error
        if "pickle" in str(error):  # what NumPy takes every file to be that it does not know
            raise InputError(f"{name} is not an NPY or NPZ file: make it with np.save or np.savez") from error
        raise


def _numeric(values, name):
    if values.dtype.kind not in _NUMERIC_KINDS:
        raise InputError(f"{name} is an array of {values.dtype}: expected numbers; convert it with astype(float)")
    return values


def _one_each(values, beside, key):
    if beside is not None and beside.shape != values.shape[:1]:
        raise InputError(f"{key!r} has the shape {beside.shape}, expected one number for each of {len(values)} entries")
    return beside


def data_files(location: str | Path) -> list[Path]:
    """Return the files that the data at `location` are read from."""
    return tfds_files(str(location)) if is_tfds(location) else [Path(location)]


def _read_tfds(location, feature, split, beside):
    _, named, builder = opened_tfds(location)
    features = dict(builder.info.features.items()) if hasattr(builder.info.features, "items") else {}
    numeric = sorted(name for name, found in features.items() if np.dtype(found.np_dtype).kind in _NUMERIC_KINDS)
    for name in (feature, *([beside] if beside else [])):
        if name not in numeric:
            raise InputError(f"{location} has no numeric feature {name!r}: {near_match(str(name), numeric)}")
    split = named or split
    examples = tfds_examples(location, builder, split)
    wanted = (feature, beside or feature)
    rows = list(examples.map(lambda example: tuple(example[name] for name in wanted)).as_numpy_iterator())
    if not rows:
        raise InputError(f"{location} has no examples in {split}")
    values = _padded([np.asarray(row[0]) for row in rows])
    others = np.asarray([row[1] for row in rows]) if beside else None
    return RawArray(values, f"{location}[{feature}]", _one_each(values, others, beside))


def _padded(arrays):
    """Stack arrays, filling what is shorter than the longest up with NaN."""
    shape = np.max([array.shape for array in arrays], axis=0).astype(int) if arrays[0].ndim else ()
    stacked = np.full((len(arrays), *shape), np.nan)
    for row, array in enumerate(arrays):
        stacked[(row, *map(slice, array.shape))] = array
    return stacked
