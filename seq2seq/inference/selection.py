"""Which steps of which series are scored: a part of the training data, or what lies between two times."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seq2seq.config import SeriesDataConfig
from seq2seq.errors import InputError
from seq2seq.evaluation.detection import Labels
from seq2seq.report import Report
from seq2seq.series.clock import time_texts
from seq2seq.series.series import Series, parts_of
from seq2seq.series.told_times import forms, span

PARTS = ("train", "valid", "test", "all")


@dataclass(frozen=True)
class Selection:
    """Steps of series, none of them empty; what comes before and after them is read for the windows that cover them.

    Attributes:
        rows: tuple of int. Which series.
        first, end: tuples of int. Of each of these the first step that is meant, and the one after the last.
    """

    rows: tuple[int, ...]
    first: tuple[int, ...]
    end: tuple[int, ...]

    @classmethod
    def of_steps(cls, first: Sequence[int], end: Sequence[int]) -> "Selection":
        """From `first` to before `end` of each series; a series of which that leaves nothing is left out."""
        kept = [row for row, (start, stop) in enumerate(zip(first, end, strict=True)) if stop > start]
        return cls(tuple(kept), tuple(int(first[row]) for row in kept), tuple(int(end[row]) for row in kept))

    @classmethod
    def whole(cls, lengths: Sequence[int]) -> "Selection":
        """All steps of all series of these lengths, also of those that have none."""
        return cls(tuple(range(len(lengths))), (0,) * len(lengths), tuple(map(int, lengths)))

    def __and__(self, other: "Selection") -> "Selection":
        """What is in both."""
        count = max((*self.rows, *other.rows), default=-1) + 1
        first, end = np.zeros((2, count), np.int64), np.zeros((2, count), np.int64)
        for number, each in enumerate((self, other)):
            first[number, list(each.rows)], end[number, list(each.rows)] = each.first, each.end
        return Selection.of_steps(first.max(axis=0), end.min(axis=0))

    def cut(self, values: Sequence[np.ndarray], around: int = 0) -> list[np.ndarray]:
        """These steps of one array for each series, with up to `around` steps before and after them."""
        each = zip(self.rows, self.first, self.end, strict=True)
        return [values[row][max(first - around, 0) : end + around] for row, first, end in each]

    def places(self, around: int) -> list[slice]:
        """Where these steps are in what `cut` gives."""
        starts = [min(first, around) for first in self.first]
        return [slice(at, at + end - first) for at, first, end in zip(starts, self.first, self.end, strict=True)]

    def positions(self, positions: Sequence[np.ndarray], around: int = 0) -> list[np.ndarray]:
        """Of the steps at these positions, an int array for each series, where they are in what `cut` gives."""
        found = []
        for row, first, end in zip(self.rows, self.first, self.end, strict=True):
            start = max(first - around, 0)
            found.append(positions[row][(positions[row] > start) & (positions[row] < end + around)] - start)
        return found

    def laid_out(self, parts: Sequence[np.ndarray], lengths: Sequence[int], fill: float, around: int = 0) -> list:
        """What `cut` gives, back in its places: an array of all steps for each series, also for those without a part.

        Args:
            parts: sequence of arrays, `(steps, …)`, one for each of the `rows`.
            lengths: sequence of int. Steps of each series.
            fill: what stands at all other steps.
            around: int, as of `cut`.
        """
        found = dict(zip(self.rows, parts, strict=True))
        starts = {row: max(first - around, 0) for row, first in zip(self.rows, self.first, strict=True)}
        for row, length in enumerate(lengths):
            if row not in found or len(found[row]) < length:
                whole = np.full((length, *parts[0].shape[1:]), fill, parts[0].dtype)
                if row in found:
                    whole[starts[row] : starts[row] + len(found[row])] = found[row]
                found[row] = whole
        return [found[row] for row in range(len(lengths))]

    def series(self, series: Series) -> Series:
        """These steps of `series`."""
        times = series.times and tuple(self.cut(series.times))
        names = [series.names[row] for row in self.rows]
        return replace(series, values=self.cut(series.values), names=names, times=times)

    def labels(self, labels: Labels, series: Series) -> Labels:
        """What is known of these steps, of `labels` of all of `series`."""
        windows = labels.windows and tuple(labels.windows[row] for row in self.rows)
        if len(labels.values) == len(series.values) and series.whole:
            return Labels(labels.values[list(self.rows)], windows)
        return Labels(np.concatenate(self.cut(labels.of_series(series.lengths))), windows)


def part_of(series: Series, data: SeriesDataConfig, seed: int, part: str) -> Selection:
    """The part of the training data that a training set apart as `part`: train, valid, test, or all of it.

    Raises:
        InputError: an unknown part, or one that is empty.
    """
    if part not in PARTS:
        raise InputError(f"--part {part}: expected one of {', '.join(PARTS)}.")
    lengths = series.lengths
    if part == "all":
        return Selection.of_steps(np.zeros_like(lengths), lengths)
    if part == "test" and not data.test_share:
        raise InputError("this run kept no test part (data.test_share=0): give --input FILE, or --part valid or all.")
    parts = dict(zip(PARTS, parts_of(series, data.valid_share, data.test_share, seed, data.fold_of), strict=False))
    if series.whole:
        names = set(parts[part].names)
        chosen = np.array([name in names for name in series.names])
        return Selection.of_steps(np.zeros_like(lengths), np.where(chosen, lengths, 0))
    first = {"train": np.zeros_like(lengths), "valid": parts["train"].lengths}
    first["test"] = first["valid"] + parts["valid"].lengths
    return Selection.of_steps(first[part], first[part] + parts[part].lengths)


def parts_of_steps(series: Series, data: SeriesDataConfig, seed: int) -> list[np.ndarray]:
    """Of each series of the training data, for each step the part that it is in: arrays of str, `(steps,)`."""
    found = [np.full(length, "", "<U5") for length in series.lengths]
    for part in ("train", "valid", *["test"] * bool(data.test_share)):
        chosen = part_of(series, data, seed, part)
        for row, first, end in zip(chosen.rows, chosen.first, chosen.end, strict=True):
            found[row][first:end] = part
    return found


def between(series: Series, from_: str | None, to: str | None, report: Report | None = None) -> Selection:
    """From a time on, up to and with another: `2024-05` means all of May. Where there are no times, steps are counted.

    Times are as the data have them, or ISO 8601; by the clock on the wall, unless they tell an offset. An end that lies
    outside of all of the data is told to `report`.

    Raises:
        InputError: a text that is no time, or no step is between them.
    """
    if series.whole:
        raise InputError("--from and --to are for series in time, but this run scores whole sequences: leave them out.")
    first, end = np.zeros(len(series.values), np.int64), series.lengths
    places = series.times or tuple(map(np.arange, series.lengths))
    clock = series.clock if places[0].dtype.kind == "M" else None
    ends = min(each[0] for each in places if len(each)), max(each[-1] for each in places if len(each))
    low, high = series.clock.texts(np.array(ends))
    outside = []
    if from_ is not None:
        start, over = _told(clock, from_, "--from")
        first = [np.searchsorted(each, start) for each in places]
        outside += [("--from", from_, start, "before")] * bool(over <= ends[0])
    if to is not None:
        start, stop = _told(clock, to, "--to")
        end = [np.searchsorted(each, stop) for each in places]
        outside += [("--to", to, start, "after")] * bool(start > ends[1])
    found = Selection.of_steps(first, end)
    if not found.rows:
        given = " ".join(f"{name} {text}" for name, text in (("--from", from_), ("--to", to)) if text is not None)
        raise InputError(f"{given}: the data have nothing there; they go from {low} to {high}.")
    for option, text, start, side in outside:
        read = f", read as {time_texts(clock.local(np.array([start])))[0]}," if clock else ""
        (report or Report()).warn(
            f"{option} {text}{read} lies {side} all of the data, which go from {low} to {high}: it leaves nothing out"
        )
    return found


def _told(clock, text, option):
    """What `text` begins with, and what comes after it: a day for "2024-05-01"."""
    try:
        return span(text, clock) if clock else _number(text)
    except ValueError:
        expected = forms(clock) if clock else "a number, as the data have no dates"
        raise InputError(f"{option} {text}: expected {expected}.") from None


def _number(text):
    return float(text), np.nextafter(float(text), np.inf)
