"""Scores of forecasts and of their intervals, always beside the baselines."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from seq2seq.errors import InputError
from seq2seq.report import counted

Scores = dict[str, float | None]
IN_UNITS = ("mae", "rmse", "mse", "rse")  # scores that are in the units of the values, or weigh columns by them
MEASURABLE = 1e150  # floats have no square of more
ROUNDING = 1e-6  # of a skill: what is left of two errors that are the same but for single precision
ALIKE = 1e-4  # of a skill: what figures of four digits do not show


def forecast_scores(actual: np.ndarray, predicted: np.ndarray, scale: float | np.ndarray | None = None) -> Scores:
    """Measure how far forecasts are from what came. Values that were not observed (NaN in `actual`) are skipped.

    Args:
        actual: float array, `(..., features)`, in the user's units; NaN = not observed.
        predicted: float array of the same shape.
        scale: optional float or float array that broadcasts to that shape, such as `(features,)`. Unit of `mae`,
            `rmse` and `mse`: with the standard deviations of the training part these are the scores of standardised
            data, as ETT's are published.

    Returns:
        dict of float:
        `mae`, `rmse`, `mse`: mean absolute, root mean squared and mean squared error;
        `rse`: root of the squared errors over the squared distances from the mean of all `actual` (LSTNet, Lai et
        al. 2018), None where all are equal;
        `mape`, percent: None where an actual value is 0;
        `smape`, percent, 0 to 200: mean of `2 |error| / (|actual| + |predicted|)`.

    Raises:
        InputError: if the shapes differ, nothing was observed, or a forecast is not finite where a value came.
    """
    actual, predicted = np.asarray(actual, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    if actual.shape != predicted.shape:
        raise InputError(f"Forecasts have shape {predicted.shape}, the values {actual.shape}; pass the same shape.")
    observed = ~np.isnan(actual)
    if not observed.any():
        raise InputError(f"None of the {actual.size} values to forecast was observed; pass some that were.")
    if not np.isfinite(predicted[observed]).all():
        raise InputError("A forecast is NaN or infinite; check the input, and the learning rate of the training.")
    units = np.ones(actual.shape) if scale is None else np.broadcast_to(scale, actual.shape)
    actual, predicted, units = actual[observed], predicted[observed], units[observed]
    errors = np.abs(actual - predicted)
    mse = np.mean(np.square(errors / units))
    spread = np.sum(np.square(actual - actual.mean()))
    size = np.abs(actual) + np.abs(predicted)
    return {
        "mae": float(np.mean(errors / units)),
        "rmse": float(np.sqrt(mse)),
        "mse": float(mse),
        "rse": float(np.sqrt(np.sum(np.square(errors)) / spread)) if spread > 0 else None,
        "mape": float(100 * np.mean(errors / np.abs(actual))) if np.all(actual != 0) else None,
        "smape": float(200 * np.mean(np.divide(errors, size, out=np.zeros_like(errors), where=size > 0))),
    }


def per_horizon(actual: np.ndarray, predicted: np.ndarray, scale: float | np.ndarray | None = None) -> dict[str, list]:
    """Return the `forecast_scores` of each step ahead.

    Args:
        actual: float array, `(windows, horizon, features)`; NaN = not observed.
        predicted: float array of the same shape.
        scale: as for `forecast_scores`.

    Returns:
        dict of name of the score to a list of `horizon` values, None where a step was never observed.
    """
    actual = np.asarray(actual, dtype=np.float64)
    units = np.broadcast_to(1.0 if scale is None else scale, actual.shape)
    steps = [
        None
        if np.isnan(actual[:, step]).all()
        else forecast_scores(actual[:, step], predicted[:, step], units[:, step])
        for step in range(actual.shape[1])
    ]
    names = next(scores for scores in steps if scores).keys() if any(steps) else ()
    return {name: [scores and scores[name] for scores in steps] for name in names}


def skill(score: float, baseline_score: float) -> float:
    """Return `1 - score / baseline_score`: 1 is perfect, 0 as good as the baseline, below 0 worse than it.

    >>> skill(15.0, 20.0)
    0.25
    """
    if baseline_score == 0:
        return 0.0 if score == 0 else -np.inf
    return 1.0 - score / baseline_score


def said_skill(value: float) -> float | str:
    """Return a skill as a table shows it: the number, 0 where errors differ in their last digits alone, or in words
    that a baseline without error has no better.
    """
    if not np.isfinite(value):
        return "baseline exact"
    return value if abs(value) >= ROUNDING else 0.0


def coverage(lower: np.ndarray, upper: np.ndarray, actual: np.ndarray) -> float:
    """Return the share of the observed values that lie in their interval, its ends included."""
    observed = ~np.isnan(actual)
    if not observed.any():
        raise InputError("No value was observed, so none can lie in its interval; pass some that were.")
    return float(np.mean(((lower <= actual) & (actual <= upper))[observed]))


def mean_width(lower: np.ndarray, upper: np.ndarray) -> float:
    """Return the mean of `upper - lower`, in the user's units. Of two intervals that cover, the narrower is better."""
    return float(np.mean(np.subtract(upper, lower, dtype=np.float64)))


