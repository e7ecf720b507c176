"""Files of records with a text in each, read one by one and written back with a translation: lines of text, JSON
Lines, TSV and CSV, plain or `.gz`.

A record stays as it was found: its bytes are kept, and the translation is put into them or behind them.
"""

import csv
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from seq2seq.errors import InputError
from seq2seq.sources import opened_lines, separator_of
from seq2seq.text.splitting import LARGEST_CELL, Record, csv_rows, lines, one_line

TRANSLATION = "translation"
FIRST_RECORDS = 100  # of which one must have the key that is asked for


class RecordError(ValueError):
    """A record without a text to translate; says why."""


class RecordFile(ABC):
    """A file of records.

    Args:
        path: file, plain or gzip.
        field: str. The key or the column that holds the text.
    """

    needs_field = True

    def __init__(self, path: Path, field: str | None):
        self.path, self.field = Path(path), field

    def records(self, start: int = 0, stop: int | None = None) -> Iterator[Record]:
        """Stream the records from number `start` on, counted from 0, before number `stop`.

        Raises:
            InputError: the file cannot be opened, or is damaged from some place on: all records before were given.
        """
        with opened_lines(self.path) as stream:
            yield from islice(self._split(stream), start, stop)

    def count(self) -> tuple[int, str]:
        """Return how many records there are, and why the file cannot be read on behind them; "" at its end."""
        count = 0
        try:
            with opened_lines(self.path) as stream:
                for _ in self._counted(stream):
                    count += 1
        except InputError as error:
            return count, str(error)
        return count, ""

    def head(self) -> bytes:
        """What stands above the records of an output.

        Raises:
            InputError: the column, or the key, is not there.
        """
        return b""

    def _split(self, stream: BinaryIO) -> Iterator[Record]:
        return lines(stream)

    def _counted(self, stream: BinaryIO) -> Iterator:
        """Something for each record: where a record is a line, the bare lines, which are had for less."""
        return stream

    @abstractmethod
    def text(self, record: Record) -> str:
        """Return the text of a record.

        Raises:
            RecordError: it has none.
        """

    @abstractmethod
    def written(self, record: Record, translation: str | None) -> bytes:
        """Return the bytes of a record with its translation; None where it is a bad one."""


class TextFile(RecordFile):
    """A line is a text, and a line of the output its translation."""

    needs_field = False

    def text(self, record):
        return _decoded(record.content)

    def written(self, record, translation):
        return _one_line(translation) + b"\n"


class JsonLinesFile(RecordFile):
    """A line is a JSON object; the output has one key more."""

    def head(self):
        # One record without the key is a bad one. None with it means that another key was meant.
        seen = {}
        with suppress(InputError):  # damaged from some place on: the records before count
            for record in self.records(stop=FIRST_RECORDS):
                with suppress(RecordError):
                    seen |= self._object(record.content)
        if seen and self.field not in seen:
            found = ", ".join(list(seen)[:12])
            raise InputError(
                f"{self.path}: the first records have no key {self.field!r}, but {found}: name another with --field"
            )
        if TRANSLATION in seen:
            raise InputError(f"{self.path} has a key {TRANSLATION!r} already: rename it")
        return b""

    def text(self, record):
        found = self._object(record.content)
        if self.field not in found:
            raise RecordError(f"has no key {self.field!r}")
        if not isinstance(found[self.field], str):
            raise RecordError(f"{self.field!r} is no string")
        if TRANSLATION in found:
            raise RecordError(f"has a key {TRANSLATION!r} already")
        return found[self.field]

    def written(self, record, translation):
        addition = f'"{TRANSLATION}": {json.dumps(translation, ensure_ascii=False)}}}'.encode()
        end = record.end or b"\n"
        try:
            if translation is None and TRANSLATION in self._object(record.content):
                return record.content + end
        except RecordError:
            return b"{" + addition + end
        # Numbers, escapes and the order of the keys stay as they were written.
        body = record.content.rstrip()[:-1].rstrip()
        return body + (b"" if body.endswith(b"{") else b", ") + addition + end

    @staticmethod
    def _object(content):
        try:
            found = json.loads(_decoded(content))
        except (ValueError, RecursionError) as error:
            if isinstance(error, RecordError):
                raise
            raise RecordError(f"is no JSON: {error}") from error
        if not isinstance(found, dict):
            raise RecordError("is no JSON object")
        return found


