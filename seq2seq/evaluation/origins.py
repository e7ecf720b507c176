"""Where forecasts begin in series that are known, and what came after."""

from collections.abc import Sequence

import numpy as np


def origins_of(length: int, first: int, horizon: int, stride: int = 1, last: int | None = None) -> np.ndarray:
    """First steps of the forecasts in a series that are to lie at `first` or after, and within its `length`.

    Args:
        length: int. Steps of the series.
        first: int. Earliest step that may be forecast.
        horizon: int.
        stride: int. Steps between one and the next.
        last: int. Only so many, up to the end of the series; None for all from `first` on.

    >>> origins_of(10, 4, horizon=2, stride=3).tolist(), origins_of(10, 4, horizon=2, stride=3, last=5).tolist()
    ([4, 7], [5, 8])
    """
    end = length - horizon
    if last is None:
        return np.arange(first, end + 1, stride)
    return np.arange(end, first - 1, -stride)[:last][::-1]


def first_seen(values: np.ndarray) -> int:
    """The first step that can be forecast from something: each column that has values at all has one before it.

    >>> first_seen(np.array([[np.nan, 1.0, np.nan], [2.0, np.nan, np.nan]]))
    2
    """
    seen = ~np.isnan(values)
    return int(np.max(seen.argmax(axis=0) + 1, where=seen.any(axis=0), initial=0))


def targets_at(series: Sequence[np.ndarray], origins: Sequence[np.ndarray], horizon: int) -> np.ndarray:
    """`(all origins, horizon, features)`: what came after each origin, series after series."""
    return np.concatenate(
        [values[at[:, None] + np.arange(horizon)] for values, at in zip(series, origins, strict=True) if len(at)]
    )
