"""What a forecaster of windows does, in scaled numbers: its horizon, what follows it, and how far off both may be."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Union

import numpy as np

from seq2seq.config import ForecasterConfig
from seq2seq.errors import InputError
from seq2seq.evaluation.linear import LinearForecast
from seq2seq.inference.calibration import Calibration
from seq2seq.inference.columns import Columns
from seq2seq.inference.loaded import graphs_of
from seq2seq.report import Progress, counted

if TYPE_CHECKING:
    from seq2seq.models import WindowForecaster
    from seq2seq.runtime.numbers import ExportedWindows

WINDOWS_AT_ONCE = 256  # that are forecast together
PATHS = 256  # drawn futures, from which the interval beyond the horizon is read


class LinearWindows:
    """A linear forecast in the place of a window model.

    Args:
        linear: `LinearForecast` of the targets.
        columns: `Columns`.
    """

    def __init__(self, linear: LinearForecast, columns: Columns):
        self._linear, self._columns = linear, columns

    def __call__(self, window: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        """float32 `(batch, horizon, targets)` of `(batch, look_back, features)`, and of what is known ahead."""
        columns = self._columns
        past = None if known is None else window[..., columns.known_columns]
        return self._linear.forecast(window[..., columns.target_columns], known, past).astype(np.float32)


class Windowed:
    """Forecasts of a window model.

    Args:
        config: `ForecasterConfig`, settled.
        columns: `Columns`.
        model: `WindowForecaster`, or the `ExportedWindows` of a folder, or `LinearWindows`.
        calibration: `Calibration` of the intervals.

    Attributes:
        least_history: int. Steps that it must have seen before it can forecast.
        level: float. The share of actual values that its interval was trained to hold; 0 without one.
    """

    def __init__(
        self,
        config: ForecasterConfig,
        columns: Columns,
        model: Union["WindowForecaster", "ExportedWindows", LinearWindows],
        calibration: Calibration,
    ):
        self.columns, self.calibration, self.seed = columns, calibration, config.seed
        self.horizon, self.least_history = config.windows.horizon, config.windows.look_back
        self.level = config.model.interval
        self._graph = model if isinstance(model, LinearWindows) else graphs_of(model)

    def checked_level(self, interval: float | None) -> float:
        """The share that an interval is to hold where `interval` is asked for; `None` is that of the training.

        Raises:
            InputError: the intervals were not calibrated for it.
        """
        return self.calibration.checked_level(self.level if interval is None else interval, self.level)

    def check_history(self, length: int, name: str, steps: int, gap: str = "") -> None:
        """Raise InputError where `steps` cannot be forecast from the `length` known ones of the series `name`.

        Args:
            length: int.
            name: str.
            steps: int.
            gap: str. As of `since_gap`, where there are more that cannot be read.
        """
        if length < self.least_history:
            of, needed = f" of series {name!r}" if name else "", self.least_history
            if not gap:
                raise InputError(f"the history{of} has {counted(length, 'step')}, the model reads {needed}: give more.")
            raise InputError(
                f"the history{of} has {counted(length, 'step')} {gap}, and no window of {needed} runs across one: give "
                f"{needed - length} more, or train with --gaps fill (data.gaps), which makes missing values of gaps."
            )
        used = (*self.columns.targets, *self.columns.known)
        others = self.columns.in_table([name for name in self.columns.names if name not in used])
        if steps > self.horizon and others:
            raise InputError(
                f"{counted(steps, 'step is', 'steps are')} beyond the horizon of {self.horizon}, and {others[0]!r} is "
                f"read but not forecast: ask for at most {counted(self.horizon, 'step')}, or train with a longer "
                "horizon."
            )

    def gaps_of_interval(self, steps: int, level: float) -> list[str]:
        """What there is to say where an interval of `steps` will be empty: nobody knows how far off the model is."""
        if not level:
            return []
        if level not in self.calibration.levels:
            return [
                f"the intervals are empty: they were not calibrated for {level:.0%}, because the training was stopped "
                "(its command with --finish measures them, and how far the network counts; --resume trains on) or its "
                "validation part is too small (data.valid_share)"
            ]
        if steps > self.horizon and not len(self.calibration.residuals):
            return [
                f"the intervals end after the {counted(self.horizon, 'step')} of the horizon: in the validation part "
                "no window was observed as a whole, which would tell how far errors grow"
            ]
        return []

    def point(self, outputs: np.ndarray) -> np.ndarray:
        """The forecast itself of what the model puts out: the median where there are quantiles."""
        return outputs[..., outputs.shape[-1] // 2] if self.level else outputs

    def ends(self, outputs: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper end of the interval that holds the share `level`, of outputs `(…, horizon, targets, 3)`."""
        return self.calibration.ends(outputs, level)

    def forecasts(
        self, histories: Sequence[np.ndarray], steps: int, ahead: Sequence[np.ndarray | None], level: float = 0.0
    ) -> Iterator[tuple[np.ndarray, np.ndarray | None, np.ndarray | None]]:
        """Forecast the steps after each of some histories; beyond the horizon, forecasts are fed back.

        Args:
            histories: float32 `(steps, features)` of each series, as `Columns.read_by_model` gives them.
            steps: int. How many to forecast.
            ahead: what is known about them of each series, as `Columns.read_ahead` gives it.
            level: float. The share that the interval is to hold; 0 for none.

        Returns:
            An iterator of each series' forecast and the ends of its interval, each `(steps, targets)`; `None` for the
            ends without one.
        """
        for first in range(0, len(histories), WINDOWS_AT_ONCE):
            some = slice(first, first + WINDOWS_AT_ONCE)
            windows = np.stack([history[-self.least_history :] for history in histories[some]])
            known = np.stack(ahead[some]) if self.columns.known_columns else None
            outputs = np.concatenate(list(self._blocks(windows, known, steps)), axis=1)
            points = self.point(outputs)
            if not level:
                yield from ((point, None, None) for point in points[:, :steps])
                continue
            lower, upper = self.ends(outputs[:, : self.horizon], level)
            if steps > self.horizon:
                rows = range(len(windows))
                beyond = [
                    self._ends_beyond(
                        windows[row], None if known is None else known[row], steps, level, points[row, self.horizon :]
                    )
                    for row in rows
                ]
                low, high = map(np.stack, zip(*beyond, strict=True))
                # Nobody knows more of what is farther away: no end is nearer than at the last step of the horizon.
                last, after = slice(self.horizon - 1, self.horizon), points[:, self.horizon :]
                low = np.minimum(low, after + (lower - points[:, : self.horizon])[:, last])
                high = np.maximum(high, after + (upper - points[:, : self.horizon])[:, last])
                lower, upper = np.concatenate((lower, low), axis=1), np.concatenate((upper, high), axis=1)
            points = points[:, :steps]
            yield from zip(
                points, np.minimum(lower[:, :steps], points), np.maximum(upper[:, :steps], points), strict=True
            )

    def _ends_beyond(self, window, ahead, steps, level, point):
        """The ends of the interval about `point`, the forecast beyond the horizon; NaN where no errors are known."""
        residuals = self.calibration.residuals
        if not len(residuals) or level not in self.calibration.levels:
            unknown = np.full(point.shape, np.nan)
            return unknown, unknown
        draws = np.random.default_rng(self.seed)
        windows = np.repeat(window[None], PATHS, axis=0)
        known = None if ahead is None else np.repeat(ahead[None], PATHS, axis=0)
        futures = np.concatenate([self.point(block) for block in self._blocks(windows, known, steps, draws)], axis=1)
        low, middle, high = np.quantile(futures[:, self.horizon :], ((1 - level) / 2, 0.5, (1 + level) / 2), axis=0)
        # How far they spread about their own middle: errors that were seen before may all have been of one sign.
        return point + low - middle, point + high - middle

    def _blocks(
        self, windows: np.ndarray, ahead: np.ndarray | None, steps: int, draws: np.random.Generator | None = None
    ) -> Iterator[np.ndarray]:
        """Block after block of the horizon, each read by the next; with `draws` off by errors that were seen before."""
        for first in range(0, steps, self.horizon):
            known = None if ahead is None else ahead[:, first : first + self.horizon]
            outputs = self._graph(windows, known)
            point = self.point(outputs)
            if draws is not None:
                residuals = self.calibration.residuals
                outputs = point = point + residuals[draws.integers(len(residuals), size=len(point))]
                if self.level:
                    outputs = np.repeat(point[..., None], 3, axis=-1)
            yield outputs
            following = np.full((*point.shape[:2], windows.shape[2]), np.nan, np.float32)
            following[..., self.columns.target_columns] = point
            if known is not None:
                following[..., self.columns.known_columns] = known
            windows = np.concatenate((windows, following), axis=1)[:, -self.least_history :]

    def rolling(
        self, inputs: Sequence[np.ndarray], origins: Sequence[np.ndarray], progress: Progress | None = None
    ) -> np.ndarray:
        """Forecast from origins in series that are known: from the steps before each origin alone.

        Args:
            inputs: of each series, what `Columns.read_by_model` gives.
            origins: of each series, int array of the first steps to forecast, equally far apart.
            progress: `Progress`, which counts them.

        Returns:
            float32 `(all origins, horizon, targets[, quantiles])`, series after series.
        """
        flat = np.concatenate(inputs)
        begins = np.cumsum([0, *map(len, inputs)])
        firsts = np.concatenate([begin + np.asarray(at, int) for begin, at in zip(begins, origins, strict=False)])
        past, ahead = np.arange(-self.least_history, 0), np.arange(self.horizon)
        outputs = []
        for some in np.array_split(firsts, -(-len(firsts) // WINDOWS_AT_ONCE)):
            known = flat[some[:, None] + ahead][..., self.columns.known_columns] if self.columns.known_columns else None
            outputs.append(self._graph(flat[some[:, None] + past], known))
            (progress or Progress()).advance(len(some))
        return np.concatenate(outputs)
