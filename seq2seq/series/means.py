"""Rows of a table that become one: those of one time, and those of one step of a coarser rhythm."""

from collections.abc import Callable, Sequence

import numpy as np

from seq2seq.errors import InputError
from seq2seq.report import counted
from seq2seq.series.clock import Clock, dates_of, nanoseconds
from seq2seq.series.rhythm import DAY, MONDAY, WEEK, length_of

Parts = tuple[list[np.ndarray], list[np.ndarray], tuple[str, ...]]  # values and times of each series, and notes


def one_each_time(parts: Sequence[np.ndarray], times: Sequence[np.ndarray], which: str) -> Parts:
    """One row of each series for each time, in the order in which times come first.

    Args:
        parts: float arrays `(rows, features)`, one for each series.
        times: their times `(rows,)`.
        which: of rows at one time the `"first"`, or their `"mean"`.
    """
    before = sum(map(len, times))
    parts, times = of_each(lambda part, at: _one_each(part, at, which), parts, times)
    count = before - sum(map(len, times))
    kept = "the first is kept" if which == "first" else "their mean is taken"
    return (
        parts,
        times,
        (f"{counted(count, 'row repeats', 'rows repeat')} a time: of rows at one time {kept}",) * bool(count),
    )


def means_of_steps(parts: Sequence[np.ndarray], times: Sequence[np.ndarray], clock: Clock, step: str) -> Parts:
    """The means of the rows of each series over steps of one length.

    Args:
        parts, times: as of `one_each_time`, in the order of their time.
        clock: that the times are by.
        step: a length of time; a number where times are numbers.

    Raises:
        InputError: the step is no number, and the times are.
    """
    begins = [_begins(part, clock, step) for part in times]
    return *of_each(_means, parts, begins), _partial_note(begins, clock)


def of_each(
    function: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    parts: Sequence[np.ndarray],
    times: Sequence[np.ndarray],
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Values and times that `function` makes of those of each series."""
    parts, times = zip(*(function(part, at) for part, at in zip(parts, times, strict=True)), strict=True)
    return list(parts), list(times)


def _one_each(values, times, which):
    """One row for each time, in the order in which times come first."""
    unique, first, of_row = np.unique(times, return_index=True, return_inverse=True)
    if len(unique) == len(times):
        return values, times
    order = np.argsort(first)
    if which == "first":
        return values[first[order]], times[first[order]]
    return _mean_of(values, of_row, len(unique))[order], unique[order]


def _mean_of(values, of_row, count):
    """float64 `(count, features)`: means of the rows of each number, of what was observed."""
    observed = ~np.isnan(values)
    total, seen = np.zeros((count, values.shape[1])), np.zeros((count, values.shape[1]))
    np.add.at(total, of_row, np.where(observed, values, 0.0))
    np.add.at(seen, of_row, observed)
    return np.divide(total, seen, out=np.full_like(total, np.nan), where=seen > 0)


def _begins(times, clock, step):
    """When the step of each row begins: steps of one length, at whole multiples of it by the clock on the wall."""
    if times.dtype.kind != "M":
        length = _number(step)
        return np.floor(times / length + 1e-9) * length
    length, by_wall = length_of(step), nanoseconds(clock.local(times))
    first = -MONDAY if length % WEEK == 0 else 0  # weeks begin on Monday
    local = (by_wall - first) // length * length + first
    # Hours go on where clocks change, days begin at midnight.
    return dates_of(local - clock.offsets_of(times)) if length < DAY else clock.instants(dates_of(local))


def _means(values, begins):
    unique, of_row = np.unique(begins, return_inverse=True)
    return _mean_of(values, of_row, len(unique)), unique


def _partial_note(begins, clock):
    """A note on first and last steps that have fewer rows than the others."""
    found = []
    for unique, counts in (np.unique(part, return_counts=True) for part in begins):
        usual = np.median(counts[1:-1]) if len(counts) > 2 else 0
        found += [(unique[[at]], counts[at], usual) for at in (0, -1) if counts[at] < 0.9 * usual]
    if not found:
        return ()
    begin, count, usual = found[0]
    return (
        f"{counted(len(found), 'step')} at the ends of the data not whole: that from "
        f"{clock.texts(begin)[0]} is a mean of {counted(count, 'row')} where {usual:,.0f} are usual",
    )


def _number(step):
    try:
        return float(step)
    except ValueError:
        raise InputError(f"data.step={step!r}: the times are numbers, so give the step as a number") from None
