"""Series cut where steps are missing, so that nothing that is read as one stretch of time has a gap within."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from seq2seq.series.rhythm import parsed
from seq2seq.series.series import Series
from seq2seq.series.time_axis import gap_positions


def gaps_of(series: Series) -> tuple[np.ndarray, ...]:
    """Where each series is to be cut: int64 arrays of the steps after its gaps.

    They are empty for samples, for series without times or rhythm, and where the run takes steps as equal.
    """
    rhythm = series.reading.rhythm
    if series.whole or series.times is None or series.reading.gaps != "split" or not rhythm:
        return (np.zeros(0, np.int64),) * len(series.values)
    return tuple(gap_positions(series.times, parsed(rhythm), series.clock))


def lengths_between(lengths: np.ndarray, gaps: Sequence[np.ndarray]) -> np.ndarray:
    """int64 array: lengths of the stretches of series of these `lengths`, cut at `gaps`, as `gaps_of` finds them."""
    bounds = [np.concatenate(([0], each, [length])) for length, each in zip(lengths, gaps, strict=True)]
    return np.concatenate([np.diff(each) for each in bounds]).astype(np.int64) if bounds else np.zeros(0, np.int64)


def stretches(series: Series) -> Iterator[tuple[int, int, int]]:
    """The number of a series, and the first step and the end of each stretch of it that has no gap."""
    for number, (length, gaps) in enumerate(zip(series.lengths.tolist(), gaps_of(series), strict=True)):
        bounds = [0, *gaps.tolist(), length]
        yield from ((number, first, end) for first, end in pairwise(bounds))


def segments(series: Series) -> Series:
    """Return the stretches without gaps as series of their own, in order; each has the name of the one it is from."""
    found = list(stretches(series))
    if len(found) == len(series.values):
        return series
    return _cut(series, found)


def last_segments(series: Series) -> Series:
    """Return of each series what comes after its last gap."""
    last = {number: (number, first, end) for number, first, end in stretches(series)}
    return _cut(series, list(last.values()))


def since_gap(series: Series, number: int, steps: int) -> str:
    """What to say of the last `steps` steps of a series, as `last_segments` has them: which gap they follow, if any."""
    if steps >= len(series.values[number]):
        return ""
    return f"since its last gap in time, which ends at {series.clock.texts(series.times[number][-steps:][:1])[0]}"


def _cut(series, found):
    times = series.times and tuple(series.times[number][first:end] for number, first, end in found)
    return replace(
        series,
        values=[series.values[number][first:end] for number, first, end in found],
        names=[series.names[number] for number, _, _ in found],
        times=times,
    )
