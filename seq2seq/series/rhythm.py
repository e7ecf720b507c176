"""The rhythm of times: a step, months, or the open hours of a week; how far apart times are in it, what comes next."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seq2seq.errors import InputError
from seq2seq.report import counted
from seq2seq.series.clock import dates_of, nanoseconds, time_texts

DAY = 86_400 * 10**9  # nanoseconds
WEEK = 7 * DAY
HOLIDAYS = 3  # days without rows in a row that are no gap where days of the week are missing as a rule
_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONDAY = 3 * DAY  # before 1 January 1970, a Thursday
_KINDS = ("", "end", "business end", "business start")
_MONTHS = re.compile(r"(\d+) months?(?: (end|business end|business start)| day (\d+))?")
_WEEKLY = re.compile(r"(?P<step>\S+) (?P<days>[A-Z][a-z]{2}(?:[-,][A-Z][a-z]{2})*)(?: (?P<hours>[\d:.,-]+))?")


@dataclass(frozen=True)
class Steps:
    """A step of one length.

    Attributes:
        step: int nanoseconds, or float where times are numbers.
    """

    step: int | float

    @property
    def by_wall_clock(self) -> bool:
        """Whether the days of a change of clocks are as long as others: from a day on."""
        return isinstance(self.step, int) and self.step >= DAY

    def between(self, times: np.ndarray) -> np.ndarray:
        """float array `(steps - 1,)`: how many steps the neighbours are apart."""
        return np.diff(_plain(times)) / self.step

    def after(self, time: np.generic, count: int) -> np.ndarray:
        """The `count` times that follow `time`."""
        following = _plain(np.asarray([time])) + self.step * np.arange(1, count + 1)
        return dates_of(following) if isinstance(self.step, int) else following

    def missing(self, between: np.ndarray) -> np.ndarray:
        """int array: how many steps are missing between neighbours so far apart; less than half a step is jitter."""
        return np.maximum(np.round(between).astype(np.int64) - 1, 0)

    def __str__(self):
        return _length(self.step) if isinstance(self.step, int) else f"{self.step:.15g}"


@dataclass(frozen=True)
class Months:
    """Whole months.

    Attributes:
        count: int. Months from one step to the next; 3 for quarters, 12 for years.
        kind: str. `""`: on the same day of each; else its `"end"`, its last or its first business day.
        day: int. The same day, where not all months have it: 29 or 30. 0 for that of the last time.
    """

    count: int
    kind: str = ""
    day: int = 0
    by_wall_clock = True

    def between(self, times: np.ndarray) -> np.ndarray:
        """As of `Steps`."""
        return np.diff(month_numbers(times)) / self.count

    def after(self, time: np.generic, count: int) -> np.ndarray:
        """As of `Steps`."""
        stamp = pd.Timestamp(time)
        numbers = month_numbers([time])[0] + self.count * np.arange(1, count + 1)
        months = pd.DatetimeIndex(numbers.astype("datetime64[M]").astype("datetime64[ns]"))
        days = day_of_kind(months, self.kind, self.day or stamp.day) - 1
        return (months + pd.to_timedelta(days, "D") + (stamp - stamp.normalize())).to_numpy("datetime64[ns]")

    missing = Steps.missing

    def __str__(self):
        which = f" day {self.day}" if self.day else f" {self.kind}" if self.kind else ""
        return f"{counted(self.count, 'month')}{which}"


@dataclass(frozen=True)
class Week:
    """The same times in every week: business days, trading hours.

    Attributes:
        step: int nanoseconds, a part of a day.
        days: tuple of int, 0 for Monday.
        hours: tuple of pairs of int nanoseconds since midnight: the first and the last time of each stretch of a day.
    """

    step: int
    days: tuple[int, ...]
    hours: tuple[tuple[int, int], ...]
    by_wall_clock = True

    @property
    def of_a_day(self) -> np.ndarray:
        """int64 array: the times of an open day."""
        return np.concatenate([np.arange(first, last + 1, self.step) for first, last in self.hours])

    def _place(self, times):
        """Which time of the rhythm is the latest at or before each of `times`, counted from one long ago."""
        slots = (np.array(self.days)[:, None] * DAY + self.of_a_day).ravel()
        weeks, rest = np.divmod(nanoseconds(times) + MONDAY, WEEK)
        return weeks * len(slots) + np.searchsorted(slots, rest, side="right") - 1, slots

    def between(self, times: np.ndarray) -> np.ndarray:
        """As of `Steps`."""
        return np.diff(self._place(times)[0]).astype(np.float64)

    def after(self, time: np.generic, count: int) -> np.ndarray:
        """As of `Steps`."""
        place, slots = self._place(np.asarray([time]))
        weeks, at = np.divmod(place[0] + np.arange(1, count + 1), len(slots))
        return dates_of(weeks * WEEK + slots[at] - MONDAY)

    def missing(self, between: np.ndarray) -> np.ndarray:
        """As of `Steps`; a few whole days are a holiday, and nothing is missing."""
        missing, of_a_day = Steps.missing(self, between), len(self.of_a_day)
        holiday = (missing % of_a_day == 0) & (missing <= HOLIDAYS * of_a_day) & (len(self.days) < 7)
        return np.where(holiday, 0, missing)

    def __str__(self):
        runs = np.split(np.array(self.days), np.flatnonzero(np.diff(self.days) > 1) + 1)
        days = ",".join(_NAMES[run[0]] + (f"-{_NAMES[run[-1]]}" if len(run) > 1 else "") for run in runs)
        hours = ",".join(f"{_clock_text(first)}-{_clock_text(last)}" for first, last in self.hours)
        return f"{_length(self.step)} {days}{'' if self.step == DAY and hours == '00:00-00:00' else ' ' + hours}"


Rhythm = Steps | Months | Week


def parsed(text: str) -> Rhythm:
    """Read what `str` makes of a rhythm.

    Raises:
        InputError: it is none.

    >>> str(parsed("1h Mon-Fri 09:00-16:00"))
    '1h Mon-Fri 09:00-16:00'
    """
    try:
        if match := _MONTHS.fullmatch(text):
            return Months(int(match[1]), match[2] or "", int(match[3] or 0))
        if match := _WEEKLY.fullmatch(text):
            pairs = [each.split("-") for each in (match["hours"] or "00:00-00:00").split(",")]
            hours = tuple(tuple(pd.Timedelta(_full(part)).as_unit("ns").value for part in pair) for pair in pairs)
            return Week(length_of(match["step"]), _days(match["days"]), hours)
        try:
            return Steps(float(text))
        except ValueError:
            return Steps(length_of(text))
    except (ValueError, IndexError) as error:
        raise InputError(f"{text!r} is no rhythm of times: expected 1h, 3 months or 1h Mon-Fri 09:00-16:00") from error


def length_of(text: str) -> int:
    """Nanoseconds of a length of time such as 15min, 1h or 7D.

    Raises:
        ValueError: it is none, or not above 0.
    """
    length = pd.Timedelta(text if text[:1].isdigit() else f"1{text}").as_unit("ns").value
    if not text or not length > 0:
        raise ValueError(f"{text!r} is not above 0")
    return length


def _full(clock):
    return clock if clock.count(":") == 2 else f"{clock}:00"


def _days(text):
    days = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        days += range(_NAMES.index(first), _NAMES.index(last or first) + 1)
    return tuple(days)


def _length(step):
    for unit, size in (("D", DAY), ("h", DAY // 24), ("min", DAY // 1440), ("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if step % size == 0:
            return f"{step // size}{unit}"
    return f"{step}ns"


def _clock_text(time):
    text = time_texts(np.array([time]).astype("datetime64[ns]"))[0]
    text = text[11:] or "00:00"
    return text.removesuffix(":00") if text.count(":") == 2 else text


def _plain(times):
    times = np.asarray(times)
    return nanoseconds(times) if times.dtype.kind == "M" else times


def month_numbers(times: np.ndarray) -> np.ndarray:
    """int64 array: the months of datetime64 `times`, counted from January 1970."""
    return np.asarray(times, "datetime64[ns]").astype("datetime64[M]").astype(np.int64)


def day_of_kind(months: pd.DatetimeIndex, kind: str, day: int) -> np.ndarray:
    """The day of each of `months`, its first days, that is of the kind: its `day`, or its end where it has none."""
    last = months.days_in_month.to_numpy()
    if kind == "end":
        return last
    weekday = months.day_of_week.to_numpy()
    if kind == "business end":
        return last - np.maximum((weekday + last - 1) % 7 - 4, 0)
    if kind == "business start":
        return 1 + np.where(weekday > 4, 7 - weekday, 0)
    return np.minimum(day, last)
