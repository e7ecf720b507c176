"""A table as text: its records and their cells, exactly as they were written, quotes and all."""

import re
from collections.abc import Iterable, Iterator

BLANKS = " "  # as a separator: runs of blanks
_SPANS = {}
_LINE_END = re.compile(r"\r\n|\r|\n")
_BLANK_SPAN = re.compile(r'"(?:[^"]|"")*"\S*|(?P<open>"[\s\S]*)|\S+')


def records(lines: Iterable[str], separator: str) -> Iterator[str]:
    r"""Join lines, each with its end, where a quoted cell goes on in the next one.

    >>> list(records(["a,b\n", '1,"two\n', 'lines"\n'], ","))
    ['a,b\n', '1,"two\nlines"\n']
    """
    waiting = ""
    for line in lines:
        waiting += line
        if '"' in waiting and _is_open(waiting, separator):
            continue
        yield waiting
        waiting = ""
    if waiting:
        yield waiting


def first_lines(records: Iterable[str]) -> Iterator[int]:
    r"""The line at which each record begins, 1 first.

    >>> list(first_lines(["a,b\n", '1,"two\nlines"\n', "3,x"]))
    [1, 2, 4]
    """
    line = 1
    for record in records:
        yield line
        line += len(_LINE_END.findall(record))


def cells(record: str, separator: str) -> list[str]:
    r"""Split a record, without its end, into its cells as they were written; blanks around them are part of them.

    >>> cells('1, "a, b",3', ",")
    ['1', ' "a, b"', '3']
    """
    if separator == BLANKS:
        return [record[start:end] for start, end in blank_spans(record)]
    if '"' not in record:
        return record.split(separator)
    return _quoted_cells(record, separator)[0]


def blank_spans(record: str) -> list[tuple[int, int]]:
    """Where the cells of a record are that runs of blanks separate."""
    return [match.span() for match in _BLANK_SPAN.finditer(record)]


def content(cell: str) -> str:
    """What a cell says, without blanks around it and its quotes."""
    cell = cell.strip()
    if cell.startswith('"'):
        return cell.rstrip('"')[1:] if len(cell) < 2 else cell[1:].removesuffix('"').replace('""', '"').strip()
    return cell


def line_end(record: str) -> str:
    """What ends a record: a line end, or nothing at the end of a file."""
    return next((end for end in ("\r\n", "\n", "\r") if record.endswith(end)), "")


def _quoted_cells(record, separator):
    """The cells, and whether the last one is a quoted one without an end."""
    if separator not in _SPANS:
        other, blank = f"[^{re.escape(separator)}]", r"[ \t]" if separator != "\t" else " "
        _SPANS[separator] = re.compile(rf'{blank}*"(?:[^"]|"")*"(?!"){other}*|(?P<open>{blank}*"[\s\S]*)|{other}*')
    found, position, span = [], 0, _SPANS[separator]
    while True:
        match = span.match(record, position)
        found.append(match[0])
        if match["open"] is not None or match.end() >= len(record):
            return found, match["open"] is not None
        position = match.end() + 1


def _is_open(record, separator):
    if separator == BLANKS:
        return any(match["open"] is not None for match in _BLANK_SPAN.finditer(record))
    return _quoted_cells(record, separator)[1]
