"""A file to lines of text, or its bytes to records as they stand in it: lines, or rows of CSV that may be several."""

import csv
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from seq2seq.errors import InputError
from seq2seq.sources import BOM, name_of, opened_lines

LARGEST_CELL = 1 << 22  # characters of a CSV cell; a quotation mark that is never closed swallows no more than this


_ENDS = str.maketrans("\n\r", "  ")


def one_line(text: str) -> str:
    r"""Return a text with a space for each `\n` and `\r`: whatever it holds, it is one line of a file."""
    return text.translate(_ENDS)


def read_lines(path: str | Path | BinaryIO) -> Iterator[str]:
    r"""Stream the lines of a UTF-8 file, holding one at a time.

    Only `\n` ends a line (U+2028, U+0085 and a `\r` within do not), so that aligned files stay aligned. One `\r`
    before it and a byte order mark at the start of the file are dropped; nothing else is changed.

    Args:
        path: a file, plain or gzip, or an open binary stream such as `sys.stdin.buffer`.

    Raises:
        InputError: the file cannot be opened, is a damaged gzip file, has `\r` alone for line ends or is not UTF-8
            (says where).
    """
    with opened_lines(path) as stream:
        for number, line in enumerate(stream, 1):
            if number == 1:
                line = line.removeprefix(BOM)
            try:
                yield line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8")
            except UnicodeDecodeError as error:
                place = (
                    f"{name_of(path)}, line {number}: byte {error.start + 1} of the line, 0x{line[error.start]:02x},"
                )
                raise InputError(
                    f"{place} is not UTF-8; it looks like Latin-1: convert with iconv -f latin1 -t utf-8"
                ) from error


def text_lines(path: str | Path, limit: int | None = None) -> Iterator[str]:
    """`read_lines` of a file, the first `limit`, that may hold no NUL.

    Raises:
        InputError: as `read_lines`, or there is one.
    """
    for number, line in enumerate(islice(read_lines(path), limit), 1):
        if "\0" in line:
            raise InputError(f"{path}, line {number}: a NUL byte; is it a binary file? Expected UTF-8 text")
        yield line


class Record(NamedTuple):
    r"""One record as it stands in its file: the number of its first line, its bytes, and `\n`, `\r\n` or nothing."""

    line: int
    content: bytes
    end: bytes


def lines(stream: BinaryIO) -> Iterator[Record]:
    r"""The lines of a stream. Only `\n` ends one; a byte order mark at the start is dropped."""
    for number, line in enumerate(stream, 1):
        if number == 1:
            line = line.removeprefix(BOM)
        yield _record(number, line)


def _record(number, line):
    content = line.removesuffix(b"\n")
    if len(content) < len(line):
        content = content.removesuffix(b"\r")
    return Record(number, content, line[len(content) :])


def csv_rows(stream: BinaryIO, separator: str) -> Iterator[Record]:
    """Rows that may be several lines; of one that is no CSV the first line alone, so that all after it is read."""
    lines = _Consumed(stream)
    csv.field_size_limit(LARGEST_CELL)
    rows = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        try:
            next(rows)
        except StopIteration:
            return
        except csv.Error:
            lines.give_back(1)
        yield _record(lines.number + 1, b"".join(lines.taken))
        lines.forget()


class _Consumed:
    """Lines for `csv.reader`, which tells nobody which ones it took: those of the row at hand are `taken`."""

    def __init__(self, stream):
        self._stream, self._waiting = stream, deque()
        self.number, self.taken = 0, []

    def __iter__(self):
        return self

    def __next__(self):
        line = self._waiting.popleft() if self._waiting else next(self._stream)
        if not self.number and not self.taken:
            line = line.removeprefix(BOM)
        self.taken.append(line)
        return line.decode("utf-8", "surrogateescape")

    def give_back(self, kept):
        self._waiting.extendleft(reversed(self.taken[kept:]))
        del self.taken[kept:]

    def forget(self):
        self.number += len(self.taken)
        self.taken = []
