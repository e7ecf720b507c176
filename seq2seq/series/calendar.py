"""The calendar as features."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from seq2seq.errors import InputError

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
        times: datetime64 array, `(steps,)`, by the clock on the wall.
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
