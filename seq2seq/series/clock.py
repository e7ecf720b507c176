"""How the times of a table were written, so that others are written alike: pattern, fractions of a second, zone."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from seq2seq.errors import InputError

UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}  # of Unix time, in nanoseconds
ISO = "ISO8601"
_MINUTE = 60 * 10**9
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
# Directive → how it is written, how it is written without leading zeros, and what of the times.
_DIRECTIVES: dict[str, tuple[str, str, Callable[[pd.DatetimeIndex], Sequence]]] = {
    "Y": ("%04d", "%04d", lambda times: times.year),
    "y": ("%02d", "%02d", lambda times: times.year % 100),
    "m": ("%02d", "%d", lambda times: times.month),
    "d": ("%02d", "%d", lambda times: times.day),
    "H": ("%02d", "%d", lambda times: times.hour),
    "I": ("%02d", "%d", lambda times: (times.hour + 11) % 12 + 1),
    "M": ("%02d", "%02d", lambda times: times.minute),
    "S": ("%02d", "%02d", lambda times: times.second),
    "j": ("%03d", "%d", lambda times: times.day_of_year),
    "p": ("%s", "%s", lambda times: np.where(times.hour < 12, "AM", "PM")),
    "b": ("%s", "%s", lambda times: np.array([name[:3] for name in _MONTHS])[times.month - 1]),
    "B": ("%s", "%s", lambda times: np.array(_MONTHS)[times.month - 1]),
    "a": ("%s", "%s", lambda times: np.array([name[:3] for name in _DAYS])[times.day_of_week]),
    "A": ("%s", "%s", lambda times: np.array(_DAYS)[times.day_of_week]),
}
DIRECTIVE = re.compile(r"%(.)")
OF_DAY = frozenset("HIMSpf")  # directives of the time of day; all others are of the day


@dataclass(frozen=True)
class Clock:
    """What turns instants into the texts and the local times of a table, and back.

    Instants are datetime64[ns], of UTC where the table told a zone or an offset, else as they were written.

    Attributes:
        pattern: str. Of strptime, without zone; a unit of Unix time; "" for times as finely as they differ.
        digits: int. Of the fraction of a second, which `%f` or a Unix time has.
        unpadded: str. Directives that are written without leading zeros: "dm" for 1/2/2024.
        changes: int64 array of instants, the first of them before all: from when each of `offsets` is valid.
        offsets: int64 array, nanoseconds; empty where the table tells no offset.
        zones: mapping of an offset in nanoseconds to how it is written: `"+01:00"`, `"Z"`.
        time_zone: str or None. Of the IANA data base; what is local time then, and offsets of other times.
        exceptions: mapping of an instant in nanoseconds to how it was written, where that is not as the others are.
        own_offsets: bool. Whether times are written with `offsets` though there is a `time_zone`, as the table tells
            other ones: UTC throughout, say.
        words: tuple of int. Where times are put together from columns, with blanks between, the words of each of these.
    """

    pattern: str = ""
    digits: int = 0
    unpadded: str = ""
    changes: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    offsets: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    zones: Mapping[int, str] = field(default_factory=dict)
    time_zone: str | None = None
    exceptions: Mapping[int, str] = field(default_factory=dict)
    own_offsets: bool = False
    words: tuple[int, ...] = ()

    def offsets_of(self, times: np.ndarray, written: bool = False) -> np.ndarray:
        """int64 `(steps,)`: nanoseconds that local time, or what is written, is ahead of each of the instants."""
        if self.time_zone and not (written and self.own_offsets):
            return nanoseconds(self._zoned(times)) - nanoseconds(times)
        if not len(self.offsets):
            return np.zeros(len(times), np.int64)
        return self.offsets[np.searchsorted(self.changes, nanoseconds(times), side="right") - 1]

    def local(self, times: np.ndarray) -> np.ndarray:
        """What clocks on the wall show at these instants, datetime64[ns]; numbers stay as they are."""
        return times if times.dtype.kind != "M" else dates_of(nanoseconds(times) + self.offsets_of(times))

    def instants(self, local: np.ndarray, second: bool = False) -> np.ndarray:
        """The instants at which clocks on the wall show these local times; of a repeated hour, the first or second."""
        if local.dtype.kind != "M":
            return local
        if self.time_zone:
            times = pd.DatetimeIndex(local).tz_localize(
                self.time_zone, ambiguous=np.full(len(local), not second), nonexistent="shift_forward"
            )
            return times.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[ns]")
        times = local
        for _ in range(2):  # first the offset of about that time, then of that time
            times = dates_of(nanoseconds(local) - self.offsets_of(times))
        return times

    def _zoned(self, times):
        local = pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(self.time_zone).tz_localize(None)
        return local.to_numpy("datetime64[ns]")

    def texts(self, times: np.ndarray) -> list[str]:
        """Write instants, datetime64[ns] `(steps,)`, or numbers as the table does."""
        if times.dtype.kind != "M" or not (self.pattern or len(self.offsets) or self.time_zone):
            return time_texts(times)
        instants = nanoseconds(times)
        if self.pattern in UNITS:
            return self._unix(instants)
        offsets = self.offsets_of(times, written=True)
        local = dates_of(instants + offsets)
        texts = np.array(self._by_pattern(local) if self.pattern else time_texts(local), object)
        if self.zones:
            codes, unique = pd.factorize(offsets)
            texts = texts + np.array([self._zone(offset) for offset in unique.tolist()], object)[codes]
        if self.exceptions:
            texts = [self.exceptions.get(at, text) for at, text in zip(instants.tolist(), texts, strict=True)]
        return list(texts)

    def _unix(self, instants):
        unit = UNITS[self.pattern]
        if not self.digits:
            return [str(number) for number in (instants // unit).tolist()]
        parts = zip((instants // unit).tolist(), (instants % unit).tolist(), strict=True)
        return [f"{whole}.{rest * 10**self.digits // unit:0{self.digits}d}" for whole, rest in parts]

    def _by_pattern(self, times):
        """Object array of texts: each day, and each time of day, is written once."""
        days, of_day = np.divmod(nanoseconds(times), 24 * 60 * _MINUTE)
        texts = ""
        for pattern, by_day in _pieces(self.pattern):
            codes, unique = pd.factorize(days if by_day else of_day)
            instants = dates_of(unique * (24 * 60 * _MINUTE) if by_day else unique)
            texts = texts + np.array(self._piece(pattern, pd.DatetimeIndex(instants)), object)[codes]
        return texts

    def _piece(self, pattern, times):
        # Nanoseconds since the last second are in two attributes.
        fraction = ((times.microsecond.to_numpy() * 1000 + times.nanosecond.to_numpy()) / 1e9) if self.digits else None
        columns = []

        def form(match):
            name = match[1]
            if name == "%":
                return "%%"
            if name == "f":
                scale = 10**self.digits
                columns.append(np.floor(fraction * scale + 1e-6).astype(np.int64).tolist())
                return f"%0{self.digits}d"
            padded, plain, values = _DIRECTIVES[name]
            columns.append(np.asarray(values(times)).tolist())
            return plain if name in self.unpadded else padded

        template = DIRECTIVE.sub(form, pattern)
        return [template % row for row in zip(*columns, strict=True)]

    def _zone(self, offset):
        if offset in self.zones:
            return self.zones[offset]
        like = next((text for text in self.zones.values() if any(sign in text for sign in "+-")), "+00:00")
        sign, minutes = "-" if offset < 0 else "+", abs(offset) // _MINUTE
        hours, minutes = divmod(minutes, 60)
        blank = " " if like.startswith(" ") else ""
        return f"{blank}{sign}{hours:02d}{':' if ':' in like or minutes else ''}" + (
            f"{minutes:02d}" if minutes or len(like.strip()) > 3 else ""
        )

    def heading(self, time: Sequence[str] | str | None) -> list[str]:
        """Names of the columns of times in a table that is written: those that were read, if each has its part."""
        names = [time] if isinstance(time, str) else list(time or ())
        blanks = self.pattern.count(" ") + any(zone.startswith(" ") for zone in self.zones.values())
        words = self.words or (1,) * len(names)
        return names if len(words) == len(names) and sum(words) == blanks + 1 else [" ".join(names) or "time"]

    def cells(self, times: np.ndarray, time: Sequence[str] | str | None) -> list[list[str]]:
        """The cells below `heading`, for each of the times."""
        count, texts = len(self.heading(time)), self.texts(times)
        return [[text] for text in texts] if count == 1 else [shared_out(text, self.words, count) for text in texts]


def shared_out(text: str, words: Sequence[int], count: int) -> list[str]:
    """A time that was put together from `count` columns, which had so many words each (none says one), as their cells.

    >>> shared_out("2024-05-01 10:00 PM", (1, 2), 2), shared_out("2024 5 1", (), 3)
    (['2024-05-01', '10:00 PM'], ['2024', '5', '1'])
    """
    parts, found = text.split(" "), []
    for number in words or (1,) * count:
        found.append(" ".join(parts[:number]))
        parts = parts[number:]
    return found


def _pieces(pattern: str) -> Iterator[tuple[str, bool]]:
    """A pattern in pieces, each of directives of the day alone (True) or of the time of day alone (False)."""
    start, last = 0, None
    for match in DIRECTIVE.finditer(pattern):
        if match[1] != "%":
            by_day = match[1] not in OF_DAY
            if last not in (None, by_day):
                yield pattern[start : match.start()], last
                start = match.start()
            last = by_day
    yield pattern[start:], bool(last)


def check_pattern(pattern: str, setting: str) -> None:
    """Raise `InputError` where a pattern of times has a directive that cannot be read and written alike."""
    unknown = [name for name in DIRECTIVE.findall(pattern) if name not in (*_DIRECTIVES, *"fzZ%")]
    if pattern not in UNITS and pattern != ISO and (unknown or not DIRECTIVE.search(pattern)):
        raise InputError(
            f"{setting}={pattern!r}: expected {ISO}, Unix time in {', '.join(UNITS)}, or a pattern such as "
            f"%d.%m.%Y %H:%M of {' '.join('%' + name for name in _DIRECTIVES)} %f %z"
        )


def offset_of(zone: str) -> int:
    """Nanoseconds that a zone is ahead of UTC, as it is written after a time: Z, UTC, +01:00, -0530, +02."""
    zone = zone.strip()
    if zone in ("Z", "UTC", "GMT"):
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return (-1 if zone[0] == "-" else 1) * minutes * _MINUTE


def nanoseconds(times: np.ndarray) -> np.ndarray:
    """int64 array: nanoseconds of datetime64 `times`, of whatever unit."""
    return np.asarray(times).astype("datetime64[ns]").astype(np.int64)


def dates_of(nanoseconds: np.ndarray) -> np.ndarray:
    """datetime64[ns] array of int64 nanoseconds."""
    return np.asarray(nanoseconds, np.int64).astype("datetime64[ns]")


def time_texts(times: np.ndarray) -> list[str]:
    """Write times as people do: dates alone where all are midnight, else to the second, or as finely as they differ.

    Args:
        times: datetime64 array or array of numbers, `(steps,)`.

    >>> time_texts(np.array(["2024-05-01T00", "2024-05-01T06"], "datetime64[ns]"))
    ['2024-05-01 00:00:00', '2024-05-01 06:00:00']
    >>> time_texts(np.array([0.5, 2.0]))
    ['0.5', '2']
    """
    if times.dtype.kind != "M":
        return [f"{time:.15g}" for time in times]
    units = (f"datetime64[{unit}]" for unit in ("D", "s", "ms", "us", "ns"))
    exact = next(unit for unit in units if (times == times.astype(unit)).all())
    return [str(time).replace("T", " ") for time in times.astype(exact)]


def time_text(time: np.datetime64 | float) -> str:
    """One time, as `time_texts` writes it."""
    return time_texts(np.asarray([time]))[0]
