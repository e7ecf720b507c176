"""The bytes of a file to records as they stand in it: lines, or rows of CSV that may be several lines."""

import csv
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from seq2seq.sources import BOM

LARGEST_CELL = 1 << 22  # characters of a CSV cell; a quotation mark that is never closed swallows no more than this


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
