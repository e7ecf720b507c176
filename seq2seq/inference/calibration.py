"""What makes intervals honest: how far forecasts were off on data that trained nothing."""

from dataclasses import dataclass, field

import numpy as np

from seq2seq.errors import InputError
from seq2seq.evaluation.forecasting import conformal_bound
from seq2seq.run import Run

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)  # shares that an interval may be asked to hold, besides the trained one
RESIDUAL_VALUES = 1_000_000  # kept at most


LEAST_SPREAD = 1e-6  # scaled: what is divided by


@dataclass(frozen=True)
class Calibration:
    """Intervals and errors of a forecaster on its validation part, in scaled units.

    Attributes:
        levels: float64 array `(levels,)`. Shares of actual values that an interval can be asked to hold.
        margins: float32 array `(levels, horizon, targets)`. By how much the ends move outwards for that.
        residuals: float32 array `(windows, horizon, targets)`: actual value less forecast.
        pooled: float64 array. The levels whose intervals are of all steps ahead together, for too few windows.
        factors: float32 array like `margins`, or empty (as 1): how far the ends are from the median for that, in
            distances of the model's own.
    """

    levels: np.ndarray = field(default_factory=lambda: np.zeros(0))
    margins: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0), np.float32))
    residuals: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0), np.float32))
    pooled: np.ndarray = field(default_factory=lambda: np.zeros(0))
    factors: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0), np.float32))

    @classmethod
    def of_errors(cls, made: np.ndarray, actual: np.ndarray, level: float) -> "Calibration":
        """Margins of forecasts `(windows, horizon, targets)` without ends, measured against what came."""
        levels, margins, pooled = _bounds(np.abs(actual - made), level)
        return cls(levels, margins, _some(actual - made), pooled)

    @classmethod
    def of_quantiles(
        cls,
        outputs: np.ndarray,
        actual: np.ndarray,
        level: float,
        trained: tuple[np.ndarray, np.ndarray] | None = None,
        stride: int = 1,
    ) -> "Calibration":
        """Factors of forecasts `(windows, horizon, targets, 3)`, ends and median, measured against what came.

        In distances of the model's own, an interval is narrow where the model is sure, at each level. A level that
        needs more windows than there are is calibrated on all steps ahead together, or else left out.

        Args:
            outputs: float32, of the validation part.
            actual: float32 `(windows, horizon, targets)`; NaN = not observed.
            level: float. A share besides `LEVELS`.
            trained: the same two of the training part. On what it learned from a model is rather better than on what
                is new, so no factor is below that of the training part, however calm the validation part is.
            stride: int. Steps from one window of the validation part to the next: forecasts h steps ahead, less than h
                steps apart, share the steps in which they go wrong.
        """
        overlap = np.maximum((np.arange(actual.shape[1])[:, None] / 2 + 1) / stride, 1.0)
        levels, factors, pooled = _bounds(_misses(outputs, actual), level, overlap)
        if trained is not None:
            least = dict(zip(*_bounds(_misses(*trained), level)[:2], strict=True))
            for each, factor in zip(levels, factors, strict=True):
                np.fmax(factor, least.get(each, 0.0), out=factor)
        return cls(levels, np.zeros_like(factors), _some(actual - outputs[..., 1]), pooled, factors)

    def checked_level(self, level: float, trained: float) -> float:
        """`level` if an interval can hold that share, with a model trained for `trained`."""
        if level == 0 or level in self.levels or level == trained:
            return level
        possible = ", ".join(f"{each:g}" for each in sorted({*self.levels.tolist(), trained} - {0.0}))
        if not trained:
            raise InputError("this run has no intervals (model.interval=0): train it with one for --interval.")
        raise InputError(f"--interval {level:g}: this run was calibrated for {possible}; choose one of them.")

    def margin(self, level: float) -> np.ndarray | float:
        """`(horizon, targets)` to widen an interval by; NaN, which leaves it empty, where it was not calibrated."""
        return self._of(level, self.margins)

    def ends(self, outputs: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper end of the interval that holds the share `level`, of outputs `(…, horizon, targets, 3)`."""
        low, middle, high = (outputs[..., place] for place in range(3))
        margin, factor = self.margin(level), self._of(level, self.factors) if len(self.factors) else None
        if factor is not None:
            low, high = middle - factor * _distance(middle - low), middle + factor * _distance(high - middle)
        return low - margin, high + margin

    def _of(self, level, values):
        places = np.flatnonzero(self.levels == level)
        return values[places[0]] if len(places) else np.nan

    def save(self, run: Run) -> None:
        """Write it into the run of the forecaster."""
        run.save_fitted(run.calibration, vars(self))

    @classmethod
    def load(cls, run: Run) -> "Calibration":
        """Read what `save` wrote; an empty calibration where there is no file.

        Raises:
            InputError: it is damaged, or was fitted to other weights.
        """
        if not run.calibration.exists():
            return cls()
        try:
            return cls(**run.load_fitted(run.calibration))
        except TypeError as error:
            raise InputError(f"{run.calibration} is damaged ({error}): restore it or train again.") from error


def _distance(spread):
    return np.maximum(spread, LEAST_SPREAD)


def _misses(outputs, actual):
    """How far off the median is, in distances from it to the end on that side."""
    low, middle, high = (outputs[..., place] for place in range(3))
    return np.abs(actual - middle) / _distance(np.where(actual < middle, middle - low, high - middle))


def _bounds(misses, level, overlap=1.0):
    """The levels that so many windows can be calibrated for, their bounds, and those of all steps ahead together."""
    levels, bounds, pooled = [], [], []
    for candidate in sorted({*LEVELS, level}):
        try:
            bound = conformal_bound(misses, candidate, overlap)
        except InputError:
            try:  # too few windows: all their steps ahead together
                bound = conformal_bound(misses.reshape(-1, 1, misses.shape[-1]), candidate, np.max(overlap))
            except InputError:
                continue
            pooled.append(candidate)
        levels.append(candidate)
        bounds.append(np.broadcast_to(bound, misses.shape[1:]))
    return np.array(levels), np.array(bounds, np.float32).reshape(len(levels), *misses.shape[1:]), np.array(pooled)


def _some(residuals):
    """Those that are observed as a whole, evenly over all, of at most `RESIDUAL_VALUES` values."""
    size = max(residuals[:1].size, 1)
    residuals = residuals[~np.isnan(residuals).any(axis=(1, 2))]
    keep = min(len(residuals), max(RESIDUAL_VALUES // size, 20))
    chosen = np.linspace(0, len(residuals) - 1, keep).astype(int) if keep else []
    return residuals[chosen].astype(np.float32)
