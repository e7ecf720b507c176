"""What comes after times."""

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from seq2seq.errors import InputError
from seq2seq.series.clock import Clock
from seq2seq.series.rhythm import parsed
from seq2seq.series.time_axis import following

# Frequencies are inferred from the last steps alone: an old gap should not hide them; 60 hold 8 weeks of work days.
_TAIL_STEPS = 60


def continue_times(times: np.ndarray, steps: int, rhythm: str | None = None, clock: Clock | None = None) -> np.ndarray:
    """Return the times of the next steps.

    Months stay months, ends of months stay ends, work days skip the weekend. Without a rhythm the last steps tell it;
    where they follow no such rule, their most common difference goes on.

    Args:
        times: datetime64 or float64 array, `(time_steps,)`, increasing, at least two; with a rhythm, one.
        steps: int. How many to add.
        rhythm: str. As of `Reading`.
        clock: that the times are by.

    Returns:
        Array of `steps` times: datetime64[ns] or float64.

    Raises:
        InputError: fewer times than that.

    >>> continue_times(np.array(["2024-11", "2024-12"], "datetime64[ns]"), 2).astype("datetime64[M]").tolist()
    [datetime.date(2025, 1, 1), datetime.date(2025, 2, 1)]
    """
    if rhythm and len(times):
        return following(times[-1], steps, parsed(rhythm), clock or Clock())
    tail = np.asarray(times)[-_TAIL_STEPS:]
    if len(tail) < 2:
        raise InputError(f"the next times can be told from at least 2 times, got {len(tail)}")
    if tail.dtype.kind != "M":
        return tail[-1] + _usual_step(tail)[1] * np.arange(1, steps + 1)
    stamps = pd.DatetimeIndex(tail)
    offset = _inferred(stamps)
    if offset is None:
        differences, usual = _usual_step(tail)
        months_end = stamps.is_month_end.all()
        whole_months = differences.dtype.kind == "i"
        offset = pd.Timedelta(usual) if not whole_months else pd.DateOffset(months=int(usual))
        if whole_months and months_end:
            offset = pd.offsets.MonthEnd(int(usual))
    stamps = pd.date_range(stamps[-1], periods=steps + 1, freq=offset)[1:]
    return stamps.to_numpy("datetime64[ns]")


def continue_each(
    times: Sequence[np.ndarray], steps: int, rhythm: str | None = None, clock: Clock | None = None
) -> tuple[np.ndarray, ...]:
    """`continue_times` of each series; what many series have in common is told once."""
    read = 1 if rhythm else _TAIL_STEPS
    told: dict[bytes, np.ndarray] = {}
    for past in times:
        if past[-read:].tobytes() not in told:
            told[past[-read:].tobytes()] = continue_times(past, steps, rhythm, clock)
    return tuple(told[past[-read:].tobytes()] for past in times)


def _inferred(stamps):
    if len(stamps) < 3:
        return None
    with warnings.catch_warnings():  # pandas 4 will return an offset instead of its name; both will do
        warnings.simplefilter("ignore")
        return pd.infer_freq(stamps)


def _usual_step(times):
    """Differences between neighbours and the most common one: float64, timedelta64, or int64 for whole months."""
    differences = np.diff(times)
    if differences.dtype.kind == "f":
        return differences, np.median(differences)
    if differences.min() >= np.timedelta64(28, "D"):
        stamps = pd.DatetimeIndex(times)
        one_day = (stamps.day == stamps.day[0]).all() or stamps.is_month_end.all()
        if one_day and len(set(stamps.time)) == 1:
            differences = np.diff(np.asarray(stamps.year * 12 + stamps.month, np.int64))
    steps, counts = np.unique(differences, return_counts=True)
    return differences, steps[counts.argmax()]
