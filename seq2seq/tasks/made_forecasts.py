"""The forecasts of an evaluation one by one: as lines of a table, and as one line over the time they cover."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from seq2seq.series.calendar import time_texts
from seq2seq.series.series import Series
from seq2seq.series.writing import cell


@dataclass(frozen=True)
class MadeForecasts:
    """Forecasts from one origin after the other, with what came, in the user's units.

    Attributes:
        series: `Series` that they are of.
        columns: tuple of str. What is forecast.
        origins: of each series, int array of the first step of each forecast.
        actual: float64 `(all origins, horizon, columns)`, series after series, NaN = not observed.
        predicted: the same of the model.
        lower, upper: the ends of its interval, or None.
        baselines: dict of name to the same.
        group, time: str. The columns of groups and times in the data, where there are any.
    """

    series: Series
    columns: tuple[str, ...]
    origins: list[np.ndarray]
    actual: np.ndarray
    predicted: np.ndarray
    lower: np.ndarray | None
    upper: np.ndarray | None
    baselines: dict[str, np.ndarray]
    group: str | None = None
    time: str | None = None

    def _named(self):
        ends = {} if self.lower is None else {"low": self.lower, "high": self.upper}
        return {"actual": self.actual, "forecast": self.predicted, **ends, **self.baselines}

    def lines(self) -> Iterator[list[Any]]:
        """A line for each forecast value: series, origin (the first step of the forecast), time, steps ahead, values.

        There is a column of series, and one of columns, only where there are several.

        Returns:
            An iterator of lines, each a list of cells; the first one has the headings.
        """
        series, several, named = self.series, len(self.columns) > 1, self._named()
        many = len(series.values) > 1 or bool(self.group)
        at = (self.time or "time") if series.times else "step"
        yield [*[self.group or "series"] * many, "origin", at, "ahead", *["column"] * several, *named]
        horizon, number = self.actual.shape[1], 0
        for name, times, origins in zip(series.names, self._steps(), self.origins, strict=True):
            for origin in origins:
                for ahead in range(horizon):
                    for k, column in enumerate(self.columns):
                        values = (cell(float(values[number, ahead, k])) for values in named.values())
                        place = [*[name] * many, times[origin], times[origin + ahead], ahead + 1]
                        yield [*place, *[column] * several, *values]
                number += 1

    def _steps(self):
        """The times of the steps of each series as texts, or their numbers."""
        if self.series.times is None:
            return [range(len(values)) for values in self.series.values]
        return [time_texts(times) for times in self.series.times]

    def over_time(self, column: str, name: str | None = None) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """One series of forecasts after the other, each from where the one before ends.

        Args:
            column: one of `columns`.
            name: of the series; None for the first that was forecast.

        Returns:
            The times of the steps, or their numbers; and from "actual", "forecast", "low", "high" or the name of a
            baseline to its float64 values, NaN at steps between the forecasts.
        """
        counts = [len(origins) for origins in self.origins]
        which = next(k for k, count in enumerate(counts) if count) if name is None else self.series.names.index(name)
        begun, end = [], -1
        for row, origin in enumerate(self.origins[which], sum(counts[:which])):
            if origin >= end:
                begun.append((row, origin))
                end = origin + self.actual.shape[1]
        steps = np.arange(begun[0][1], end)
        shown = {name: np.full(len(steps), np.nan) for name in self._named()}
        for row, origin in begun:
            at = origin - steps[0]
            for label, values in self._named().items():
                shown[label][at : at + values.shape[1]] = values[row, :, self.columns.index(column)]
        return steps if self.series.times is None else self.series.times[which][steps], shown
