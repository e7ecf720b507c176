"""Rows of one table joined to those of another: by the name of the series and the time, never by place."""

import numpy as np

from seq2seq.series.clock import Clock
from seq2seq.series.series import Series


def rows_at(series: Series, name: str, times: np.ndarray, clock: Clock) -> np.ndarray:
    """The rows of the series `name` at given times.

    Args:
        series: `Series` with times.
        name: of one of them, or of none.
        times: datetime64[ns] or float64 array `(steps,)`.
        clock: that these are by. Where only one of the two tells zones, times are the same if clocks on the wall show
            the same.

    Returns:
        float64 array `(steps, features)`, NaN where there is no such row.
    """
    rows = np.full((len(times), len(series.columns)), np.nan)
    number = series.names.index(name) if name in series.names else None
    if number is None or not len(series.times[number]) or series.times[number].dtype.kind != times.dtype.kind:
        return rows
    known = series.times[number]
    if _tells_zone(series.clock) != _tells_zone(clock):
        known, times = series.clock.local(known), clock.local(times)
    order = np.argsort(known, kind="stable")  # by the wall an hour may come twice
    places = order[np.minimum(np.searchsorted(known, times, sorter=order), len(known) - 1)]
    # Times that are numbers may come from a sum of many steps.
    same = known[places] == times if known.dtype.kind == "M" else np.isclose(known[places], times, rtol=1e-9)
    rows[same] = series.values[number][places[same]]
    return rows


def _tells_zone(clock):
    return bool(len(clock.offsets) or clock.time_zone)
