"""What the batch jobs on series share: a file is read whole, its series are worked on in parts."""

import csv
import gzip
import io
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from seq2seq.errors import InputError
from seq2seq.jobs.inputs import Source
from seq2seq.jobs.work import Work
from seq2seq.report import Naming, Report
from seq2seq.series.figures import cell
from seq2seq.series.series import Series

PART_SIZE = 20_000
Rejected = list[tuple[int | str, str]]  # samples or series that cannot be used: which, and why


class SeriesWork(Work):
    """Work on the series of files.

    Args:
        loaded: a loaded run, with `config` and `run`.
        model: str. Checksum of all that its answers depend on.
        settings: what else they depend on.
        array: str. Of an NPZ file; default: that of the training.
        part_size: int. What there is to do, in the unit of the progress, after which a part ends.
        strict: bool. Stop at the first sample or series that cannot be used.
    """

    def __init__(
        self,
        loaded: Any,
        model: str,
        settings: dict[str, Any],
        *,
        array: str | None = None,
        part_size: int = PART_SIZE,
        strict: bool = False,
    ):
        self.loaded, self.model, self.strict, self.part_size = loaded, model, strict, part_size
        self.array = array or loaded.config.data.array
        self.settings = settings | {"array": self.array, "part_size": part_size}
        self._latest: tuple[str, Series, Rejected, list[slice]] | None = None
        self._told = _Told()

    @abstractmethod
    def read(self, source: Source, rejected: Rejected) -> Series:
        """The series of an input; what of it cannot be used comes into `rejected`."""

    @abstractmethod
    def amounts(self, series: Series) -> np.ndarray:
        """int array: how much there is to do for each series."""

    @abstractmethod
    def answer(self, series: Series, file: BinaryIO, several: bool) -> None:
        """Write what comes out for some series of an input, which has `several` or just one."""

    def without(self, series: Series, rows: Sequence[int]) -> Series:
        """`series` without those in `rows`, for which nothing can come out."""
        return series.take([row for row in range(len(series.values)) if row not in rows])

    def scan(self, source):
        rejected: Rejected = []
        try:
            series, _, bounds = self._read(source, rejected)
        except InputError as error:
            problem = str(error) if str(source.path) in str(error) else f"{source.place}: {error}"
            refused = tuple(({_kind(which): which}, reason) for which, reason in rejected)
            return replace(source, problem=problem, refused=refused)
        amounts = self.amounts(series)
        sizes = tuple(amounts[rows].sum().item() for rows in bounds)
        records = len(series.values) + len(rejected) if series.whole else int(series.lengths.sum())
        return replace(source, records=records, sizes=sizes)

    def work(self, todo, progress) -> Iterator:
        for source, parts, numbers in todo:
            for number in numbers:
                series, rejected, bounds = self._read(source)
                some = series.take(range(bounds[number].start, bounds[number].stop))
                with parts.writing(number) as (file, bad):
                    failed = self._answered(source.place, some, file, len(series.values) > 1)
                    for which, reason in [*rejected, *failed] if number == 0 else failed:
                        bad.add({_kind(which): which}, reason)
                progress.advance(source.sizes[number])
                yield source

    def notes(self):
        return self._told.notes

    def telling(self, place: str | Path) -> Report:
        """What takes the warnings about a file: all of them are among the notes, once and with its name."""
        return Naming(self._told, str(place))

    def take_notes(self):
        taken, self._told = self._told.notes, _Told()
        return taken

    def add_notes(self, taken):
        for note in taken:
            self._told.warn(note)

    def key(self, path: Path) -> str | None:
        """The array that is read of a file, where it may have several."""
        return self.array if path.suffix.lower() == ".npz" else None

    def _read(self, source, rejected=None):
        """The series of a file, its bad ones, and which are in which part; of the latest file they are kept."""
        if self._latest is None or self._latest[0] != source.place:
            rejected = [] if rejected is None else rejected
            series = self.read(source, rejected)
            self._refuse_if_strict(source.place, rejected)
            self._latest = source.place, series, rejected, self._bounds(series)
        return self._latest[1:]

    def _refuse_if_strict(self, place, rejected):
        if rejected and self.strict:
            which, reason = rejected[0]
            raise InputError(f"{place}, {_kind(which)} {which}: {reason}: mend it, or leave --strict.")

    def _answered(self, place, series, file, several):
        """Write what comes out for those of `series` that can be answered; gives the others, and why they cannot."""
        try:
            self.answer(series, file, several)
            return []
        except InputError as error:
            problem = error
        failed: dict[int, str] = {}
        for row in range(len(series.values)):
            try:
                self.answer(series.take([row]), io.BytesIO(), several)
            except InputError as error:
                failed[row] = str(error)
        if not failed:
            raise problem  # of no series alone
        found = [(int(series.names[row]) if series.whole else series.names[row], failed[row]) for row in failed]
        self._refuse_if_strict(place, found)
        file.seek(0)
        file.truncate()
        if (rest := self.without(series, list(failed))).values:
            self.answer(rest, file, several)
        return found

    def _bounds(self, series):
        """Which series are in which part: one ends with the series that fills it."""
        bounds, start, filled = [], 0, 0
        for row, amount in enumerate(self.amounts(series).tolist(), 1):
            filled += amount
            if filled >= self.part_size or row == len(series.values):
                bounds.append(slice(start, row))
                start, filled = row, 0
        return bounds


class _Told(Report):
    """Keeps warnings, each once."""

    def __init__(self):
        self.notes = []

    def warn(self, line):
        if line not in self.notes:
            self.notes.append(line)


def _kind(which):
    return "sample" if isinstance(which, int) else "series"


def write_lines(lines: Iterable[Sequence[Any]], file: BinaryIO) -> None:
    """Write lines of cells as CSV, numbers with nine figures."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    csv.writer(text, lineterminator="\n").writerows(map(cell, line) for line in lines)
    text.flush()
    text.detach()


def join_lines(paths: Iterable[Path], name: str, file: BinaryIO) -> None:
    """Write the tables of parts, which all have the same headings, as one; packed where `name` ends in .gz."""
    packed = name.lower().endswith(".gz")
    # Without a time and a name in its header a gzip file depends on its content alone.
    stream = gzip.GzipFile("", "wb", fileobj=file, mtime=0) if packed else file
    begun = False
    for path in paths:
        if content := path.read_bytes():  # else nothing came out for any of its series
            stream.write(content[_end_of_headings(content) * begun :])
            begun = True
    if packed:
        stream.close()


def _end_of_headings(content):
    """Where the first line of CSV ends, in which a quoted name may hold a line break."""
    end = content.index(b"\n") + 1
    while content[:end].count(b'"') % 2:
        end = content.index(b"\n", end) + 1
    return end
