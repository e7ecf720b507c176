"""What a stateful forecaster does, in scaled numbers: it reads step by step, and goes on from its own forecasts."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Union

import numpy as np

from seq2seq.config import ForecasterConfig
from seq2seq.errors import InputError
from seq2seq.inference.calibration import Calibration
from seq2seq.inference.loaded import graphs_of
from seq2seq.report import Progress

if TYPE_CHECKING:
    from seq2seq.models import StreamForecaster
    from seq2seq.runtime.numbers import ExportedStream

STEPS_AT_ONCE = 4096  # of a long series: bounds memory
HISTORIES_AT_ONCE = 64  # neighbours of one length that are continued together


class Stateful:
    """Forecasts of a stateful model: of all columns, with an interval of the next step alone.

    Args:
        config: `ForecasterConfig`, settled.
        model: `StreamForecaster`, or the `ExportedStream` of a folder.
        calibration: `Calibration` of the next step.

    Attributes:
        least_history: int. Steps that it must have seen before it can forecast.
        level: float. 0: a forecast has no interval unless it is asked for.
    """

    least_history = 1
    level = 0.0

    def __init__(
        self, config: ForecasterConfig, model: Union["StreamForecaster", "ExportedStream"], calibration: Calibration
    ):
        self.horizon, self.calibration = config.windows.horizon, calibration
        self.graphs = graphs_of(model)

    def checked_level(self, interval: float | None) -> float:
        """0, the level of no interval.

        Raises:
            InputError: an interval is asked for.
        """
        if interval:
            raise InputError(
                f"--interval {interval}: a stateful run gives no intervals but those of the next step, with --stream; "
                "train windows for others."
            )
        return self.level

    def margin(self, level: float) -> np.ndarray:
        """How far, `(features,)`, an interval goes to both sides of the forecast of the next step.

        Raises:
            InputError: it was not calibrated for that level.
        """
        if level not in self.calibration.levels:
            possible = ", ".join(f"{each:g}" for each in self.calibration.levels)
            raise InputError(
                f"--interval {level:g}: the errors of this run were "
                + (f"measured for {possible}; choose one of them." if possible else "not measured: train it again.")
            )
        return self.calibration.margin(level)[0]

    def check_history(self, length: int, name: str, steps: int, gap: str = "") -> None:
        """Raise InputError where the series `name` has no step to forecast from."""
        if not length:
            raise InputError("there is no step to forecast from: give at least one.")

    def gaps_of_interval(self, steps: int, level: float) -> list[str]:
        """Nothing: without an interval none has gaps."""
        return []

    def point(self, outputs: np.ndarray) -> np.ndarray:
        """The forecast itself of what the model puts out: all of it."""
        return outputs

    def warm_up(self, values: np.ndarray, states: list | None = None) -> tuple[np.ndarray, list]:
        """Read some steps.

        Args:
            values: float32 `(steps, features)`.
            states: as this function returns them, or `None` to start from zeros.

        Returns:
            The forecasts, float32 `(steps, features)`, each of the step after, and the states after the last.
        """
        outputs = []
        for first in range(0, len(values), STEPS_AT_ONCE):
            output, states = self.graphs.run(values[None, first : first + STEPS_AT_ONCE], states)
            outputs.append(output[0])
        return np.concatenate(outputs), states

    def forecasts(
        self, histories: Sequence[np.ndarray], steps: int, ahead: Sequence[None], level: float = 0.0
    ) -> Iterator[tuple[np.ndarray, None, None]]:
        """Forecast the steps after histories, as `Windowed.forecasts` does; of a stateful model nothing is known ahead.

        Returns:
            An iterator of the forecasts, float32 `(steps, features)`, and no ends of an interval.
        """
        for length, alike in groupby(histories, key=len):
            found, at_once = list(alike), HISTORIES_AT_ONCE if length <= STEPS_AT_ONCE else 1
            for first in range(0, len(found), at_once):
                some = found[first : first + at_once]
                several = at_once > 1
                made = self.graphs.forecast(np.stack(some), steps) if several else [self._continued(some[0], steps)]
                yield from ((each, None, None) for each in made)

    def _continued(self, values, steps, states=None):
        """The `steps` after `values`, which are read from `states` on."""
        head = (len(values) - 1) // STEPS_AT_ONCE * STEPS_AT_ONCE
        if head:
            _, states = self.warm_up(values[:head], states)
        return self.graphs.forecast(values[None, head:], steps, states)[0]

    def rolling(
        self, inputs: Sequence[np.ndarray], origins: Sequence[np.ndarray], progress: Progress | None = None
    ) -> np.ndarray:
        """Forecast from origins in series that are known, as `Windowed.rolling` does.

        Returns:
            float32 `(all origins, horizon, features)`, series after series.
        """
        outputs = []
        for values, at in zip(inputs, origins, strict=True):
            if len(at):
                outputs.append(self._rolled(values, at))
                (progress or Progress()).advance(len(at))
        return np.concatenate(outputs)

    def _rolled(self, values, origins):
        if self.horizon == 1:
            following, _ = self.warm_up(values[: origins[-1]])
            return following[np.asarray(origins) - 1][:, None]
        forecasts, states, read = [], None, 0
        for origin in origins:
            forecasts.append(self._continued(values[read:origin], self.horizon, states))
            _, states = self.warm_up(values[read:origin], states)
            read = origin
        return np.stack(forecasts)
