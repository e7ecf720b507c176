"""Which rhythm times have."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seq2seq.series.clock import nanoseconds
from seq2seq.series.rhythm import DAY, Months, Rhythm, Steps, Week, day_of_kind, month_numbers

_RARE, _USUAL = 0.05, 0.5  # shares of the days of a week, or of the days: not open but by chance, open as a rule


def months_in(local: np.ndarray) -> Months | None:
    """The rhythm of times `(steps,)` that are whole months apart; None where they are not."""
    stamps = pd.DatetimeIndex(local)
    apart = np.diff(month_numbers(local))
    if (
        len(stamps) < 2
        or apart.min() < 1
        or len(set(stamps.time)) > 1
        or np.diff(local).min() < np.timedelta64(28, "D")
    ):
        return None
    firsts, days = pd.DatetimeIndex(local.astype("datetime64[M]").astype("datetime64[ns]")), stamps.day.to_numpy()
    # Ends before days: the 30th of April and the 31st of May are ends.
    for kind in ("end", "", "business end", "business start"):
        least = 1.0 if kind in ("end", "") else 0.9  # a holiday moves a business day
        if np.mean(days == day_of_kind(firsts, kind, days.max())) >= least:
            counts, often = np.unique(apart, return_counts=True)
            return Months(int(counts[often.argmax()]), kind)
    return None


def week_in(local: np.ndarray, step: int) -> Week | None:
    """The rhythm of times `(steps,)` at this step that leave out the same days or hours of every week, or None."""
    if DAY % step or len(local) < 3:
        return None
    days, of_day = np.divmod(nanoseconds(local), DAY)
    slots, seen = np.unique(of_day, return_counts=True)
    if len(slots) > DAY // step:
        return None
    present = np.unique(days)
    whole = np.arange(present[0], present[-1] + 1)
    possible, open_ = (np.bincount((each + 3) % 7, minlength=7) for each in (whole, present))
    shares = open_ / np.maximum(possible, 1)
    if possible.min() < 2:  # of each day of the week, two: too short to tell
        shares = np.ones(7)
    of_days = seen / len(present) if len(present) >= 5 else np.ones(len(slots))
    doubtful = ((shares > _RARE) & (shares < _USUAL)).any() or ((of_days > _RARE) & (of_days < _USUAL)).any()
    weekdays, slots = np.flatnonzero(shares >= _USUAL), slots[of_days >= _USUAL]
    if doubtful or not (len(weekdays) and len(slots)) or (len(weekdays) == 7 and len(slots) == DAY // step):
        return None
    if len(present) < 5 and len(slots) < DAY // step:
        return None
    stretches = np.split(slots, np.flatnonzero(np.diff(slots) != step) + 1)
    hours = tuple((int(part[0]), int(part[-1])) for part in stretches)
    return Week(step, tuple(weekdays.tolist()), hours)


def rhythm_of(times: Sequence[np.ndarray], local: Sequence[np.ndarray]) -> Rhythm | None:
    """Recognise the rhythm of series.

    Args:
        times: of each series, datetime64[ns] or float64 array `(time_steps,)`, increasing.
        local: the same by the clock on the wall.

    Returns:
        None where the times follow no steady step.

    >>> days = np.array(["2024-01-04", "2024-01-05", "2024-01-08"], "datetime64[ns]")  # a weekend is too short to tell
    >>> str(rhythm_of([days], [days]))
    '1D'
    """
    longest = max(range(len(times)), key=lambda number: len(times[number]))
    if len(times[longest]) < 2:
        return None
    if times[longest].dtype.kind != "M":
        differences = np.concatenate([np.diff(part) for part in times])
        step = float(f"{np.median(differences):.9g}")
        return Steps(step) if step > 0 and _steady(differences / step) else None
    if months := months_in(local[longest]):
        return months
    differences = nanoseconds_between(times)
    step = _usual(differences)
    if step >= DAY // 2:  # days are as long as others where clocks change
        differences = nanoseconds_between(local)
        step = _usual(differences)
    if step <= 0:
        return None
    return week_in(local[longest], step) or (Steps(step) if _steady(differences / step) else None)


def nanoseconds_between(times: Sequence[np.ndarray]) -> np.ndarray:
    """int64 array of all differences between neighbours."""
    return np.concatenate([np.diff(nanoseconds(part)) for part in times])


def _usual(differences):
    """The most common difference, or the one in the middle where most are others."""
    steps, counts = np.unique(differences, return_counts=True)
    return int(steps[counts.argmax()] if 2 * counts.max() >= len(differences) else np.median(differences))


def _steady(apart):
    """Whether there is a step: most neighbours are about one apart, or half of them one and most others whole ones."""
    near = np.abs(apart - np.round(apart)) < 0.05
    return np.mean(np.abs(apart - 1) < 0.5) >= 0.8 or (np.mean(near) >= 0.8 and np.mean(near & (apart < 1.5)) >= 0.5)
