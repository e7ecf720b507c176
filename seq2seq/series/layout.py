"""How a file of text holds its table: what separates its cells, and where its names and its rows begin."""

import codecs
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from io import TextIOWrapper
from itertools import islice, zip_longest
from pathlib import Path
from typing import TextIO

import numpy as np

from seq2seq.errors import InputError
from seq2seq.series.numerals import is_missing, looks_like_number
from seq2seq.series.patterns import time_of_day
from seq2seq.series.records import BLANKS, cells, content, first_lines, line_end, records
from seq2seq.series.times import looks_like_time
from seq2seq.sources import opened, wide_encoding

SEPARATORS = ("\t", ";", ",", "|", BLANKS)  # the first of them where two would do
HEAD_RECORDS = 200  # of a file, that are looked at before it is read
_SCORED = 40  # of them, whose cells tell how well a separator splits
NAME_ALL = "name every column, or, if the comma is a decimal mark, give --decimal ,"
_COMMENT = re.compile(r"\s*[#%]\s*")


@dataclass(frozen=True)
class Layout:
    """How a file of text holds its table.

    Attributes:
        encoding: str.
        separator: str. A character; `BLANKS` for runs of blanks.
        first: int. Records before the first row: blank ones, a preamble, the header, units.
        names: tuple of str. Of all columns, as the header has them; "0", "1", … where it has none.
        header: bool. Whether it has one.
        columns: tuple of tuples of str. The first cells of each column.
        notes: tuple of str. What was passed over.
    """

    encoding: str
    separator: str
    first: int
    names: tuple[str, ...]
    header: bool
    columns: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of all columns that tell them apart."""
        return tuple(distinct(self.names))


def distinct(names: Sequence[str]) -> Iterator[str]:
    """Give columns without a name one, and set names apart that come twice."""
    seen = set()
    for name in names:
        name = name.strip() or "unnamed"
        unique, count = name, 1
        while unique in seen:
            unique, count = f"{name}.{count}", count + 1
        seen.add(unique)
        yield unique


@contextmanager
def opened_text(path: Path, encoding: str) -> Iterator[TextIO]:
    """Open a file, plain or gzip, to read its lines with the ends that they have, and with its byte order mark."""
    with opened(path, utf8=False) as stream:
        text = TextIOWrapper(stream, encoding=encoding, newline="")
        try:
            yield text
        finally:
            text.detach()


def encoding_of(path: Path, told: str | None) -> str:
    """The encoding of a file: the one that its first bytes show, else UTF-8, else what was `told`.

    Only what a file that is no UTF-8 is written in cannot be seen in it.

    Raises:
        InputError: it is no UTF-8 and nothing was told, or there is no such encoding.
    """
    with opened(path, utf8=False) as stream:
        head = stream.peek(1 << 16)[: 1 << 16]
        if wide := wide_encoding(head):  # with the order of its bytes, so that the mark that tells it stays in the text
            return wide + ("" if wide[-1] == "e" else "-le" if head[:1] == b"\xff" else "-be")
        if not told:
            return "utf-8"
        try:
            codecs.lookup(told)
            decoder = codecs.getincrementaldecoder("utf-8")()
            for block in iter(lambda: stream.read(1 << 20), b""):
                decoder.decode(block)
            return "utf-8"
        except LookupError:
            raise InputError(f"there is no encoding {told!r}: expected one such as cp1252, latin-1 or cp1251") from None
        except UnicodeDecodeError:
            return told


def layout_of(path: Path, encoding: str, decimal: str | None = None) -> Layout:
    """Look at the beginning of a file of text.

    The header is the first line that is no preamble and holds names: no line of numbers, times and missing values
    alone. A preamble are blank lines, comments (`#`), titles and the like; a line of texts below the header where the
    rows have numbers are their units.

    Raises:
        InputError: the file is empty, or its rows have more cells than its header.
    """
    with opened_text(path, encoding) as text:
        lines = [line.removeprefix("\ufeff") for line in islice(text, HEAD_RECORDS)]
    if not any(line.strip() for line in lines):
        raise InputError(f"{path} is empty: expected one row of numbers per step")
    separators = SEPARATORS
    if decimal == "," and not any('"' in line for line in lines):  # a comma that separates would need quotes
        separators = tuple(mark for mark in SEPARATORS if mark != ",")
    separator = _separator_of(lines, separators)
    if separator == "," and _is_one_column(lines):
        raise InputError(
            f"{path}: each row is a number with a decimal comma, or some rows have fewer cells than others: give "
            "--decimal , or fill them up"
        )
    whole = list(records(lines, separator))
    head = (record[: len(record) - len(line_end(record))] for record in whole)
    rows = [[content(cell) for cell in cells(record, separator)] if record.strip() else [] for record in head]
    first, names, notes = head_of(rows, str(path), list(first_lines(whole)))
    header = names is not None
    names = names if header else list(map(str, range(len(rows[first]))))
    columns = zip_longest(*[row[: len(names)] for row in rows[first:]], [""] * len(names), fillvalue="")
    return Layout(encoding, separator, first, tuple(names), header, tuple(columns), tuple(notes))


def _separator_of(lines, separators):
    """What splits most lines into equally many cells: the names above them too, and most cells into numbers and times.

    A mark that splits the rows alone and not their header is a decimal comma, or is within texts.
    """
    scores = {}
    for separator in separators:
        split = [
            [content(cell) for cell in cells(record.rstrip("\r\n"), separator)]
            for record in records(lines, separator)
            if record.strip() and not _COMMENT.match(record)
        ]
        if not split:
            continue
        width, count = max(Counter(map(len, split)).items(), key=lambda each: (each[1], each[0]))
        needed = len(split) - 1 if separator == BLANKS else 0.6 * len(split)
        if width > 1 and count >= needed:
            first, *rows = [row for row in split if len(row) == width]
            whole = count == len(split) or not any(_is_value(first, column) for column in range(width))
            sample = rows[:: len(rows) // _SCORED + 1] or [first]
            values = np.mean([_is_value(row, column) for row in sample for column in range(width)])
            scores[separator] = whole, values
    if scores.get("\t", (False,))[0]:  # a tab is a blank too, and beside an empty cell a run of them would be one
        scores.pop(BLANKS, None)
    return max(scores, key=lambda each: scores[each]) if scores else separators[2]


def _is_one_column(lines):
    """Whether lines that commas split into different numbers of cells are all numbers as they are, below a header."""
    body = [line.strip() for line in lines if line.strip() and not _COMMENT.match(line)]
    widths = {line.count(",") for line in body[1:]}
    if "," in body[0] and not looks_like_number(body[0]):  # the names of columns
        return False
    return len(widths) > 1 and all(map(looks_like_number, body[1:]))


def head_of(
    rows: Sequence[list[str]], name: str, lines: Sequence[int] | None = None
) -> tuple[int, list[str] | None, list[str]]:
    """Where the table `name` begins in its first rows.

    The header is the first row that has most names; before it may be a preamble of titles and comments, and below it
    units. A table whose first row holds numbers, times and missing values alone has none, unless a comment above it
    has as many words.

    Args:
        rows: the cells of each row; none of a blank one.
        name: what a message calls the table.
        lines: at which each of them begins; None where they are lines.

    Returns:
        The number of its first row of values, the names in its header or None, and notes on what was passed over.

    Raises:
        InputError: no rows, or they have more cells than the header.
    """
    width = Counter(map(len, filter(None, rows))).most_common(1)
    used = [number for number, row in enumerate(rows) if row and not (_is_comment(row) and len(row) != width[0][0])]
    if not used:
        raise InputError(f"{name} has no rows: expected one row of numbers per step")
    numeric = _columns_of_numbers([rows[number] for number in used])
    above = _above_the_body(rows, used, numeric, width[0][0])
    start = used[len(above)]
    # The first of those that have most names.
    header = max(above, key=lambda number: (_filled(rows[number]), not _is_comment(rows[number])), default=None)
    if header is None or (_filled(rows[header]) < 2 <= len(rows[start]) and rows[header][0]):  # a title alone
        header = None if are_values(rows[start]) else start
    if header is None and start - 1 in above and not _is_comment(rows[start - 1]):
        raise InputError(
            f"{name}: the first row has more cells than the header, {rows[start - 1][0][:40]!r}: {NAME_ALL}"
        )
    names = None if header is None else rows[header]
    if header is None and start and _is_comment(rows[start - 1]):
        words = _words(rows[start - 1])
        header, names = (start - 1, words) if len(words) == len(rows[start]) else (None, None)
    first = start if header is None else header + 1
    notes = _passed_note([rows[number] for number in range(first) if rows[number] and number != header], name)
    while header is not None and first in above and any(_is_text(rows[first], column) for column in numeric):
        units, line = ", ".join(cell for cell in rows[first] if cell)[:40], lines[first] if lines else first + 1
        notes.append(f"{name}, line {line} ({units}) was passed over: texts, as units are, where numbers follow")
        first += 1
    if names is not None:
        names = _as_wide(names, rows[first:], name)
    return first, names, notes


def _above_the_body(rows, used, numeric, width):
    """The rows before the first three whole ones on end that have numbers, and before any that has nothing else."""
    has_numbers = [
        len(rows[number]) >= width and any(_is_value(rows[number], column) for column in numeric) for number in used
    ]
    body = next((k for k in range(len(used)) if all(has_numbers[k : k + 3])), 0)
    values = next((k for k in range(body) if are_values(rows[used[k]])), body)
    return used[:values]


def _columns_of_numbers(rows):
    """The columns that hold numbers and times in most of the later rows that have something there."""
    columns, rows = [], rows[len(rows) // 2 :]
    for column in range(max(map(len, rows))):
        filled = [row for row in rows if column < len(row) and not is_missing(row[column])]
        if sum(_is_value(row, column) for row in filled) > len(filled) / 2:
            columns.append(column)
    return columns


def _as_wide(names, rows, name):
    """The header, with empty names for columns at its end that are empty in all rows."""
    beyond = [row[len(names) :] for row in rows]
    if any(map(any, beyond[:1])):
        raise InputError(f"{name}: the first row has more cells than the header: {NAME_ALL}")
    return [*names, *[""] * max(map(len, beyond), default=0)] if not any(map(any, beyond)) else names


def are_values(row: Sequence[str]) -> bool:
    """Whether a row holds values: numbers, with times and missing values among them."""
    if row[0] == "" and list(row[1:]) == [str(number) for number in range(len(row) - 1)]:
        return False  # what pandas writes above an index and columns without names
    others = [cell for cell in row if not looks_like_number(cell)]
    return len(others) < len(row) and all(is_missing(cell) or _is_time(cell) for cell in others)


def _is_value(row, column):
    cell = row[column] if column < len(row) else ""
    return looks_like_number(cell) or _is_time(cell)


@lru_cache(4096)  # the same few rows are looked at again and again
def _is_time(cell):
    return time_of_day(cell) or looks_like_time(cell)


def _is_text(row, column):
    return column < len(row) and not is_missing(row[column]) and not _is_value(row, column)


def _is_comment(row):
    return row[:1] != [] and _COMMENT.match(row[0]) is not None


def _words(row):
    """What is in a comment."""
    words = [_COMMENT.sub("", row[0]), *row[1:]] if _COMMENT.fullmatch(row[0]) is None else row[1:]
    return words if len(words) > 1 else words[0].split()


def _filled(row):
    return sum(map(bool, row))


def _passed_note(passed, name):
    if not passed:
        return []
    shown = " ".join(cell for cell in passed[0] if cell)[:40]
    what = f"{len(passed)} lines" if len(passed) > 1 else "a line"
    return [f"{name}: {what} above the table passed over, the first {shown!r}"]
