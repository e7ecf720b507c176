"""A forecast that is linear in a window: the best naive one at each step ahead, and what a ridge regression adds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PENALTIES = (np.inf, 1e2, 1e1, 1.0, 1e-1, 1e-2, 1e-3)  # of the mean variance of a step; infinite: the naive one alone
MOST_VALUES = 12_000_000  # of windows in memory
MOST_WINDOWS = 30_000
LEVEL_GAIN = 1.02  # how much better a regression must be that does not follow a shift of the level
LEAST_WINDOWS = 8  # of the training part, for a regression


@dataclass(frozen=True)
class LinearForecast:
    """Forecast = `kernel` of what known columns leave of the window + `bias` + `ahead` of the known columns.

    Attributes:
        kernel: float32 `(targets, look_back, horizon)`.
        bias: float32 `(targets, horizon)`.
        ahead: float32 `(known columns, targets)`: what a known column adds to the value of the same step.
        naive: tuple, for each target, of `horizon` names: the naive forecast that each step is nearest to.
        errors: float64 `(targets, horizon)`: mean squared errors on the validation part.
    """

    kernel: np.ndarray
    bias: np.ndarray
    ahead: np.ndarray
    naive: tuple[tuple[str, ...], ...]
    errors: np.ndarray

    def forecast(self, windows: np.ndarray, known: np.ndarray | None = None, past: np.ndarray | None = None):
        """Forecast from windows `(n, look_back, targets)` with their known columns, `known` of the horizon."""
        if past is not None and self.ahead.size:
            windows = windows - np.nan_to_num(past) @ self.ahead
        made = np.einsum("nlt,tlh->nht", carried_forward(windows), self.kernel) + self.bias.T
        return made if known is None or not self.ahead.size else made + np.nan_to_num(known) @ self.ahead


def fit_linear(
    train: Sequence[np.ndarray],
    valid: Sequence[np.ndarray],
    targets: Sequence[int],
    known: Sequence[int],
    look_back: int,
    horizon: int,
    season: int = 0,
) -> LinearForecast:
    """Fit on the training part; the validation part chooses, for each target and step ahead, what is fitted.

    Candidates are the mean, the last value, the value a season before, and that with its latest growth, each alone or
    with a ridge regression of the rest on the window, itself or as changes from its last value. What known columns
    add at their own step is taken out first where that helps: a promotion last week is no forecast for this week.

    Args:
        train: scaled float arrays `(steps, features)`, NaN = not observed.
        valid: those of the validation part, the last `look_back` steps before it in front.
        targets: ints. Columns that are forecast.
        known: ints. Columns that are known ahead.
        look_back: int. Steps of a window.
        horizon: int. Steps to forecast.
        season: int. Steps of a season; 0 for none. It is used where it fits into the window.
    """
    most = int(np.clip(MOST_VALUES // ((look_back + horizon) * (1 + len(known))), 64, MOST_WINDOWS))
    parts = [_windows(part, [*targets, *known], look_back + horizon, most) for part in (train, valid)]
    plans = [part[..., len(targets) :] for part in parts]
    fits = []
    for target in range(len(targets)):
        values = [part[..., target] for part in parts]
        effects = _effects(train, targets[target], list(known))
        tried = [_fit_target(values, plans, effect, look_back, season) for effect in effects]
        fits.append(min(tried, key=lambda fit: fit[-1].sum()))
    kernels, biases, ahead, naive, errors = zip(*fits, strict=True)
    return LinearForecast(
        np.array(kernels, np.float32),
        np.array(biases, np.float32),
        np.array(ahead, np.float32).T,
        naive,
        np.array(errors),
    )


def carried_forward(windows: np.ndarray) -> np.ndarray:
    """Windows `(n, steps, …)` where what was not observed is the value before it, 0 where there is none."""
    missing = np.isnan(windows)
    if not missing.any():
        return windows
    steps = np.arange(windows.shape[1]).reshape(1, -1, *[1] * (windows.ndim - 2))
    latest = np.maximum.accumulate(np.where(missing, 0, steps), axis=1)
    return np.nan_to_num(np.take_along_axis(windows, latest, axis=1))


def _windows(series, columns, steps, most):
    """Up to `most` windows `(n, steps, columns)`, evenly from all series."""
    series = [values[:, columns] for values in series if len(values) >= steps]
    counts = [len(values) - steps + 1 for values in series]
    chosen = np.linspace(0, sum(counts) - 1, min(sum(counts), most)).astype(int) if counts else np.zeros(0, int)
    bounds = np.cumsum([0, *counts])
    views = [np.lib.stride_tricks.sliding_window_view(values, steps, axis=0) for values in series]
    cut = [
        view[chosen[(chosen >= low) & (chosen < high)] - low]
        for view, low, high in zip(views, bounds, bounds[1:], strict=False)
    ]
    empty = np.zeros((0, len(columns), steps))
    return np.concatenate([empty, *cut]).swapaxes(1, 2)


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


def _fit_target(values, plans, effect, look_back, season):
    """The fit of one target: kernel, bias, effect, names of naive forecasts, errors on validation."""
    left = [
        part - np.nan_to_num(plan) @ effect if effect.size else part for part, plan in zip(values, plans, strict=True)
    ]
    (x, y), (x_valid, y_valid) = ((carried_forward(part[:, :look_back]), part[:, look_back:]) for part in left)
    horizon = y.shape[1]
    mean = float(np.nanmean(left[0])) if np.isfinite(left[0]).any() else 0.0
    naive = naive_kernels(look_back, horizon, season)
    scores = {name: _mean_squares(y_valid - x_valid @ kernel - bias(mean)) for name, (kernel, bias) in naive.items()}
    order = list(naive)
    best = np.argmin([scores[name] for name in order], axis=0)
    start = np.stack([naive[order[k]][0][:, h] for h, k in enumerate(best)], axis=1)
    start_bias = np.array([naive[order[k]][1](mean) for k in best])
    whole = ~np.isnan(y).any(axis=1)
    plain = (start, start_bias, np.array([scores[order[k]][h] for h, k in enumerate(best)]))
    fits = [(plain, 1.0)]
    if whole.sum() >= LEAST_WINDOWS and len(y_valid):
        rest = (y - x @ start - start_bias)[whole]
        rest_valid = y_valid - x_valid @ start - start_bias
        for changes, handicap in ((True, 1.0), (False, LEVEL_GAIN)):
            fits.append((_with_ridge(plain, x[whole], rest, x_valid, rest_valid, changes), handicap))
    (kernel, biases, errors), _ = min(fits, key=lambda fit: fit[0][-1].sum() * fit[1])
    return kernel, biases, effect, tuple(order[k] for k in best), errors


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


def _with_ridge(plain, x, rest, x_valid, rest_valid, changes):
    """The naive forecast with the regression of what it leaves; each step with the penalty that validation likes."""
    start, start_bias, naive_errors = plain
    if changes:
        x, x_valid = x - x[:, -1:], x_valid - x_valid[:, -1:]
    center, middle = x.mean(0), rest.mean(0)
    x = x - center
    variances, axes = np.linalg.eigh(x.T @ x / len(x))
    along = axes.T @ (x.T @ (rest - middle) / len(x))
    unit = max(variances.mean(), 1e-12)
    kernels, biases, errors = [np.zeros_like(start)], [np.zeros_like(start_bias)], [naive_errors]
    for penalty in PENALTIES[1:]:
        kernel = axes @ (along / (np.maximum(variances, 0.0) + penalty * unit)[:, None])
        kernels.append(kernel)
        biases.append(middle - center @ kernel)
        errors.append(_mean_squares(rest_valid - x_valid @ kernel - biases[-1]))
    errors, steps = np.array(errors), np.arange(rest.shape[1])
    chosen = errors.argmin(axis=0)  # the first of those that are equal: the naive forecast
    kernel = np.array(kernels)[chosen, :, steps].T
    if changes:
        kernel[-1] -= kernel.sum(axis=0)
    return start + kernel, start_bias + np.array(biases)[chosen, steps], errors[chosen, steps]


def _mean_squares(errors):
    """`(horizon,)` of errors `(windows, horizon)`; 0 where nothing was observed."""
    seen = ~np.isnan(errors)
    return np.square(np.where(seen, errors, 0.0)).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
