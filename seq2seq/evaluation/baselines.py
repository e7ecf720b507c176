"""Forecasts that need no training, to stand beside every trained one. A figure without them says nothing."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from seq2seq.errors import InputError

Baseline = Callable[[np.ndarray, int], np.ndarray]
CLEAR = 0.1  # of the mean size in a season: what is below it is near 0, and nothing is divided by it


def last_value(history: np.ndarray, horizon: int) -> np.ndarray:
    """Repeat the last observed value.

    Args:
        history: float array, `(steps, features)`, oldest first; NaN = not observed.
        horizon: int. Steps to forecast.

    Returns:
        float64 array, `(horizon, features)`; NaN for a feature that was never observed.
    """
    history = _checked(history, horizon, steps=1)
    return np.repeat(_last_observed(history)[None], horizon, axis=0)


def seasonal_naive(history: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """Repeat the last season; a step not observed in it takes its value from the season before, and so on.

    Args:
        history: float array, `(steps, features)`, with at least `season` steps; NaN = not observed.
        horizon: int. Steps to forecast, also more than a season.
        season: int. Steps of a season: 24 for the days of hourly data, 12 for the years of monthly data.

    Returns:
        float64 array, `(horizon, features)`.

    >>> seasonal_naive(np.arange(5.0)[:, None], 4, season=3)[:, 0].tolist()
    [2.0, 3.0, 4.0, 2.0]
    """
    history = _checked(history, horizon, steps=_checked_season(season))
    seasons = len(history) // season
    folded = history[len(history) - seasons * season :].reshape(seasons, season, -1)
    return _last_observed(folded)[np.arange(horizon) % season]


def seasonal_growth(history: np.ndarray, horizon: int, season: int, over: int | None = None) -> np.ndarray:
    """Repeat the last season, times how much larger the last `over` steps were than those one season earlier.

    Growth compounds from season to season. It is for values above 0 in their own units, not for scaled ones: where one
    of the two sums is not above 0, or the earlier one not above a tenth of what as many steps of its season amount to
    (in size, whatever their sign), a quotient says nothing, and the season is repeated as it was.

    Args:
        history: float array, `(steps, features)`, with at least `season + over` steps; NaN = not observed.
        horizon: int. Steps to forecast.
        season: int. Steps of a season.
        over: int, 1 to `season`. Steps whose sum is compared, by default a whole season; 1 follows the latest step.

    Returns:
        float64 array, `(horizon, features)`.

    >>> seasonal_growth(np.array([[1.0], [2.0], [2.0], [4.0]]), 4, season=2)[:, 0].tolist()
    [4.0, 8.0, 8.0, 16.0]
    """
    over = season if over is None else over
    if not 1 <= over <= _checked_season(season):
        raise InputError(f"Growth over {over} steps was asked for; pass 1 to {season}, the steps of a season.")
    history = _checked(history, horizon, steps=season + over)
    recent, before = history[-over:], history[len(history) - season - over : len(history) - season]
    observed = ~np.isnan(recent + before)
    recent, before = (np.where(observed, part, 0.0).sum(axis=0) for part in (recent, before))
    clear = CLEAR * observed.sum(axis=0) * _size(history[len(history) - season - over : len(history) - over])
    growth = np.divide(recent, before, out=np.ones_like(recent), where=(recent > 0) & (before > clear))
    seasons_ahead = np.arange(horizon) // season + 1
    with np.errstate(over="ignore", invalid="ignore"):  # of many seasons
        return seasonal_naive(history, horizon, season) * growth ** seasons_ahead[:, None]


def drift(history: np.ndarray, horizon: int) -> np.ndarray:
    """Go on along the straight line from the first observed value to the last.

    Args:
        history: float array, `(steps, features)`, with at least 2 steps; NaN = not observed.
        horizon: int. Steps to forecast.

    Returns:
        float64 array, `(horizon, features)`.
    """
    history = _checked(history, horizon, steps=2)
    # The ends alone suffice where they are observed: a rolling forecast shall not read all of it at every origin.
    observed = ~np.isnan(history[[0, -1]] if not np.isnan(history[[0, -1]]).any() else history)
    first = np.argmax(observed, axis=0)
    last = len(history) - 1 - np.argmax(observed[::-1], axis=0)
    features = np.arange(history.shape[1])
    rise = (history[last, features] - history[first, features]) / np.maximum(last - first, 1)
    steps_ahead = np.arange(1, horizon + 1)[:, None] + (len(history) - 1 - last)
    return history[last, features] + rise * steps_ahead


def baselines(season: int = 0, steps: int | None = None, grows: bool = True) -> dict[str, Baseline]:
    """Return the baselines that can be used, by name.

    Args:
        season: int. Steps of a season; 0 or 1 for none, which leaves the seasonal ones out.
        steps: optional int. Steps of the shortest history that they will be given; those that need more are left out.
        grows: bool. Whether growth can be told by a quotient: not of values that may be below 0, whose quotients can be
            anything, and multiply from season to season.

    Returns:
        dict of name to a function `(history, horizon) -> forecast`, as `last_value`.

    >>> list(baselines(season=12, steps=20))
    ['last value', 'drift', 'seasonal naive', 'seasonal × latest growth']
    """
    needs: dict[str, tuple[int, Baseline]] = {"last value": (1, last_value), "drift": (2, drift)}
    if season > 1:
        needs["seasonal naive"] = (season, partial(seasonal_naive, season=season))
    if season > 1 and grows:
        needs["seasonal × growth"] = (2 * season, partial(seasonal_growth, season=season))
        needs["seasonal × latest growth"] = (season + 1, partial(seasonal_growth, season=season, over=1))
    return {name: function for name, (needed, function) in needs.items() if steps is None or steps >= needed}


def rolling(function: Baseline, values: np.ndarray, origins: Sequence[int], horizon: int) -> np.ndarray:
    """Forecast from one origin after the other, each time from the values before it alone.

    Args:
        function: `(history, horizon) -> forecast`, for example one of `baselines`.
        values: float array, `(steps, features)`: one series, oldest first.
        origins: sequence of int. The first step of each forecast, so that `values[:origin]` is its history.
        horizon: int. Steps of each forecast; they may go beyond the end of `values`.

    Returns:
        float64 array, `(origins, horizon, features)`.
    """
    values = np.asarray(values, dtype=np.float64)
    wrong = [origin for origin in origins if not 0 < origin <= len(values)]
    if wrong:
        raise InputError(f"Origin {wrong[0]} has no history here; pass origins from 1 to the {len(values)} steps.")
    forecasts = np.empty((len(origins), horizon, *values.shape[1:]))
    for row, origin in enumerate(origins):
        forecasts[row] = function(values[:origin], horizon)
    return forecasts


def rolling_each(
    function: Baseline, series: Sequence[np.ndarray], origins: Sequence[np.ndarray], horizon: int
) -> np.ndarray:
    """`rolling` of many series: float64 `(all origins, horizon, features)`, series after series.

    Args:
        function: as for `rolling`.
        series: sequence of float arrays, `(steps, features)`.
        origins: of each series an int array.
        horizon: int.
    """
    # Every feature is forecast by itself, so that series with the same origins are forecast as features of one.
    alike: dict[tuple[int, bytes], list[int]] = {}
    for number, (values, at) in enumerate(zip(series, origins, strict=True)):
        if len(at):
            alike.setdefault((len(values), np.asarray(at, np.int64).tobytes()), []).append(number)
    found: dict[int, np.ndarray] = {}
    for numbers in alike.values():
        beside = np.concatenate([series[number] for number in numbers], axis=1)
        forecasts = rolling(function, beside, origins[numbers[0]], horizon)
        found |= zip(numbers, np.split(forecasts, len(numbers), axis=-1), strict=True)
    return np.concatenate([found[number] for number in sorted(found)])


def _size(values: np.ndarray) -> np.ndarray:
    """The mean of the absolute values of each feature, 0 where none was observed."""
    return np.nansum(np.abs(values), axis=0) / np.maximum(np.sum(~np.isnan(values), axis=0), 1)


def _last_observed(values: np.ndarray) -> np.ndarray:
    """The last finite value along the first axis, NaN where there is none."""
    last = values[-1]
    if not np.isnan(last).any():
        return last
    age = np.argmax(~np.isnan(values[::-1]), axis=0)
    return np.take_along_axis(values, len(values) - 1 - age[None], axis=0)[0]


def _checked(history: np.ndarray, horizon: int, steps: int) -> np.ndarray:
    history = np.asarray(history, dtype=np.float64)
    if history.ndim != 2:
        raise InputError(f"The history has shape {history.shape}; pass (steps, features), values[:, None] for one.")
    if len(history) < steps:
        raise InputError(
            f"The history has {len(history)} steps, this baseline needs {steps}; give more or leave it out."
        )
    if horizon < 1:
        raise InputError(f"The horizon is {horizon}; pass at least 1 step.")
    return history


def _checked_season(season: int) -> int:
    if season < 1:
        raise InputError(f"The season is {season}; pass its number of steps, 24 for the days of hourly data.")
    return season
