"""Series in, their next steps out: a trained forecaster, loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from seq2seq.batches.windows import WindowBatches
from seq2seq.config import ForecasterConfig
from seq2seq.errors import InputError
from seq2seq.evaluation import baselines as naive
from seq2seq.inference.calibration import Calibration
from seq2seq.inference.columns import Columns
from seq2seq.inference.loaded import graph, open_run
from seq2seq.models import StreamForecaster, WindowForecaster
from seq2seq.report import Report
from seq2seq.series.calendar import continue_times
from seq2seq.series.scaling import Scaler
from seq2seq.series.table import Series

TASK = "forecaster"
PATHS = 256  # drawn futures, from which the interval beyond the horizon is read
STEPS_AT_ONCE = 4096  # of a long series that a stateful model reads: bounds memory


@dataclass(frozen=True)
class Forecast:
    """The next steps of each series, in the user's units.

    Attributes:
        columns: tuple of str. What is forecast.
        names: tuple of str. Of the series.
        times: tuple of arrays `(steps,)`, or None where the data have none.
        values: tuple of float64 arrays `(steps, targets)`.
        lower, upper: the ends of the prediction interval, like `values`; or None.
        level: float. The share of actual values that the interval is to hold; 0 without one.
    """

    columns: tuple[str, ...]
    names: tuple[str, ...]
    times: tuple[np.ndarray, ...] | None
    values: tuple[np.ndarray, ...]
    lower: tuple[np.ndarray, ...] | None = None
    upper: tuple[np.ndarray, ...] | None = None
    level: float = 0.0


def build_model(config: ForecasterConfig, columns: Columns, dtype="float32") -> WindowForecaster | StreamForecaster:
    """The model of a settled configuration and its columns."""
    model = config.model
    sizes = {name: getattr(model, name) for name in ("units", "num_layers", "cell", "dropout", "residual")}
    if model.kind == "stateful":
        return StreamForecaster(columns.features, dtype=dtype, **sizes)
    return WindowForecaster(
        columns.features,
        config.windows.horizon,
        target_columns=columns.target_columns,
        known_features=len(columns.known_columns),
        kind=model.kind,
        season=model.season,
        normalize_window=model.normalize_window,
        quantiles=quantiles_of(model.interval),
        dtype=dtype,
        **sizes,
    )


def quantiles_of(interval: float) -> tuple[float, ...]:
    """The quantiles that a model of that prediction interval gives: its ends and the median. None without one."""
    return ((1 - interval) / 2, 0.5, (1 + interval) / 2) if interval else ()


class Forecaster:
    """A trained model with the units of its columns.

    ```python
    forecaster = Forecaster.load("runs/air")
    forecaster.forecast(series, steps=24).values
    ```

    Args:
        config: `ForecasterConfig`, settled.
        scaler: `Scaler` of all columns.
        model: `WindowForecaster` or `StreamForecaster`.
        calibration: `Calibration` of the intervals.
        run: the `Run` it comes from.
    """

    def __init__(self, config, scaler, model, calibration=None, run=None):
        self.config, self.scaler, self.model, self.run = config, scaler, model, run
        self.columns = Columns.of(config, scaler.columns)
        self.calibration = calibration or Calibration()
        self.stateful = config.model.kind == "stateful"
        self.horizon, self.look_back = config.windows.horizon, config.windows.look_back
        self._graph = None

    @classmethod
    def load(cls, run_dir: str | Path, report: Report | None = None) -> "Forecaster":
        """Load a run directory.

        Raises:
            InputError: not a run of a forecaster, no weights yet, damaged, or written by a newer version.
        """
        run, config = open_run(run_dir, TASK, ForecasterConfig)
        scaler = Scaler.load(run.scaler)
        model = build_model(config, Columns.of(config, scaler.columns))
        run.load_weights(model)
        return cls(config, scaler, model, Calibration.load(run), run)

    # --- scaled arrays

    def predict(self, batches: WindowBatches) -> np.ndarray:
        """Scaled forecasts of all windows in order: float32 `(windows, horizon, targets[, quantiles])`."""
        return np.concatenate([self._predict(inputs) for inputs, _ in batches.epoch()])

    def _predict(self, inputs):
        if self._graph is None:
            window = tf.TensorSpec((None, self.look_back, self.columns.features))
            known = tf.TensorSpec((None, self.horizon, len(self.columns.known_columns)))
            signature = (window, known) if self.columns.known_columns else window
            self._graph = graph(self.model, signature)
        return self._graph(inputs).numpy()

    def point(self, outputs: np.ndarray) -> np.ndarray:
        """The forecast itself of what the model puts out: the median where there are quantiles."""
        return outputs[..., outputs.shape[-1] // 2] if self.config.model.interval and not self.stateful else outputs

    def warm_up(self, values: np.ndarray, states=None) -> tuple[np.ndarray, list]:
        """Let a stateful model read scaled `(steps, features)`; the forecasts of each next step, and the states."""
        outputs = []
        for first in range(0, len(values), STEPS_AT_ONCE):
            output, states = self._run(values[None, first : first + STEPS_AT_ONCE], states)
            outputs.append(output[0].numpy())
        return np.concatenate(outputs), states

    def _run(self, x, states):
        if self._graph is None:
            widths = tf.nest.map_structure(lambda width: tf.TensorSpec((None, width)), self.model.state_widths)
            x_spec = tf.TensorSpec((None, None, self.columns.features))
            self._graph = graph(self.model.run, x_spec, widths)
        return self._graph(x, self.model.initial_state(len(x)) if states is None else states)

    def unscaled(self, values: np.ndarray) -> np.ndarray:
        """Scaled values of the targets, last axis, in the user's units."""
        return self.scaler.inverse(values, self.columns.targets)

    # --- the next steps

    def forecast(
        self,
        series: Series,
        steps: int | None = None,
        *,
        known: Series | None = None,
        interval: float | None = None,
    ) -> Forecast:
        """Forecast the steps after the end of each series.

        Beyond the model's horizon its forecasts are fed back. The interval is there of futures in which each forecast
        is off by errors drawn from those of the validation part.

        Args:
            series: history in the user's units; columns are matched by name.
            steps: int. Default: the horizon of the run.
            known: the columns known ahead for those steps, series in the same order.
            interval: float. Share of actual values that the prediction interval is to hold; default: as trained.

        Raises:
            InputError: too short a history, missing columns, an interval that was not calibrated.
        """
        steps = self.horizon if steps is None else steps
        if steps < 1:
            raise InputError(f"{steps} steps to forecast: expected at least 1.")
        series = self.scaler.match(series)
        times = series.times and tuple(
            continue_times(part, self._blocks(steps) * self.horizon) for part in series.times
        )
        level = self.config.model.interval if interval is None else interval
        level = self.calibration.checked_level(level, self.config.model.interval) if not self.stateful else 0.0
        if self.stateful and interval:
            raise InputError(f"--interval {interval}: a stateful run gives no intervals; train windows for them.")
        inputs = self.columns.read_by_model(series, self.scaler)
        found = []
        for number, values in enumerate(inputs):
            if self.stateful:
                found.append((self._continue(values, steps), None, None))
            else:
                self._check_history(values, series.names[number], steps)
                ahead = self._known_ahead(steps, number, known, times)
                found.append(self._forecast_window(values[-self.look_back :], ahead, steps, level))
        points, lowers, uppers = zip(*found, strict=True)
        bounded = level > 0 and lowers[0] is not None
        return Forecast(
            self.columns.targets,
            series.names,
            times and tuple(part[:steps] for part in times),
            tuple(map(self.unscaled, points)),
            tuple(map(self.unscaled, lowers)) if bounded else None,
            tuple(map(self.unscaled, uppers)) if bounded else None,
            level if bounded else 0.0,
        )

    def _blocks(self, steps):
        return -(-steps // self.horizon)

    def _check_history(self, values, name, steps):
        if len(values) < self.look_back:
            of = f" of series {name!r}" if name else ""
            raise InputError(f"the history{of} has {len(values)} steps, the model reads {self.look_back}: give more.")
        others = [name for name in self.columns.names if name not in (*self.columns.targets, *self.columns.known)]
        if steps > self.horizon and others:
            raise InputError(
                f"{steps} steps are beyond the horizon of {self.horizon}, and {others[0]!r} is read but not forecast: "
                f"ask for at most {self.horizon} steps, or train with a longer horizon."
            )

    def _known_ahead(self, steps, number, known, times):
        """Scaled float32 `(whole blocks of steps, known features)`, NaN beyond what is needed; or None."""
        if not self.columns.known_columns:
            return None
        total = self._blocks(steps) * self.horizon
        parts = []
        if self.columns.known:
            if known is None or len(known.values) <= number or len(known.values[number]) < steps:
                names = ", ".join(self.columns.known)
                raise InputError(f"{names} must be known for the {steps} steps ahead: give them with --known FILE.")
            at = [self.columns.names.index(name) for name in self.columns.known]
            rows = np.full((total, len(self.columns.names)), np.nan)
            rows[:steps, at] = known.select(self.columns.known).values[number][:steps]
            parts.append(self.scaler.transform(rows)[:, at])
        if self.columns.calendar:
            parts.append(self.columns.calendar_of(times[number]))
        return np.concatenate(parts, axis=1)

    def _forecast_window(self, window, ahead, steps, level):
        """Scaled forecast `(steps, targets)` with its lower and upper end, or None for them."""
        outputs = np.concatenate(list(self._roll(window[None], ahead, steps)), axis=1)[0]
        point = self.point(outputs)[:steps]
        if not level:
            return point, None, None
        margin = self.calibration.margin(level)
        lower, upper = outputs[: self.horizon, :, 0] - margin, outputs[: self.horizon, :, -1] + margin
        if steps > self.horizon and len(self.calibration.residuals):
            draws = np.random.default_rng(self.config.seed)
            paths = np.repeat(window[None], PATHS, axis=0)
            outputs_beyond = self.point(outputs)[self.horizon :]
            futures = np.concatenate([self.point(block) for block in self._roll(paths, ahead, steps, draws)], axis=1)
            ends = np.quantile(futures[:, self.horizon :], ((1 - level) / 2, 0.5, (1 + level) / 2), axis=0)
            # How far they spread about their own middle: errors that were seen before may all have been of one sign.
            low, high = (outputs_beyond + end - ends[1] for end in (ends[0], ends[2]))
            lower, upper = np.concatenate((lower, low)), np.concatenate((upper, high))
        elif steps > self.horizon:
            unknown = np.full((len(outputs) - self.horizon, lower.shape[1]), np.nan)
            lower, upper = np.concatenate((lower, unknown)), np.concatenate((upper, unknown))
        return point, np.minimum(lower[:steps], point), np.maximum(upper[:steps], point)

    def _roll(self, windows, ahead, steps, draws=None):
        """Block after block of the horizon, each read by the next; with `draws` off by errors that were seen before."""
        for block in range(self._blocks(steps)):
            known = None
            if ahead is not None:
                known = ahead[block * self.horizon : (block + 1) * self.horizon]
                known = np.repeat(known[None], len(windows), axis=0)
            outputs = self._predict(windows if known is None else (windows, known))
            point = self.point(outputs)
            if draws is not None:
                residuals = self.calibration.residuals
                outputs = point = point + residuals[draws.integers(len(residuals), size=len(point))]
                if self.config.model.interval:
                    outputs = np.repeat(point[..., None], 3, axis=-1)
            yield outputs
            following = np.full((*point.shape[:2], windows.shape[2]), np.nan, np.float32)
            following[..., self.columns.target_columns] = point
            if known is not None:
                following[..., self.columns.known_columns] = known
            windows = np.concatenate((windows, following), axis=1)[:, -self.look_back :]

    def _continue(self, values, steps, states=None):
        """Scaled `(steps, features)` after `values`, of a stateful model."""
        if not len(values):
            raise InputError("there is no step to forecast from: give at least one.")
        head = (len(values) - 1) // STEPS_AT_ONCE * STEPS_AT_ONCE
        if head:
            _, states = self.warm_up(values[:head], states)
        return self.model.forecast(values[None, head:], steps, states)[0].numpy()

    # --- many origins

    def rolling(self, inputs: Sequence[np.ndarray], origins: Sequence[np.ndarray]) -> np.ndarray:
        """Scaled forecasts from origins in series that are known: from the steps before each origin alone.

        Args:
            inputs: of each series, what `Columns.read_by_model` gives.
            origins: of each series, int array of the first steps to forecast, equally far apart.

        Returns:
            float32 `(all origins, horizon, targets[, quantiles])`, series after series.
        """
        pairs = [(values, at) for values, at in zip(inputs, origins, strict=True) if len(at)]
        if self.stateful:
            return np.concatenate([self._rolling_states(values, at) for values, at in pairs])
        outputs = []
        for values, at in pairs:
            stride = int(at[1] - at[0]) if len(at) > 1 else 1
            part = values[at[0] - self.look_back : at[-1] + self.horizon]
            known = [part[:, self.columns.known_columns]] if self.columns.known_columns else None
            batches = WindowBatches(
                [part],
                [part[:, self.columns.target_columns]],
                look_back=self.look_back,
                horizon=self.horizon,
                stride=stride,
                known=known,
                batch_size=256,
            )
            outputs.append(self.predict(batches))
        return np.concatenate(outputs)

    def _rolling_states(self, values, origins):
        if self.horizon == 1:
            following, _ = self.warm_up(values[: origins[-1]])
            return following[np.asarray(origins) - 1][:, None]
        found, states, read = [], None, 0
        for origin in origins:
            found.append(self._continue(values[read:origin], self.horizon, states))
            _, states = self.warm_up(values[read:origin], states)
            read = origin
        return np.stack(found)


def naive_forecasts(forecaster: Forecaster, history: np.ndarray, steps: int) -> dict[str, np.ndarray]:
    """What repeating the last value, and the last season, of `history` `(steps, features)` gives for the next steps."""
    found = naive.baselines(forecaster.config.model.season, len(history))
    return {name: found[name](history, steps) for name in ("last value", "seasonal naive") if name in found}
