"""Times that people give by hand, at which data are cut or labelled: as the data have them, or as ISO 8601."""

import re
from collections.abc import Iterator
from decimal import Decimal, DecimalException

import numpy as np
import pandas as pd

from seq2seq.series.clock import DIRECTIVE, ISO, UNITS, Clock, dates_of, nanoseconds, offset_of
from seq2seq.series.patterns import HAS_HOUR, ISO_FORM, ZONE

# What a time that ends with a directive is the name of: a year, a minute.
_NAMED = {"Y": "Y", "y": "Y", "m": "M", "b": "M", "B": "M", "d": "D", "j": "D", "H": "h", "I": "h", "M": "m", "S": "s"}
_LEAST = np.timedelta64(1, "ns")
_UNITS = ["Y", "M", "D", "h", "m", "s", "us"]


def span(text: str, clock: Clock) -> tuple[np.datetime64, np.datetime64]:
    """The instant at which what `text` names begins, and the one at which it is over: of "2024-05" all of May.

    It is written as the times of the data, or the beginning of one ("31.01.2024" of "31.01.2024 13:00"), or ISO 8601.
    It is by the clock on the wall, unless it tells an offset: "2024-05-01T06:30+02:00". In the hour that clocks show
    twice it begins when they show it first, and is over when they have shown it again.

    Args:
        text: a time.
        clock: `Clock` of the data.

    Raises:
        ValueError: it is no such time.

    >>> print(*span("31.01.2024", Clock(pattern="%d.%m.%Y %H:%M")))
    2024-01-31T00:00:00.000000000 2024-02-01T00:00:00.000000000
    >>> print(*span("1700000000", Clock(pattern="s")))
    2023-11-14T22:13:20.000000000 2023-11-14T22:13:21.000000000
    """
    text = text.strip()
    is_iso = re.fullmatch(ISO_FORM, text) is not None
    if clock.pattern in UNITS and not is_iso and re.fullmatch(r"[-+]?\d+(\.\d*)?", text):
        return _unix(text, UNITS[clock.pattern])
    told = re.search(ZONE, text) if re.search(HAS_HOUR, text) else None
    local = text[: told.start()] if told else text
    first, unit = _of_pattern(local, clock.pattern) or _iso(local)
    bounds = np.array([first, first.astype(f"datetime64[{unit}]") + 1], "datetime64[ns]")
    if told:
        begin, end = dates_of(nanoseconds(bounds) - offset_of(told["zone"]))
        return begin, end
    latest = bounds[1] - _LEAST
    begins, end = _shown(bounds[0], clock), _shown(latest, clock)[1]
    # In the hour that clocks leave out, what is named begins and is over when they go on.
    return begins[0], end + _LEAST if clock.local(np.array([end]))[0] == latest else max(*begins, end)


def forms(clock: Clock) -> str:
    """What to say of how a time is to be written."""
    (own,) = clock.texts(np.array(["2024-05-01T06:30"], "datetime64[ns]"))
    return "a time such as 2024-05-01 or 2024-05-01T06:30" + (f", or {own}" if not re.match(r"\d{4}-", own) else "")


def _shown(local, clock):
    """The first and the last instant at which clocks on the wall show a time."""
    if clock.time_zone or not len(clock.offsets):
        return tuple(clock.instants(np.array([local]), second)[0] for second in (False, True))
    times = dates_of(nanoseconds(np.array([local])) - np.unique(clock.offsets))
    times = times[clock.local(times) == local]
    return (times.min(), times.max()) if len(times) else tuple(clock.instants(np.array([local, local])))


def _unix(text, nanoseconds_in):
    try:
        first = int(Decimal(text) * nanoseconds_in)
        begin, end = dates_of(np.array([first, first + nanoseconds_in]))
    except (DecimalException, OverflowError) as error:
        raise ValueError(f"{text!r} is no time") from error
    return begin, end


def _iso(text):
    if not re.fullmatch(ISO_FORM, text):
        raise ValueError(f"{text!r} is no time")
    time = np.datetime64(text.replace(" ", "T").replace(",", "."))
    return time, np.datetime_data(time.dtype)[0]


def _of_pattern(text, pattern):
    """The time that `text` is in a pattern, or in the beginning of one, and what it is the name of; or None."""
    if not re.search(r"\d", text):  # "now" is a time to pandas, and changes
        return None
    for part, unit in _beginnings(pattern):
        length = len(pd.Timestamp("2000-12-31 23:59:59").strftime(part))
        if text.isdigit() and len(text) != length:
            continue  # digits that are run together: each has its place
        try:
            return pd.to_datetime(text, format=part).to_datetime64(), unit
        except ValueError:
            continue
    return None


def _beginnings(pattern: str) -> Iterator[tuple[str, str]]:
    """A pattern, and what is left of it without its last directives, as long as that tells a year; the unit of each."""
    ends = [match.end() for match in DIRECTIVE.finditer(pattern)] if pattern not in ("", ISO, *UNITS) else []
    for end in reversed(ends):
        names = DIRECTIVE.findall(pattern[:end])
        if {*names} & {"Y", "y"} and not ("%p" in pattern and "I" in names and "p" not in names):
            units = [_UNITS.index(_NAMED[name]) for name in names if name in _NAMED]
            yield pattern[:end], "us" if "f" in names else _UNITS[max(units)]
