"""A forecast that is linear in a window: a mean of naive ones and of what ridge regressions add to them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from seq2seq.errors import InputError
from seq2seq.evaluation.folds import Folds, gap_between, weighed
from seq2seq.storage import read_arrays, write_arrays

MOST_VALUES = 12_000_000  # of the windows of a column, in memory
MOST_OF_ALL = 100_000_000  # of those of all columns together
MOST_WINDOWS = 30_000
SHORT_HOLE = 6  # steps that were not observed, and through which a line goes


@dataclass(frozen=True)
class LinearForecast:
    """Forecast = `kernel` of what known columns leave of the window + `bias` + `ahead` of the known columns.

    Attributes:
        kernel: float32 `(targets, look_back, horizon)`.
        bias: float32 `(targets, horizon)`.
        ahead: float32 `(known columns, targets)`: what a known column adds to the value of the same step.
        naive: str array `(targets, horizon)`: the naive forecast that suits each step best.
    """

    kernel: np.ndarray
    bias: np.ndarray
    ahead: np.ndarray
    naive: np.ndarray

    @property
    def is_naive(self) -> bool:
        """Whether there is no regression in it: naive forecasts take steps of a window once, or a few times."""
        return bool((self.kernel == np.round(self.kernel)).all())

    def forecast(self, windows: np.ndarray, known: np.ndarray | None = None, past: np.ndarray | None = None):
        """Forecast from windows `(n, look_back, targets)` with their known columns, `known` of the horizon."""
        if past is not None and self.ahead.size:
            windows = windows - np.nan_to_num(past) @ self.ahead
        by_target = carried_forward(windows).transpose(2, 0, 1) @ self.kernel  # (targets, n, horizon)
        made = by_target.transpose(1, 2, 0) + self.bias.T
        return made if known is None or not self.ahead.size else made + np.nan_to_num(known) @ self.ahead

    def save(self, path: Path) -> None:
        """Write it to a file."""
        write_arrays(path, vars(self))

    @classmethod
    def load(cls, path: Path) -> "LinearForecast":
        """Read what `save` wrote.

        Raises:
            InputError: it is damaged.
        """
        try:
            return cls(**read_arrays(path)[0])
        except TypeError as error:
            raise InputError(f"{path} is damaged ({error}): restore it or train again.") from error


def fit_linear(
    train: Sequence[np.ndarray],
    valid: Sequence[np.ndarray],
    targets: Sequence[int],
    known: Sequence[int],
    look_back: int,
    horizon: int,
    season: int = 0,
) -> LinearForecast:
    """Fit on the training part; what is fitted has a weight, for each target, by its errors where it was not fitted.

    These are the errors in each of four blocks of the training part, forecast by a fit to the other three (Bergmeir and
    Benítez 2012, "On the use of cross-validation for time series predictor evaluation"), and in the validation part,
    which weighs as much as the four together, see `folds.weighed`: a choice by it alone is one for its weather.

    The forecast is the mean, see `Folds.mixed`, of the naive forecast that suits each step (the mean, the last value,
    the value a season before, or that with its latest growth) and of ridge regressions that are added to naive ones: to
    that or the last value, on the changes from the last value, which may be those of all targets together; to the value
    a season before, on changes over a season; to that with its growth, on the changes of these, which is a seasonal
    ARIMA as far as a window holds it (Box and Jenkins 1970); and on the window itself. The penalty is chosen for each
    step. What known columns add at their own step is taken out first where that helps: a promotion last week is no
    forecast for this week.

    Args:
        train: scaled float arrays `(steps, features)`, NaN = not observed.
        valid: those of the validation part, the last `look_back` steps before it in front.
        targets: ints. Columns that are forecast.
        known: ints. Columns that are known ahead.
        look_back: int. Steps of a window.
        horizon: int. Steps to forecast.
        season: int. Steps of a season; 0 for none. It is used where it fits into the window.
    """
    targets, known, steps = list(targets), list(known), look_back + horizon
    most = min(MOST_VALUES // (steps * (1 + len(known))), MOST_OF_ALL // (steps * len(targets)))
    cuts = [_Windows(part, steps, int(np.clip(most, 64, MOST_WINDOWS))) for part in (train, valid)]
    gap = gap_between(cuts[0].count, cuts[0].overlap, horizon)
    naive = naive_kernels(look_back, horizon, season, levels=gap == cuts[0].overlap)
    readings = _readings(look_back, season, levels=gap == cuts[0].overlap)
    fits, pooled = [], None
    for target in targets:
        tried = []
        for effect in _effects(train, target, known):
            parts = [cut.column(target, known, effect, look_back) for cut in cuts]
            tried.append((*_fit_target(*parts, gap, naive, readings), effect))
        fit, folds, effect = min(tried, key=lambda each: each[0].error)
        fits.append((fit, effect))
        pooled = folds if pooled is None else pooled + folds
    if len(targets) > 1 and pooled.whole:
        shared = pooled.with_ridge(_kernel(naive, "last value"), readings["changes"])
        for place, (target, (fit, effect)) in enumerate(zip(targets, fits, strict=True)):
            folds = Folds.of(*(cut.column(target, known, effect, look_back) for cut in cuts), gap)
            if folds.whole:
                fits[place] = (replace(fit, candidate=folds.mixed([fit.candidate, shared])), effect)
    kernels = np.array([fit.candidate[-1] for fit, _ in fits], np.float32)
    ahead = np.array([effect for _, effect in fits], np.float32).T
    return LinearForecast(kernels[:, :-1], kernels[:, -1], ahead, np.array([fit.naive for fit, _ in fits]))


def carried_forward(windows: np.ndarray) -> np.ndarray:
    """Windows `(n, steps, …)` where what was not observed is the value before it, 0 where there is none."""
    missing = np.isnan(windows)
    if not missing.any():
        return windows
    steps = np.arange(windows.shape[1]).reshape(1, -1, *[1] * (windows.ndim - 2))
    latest = np.maximum.accumulate(np.where(missing, 0, steps), axis=1)
    return np.nan_to_num(np.take_along_axis(windows, latest, axis=1))


def naive_kernels(look_back: int, horizon: int, season: int = 0, levels: bool = True):
    """Naive forecasts as linear maps of a window: name → `(look_back, horizon)` kernel, and bias from the mean.

    Without `levels` the mean is none of them.
    """
    steps = np.arange(horizon)
    zeros = np.zeros((look_back, horizon))
    last = zeros.copy()
    last[-1] = 1.0
    kernels = {"last value": (last, lambda mean: 0.0)} | ({"mean": (zeros, lambda mean: mean)} if levels else {})
    if 1 < season <= look_back:
        before = zeros.copy()
        before[look_back - season + steps % season, steps] = 1.0
        kernels["season"] = (before, lambda mean: 0.0)
        if season < look_back:
            growth = before.copy()
            growth[-1] += steps // season + 1
            growth[-1 - season] -= steps // season + 1
            kernels["season with growth"] = (growth, lambda mean: 0.0)
    return kernels


def _readings(look_back, season, levels):
    """What a regression may read of a window: name → `(features + 1, look_back + 1)` with the bias last."""
    whole = np.eye(look_back + 1)
    steps, bias = whole[:-1], whole[-1:]
    readings = {"changes": np.concatenate((steps - steps[-1], bias))} | ({"levels": whole} if levels else {})
    if 1 < season < look_back - 1:
        over_a_season = steps[season:] - steps[:-season]
        readings["season"] = np.concatenate((over_a_season, bias))
        readings["season with growth"] = np.concatenate((np.diff(over_a_season, axis=0), bias))
    return readings


class _Windows:
    """Up to `most` windows, evenly from all series, oldest first; a column at a time.

    Args:
        series: float arrays `(steps, features)`.
        steps: int. Of a window and its horizon.
        most: int.
    """

    def __init__(self, series, steps, most):
        self._steps, self._series = steps, [values for values in series if len(values) >= steps]
        counts = [len(values) - steps + 1 for values in self._series]
        chosen = np.linspace(0, sum(counts) - 1, min(sum(counts), most)).astype(int) if counts else np.zeros(0, int)
        self.count = len(chosen)
        # How many windows after one have steps with it in common.
        self.overlap = -(-(steps - 1) * len(chosen) // max(sum(counts), 1))
        bounds = np.cumsum([0, *counts])
        self._chosen = [chosen[(chosen >= low) & (chosen < high)] - low for low, high in pairwise(bounds)]

    def column(self, target, known, effect, look_back):
        """Of a target, without what known columns add to it, the windows as they are read, and what came.

        Returns:
            `(n, look_back + 1)`, the last column 1 for the bias, and `(n, horizon)`, where a line goes through what was
            not observed for a few steps: of a long horizon hardly any window is observed as a whole.
        """
        read, came = [np.zeros((0, look_back))], [np.zeros((0, self._steps - look_back))]
        for values, chosen in zip(self._series, self._chosen, strict=True):
            left = values[:, target] - np.nan_to_num(values[:, known]) @ effect
            windows = (np.lib.stride_tricks.sliding_window_view(part, self._steps) for part in (left, _bridged(left)))
            before, after = (view[chosen] for view in windows)
            read.append(before[:, :look_back])
            came.append(after[:, look_back:])
        x = carried_forward(np.concatenate(read, dtype=np.float64))
        return np.concatenate((x, np.ones((len(x), 1))), axis=1), np.concatenate(came, dtype=np.float64)


def _bridged(values):
    """Values `(steps,)` with a straight line through each hole of at most `SHORT_HOLE` steps."""
    seen, steps = ~np.isnan(values), np.arange(len(values))
    if seen.all() or not seen.any():
        return values
    before = np.maximum.accumulate(np.where(seen, steps, -len(values)))
    after = np.minimum.accumulate(np.where(seen, steps, 2 * len(values))[::-1])[::-1]
    return np.where(after - before - 1 <= SHORT_HOLE, np.interp(steps, steps[seen], values[seen]), values)


def _effects(series, target, known):
    """What a step of each known column may add to the target: nothing; as their levels, or as their changes say."""
    if not known:
        return [np.zeros(0)]
    effects = [np.zeros(len(known))]
    for order in (0, 1):
        y = np.concatenate([np.diff(values[:, target], n=order) for values in series])
        x = np.concatenate([np.diff(np.nan_to_num(values[:, known]), n=order, axis=0) for values in series])
        seen = ~np.isnan(y)
        if seen.sum() > 4 * len(known):
            x, y = x[seen] - x[seen].mean(0) * (order == 0), y[seen] - y[seen].mean() * (order == 0)
            small = 1e-3 * np.trace(x.T @ x) / len(known) + 1e-9
            effects.append(np.linalg.solve(x.T @ x + small * np.eye(len(known)), x.T @ y))
    return effects


@dataclass(frozen=True)
class _Fit:
    """What is fitted to one target: the candidate, see `Folds`, its naive forecasts by name, and its error."""

    candidate: np.ndarray
    naive: np.ndarray
    error: float


def _fit_target(train, valid, gap, naive, readings):
    """The fit of one target by itself, and the folds by which it was fitted."""
    folds = Folds.of(train, valid, gap)
    seen = train[1][~np.isnan(train[1])]
    mean = float(seen.mean()) if len(seen) else 0.0
    names = np.array(list(naive))
    kernels = np.stack([_kernel(naive, name, mean) for name in names])
    errors = weighed([_errors_of_each(kernels, *train)], _errors_of_each(kernels, *valid), len(valid[0]))
    best = errors.argmin(axis=0)
    start, steps = np.moveaxis(kernels, 0, 1)[:, best, np.arange(len(best))], names[best]
    alone = np.repeat(start[None], len(folds.blocks) + 1, axis=0)
    if not folds.whole:
        return _Fit(alone, steps, float(errors.min(axis=0).sum())), folds
    last = _kernel(naive, "last value")
    ways = [(last, "changes"), *([] if np.array_equal(start, last) else [(start, "changes")]), (start, "levels")]
    ways += [(_kernel(naive, name), name) for name in ("season", "season with growth") if name in readings]
    made = [folds.with_ridge(base, readings[name]) for base, name in ways if name in readings]
    candidate = folds.mixed([alone, *made])
    return _Fit(candidate.astype(np.float32), steps, folds.error(candidate)), folds


def _kernel(naive, name, mean=0.0):
    """A naive forecast with its bias, `(look_back + 1, horizon)`."""
    kernel, bias = naive[name]
    return np.concatenate((kernel, np.full((1, kernel.shape[1]), bias(mean))))


def _errors_of_each(kernels, x, y):
    """Mean squared errors `(kernels, horizon)`; NaN where nothing was observed."""
    seen = ~np.isnan(y)
    squares = [np.square(np.where(seen, y - x @ kernel, 0.0)).sum(axis=0) for kernel in kernels]
    return np.array(squares) / np.where(seen.any(axis=0), seen.sum(axis=0), np.nan)
