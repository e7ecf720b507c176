"""Which strptime patterns the look of a date allows; which of them is meant, a whole column decides."""

import re
import warnings

from pandas.tseries.api import guess_datetime_format

# "1-01" or "01/02/03" could be anything, so a time is only what shows its year.
YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)|(?<!\d)(?:19|20)\d{6}(?!\d)")
ISO_FORM = r"\s*\d{4}(-\d\d(-\d\d([T ]\d\d(:?\d\d(:?\d\d([.,]\d{1,9})?)?)?)?)?)?\s*"
# What follows a time of day: Z, UTC, +01:00.
ZONE = r"(?<=[\dMm])(?P<zone>\s?(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?))\s*$"
HAS_HOUR = r"\d\s*[T ]\s*\d|\d:\d\d|\d{10}"

_WORD = r"[A-Za-z]{3,9}"
# Date → patterns, S standing for what separates its parts; those with the day first come first.
_DATES = [
    (r"(?:(?P<name>W)(?P<after>,? ))?(?P<y>\d{4})(?P<s>[-/. ])\d{1,2}(?P=s)\d{1,2}", ["%YS%mS%d"]),
    (r"(?:(?P<name>W)(?P<after>,? ))?\d{1,2}(?P<s>[-/. ])\d{1,2}(?P=s)\d{4}", ["%dS%mS%Y", "%mS%dS%Y"]),
    (r"(?:(?P<name>W)(?P<after>,? ))?\d{1,2}(?P<s>[-/. ]?)W(?P=s)\d{4}", ["%dS%bS%Y", "%dS%BS%Y"]),
    (r"(?:(?P<name>W)(?P<after>,? ))?W \d{1,2}(?P<s>,? )\d{4}", ["%b %dS%Y", "%B %dS%Y"]),
    (r"(?P<name>)(?P<after>)(?P<s>)\d{8}", ["%Y%m%d"]),
    (r"(?P<name>)(?P<after>)\d{4}(?P<s>[-/. ])\d{1,2}", ["%YS%m"]),
    (r"(?P<name>)(?P<after>)\d{1,2}(?P<s>[-/.])\d{4}", ["%mS%Y"]),
    (r"(?P<name>)(?P<after>)W(?P<s>[- ])\d{4}", ["%bS%Y", "%BS%Y"]),
]
_DATE_LIKE = re.compile(r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])(?:\d{1,2}|[A-Za-z]{3})\2(?:\d{4}|\d\d))\b")
_HOURS = re.compile(
    r"(?P<before>\s*[T ,:_.-]\s*)(?P<hour>\d{1,2})"
    r"(?:(?P<s>[:.]?)(?P<minute>\d\d)(?:(?P=s)(?P<second>\d\d)(?:(?P<point>[.,])(?P<fraction>\d{1,9}))?)?)?"
    r"(?P<half>\s?[AaPp][Mm])?"
)


def time_of_day(text: str) -> bool:
    """Whether `text` is a time of day with minutes, and no date.

    >>> time_of_day("18.00.00"), time_of_day("18.5")
    (True, False)
    """
    match = _HOURS.fullmatch(f" {text.strip()}")
    return bool(match and match["s"] and match["minute"])


def looks_like_date(text: str) -> bool:
    """Whether `text` begins as a date in numbers does, though it may not tell its year, or ends as no known one.

    >>> looks_like_date("01.02.24"), looks_like_date("2024-01-01 00:00 EST"), looks_like_date("1.5.2")
    (True, True, False)
    """
    return _DATE_LIKE.match(text.strip()) is not None


def patterns_of(text: str) -> list[str]:
    """Return the strptime patterns that a date without zone may be of, those with the day first before others.

    >>> patterns_of("1/2/2024 9:30")
    ['%d/%m/%Y %H:%M', '%m/%d/%Y %H:%M']
    """
    for form, patterns in _DATES:
        match = re.match(form.replace("W", _WORD), text)
        hours = None if match is None else _hours(text[match.end() :])
        if hours is not None:
            weekday = ("%a" if len(match["name"]) == 3 else "%A") + match["after"] if match["name"] else ""
            found = [f"{weekday}{pattern.replace('S', match['s'])}{hours}" for pattern in patterns]
            break
    else:
        with warnings.catch_warnings():  # that a day cannot come first is what is asked here
            warnings.simplefilter("ignore")
            found = [guess_datetime_format(text, dayfirst=first) for first in (True, False)]
    dotted = re.match(r"\d{1,2}\.\d{1,2}\.\d{4}", text)
    return [pattern for pattern in dict.fromkeys(found) if pattern and not (dotted and pattern.startswith("%m"))]


def _hours(rest):
    """The pattern of the time of day that follows a date; None where it is none."""
    if not rest.strip():
        return ""
    match = _HOURS.fullmatch(rest.rstrip())
    if match is None or (not match["minute"] and match["before"] not in ("T", " ")):
        return None
    pattern = match["before"] + ("%I" if match["half"] else "%H")
    for part, directive in (("minute", "%M"), ("second", "%S")):
        pattern += match["s"] + directive if match[part] else ""
    pattern += match["point"] + "%f" if match["fraction"] else ""
    return pattern + (match["half"][:-2] + "%p" if match["half"] else "")
