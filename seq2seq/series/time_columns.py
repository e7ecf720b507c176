"""Which columns of a table are its times, and which only count its rows: neither is a measurement."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from seq2seq.series.clock import UNITS
from seq2seq.series.patterns import time_of_day
from seq2seq.series.times import looks_like_time

_PARTS = ("year", "month", "day", "hour", "minute", "second")
_DIRECTIVES = ("%Y", "%m", "%d", "%H", "%M", "%S")
_NAMED = re.compile(r"(?i)(.*[ _.-])?(time|timestamp|epoch|date|datetime|ts|unix)([ _.-].*)?|unix.*|.*timestamp.*")
_FIRST, _NAMED_FIRST, _LAST = 631_152_000, 100_000_000, 4_102_444_800  # seconds: 1990, 1973 and 2100
_RUN_TOGETHER = {8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}  # by digits

Found = tuple[tuple[str, ...], str | None, tuple[str, ...]]  # columns of times, their format, notes for the user


def columns_of_dates(frame: pd.DataFrame, names: Sequence[str]) -> tuple[str, ...]:
    """The first of the columns that holds dates, with one of times of day where it has none; or none."""
    date = next((name for name in names if _holds_dates(frame[name].dropna())), None)
    if date is None:
        return ()
    if (
        not pd.api.types.is_datetime64_any_dtype(frame[date])
        and not frame[date].astype(str).str.contains(r"\d[T: ]\d").any()
    ):
        for name in names:
            if name != date and not pd.api.types.is_numeric_dtype(frame[name]):
                cells = frame[name].dropna().astype(str)
                if len(cells) and time_of_day(cells.iloc[0]) and cells.map(time_of_day).all():
                    return date, name
    return (date,)


def _holds_dates(cells):
    if pd.api.types.is_numeric_dtype(cells) or not len(cells):
        return False
    return pd.api.types.is_datetime64_any_dtype(cells) or looks_like_time(str(cells.iloc[0]))


def columns_of_clocks(frame: pd.DataFrame, names: Sequence[str], groups: Mapping[str, np.ndarray]) -> Found:
    """Columns of numbers that tell the time: year, month and day; YYYYMMDD; Unix time; or a column that says so.

    Args:
        frame: the table.
        names: columns that may be.
        groups: name of each series → positions of its rows.
    """
    by_name = {name.lower(): name for name in reversed(names)}
    parts = tuple(by_name[part] for part in _PARTS if part in by_name)
    if len(parts) > 1 and [name.lower() for name in parts] == list(_PARTS[: len(parts)]):
        pattern = " ".join(_DIRECTIVES[: len(parts)])
        if _rising(_joined_numbers(frame, parts), groups, strictly=len(names) == len(parts)):
            return parts, pattern, (f"the times are put together from {', '.join(parts)}",)
    # One that rises goes before one that has a time twice or out of order, which is for an error to say.
    forms = {name: number_format(frame[name], name, groups) for name in names}
    for name in sorted(filter(forms.get, names), key=lambda name: not _rising(_whole(frame[name]), groups)):
        what = f"Unix time in {forms[name]}" if forms[name] in UNITS else f"dates written as {forms[name]}"
        return (
            (name,),
            forms[name],
            (f"column {name!r} is taken for the times, as {what}: no feature, unless it is chosen",),
        )
    for name in names:
        numbers = _whole(frame[name], fractions=True)
        if _NAMED.fullmatch(name) and numbers is not None and _regular(numbers, groups):
            return (
                (name,),
                None,
                (f"column {name!r} is taken for the times, as numbers: no feature, unless it is chosen",),
            )
    return (), None, ()


def number_format(column: pd.Series, name: str, groups: Mapping[str, np.ndarray]) -> str | None:
    """The unit of Unix time, or the pattern, that numbers are dates in; None where they seem to be none."""
    numbers = _whole(column)
    if numbers is None or len(numbers) < 3:
        return None
    digits, named = len(str(numbers[0])), bool(_NAMED.fullmatch(name))
    ordered = _rising(numbers, groups) or (named and _mostly_rising(numbers, groups))
    if digits in _RUN_TOGETHER and numbers.min() >= 1800 * 10 ** (digits - 4) and ordered:
        texts = pd.Series(numbers).astype(str)
        parsed = pd.to_datetime(texts, format=_RUN_TOGETHER[digits], errors="coerce")
        if parsed.notna().all() and (texts.str.len() == digits).all():
            return _RUN_TOGETHER[digits]
    first = _NAMED_FIRST if named else _FIRST
    for unit, nanoseconds in UNITS.items():
        scale = 10**9 // nanoseconds
        if first * scale <= numbers.min() and numbers.max() < _LAST * scale:
            return unit if ordered and (named or _regular(numbers, groups)) else None
    return None


def counters(frame: pd.DataFrame, names: Sequence[str]) -> tuple[str, ...]:
    """The columns that count the rows of the whole table: 0, 1, 2… or 1, 2, 3…, where there are others of numbers."""
    whole = {name: _whole(frame[name]) for name in names}
    found = tuple(
        name
        for name, numbers in whole.items()
        if numbers is not None and len(numbers) > 2 and numbers[0] in (0, 1) and (np.diff(numbers) == 1).all()
    )
    return found if any(name not in found and _holds_numbers(frame[name]) for name in names) else ()


def _holds_numbers(column):
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _whole(column, fractions=False):
    """The numbers of a column as int64, or None where some are missing or have fractions."""
    if not _holds_numbers(column) or column.isna().any():
        return None
    numbers = column.to_numpy()
    if fractions or pd.api.types.is_integer_dtype(column):
        return numbers if fractions else numbers.astype(np.int64)
    if not np.isfinite(numbers).all() or (numbers % 1).any() or np.abs(numbers).max() > 2**53:
        return None
    return numbers.astype(np.int64)


def _joined_numbers(frame, parts):
    """Year, month, day… as one number that rises with time, or None."""
    columns = [_whole(frame[name]) for name in parts]
    ranges = [(1800, 2200), (1, 12), (1, 31), (0, 23), (0, 59), (0, 59)]
    if any(
        column is None or column.min() < low or column.max() > high
        for column, (low, high) in zip(columns, ranges[: len(columns)], strict=True)
    ):
        return None
    joined = np.zeros(len(frame), np.int64)
    for column in columns:
        joined = joined * 100 + column
    return joined


def _rising(numbers, groups, strictly=True):
    if numbers is None:
        return False
    least = 1 if strictly else 0
    return all((np.diff(numbers[rows]) >= least).all() for rows in groups.values())


def _mostly_rising(numbers, groups):
    """Whether only few rows are out of the order of numbers that tell the time."""
    apart = np.concatenate([np.diff(numbers[rows]) for rows in groups.values()])
    return len(apart) > 0 and np.mean(apart >= 0) >= 0.9 and np.mean(apart > 0) > 0


def _regular(numbers, groups):
    """Whether numbers rise by one step, but for a few gaps."""
    apart = np.concatenate([np.diff(numbers[rows]) for rows in groups.values()])
    if not len(apart) or apart.min() <= 0:
        return False
    return np.mean(np.isclose(apart, np.median(apart), rtol=1e-3)) >= 0.9
