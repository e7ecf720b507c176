"""Times that come one by one, and the one that comes next."""

from collections import deque

import numpy as np
import pandas as pd

from seq2seq.errors import InputError
from seq2seq.series.calendar import continue_times, parse_times, time_text

REMEMBERED = 60  # steps from which the next time is told


class Clock:
    """The latest times of a series that goes on.

    >>> clock = Clock()
    >>> for text in ("2024-05-01 22:00", "2024-05-01 23:00"):
    ...     clock.add(clock.read(text))
    >>> clock.following()
    '2024-05-02'
    """

    def __init__(self, times: np.ndarray = ()):
        self._times = deque(times, REMEMBERED)

    @property
    def times(self) -> np.ndarray:
        """datetime64[ns] or float64 array of the latest times, oldest first."""
        return np.array(self._times)

    def read(self, text: str) -> np.datetime64 | float:
        """The time that `text` is.

        Raises:
            InputError: it is no time, or not after the one before.
        """
        column = pd.Series([text.strip() or None], name="time")
        column = pd.to_numeric(column, errors="coerce") if _is_number(text) else column
        time = parse_times(column, lambda _: "the line")[0]
        if self._times and type(time) is not type(self._times[-1]):
            raise InputError(f"{text.strip()!r} is not a time as the one before it, {time_text(self._times[-1])}")
        if self._times and not time > self._times[-1]:
            raise InputError(f"the time {text.strip()} is not after the one before it, {time_text(self._times[-1])}")
        return time

    def add(self, time: np.datetime64 | float) -> None:
        """Go on to a time that `read` gave."""
        self._times.append(time)

    def following(self) -> str:
        """The next time as text; empty as long as fewer than two times are known."""
        return time_text(continue_times(self.times, 1)[0]) if len(self._times) > 1 else ""


def _is_number(text):
    try:
        return np.isfinite(float(text))
    except ValueError:
        return False
