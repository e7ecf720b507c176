"""What makes intervals honest: how far forecasts were off on data that trained nothing."""

from dataclasses import dataclass, field

import numpy as np

from seq2seq.errors import InputError
from seq2seq.evaluation.forecasting import conformal_margin
from seq2seq.run import Run

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)  # shares that an interval may be asked to hold, besides the trained one
RESIDUAL_VALUES = 1_000_000  # kept at most


@dataclass(frozen=True)
class Calibration:
    """Margins and errors of a forecaster on its validation part, in scaled units.

    Attributes:
        levels: float64 array `(levels,)`. Shares of actual values that an interval can be asked to hold.
        margins: float32 array `(levels, horizon, targets)`. By how much the ends move outwards for that.
        residuals: float32 array `(windows, horizon, targets)`: actual value less forecast.
        pooled: float64 array. The levels whose margins are of all steps ahead together, for too few windows.
    """

    levels: np.ndarray = field(default_factory=lambda: np.zeros(0))
    margins: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0), np.float32))
    residuals: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0), np.float32))
    pooled: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def fit(cls, outputs: np.ndarray, actual: np.ndarray, level: float) -> "Calibration":
        """Measure forecasts `(windows, horizon, targets, 3)`, ends and median, against what came.

        A level that needs more windows than there are is calibrated on all steps ahead together, or else left out.
        """
        levels, margins, pooled = [], [], []
        for candidate in sorted({*LEVELS, level}):
            ends = (outputs[..., 0], outputs[..., 2], actual)
            try:
                margin = conformal_margin(*ends, candidate)
            except InputError:
                try:  # too few windows: all their steps ahead together
                    margin = conformal_margin(*(part.reshape(-1, 1, part.shape[-1]) for part in ends), candidate)
                except InputError:
                    continue
                pooled.append(candidate)
            levels.append(candidate)
            margins.append(np.broadcast_to(margin, actual.shape[1:]))
        residuals = actual - outputs[..., 1]
        residuals = residuals[~np.isnan(residuals).any(axis=(1, 2))]
        keep = min(len(residuals), max(RESIDUAL_VALUES // max(actual[0].size, 1), 20))
        chosen = np.linspace(0, len(residuals) - 1, keep).astype(int) if keep else []
        shape = (len(levels), *actual.shape[1:])
        margins = np.array(margins, np.float32).reshape(shape)
        return cls(np.array(levels), margins, residuals[chosen].astype(np.float32), np.array(pooled))

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
        places = np.flatnonzero(self.levels == level)
        return self.margins[places[0]] if len(places) else np.nan

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