class _Table(RecordFile):
    """Rows of cells under a line with the names of the columns; the output has one column more, the last."""

    def __init__(self, path, field):
        super().__init__(path, field)
        self._separator, self._columns, self._head = "\t", None, None

    def head(self):
        self._read_head()
        return self.written(self._head, TRANSLATION) if self._head else b""

    def _read_head(self):
        """Learn the columns from the first record; an empty file has none."""
        if self._columns is not None:
            return
        with opened_lines(self.path) as stream:
            first = next(lines(stream), None)
        if first is None:
            self._columns = []
            return
        self._separator = self._separator_of(first.content)
        with opened_lines(self.path) as stream:
            self._head = next(self._rows(stream))
        try:
            columns = self._cells(self._head.content)
        except RecordError as error:
            raise InputError(f"{self.path}, line 1: the names of the columns: {error}") from error
        names = [column.strip() for column in columns]
        if names.count(self.field) != 1:
            found = "twice" if self.field in names else f"not there; there are {', '.join(names[:12])}"
            raise InputError(f"{self.path}: the column {self.field!r} is {found}: name another with --field")
        if TRANSLATION in names:
            raise InputError(f"{self.path} has a column {TRANSLATION!r} already: rename it")
        self._columns = names

    def _split(self, stream):
        self._read_head()
        return islice(self._rows(stream), 1, None)

    _counted = _split

    def _rows(self, stream):
        return lines(stream)

    def _separator_of(self, line):
        return "\t"

    def text(self, record):
        self._read_head()
        cells = self._cells(record.content)
        if len(cells) != len(self._columns):
            raise RecordError(f"has {len(cells)} cells, the first line {len(self._columns)}")
        return _decoded(cells[self._columns.index(self.field)].encode("utf-8", "surrogateescape"))

    def written(self, record, translation):
        separator, missing = self._separator.encode(), 0
        if translation is None:  # its translation, an empty one, stands in its column all the same
            try:
                missing = max(len(self._columns) - len(self._cells(record.content)), 0)
            except RecordError:
                missing = 0
        addition = self._cell(translation or "")
        return record.content + separator * missing + separator + addition + (record.end or b"\n")

    @abstractmethod
    def _cells(self, content: bytes) -> list[str]:
        """The cells of a row; bytes that are not UTF-8 as surrogates."""

    @abstractmethod
    def _cell(self, translation: str) -> bytes: ...


class TsvFile(_Table):
    """A line is a row, its cells separated by tabs; quotation marks mean nothing."""

    def _cells(self, content):
        return content.decode("utf-8", "surrogateescape").split("\t")

    def _cell(self, translation):
        return _one_line(translation.replace("\t", " "))


class CsvFile(_Table):
    """Rows as spreadsheets write them: cells in quotation marks may hold line breaks. Tabs or semicolons separate cells
    where the first line has them, else commas."""

    def _separator_of(self, line):
        return separator_of(line.decode("utf-8", "replace"))

    def _rows(self, stream):
        return csv_rows(stream, self._separator)

    def _cells(self, content):
        return _csv_cells(content.decode("utf-8", "surrogateescape"), self._separator)

    def _cell(self, translation):
        content = _one_line(translation)
        if any(mark in content for mark in (b'"', self._separator.encode())):
            content = b'"' + content.replace(b'"', b'""') + b'"'
        return content


_KINDS: dict[str, type[Any]] = {".jsonl": JsonLinesFile, ".tsv": TsvFile, ".csv": CsvFile}


def record_file(path: Path, field: str | None = None) -> RecordFile:
    """The records of a file; its name says of which kind they are: `.jsonl`, `.tsv`, `.csv`, else lines of text."""
    name = path.name.lower().removesuffix(".gz")
    return _KINDS.get(Path(name).suffix, TextFile)(path, field)


def _csv_cells(text, separator):
    csv.field_size_limit(LARGEST_CELL)
    try:
        rows = list(csv.reader([text], delimiter=separator, strict=True))
    except csv.Error as error:
        raise RecordError(f"is no row of CSV: {error}") from error
    return (rows and rows[0]) or [""]


def _decoded(content):
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RecordError(f"byte {error.start + 1}, 0x{content[error.start]:02x}, is not UTF-8") from error


def _one_line(translation):
    """Bytes that end no line; nothing of None."""
    return one_line(translation or "").encode()
