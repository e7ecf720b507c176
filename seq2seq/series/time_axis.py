"""The rows of a table in their time: what tells it, their order and rhythm, gaps that are filled; and notes on it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from seq2seq.errors import InputError
from seq2seq.report import counted
from seq2seq.series.clock import UNITS, Clock
from seq2seq.series.means import means_of_steps, of_each, one_each_time
from seq2seq.series.reading import Reading
from seq2seq.series.recognition import nanoseconds_between, rhythm_of
from seq2seq.series.rhythm import DAY, Rhythm, Week, parsed
from seq2seq.series.series import listed
from seq2seq.series.time_columns import columns_of_clocks, columns_of_dates, counters, number_format
from seq2seq.series.times import read_times

MOST_FILLED = 10_000_000  # steps

Row = Callable[[int], str]


def find_times(
    frame: pd.DataFrame, reading: Reading, names: Sequence[str], groups: Mapping[str, np.ndarray]
) -> tuple[Reading, tuple[str, ...], tuple[str, ...]]:
    """Settle which columns are the times, and which count rows, where `reading` leaves it open.

    Args:
        frame: the table.
        reading: `Reading`.
        names: columns that are not used otherwise; chosen ones are.
        groups: name of each series → positions of its rows.

    Returns:
        The `reading` with its columns of times and, of numbers, their format; columns that are no features; notes.
    """
    if reading.gaps is None:  # as in runs of earlier versions
        time = reading.time or columns_of_dates(frame, names)[:1] if reading.time is None else reading.time
        return replace(reading, time=time or None), tuple(time), ()
    notes, form = (), None
    if reading.time is None:
        time = columns_of_dates(frame, names)
        if not time:
            time, form, notes = columns_of_clocks(frame, names, groups)
        elif len(time) > 1:
            notes = (f"the times are put together from {listed(time)}",)
    else:
        time = reading.time
        if len(time) == 1 and reading.time_format is None and reading.rhythm is None:
            form = number_format(frame[time[0]], time[0], groups)
    numbering = counters(frame, [name for name in names if name not in time]) if not reading.columns else ()
    notes += tuple(f"column {name!r} counts the rows: no feature, unless it is chosen" for name in numbering)
    form = reading.time_format or form
    return replace(reading, time=time, time_format=form), (*time, *numbering), notes


def times_of(
    frame: pd.DataFrame, reading: Reading, row: Row, groups: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, Clock, Reading, tuple[str, ...]]:
    """The times of all rows, the clock they are by, `reading` with their format, and notes for the user.

    Raises:
        InputError: cells that are no times; says where.
    """
    column, words = frame[reading.time[0]], ()
    if len(reading.time) > 1:
        texts, words = _joined(frame, reading.time, row)
        column = pd.Series(texts, frame.index, name=listed(reading.time))
    times, clock, form = read_times(column, reading, row, groups)
    clock = replace(clock, words=words)
    notes = ()
    if len(set(clock.offsets.tolist())) > 1 and not clock.time_zone:
        last = clock.texts(times[[-1]])[0]
        notes = (f"the offset of the times changes; that of {last} goes on after them, unless --time-zone is given",)
    if times.dtype.kind == "M" and reading.zoned is None and clock.pattern not in UNITS:
        reading = replace(reading, zoned=bool(clock.zones))
    return times, clock, replace(reading, time_format=form), notes


def _joined(frame, names, row):
    """Cells of several columns with a blank between, and how many words each column has, if it is as many in all."""
    cells = []
    for name in names:
        column = frame[name]
        if column.isna().any():
            raise InputError(
                f"{row(frame.index[int(column.isna().to_numpy().argmax())])} has no time in column {name!r}"
            )
        if pd.api.types.is_float_dtype(column) and (column % 1 == 0).all():
            column = column.astype("int64")
        if pd.api.types.is_datetime64_any_dtype(column):
            column = column.dt.strftime("%Y-%m-%d")
        cells.append(column.astype(str).str.strip())
    words = [np.unique(column.str.count(" ")) + 1 for column in cells]
    alike = tuple(int(each[0]) for each in words) if all(len(each) == 1 for each in words) else ()
    return [" ".join(parts) for parts in zip(*cells, strict=True)], alike


def arranged(
    parts: Sequence[np.ndarray],
    times: Sequence[np.ndarray],
    clock: Clock,
    reading: Reading,
    rows: Sequence[Row],
) -> tuple[list[np.ndarray], list[np.ndarray], Reading, tuple[str, ...]]:
    """Bring the rows of each series into the order and the steps of their time.

    Args:
        parts: float arrays `(rows, features)`, one for each series.
        times: their times `(rows,)`.
        clock: that the times are by.
        reading: `Reading`.
        rows: of each series, what an error calls the row at a position.

    Returns:
        Values and times of each series, the `reading` with its rhythm, and notes for the user.

    Raises:
        InputError: times out of order, or repeated; a step or a rhythm that does not fit them.
    """
    notes = ()
    if reading.duplicates != "error":
        parts, times, notes = one_each_time(parts, times, reading.duplicates)
    for part, row in zip(times, rows, strict=True):
        check_order(part, row, clock)
    if reading.step:
        parts, times, told = means_of_steps(parts, times, clock, reading.step)
        notes += told
    rhythm = parsed(reading.rhythm) if reading.rhythm else rhythm_of(times, [clock.local(part) for part in times])
    if rhythm is None:
        return list(parts), list(times), reading, (*notes, *_unsteady(times))
    check_kind(rhythm, times[0])
    notes += _gap_notes(times, rhythm, clock, reading)
    if reading.gaps == "fill":
        if reading.missing == "error" and any(map(len, gap_positions(times, rhythm, clock))):
            raise InputError(f"{notes[-1]} (--gaps fill), so give --missing interpolate or --missing mask with it")
        parts, times = of_each(lambda part, at: _filled(part, at, rhythm, clock), parts, times)
    return list(parts), list(times), replace(reading, rhythm=str(rhythm)), notes


def check_kind(rhythm: Rhythm, times: np.ndarray) -> None:
    """Raise `InputError` where a rhythm of dates meets times that are numbers, or the other way round."""
    numbers = isinstance(getattr(rhythm, "step", 0), float)
    if numbers == (times.dtype.kind == "M"):
        raise InputError(
            f"the times of this run have the rhythm {rhythm}, but these are {'dates' if numbers else 'numbers'}: "
            "give a table whose times are like those of the training"
        )


def between(times: np.ndarray, rhythm: Rhythm, clock: Clock) -> np.ndarray:
    """float array `(steps - 1,)`: how many steps of the rhythm neighbours are apart."""
    return rhythm.between(clock.local(times) if rhythm.by_wall_clock else times)


def following(time: np.generic, count: int, rhythm: Rhythm, clock: Clock) -> np.ndarray:
    """The `count` times of the rhythm after `time`."""
    if not rhythm.by_wall_clock:
        return rhythm.after(time, count)
    local, more = clock.local(np.asarray([time]))[0], 0
    while True:
        found = rhythm.after(local, count + more)
        times = clock.instants(found)
        if isinstance(rhythm, Week) and rhythm.step < DAY:  # no hour that is left out when clocks change
            times = times[clock.local(times) == found]
        if len(times) >= count:
            return times[:count]
        more += count - len(times)


def _missing(times, rhythm, clock):
    """int array `(steps - 1,)`: how many steps are missing between neighbours."""
    missing = rhythm.missing(between(times, rhythm, clock))
    if isinstance(rhythm, Week):  # an hour that is left out when clocks change is not missing
        for at in np.flatnonzero((missing > 0) & (np.diff(clock.offsets_of(times)) > 0)):
            missing[at] = (following(times[at], int(missing[at]), rhythm, clock) < times[at + 1]).sum()
    return missing


def gap_positions(times: Sequence[np.ndarray], rhythm: Rhythm, clock: Clock) -> list[np.ndarray]:
    """Of the times of each series, int64 array: the positions of the steps after gaps, where steps are missing."""
    lengths = np.array([len(part) for part in times], np.int64)
    ends = np.cumsum(lengths)
    if not lengths.sum():
        return [np.zeros(0, np.int64)] * len(lengths)
    # All series at once, end to end: there may be many short ones. What lies between two of them is no gap.
    found = np.flatnonzero(_missing(np.concatenate(times), rhythm, clock)) + 1
    of_series = np.searchsorted(ends, found, side="right")
    at = found - (ends - lengths)[of_series]
    return np.split(at[at > 0], np.searchsorted(of_series[at > 0], np.arange(1, len(lengths))))


def _filled(values, times, rhythm, clock):
    """The same with a row of missing values for each step that is missing."""
    if len(times) < 2:
        return values, times
    missing = _missing(times, rhythm, clock)
    if missing.sum() > MOST_FILLED:
        raise InputError(f"data.gaps=fill would add {int(missing.sum()):,} steps of {rhythm}: take data.gaps=split")
    at = np.flatnonzero(missing)
    if not len(at):
        return values, times
    added = [following(times[each], int(missing[each]), rhythm, clock) for each in at]
    where = np.repeat(at + 1, missing[at])
    return np.insert(values, where, np.nan, axis=0), np.insert(times, where, np.concatenate(added))


def _unsteady(times):
    if max(map(len, times)) < 3:
        return ()
    return (
        "the times follow no steady step: steps are taken as equal, and times that follow them go on as the last ones "
        "do or by their most common difference; --step 1h, say, takes means over equal ones",
    )


def _gap_notes(times, rhythm, clock, reading):
    apart = np.concatenate([between(part, rhythm, clock) for part in times])
    if len(apart) and abs(np.median(apart) - 1) > 0.01 and reading.rhythm:
        told = f"{np.median(apart):.3g} steps of {rhythm} apart, as it was in training"
        return (f"most rows are {told}: give data at that step (train with --step for data at several)",)
    found = gap_positions(times, rhythm, clock)
    total = sum(map(len, found))
    if not total:
        return ()
    number = next(number for number, each in enumerate(found) if len(each))
    start, end = clock.texts(times[number][found[number][0] - 1 :][:2])
    across = f" in {sum(len(each) > 0 for each in found)} of {len(times)} series" * (len(times) > 1)
    done = {
        "split": "no window runs across them (--gaps fill makes missing values of them)",
        "fill": "the steps without rows are missing values",
        None: "steps are taken as equal",
    }[reading.gaps]
    count = f"{counted(total, 'gap')} in time{across}"
    return (f"{count}, the first from {start} to {end} where the usual step is {rhythm}: {done}",)


def check_order(times: np.ndarray, row: Row, clock: Clock | None = None) -> None:
    """Raise `InputError` naming the first row whose time is not after that of the row before.

    Args:
        times: float64 or datetime64[ns] array, `(time_steps,)`.
        row: function from the position in `times` to what an error shall call it.
        clock: how times are written.
    """
    wrong = times[1:] <= times[:-1]
    if not wrong.any():
        return
    texts = (clock or Clock()).texts
    later = int(wrong.argmax()) + 1
    same = np.flatnonzero(times[:later] == times[later])
    if same.size:
        count = len(times) - len(np.unique(times))
        what = f"repeats the time {texts(times[[later]])[0]} of {row(int(same[0]))}"
        what += f", as {count:,} rows do in all" * (count > 1)
        mend = "keep one row per time, or take --duplicates first or mean"
        if _clock_change(times, later):
            mend = f"it looks like the hour that comes twice when clocks change: name the zone, --time-zone, or {mend}"
    else:
        early, late = texts(times[[later]])[0], texts(times[[later - 1]])[0]
        what = f"has the time {early}, before {late} of the row before it in its series"
        mend = "sort the rows by time"
    raise InputError(
        f"{row(later)} {what}: {mend}, or, if the table holds several series, name the column that tells them apart "
        "as the group"
    )


def _clock_change(times, at):
    """Whether the repeated time is in the small hours of a Sunday in autumn, in either half of the Earth."""
    if times.dtype.kind != "M":
        return False
    stamp = pd.Timestamp(times[at])
    usual = np.median(nanoseconds_between([times[max(at - 50, 0) : at]])) if at > 1 else 0
    return stamp.day_of_week == 6 and stamp.hour < 4 and stamp.month in (3, 4, 9, 10, 11) and usual <= 3600 * 10**9