def interval_end(share: float, levels: Sequence[float], ends: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """An end of the interval that holds `share`, from the ends of other intervals.

    Between two of them, and beyond the widest, it is where it would be if errors were normal: standard deviations from
    the middle are what is interpolated.

    Args:
        share: float between 0 and 1.
        levels: shares of the intervals that are there, ascending.
        ends: float array `(levels, …)`, their lower or their upper ends.
        middle: float array `(…)`, the forecast.

    Returns:
        float array `(…)`.
    """
    deviations = [NormalDist().inv_cdf((1 + level) / 2) for level in (0.0, *levels)]
    ends, wanted = np.stack([middle, *ends]), NormalDist().inv_cdf((1 + share) / 2)
    above = min(int(np.searchsorted(deviations[1:], wanted)) + 1, len(levels))
    below = above - 1 if wanted <= deviations[-1] else 0
    part = (wanted - deviations[below]) / (deviations[above] - deviations[below])
    return ends[below] + part * (ends[above] - ends[below])


def conformal_bound(misses: np.ndarray, coverage: float, overlap: float | np.ndarray = 1.0) -> np.ndarray:
    """Return what new misses stay below with probability `coverage`, learned on windows that trained nothing.

    That holds if they come as those here did (split-conformal prediction: Romano et al. 2019). Windows that overlap
    tell less than as many that do not, so their bound is higher, by what fewer windows would have. A drifting series
    makes it approximate, so report the coverage on the test part too.

    Args:
        misses: float array, `(windows, horizon, features)`, how far forecasts were off; NaN = not observed.
        coverage: float between 0 and 1, for example 0.9.
        overlap: float or array that broadcasts to `(horizon, features)`: how many windows tell as much as one would.

    Returns:
        float64 array, `(horizon, features)`.

    Raises:
        InputError: if there are too few windows for this coverage: 9 for 0.9, 19 for 0.95.
    """
    if not 0 < coverage < 1:
        raise InputError(f"The coverage is {coverage}; pass a share between 0 and 1, for example 0.9.")
    misses = np.sort(misses, axis=0)  # NaN last
    observed = np.sum(~np.isnan(misses), axis=0)

    def rank(overlap):
        # The share that covers one more value drawn like these: (n + 1) · coverage, rounded up, of n. The rounding
        # guards against 0.9 · 10 = 9.000000000000002.
        return np.ceil(np.round((observed + overlap) * coverage, 9)).astype(np.int64)

    if np.any(rank(1) > observed):
        needed = int(np.ceil(np.round(coverage / (1 - coverage), 9)))
        raise InputError(
            f"{counted(observed.min(), 'window is', 'windows are')} too few to calibrate an interval of "
            f"{coverage:.0%}, which takes {needed}; give more validation data or a smaller interval."
        )
    chosen = np.minimum(rank(overlap), observed)
    return np.take_along_axis(misses, chosen[None] - 1, axis=0)[0].astype(np.float64)


@dataclass(frozen=True)
class ForecastEvaluation:
    """The scores of a model's forecasts beside those of the baselines on the same windows.

    Attributes:
        windows: int. Number of forecasts.
        horizon: int. Steps of each.
        metric: str. The score by which the best baseline is chosen and the skill is taken, `"rmse"` or another error.
        scores: dict, as `forecast_scores` returns it, over all steps.
        baselines: dict of name to such a dict.
        per_horizon: dict of name of the score to a list of `horizon` values, of the model.
        intervals: dict or None. `level` (what was asked for), `coverage` (the share of all values that is held) and
            `width`, the mean, in the unit of the values.
    """

    windows: int
    horizon: int
    metric: str
    scores: Scores
    baselines: dict[str, Scores]
    per_horizon: dict[str, list]
    intervals: dict[str, Any] | None = None

    @property
    def best_baseline(self) -> str | None:
        """Name of the baseline with the lowest error, None without any."""
        return min(self.baselines, key=lambda name: self.baselines[name][self.metric], default=None)

    @property
    def skill(self) -> float | None:
        """Skill of the model against the best baseline, as the function `skill` defines it."""
        if self.best_baseline is None:
            return None
        return skill(self.scores[self.metric], self.baselines[self.best_baseline][self.metric])

    @property
    def warning(self) -> str | None:
        """A line for the user where the model is worse than the best baseline by what figures show, else None."""
        if self.skill is None or self.skill >= -ALIKE:
            return None
        ours, theirs = self.scores[self.metric], self.baselines[self.best_baseline][self.metric]
        return (
            f"The model is worse than the baseline “{self.best_baseline}”: {self.metric} {ours:.4g} against "
            f"{theirs:.4g}. Forecast with the baseline, or change the model."
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """Headings of `rows`."""
        return ("forecast", *self._shown(self.scores), f"skill ({self.metric})")

    def _shown(self, scores):
        """The scores that say something: where scaled ones decide, the others add up columns in different units."""
        mixed = IN_UNITS if self.metric.endswith("_scaled") else ()
        return {name: score for name, score in scores.items() if name not in mixed}

    def rows(self) -> list[tuple]:
        """Return a table: the model, then each baseline from best to worst, each with its scores and its skill.

        Each skill is against the best baseline, so that baseline's is 0.
        """
        best = self.best_baseline
        order = sorted(self.baselines, key=lambda name: self.baselines[name][self.metric])
        table = [("model", self.scores), *((name, self.baselines[name]) for name in order)]
        gained = [best and said_skill(skill(each[self.metric], self.baselines[best][self.metric])) for _, each in table]
        return [(name, *self._shown(scores).values(), gain) for (name, scores), gain in zip(table, gained, strict=True)]

    def as_dict(self) -> dict:
        """Return everything as plain types, ready for JSON."""
        gained = self.skill if self.skill is not None and np.isfinite(self.skill) else None
        return asdict(self) | {"best_baseline": self.best_baseline, "skill": gained, "warning": self.warning}


def measurable(actual: np.ndarray, forecasts: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Those of some forecasts, by name, that have a value of a size that floats can square wherever one came."""
    observed = ~np.isnan(actual)
    return {name: made for name, made in forecasts.items() if np.all(np.abs(made[observed]) < MEASURABLE)}


def evaluate_forecast(
    actual: np.ndarray,
    predicted: np.ndarray,
    baselines: Mapping[str, np.ndarray],
    *,
    scale: float | np.ndarray | None = None,
    metric: str = "rmse",
    interval: tuple[np.ndarray, np.ndarray, float] | None = None,
) -> ForecastEvaluation:
    """Score a model's forecasts and those of the baselines on the same windows.

    Args:
        actual: float array, `(windows, horizon, features)`, in the user's units; NaN = not observed.
        predicted: float array of the same shape.
        baselines: dict of name to a float array of the same shape, for example from `baselines.rolling`. One that
            has no forecast (NaN) for an observed value, because its history was never observed, is left out; so is one
            that has grown beyond all measure, whose error would be infinite.
        scale: as for `forecast_scores`.
        metric: str. The score that decides: `"rmse"`, `"mae"`, `"mse"` or `"smape"`.
        interval: optional `(lower, upper, level)`: two arrays of that shape, and the share they should cover.

    Returns:
        A `ForecastEvaluation`.

    Raises:
        InputError: as `forecast_scores`.
    """
    intervals = None
    if interval is not None:
        lower, upper, level = interval
        intervals = {"level": level, "coverage": coverage(lower, upper, actual), "width": mean_width(lower, upper)}
    return ForecastEvaluation(
        windows=len(actual),
        horizon=actual.shape[1],
        metric=metric,
        scores=forecast_scores(actual, predicted, scale),
        baselines={
            name: forecast_scores(actual, forecast, scale) for name, forecast in measurable(actual, baselines).items()
        },
        per_horizon=per_horizon(actual, predicted, scale),
        intervals=intervals,
    )
