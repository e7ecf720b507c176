"""Times that come one by one, and the one that comes next."""

from collections import deque

import numpy as np
import pandas as pd

from seq2seq.errors import InputError
from seq2seq.series.clock import Clock, time_text
from seq2seq.series.continuing import continue_times
from seq2seq.series.numerals import looks_like_number
from seq2seq.series.reading import Reading
from seq2seq.series.rhythm import parsed
from seq2seq.series.time_axis import check_kind, gap_positions
from seq2seq.series.times import read_times

REMEMBERED = 60  # steps from which the next time is told


class LatestTimes:
    """The latest times of a series that goes on.

    Args:
        reading: `Reading`. How the times of the run are written, and their rhythm.
        times: array of the latest ones, oldest first.

    >>> latest = LatestTimes(Reading(time_format="%Y-%m-%d %H:%M", gaps="split"))
    >>> for text in ("2024-05-01 22:00", "2024-05-01 23:00"):
    ...     latest.add(latest.read(text))
    >>> latest.following()
    '2024-05-02 00:00'
    """

    def __init__(self, reading: Reading, times: np.ndarray = ()):
        self.reading, self._times, self._clock = reading, deque(times, REMEMBERED), Clock()

    @property
    def times(self) -> np.ndarray:
        """datetime64[ns] or float64 array of the latest times, oldest first."""
        return np.array(self._times)

    def read(self, text: str) -> np.datetime64 | float:
        """The time that `text` is.

        Raises:
            InputError: it is no time, not as those of the run are written, or not after the one before.
        """
        cell = text.strip()
        column = pd.Series([_number(cell)] if _number(cell) is not None else [cell or None], name="time")
        times, self._clock, _ = read_times(column, self.reading, lambda _: "the line", {"": np.arange(1)})
        if self.reading.rhythm:
            check_kind(parsed(self.reading.rhythm), times)
        if not self._times:
            return times[0]
        last = self.times[-1:]
        if times.dtype.kind != last.dtype.kind:
            raise InputError(f"{cell!r} is not a time as the one before it, {time_text(last[0])}")
        if not times > last and self._clock.time_zone and not self._clock.zones:
            times = self._clock.instants(self._clock.local(times), second=True)
        if not times > last:
            raise InputError(f"the time {cell} is not after the one before it, {self._clock.texts(last)[0]}")
        return times[0]

    def gap_before(self, time: np.datetime64 | float) -> str:
        """Between which times steps are missing in front of one that `read` gave; empty where none are.

        None are where a run of an earlier version takes steps as equal, or there is no rhythm.
        """
        if not (self._times and self.reading.gaps and self.reading.rhythm):
            return ""
        both = np.array([self._times[-1], time])
        if not len(gap_positions([both], parsed(self.reading.rhythm), self._clock)[0]):
            return ""
        return " and ".join(self._clock.texts(both))

    def add(self, time: np.datetime64 | float) -> None:
        """Go on to a time that `read` gave."""
        self._times.append(time)

    def following(self) -> str:
        """The next time as text; empty as long as it cannot be told."""
        rhythm = self.reading.rhythm if self.reading.gaps else None
        if len(self._times) < (1 if rhythm else 2):
            return ""
        return self._clock.texts(continue_times(self.times, 1, rhythm, self._clock))[0]


def _number(cell):
    """The number that a cell is, or None: "2016" is one, and so is Unix time."""
    if not looks_like_number(cell):
        return None
    try:
        return int(cell) if cell.lstrip("-").isdigit() else float(cell)
    except ValueError:
        return None
