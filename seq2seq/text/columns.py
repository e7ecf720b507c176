"""Which columns of a table of texts, TSV or CSV, are source and target."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path

from seq2seq.errors import InputError
from seq2seq.text.blank import is_blank
from seq2seq.text.headers import could_be_header, is_name, sides_named
from seq2seq.text.table import LOOKED_AT, is_csv, rows_of

_EVIDENCE = 3  # rows without which nothing is said of a column
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)
_FRACTION = re.compile(r"[.,]\d*[1-9]|[eE]-")  # 1.0 is a label that was stored as a number
_ID = re.compile(r"(?=.*\d)[!-~]+")
_ADDRESS = re.compile(r"(https?|ftp)://\S+")
_LICENCE = re.compile(r"CC[- ]?(BY|0)\b.*")

_DISTINCT_IDS = 0.9  # The share of them that differ: real corpora repeat some rows.

_WHOLE, _FRACTIONS, _IDS = "numbers", "numbers with fractions", "ids"
_ADDRESSES, _LICENCES, _ONE_VALUE = "addresses", "licences", "one value in all rows"
_NOTHING, _SPARSE = "nothing", "nothing in most rows"
_SIDES = {None, _WHOLE, _FRACTIONS, _IDS}  # what may be a side of a pair, None is text: digits → words
_BESIDE = {_FRACTIONS, _ADDRESSES, _LICENCES, _NOTHING, _SPARSE}  # what stands beside a pair: scores, where it is from
_NAMED = {_WHOLE, _FRACTIONS, _IDS, _ADDRESSES, _LICENCES}  # what shows that a name above it is one


@dataclass(frozen=True)
class Columns:
    """Where the texts of a table stand.

    Attributes:
        source: int. Position of the source, counted from 0.
        target: int. The same of the target.
        header: bool. The first row names the columns.
    """

    source: int = 0
    target: int = 1
    header: bool = False

    def texts(self, path: str | Path, number: int, cells: Sequence[str]) -> list[str]:
        """Return source, target and what stands behind them of the row in line `number`; of a blank one, blanks.

        Raises:
            InputError: the row is too short.
        """
        last = max(self.source, self.target)
        if len(cells) > last:
            return [cells[self.source], cells[self.target], *cells[last + 1 :]]
        if all(map(is_blank, cells)):
            return ["", ""]
        if len(cells) == 1:
            expected = "cells with commas, semicolons or tabs between" if is_csv(path) else "source<TAB>target"
            raise InputError(
                f"{path}, line {number}: expected {expected}, found a single column; "
                "for a pair of files give what their names have in common before .source and .target"
            )
        raise InputError(f"{path}, line {number}: {len(cells)} columns, expected at least {last + 1}")


FIRST_TWO = Columns()


class TableLook:
    """What the first rows of a table tell of its columns.

    Args:
        path: the table.

    Attributes:
        first: list of str. The cells of the first row.
        header: bool or None. Whether that row names the columns; None: it may, or be a pair.
        kinds: list, one for each column: None for text, else what is there instead, to be shown.

    Raises:
        InputError: see `rows_of`.
    """

    def __init__(self, path: str | Path):
        self.path = path
        rows = [cells for _, cells in islice(rows_of(path), LOOKED_AT) if not all(map(is_blank, cells))]
        self.first, rest = ([cell.strip() for cell in rows[0]], rows[1:]) if rows else ([], [])
        below = [_kind(column) for column in zip_longest(*rest, fillvalue="")] if rest else []
        heads = [
            (cell, kind in _NAMED) for cell, kind in zip(self.first, below, strict=False) if kind != _NOTHING or cell
        ]
        self.header = could_be_header([cell for cell, _ in heads], rest, [value for _, value in heads])
        whole = [_kind(column) for column in zip_longest(*rows, fillvalue="")]
        self.kinds = whole if self.header is False else below
        self._width = max(map(len, rows), default=0)

    def choose(
        self, source: str | None = None, target: str | None = None, header: bool | None = None, references: bool = False
    ) -> Columns:
        """Decide on the columns of the first file of a run.

        Args:
            source: str. Name of the column of the source, or its number, counted from 1. None: found out.
            target: the same of the target.
            header: bool. Whether the first row names the columns. None: found out.
            references: bool. The columns behind the first two are references: these two are the pair.

        Raises:
            InputError: no such column, or it cannot be found out.
        """
        if bool(source) != bool(target):
            raise InputError(f"{self.path}: --source and --target go together: name both columns, or none")
        named = [name for name in (source, target) if name and not name.isdecimal()]
        if header is None:
            header = True if named and self._has(named) else self.header
        if header is None:
            self._refuse_doubtful()
        if source and target:
            places = self._place(source, header), self._place(target, header)
            if places[0] == places[1]:
                raise InputError(f"{self.path}: source and target are one column, {source}: name two")
            return Columns(*places, header)
        places = sides_named(self.first) if header else None
        if references:
            places = places or (0, 1)
        return Columns(*(places or self._text_columns() or self._refuse_unclear()), header)

    def _refuse_doubtful(self):
        raise InputError(
            f"{self.path}: its first row, {' | '.join(self.first[:6])}, may be a pair or the names of columns: "
            "say which, --no-header or --header"
        )

    def _name(self, place):
        """What the first row, which may be shorter than others, has above a column."""
        return self.first[place] if place < len(self.first) else ""

    def _has(self, names):
        return all(name in self.first for name in names)

    def _place(self, name, header):
        """Position of a column given by name or by number."""
        if name.isdecimal() and not (header and name in self.first):
            if not 1 <= int(name) <= self._width:
                raise InputError(f"{self.path} has no column {name}: there are {self._width}, counted from 1")
            return int(name) - 1
        if not header or self.first.count(name) != 1:
            names = ", ".join(cell if len(cell) <= 30 else f"{cell[:29]}…" for cell in self.first[:8])
            found = "twice a" if self.first.count(name) > 1 and header else "no"
            raise InputError(
                f"{self.path} has {found} column {name!r}; its first row is {names}: give a name that is in it, if it "
                "names the columns, or a number, counted from 1"
            )
        return self.first.index(name)

    def _text_columns(self):
        """The two columns that hold a pair; None if it is unclear which."""
        filled = [place for place, kind in enumerate(self.kinds) if kind != _NOTHING]
        if len(filled) < 3:  # whatever they hold
            return tuple(filled) if len(filled) == 2 else (0, 1)
        texts = self._texts()
        if len(texts) > 1:
            return tuple(texts[:2]) if texts[:2] == [0, 1] or (len(texts) == 2 and texts[0]) else None
        return (0, 1) if _SIDES.issuperset(self.kinds[:2]) and _BESIDE.issuperset(self.kinds[2:]) else None

    def _texts(self):
        return [place for place, kind in enumerate(self.kinds) if kind is None]

    def _refuse_unclear(self, why=None):
        """Raise InputError for columns that hold no text where text was to be expected."""
        odd = next(place for place in (0, 1) if self.kinds[place])
        others = [place for place, kind in enumerate(self.kinds) if place != odd and kind != _NOTHING]
        pair = sorted(sorted(others, key=lambda place: self.kinds[place] is not None)[:2])
        if why is None:
            few = len(self._texts()) < 2
            why = f"column {pair[1] + 1} {self.kinds[pair[1]] or 'text'}" if few else "and others text"
        raise InputError(
            f"{self.path}: column {odd + 1} holds {self.kinds[odd]}, {why}: say which columns are the texts, by name "
            f"or counted from 1, such as --source {pair[0] + 1} --target {pair[1] + 1}"
        )

    def fit(
        self,
        source: str | None,
        target: str | None,
        header: bool,
        references: bool = False,
        doubtful: bool = False,
    ) -> Columns:
        """Find the columns of a run in a later file of it.

        Args:
            source: as `stored` gave it; and the next two.
            references: as for `choose`.
            doubtful: bool. What was decided for the run goes for a first row that may be either, too.

        Raises:
            InputError: the file does not fit.
        """
        if header:
            missing = [name for name in (source, target) if not name.isdecimal() and name not in self.first]
            if missing:
                raise InputError(
                    f"{self.path} has no column {missing[0]!r} in its first row, as the training file had: name the "
                    "columns; of a file without a header by numbers, such as --source 1 --target 2 --no-header"
                )
        elif self.header:
            raise InputError(
                f"{self.path}: its first row names columns, {', '.join(self.first[:8])}, the training file had no such "
                "row: remove it, or name both with --source and --target"
            )
        elif self.header is None and not doubtful:
            self._refuse_doubtful()
        columns = self.choose(source, target, header) if source else Columns(0, 1, header)
        if not source and not references and self._text_columns() != (0, 1):
            self._refuse_unclear("but the training file had the texts in columns 1 and 2")
        return columns

    def stored(self, columns: Columns) -> dict[str, str | bool | None]:
        """What a run keeps of a choice, for `fit`: `source` and `target`, names or numbers or None, and `header`."""
        if not columns.header:
            given = (columns.source, columns.target) != (0, 1) or self._text_columns() != (0, 1)
            sides = [str(place + 1) if given else None for place in (columns.source, columns.target)]
        else:
            places = (columns.source, columns.target)
            unique = {place: self._name(place) for place in places if self.first.count(self._name(place)) == 1}
            sides = [unique.get(place) or str(place + 1) for place in places]
        return {"source": sides[0], "target": sides[1], "header": columns.header}

    def told(self, columns: Columns) -> str | None:
        """A line that tells of a choice; None where there was none: two columns without a header."""
        if columns == FIRST_TWO and all(kind == _NOTHING for kind in self.kinds[2:]):
            return None
        sides = [
            f"{side} is column {place + 1}"
            + f" ({self._name(place)})" * (columns.header and is_name(self._name(place)))
            for side, place in (("source", columns.source), ("target", columns.target))
        ]
        others = [
            f"column {place + 1} holds {kind}"
            for place, kind in enumerate(self.kinds)
            if kind and place not in (columns.source, columns.target)
        ]
        head = ["its first row names the columns"] * columns.header
        return f"{self.path}: {'; '.join([*head, ', '.join(sides), *others])}"


def _kind(column):
    """What a column holds instead of text; None if it is text, as far as these cells tell."""
    cells = [cell.strip() for cell in column if not is_blank(cell)]
    if not cells:
        return _NOTHING
    if len(column) >= _EVIDENCE and 2 * len(cells) < len(column):
        return _SPARSE
    if len(cells) < _EVIDENCE:
        return None
    distinct = len(set(cells))
    if all(map(_NUMBER.fullmatch, cells)):
        return _FRACTIONS if any(map(_FRACTION.search, cells)) else _WHOLE
    if all(map(_ADDRESS.fullmatch, cells)):
        return _ADDRESSES
    if distinct >= _DISTINCT_IDS * len(cells) and all(map(_ID.fullmatch, cells)):
        return _IDS
    if all(map(_LICENCE.fullmatch, cells)):
        return _LICENCES
    return _ONE_VALUE if distinct == 1 else None
