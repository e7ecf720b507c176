"""A forecast that is linear in a window: the best naive one at each step ahead, and what a ridge regression adds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from seq2seq.errors import InputError
from seq2seq.evaluation.folds import Folds, blocks_of, weighed
from seq2seq.storage import read_arrays, write_arrays

MOST_VALUES = 12_000_000  # of the windows of a column, in memory
MOST_OF_ALL = 100_000_000  # of those of all columns together
MOST_WINDOWS = 30_000
SHORT_HOLE = 6  # steps that were not observed, and through which a line goes
OWN_GAIN = 1.2  # how much better what is fitted to one target must be than to all, in parts too short for blocks


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
    """Fit on the training part; what is fitted is chosen, for each target, by its errors where it was not fitted.

    These are the errors in each of four blocks of the training part, forecast by a fit to the other three (Bergmeir and
    Benítez 2012, "On the use of cross-validation for time series predictor evaluation"), and in the validation part,
    which weighs as much as the four together: a choice by the validation part alone is one for its weather.

    Candidates are the naive forecast that suits each step (the mean, the last value, the value a season before, or that
    with its latest growth); that, or the last value, with a ridge regression on the changes from the last value, which
    may be one of all targets together; and that with a ridge regression on the window. The penalty is chosen for each
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
    naive = naive_kernels(look_back, horizon, season)
    fits, pooled = [], None
    for target in targets:
        tried = []
        for effect in _effects(train, target, known):
            parts = [cut.column(target, known, effect, look_back) for cut in cuts]
            tried.append((*_fit_target(*parts, cuts[0].overlap, naive), effect))
        fit, folds, effect = min(tried, key=lambda each: each[0].error)
        fits.append((fit, effect))
        pooled = folds if pooled is None else pooled + folds
    if len(targets) > 1 and pooled.whole:
        shared = pooled.with_ridge(_kernel(naive, "last value"), changes=True)
        for place, (target, (fit, effect)) in enumerate(zip(targets, fits, strict=True)):
            folds = Folds.of(*(cut.column(target, known, effect, look_back) for cut in cuts), cuts[0].overlap)
            gain = 1.0 if folds.blocks else OWN_GAIN
            if folds.whole and folds.error(shared) < fit.error * gain:
                fits[place] = (replace(fit, kernel=shared[-1]), effect)
    kernels = np.array([fit.kernel for fit, _ in fits], np.float32)
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


def naive_kernels(look_back: int, horizon: int, season: int = 0):
    """Naive forecasts as linear maps of a window: name → `(look_back, horizon)` kernel, and bias from the mean."""
    steps = np.arange(horizon)
    zeros = np.zeros((look_back, horizon))
    last = zeros.copy()
    last[-1] = 1.0
    kernels = {"last value": (last, lambda mean: 0.0), "mean": (zeros, lambda mean: mean)}
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
    """What is fitted to one target: the kernel with the bias, its naive forecasts by name, and its error."""

    kernel: np.ndarray
    naive: np.ndarray
    error: float


def _fit_target(train, valid, overlap, naive):
    """The best fit of one target by itself, and the folds that it was chosen on."""
    folds, blocks = Folds.of(train, valid, overlap), blocks_of(*train, overlap)
    seen = train[1][~np.isnan(train[1])]
    mean = float(seen.mean()) if len(seen) else 0.0
    # Whether levels tell what comes shows where others were left out: a short walk seems to return to its mean.
    names = np.array([name for name in naive if blocks or name != "mean"])
    kernels = np.stack([_kernel(naive, name, mean) for name in names])
    errors = [_errors_of_each(kernels, *block) for block in blocks]
    errors = weighed(errors, _errors_of_each(kernels, *valid))
    best = errors.argmin(axis=0)
    start, steps = np.moveaxis(kernels, 0, 1)[:, best, np.arange(len(best))], names[best]
    alone = np.repeat(start[None], len(blocks) + 1, axis=0)
    if not folds.whole:
        return _Fit(start, steps, float(errors.min(axis=0).sum())), folds
    ways = [(_kernel(naive, "last value"), True), (start, True), *([(start, False)] if blocks else [])]
    made = [alone, *(folds.with_ridge(base, changes) for base, changes in ways)]
    error, candidate = min(((folds.error(each), each) for each in made), key=lambda each: each[0])
    return _Fit(candidate[-1], steps, error), folds


def _kernel(naive, name, mean=0.0):
    """A naive forecast with its bias, `(look_back + 1, horizon)`."""
    kernel, bias = naive[name]
    return np.concatenate((kernel, np.full((1, kernel.shape[1]), bias(mean))))


def _errors_of_each(kernels, x, y):
    """Mean squared errors `(kernels, horizon)`; NaN where nothing was observed."""
    seen = ~np.isnan(y)
    squares = [np.square(np.where(seen, y - x @ kernel, 0.0)).sum(axis=0) for kernel in kernels]
    return np.array(squares) / np.where(seen.any(axis=0), seen.sum(axis=0), np.nan)
