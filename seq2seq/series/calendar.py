"""Times of steps: reading and writing them, what is wrong with them, what comes next, the calendar as features."""

import re
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from seq2seq.errors import InputError

# "1-01" or "01/02/03" could be anything, so a time is only what shows its year.
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_ISO = re.compile(r"\d{4}(-|$)")
# Frequencies are inferred from the last steps alone: an old gap should not hide them; 60 hold 8 weeks of work days.
_TAIL_STEPS = 60

# Each cycle runs from 0 to 1; every value of the calendar has one place in it.
_CYCLES: dict[str, Callable[[pd.DatetimeIndex], pd.Index]] = {
    "hour": lambda times: (times.hour + times.minute / 60 + times.second / 3600) / 24,
    "weekday": lambda times: times.day_of_week / 7,
    "month": lambda times: (times.month - 1) / 12,
    "day_of_year": lambda times: (times.day_of_year - 1) / (365 + times.is_leap_year),
}


def calendar_columns(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the columns of `calendar_features`, two for each of `names`.

    >>> calendar_columns(["hour"])
    ('sin hour', 'cos hour')
    """
    unknown = [name for name in names if name not in _CYCLES]
    if unknown:
        raise InputError(f"there is no calendar feature {unknown[0]!r}: expected any of {', '.join(_CYCLES)}")
    return tuple(f"{wave} {name}" for name in names for wave in ("sin", "cos"))


def calendar_features(times: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Write times as points on circles, so that 23:59 is beside 0:00 and December beside January.

    Args:
        times: datetime64 array, `(steps,)`.
        names: sequence of str, any of `"hour"` (with minutes and seconds), `"weekday"`, `"month"` and
            `"day_of_year"`.

    Returns:
        float64 array, `(steps, 2 * len(names))`: the sine and the cosine of each, between -1 and 1, as
        `calendar_columns` names them.

    Raises:
        InputError: unknown name, or the times are numbers without a calendar.

    >>> midnight_and_six = np.array(["2024-05-01T00", "2024-05-01T06"], "datetime64[ns]")
    >>> calendar_features(midnight_and_six, ["hour"]).round(6).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    columns = calendar_columns(names)
    times = np.asarray(times)
    if columns and times.dtype.kind != "M":
        raise InputError("calendar features need dates, but the times of these series are numbers: leave them out")
    stamps = pd.DatetimeIndex(times) if columns else None
    angles = [2 * np.pi * np.asarray(_CYCLES[name](stamps), np.float64) for name in names]
    waves = [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
    return np.stack(waves, axis=1) if waves else np.zeros((len(times), 0))


def continue_times(times: np.ndarray, steps: int) -> np.ndarray:
    """Return the times of the next steps.

    Months stay months, ends of months stay ends, work days skip the weekend. Where the last steps follow no such
    rule, their most common difference goes on.

    Args:
        times: datetime64 or float64 array, `(time_steps,)`, increasing, at least two.
        steps: int. How many to add.

    Returns:
        Array of `steps` times: datetime64[ns] or float64.

    Raises:
        InputError: fewer than two times.

    >>> continue_times(np.array(["2024-11", "2024-12"], "datetime64[ns]"), 2).astype("datetime64[M]").tolist()
    [datetime.date(2025, 1, 1), datetime.date(2025, 2, 1)]
    """
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
    following = pd.date_range(stamps[-1], periods=steps + 1, freq=offset)[1:]
    return following.to_numpy("datetime64[ns]")


def _inferred(stamps):
    if len(stamps) < 3:
        return None
    with warnings.catch_warnings():  # pandas 4 will return an offset instead of its name; both will do
        warnings.simplefilter("ignore")
        return pd.infer_freq(stamps)


def looks_like_time(text: str) -> bool:
    """Return whether `text` is a date, with or without a time of day, that shows its year in four digits."""
    return bool(_YEAR.search(text)) and not text.strip().isdigit() and _parsed(pd.Series([text])).notna().all()


def _parsed(texts, **options):
    with warnings.catch_warnings():  # where pandas finds no common format it tries each cell, slower but as well
        warnings.simplefilter("ignore")
        return pd.to_datetime(texts, errors="coerce", utc=True, **options)


def parse_times(column: pd.Series, row: Callable[[int], str]) -> np.ndarray:
    """Read a column of times.

    Numbers stay numbers. Dates are ISO 8601 (`2016-07-01 13:00:00`, `2016-07`) or any other form with a year of
    four digits; `01/02/2016` is the 2nd of January unless a later cell says that days come first. Times with an
    offset become UTC.

    Args:
        column: pandas Series of numbers, dates or texts.
        row: function from the label of a row to what an error shall call it.

    Returns:
        float64 or datetime64[ns] array, `(rows,)`.

    Raises:
        InputError: names the first cell that is no time.
    """
    if pd.api.types.is_numeric_dtype(column):
        times = column.to_numpy(np.float64, na_value=np.nan)
        _refuse_cells(column, ~np.isfinite(times), row)
        return times
    if pd.api.types.is_datetime64_any_dtype(column):
        parsed = pd.to_datetime(column, utc=True)
    else:
        texts = column.astype("string")
        _refuse_cells(column, ~texts.str.contains(_YEAR).fillna(False).to_numpy(bool), row)
        if _ISO.match(texts.iloc[0].strip()):
            parsed = _parsed(texts, format="ISO8601")
        else:
            parsed = _parsed(texts)
            if parsed.isna().any():
                day_first = _parsed(texts, dayfirst=True)
                parsed = parsed if day_first.isna().any() else day_first
    _refuse_cells(column, parsed.isna().to_numpy(), row)
    try:
        return parsed.dt.tz_convert(None).dt.as_unit("ns").to_numpy()
    except pd.errors.OutOfBoundsDatetime as error:
        raise InputError(
            f"column {column.name!r} has a time outside the years 1678 to 2261 ({error}): give the times as numbers"
        ) from error


def _refuse_cells(column, bad, row):
    if bad.any():
        first = int(bad.argmax())
        cell = column.iloc[first]
        what = "has no time" if pd.isna(cell) else f"has {str(cell)!r}, which is not a time,"
        raise InputError(
            f"{row(column.index[first])} {what} in column {column.name!r}: expected a date with a year of four digits, "
            "as in 2016-07-01 13:00:00, or a number, in every row"
        )


def check_order(times: np.ndarray, row: Callable[[int], str]) -> None:
    """Raise `InputError` naming the first row whose time is not after that of the row before.

    Args:
        times: float64 or datetime64[ns] array, `(time_steps,)`.
        row: function from the position in `times` to what an error shall call it.
    """
    wrong = times[1:] <= times[:-1]
    if not wrong.any():
        return
    later = int(wrong.argmax()) + 1
    same = np.flatnonzero(times[:later] == times[later])
    if same.size:
        count = len(times) - len(np.unique(times))
        what = f"repeats the time {_text(times[later])} of {row(int(same[0]))}, as {count:,} rows do in all"
        mend = "keep one row per time"
    else:
        what = f"has the time {_text(times[later])}, before {_text(times[later - 1])} of the row above it"
        mend = "sort the rows by time"
    raise InputError(
        f"{row(later)} {what}: {mend}, or, if the table holds several series, name the column that tells them apart "
        "as the group"
    )


def find_gaps(times: np.ndarray) -> tuple[np.ndarray, str]:
    """Find the steps that do not follow at the usual distance, which is the most common one.

    Months, quarters and years are of one length each, whatever their days.

    Args:
        times: float64 or datetime64[ns] array, `(time_steps,)`, increasing.

    Returns:
        int64 array of the positions of the steps after each gap, and the usual distance as text.

    >>> positions, usual = find_gaps(np.array([0.0, 1.0, 2.0, 5.0, 6.0]))
    >>> positions.tolist(), usual
    ([3], '1')
    """
    if len(times) < 3:
        return np.zeros(0, np.int64), ""
    differences, usual = _usual_step(times)
    if differences.dtype.kind == "f":
        return np.flatnonzero(~np.isclose(differences, usual, rtol=1e-3)) + 1, _text(usual)
    text = f"{usual} month{'s' if usual > 1 else ''}" if differences.dtype.kind == "i" else _text(usual)
    return np.flatnonzero(differences != usual) + 1, text


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


def _text(value):
    if isinstance(value, np.timedelta64):
        return str(pd.Timedelta(value)).replace("0 days ", "").removesuffix(" 00:00:00")
    return time_text(value)


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
        return [f"{time:.12g}" for time in times]
    units = (f"datetime64[{unit}]" for unit in ("D", "s", "ms", "us", "ns"))
    exact = next(unit for unit in units if (times == times.astype(unit)).all())
    return [str(time).replace("T", " ") for time in times.astype(exact)]


def time_text(time: np.datetime64 | float) -> str:
    """One time, as `time_texts` writes it."""
    return time_texts(np.asarray([time]))[0]
