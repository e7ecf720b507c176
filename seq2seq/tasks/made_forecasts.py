"""The forecasts of an evaluation one by one: as lines of a table, and as one line over the time they cover."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from seq2seq.series.figures import cell
from seq2seq.series.scaling import Scaler
from seq2seq.series.series import Series
from seq2seq.series.sizes import by_name
from seq2seq.series.writing import decimals_of_each, each_once

ROUNDING = 1e-6  # of what a series changes by: what single precision cannot tell from no error at all
_LAST_BITS = 4  # units in the last place of a float64, by which a forecast may be off that is written as exact


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
        scaler: `Scaler` of the series, which knows how many figures of them tell something.
        group: str. The column of groups in the data, where there is one.
        time: tuple of str. Those of times.
    """

    series: Series
    columns: tuple[str, ...]
    origins: list[np.ndarray]
    actual: np.ndarray
    predicted: np.ndarray
    lower: np.ndarray | None
    upper: np.ndarray | None
    baselines: dict[str, np.ndarray]
    scaler: Scaler
    group: str | None = None
    time: tuple[str, ...] | None = None

    @cached_property
    def rounding(self) -> np.ndarray:
        """Of each value of `actual` the error that is none, to the digits that a model computes with.

        It goes by what the column of that series changes by, wherever it lies and whatever other series do; where it
        never changes, by its size.
        """
        at, names = [self.series.columns.index(name) for name in self.columns], self.series.names
        of_series = by_name([values[:, at] for values in self.series.values], names)
        spreads = {name: [_spread(column) for column in np.concatenate(of_series[name]).T] for name in of_series}
        spread = np.repeat([spreads[name] for name in names], list(map(len, self.origins)), axis=0)[:, None]
        size = np.abs(self.actual)
        return np.where(spread > 0, ROUNDING * spread + _LAST_BITS * np.spacing(size), ROUNDING * size)

    @cached_property
    def _counts(self):
        """Bool of each column, whether it counts in figures of all of them together."""
        varied = np.array([name not in self.scaler.constant for name in self.columns])
        came = ~np.isnan(self.actual).all(axis=(0, 1))
        return varied if (varied & came).any() else np.ones_like(varied)

    @property
    def not_pooled(self) -> list[str]:
        """Names of the columns that do not count in figures of all of them together.

        A column that was constant in training is forecast without an error as long as it stays so: it would make these
        figures look better than those of any column that varies. Where there are no others, none is left out.
        """
        return [name for name, counts in zip(self.columns, self._counts, strict=True) if not counts]

    def pooled(self, values: np.ndarray) -> np.ndarray:
        """Those columns of an array `(…, columns)` that count in figures of all of them together."""
        return values if self._counts.all() else values[..., self._counts]

    @cached_property
    def exact(self) -> np.ndarray:
        """Bool, like `actual`: what the model forecast without an error, or what was not observed."""
        return ~(np.abs(self.predicted - self.actual) > self.rounding)

    def inexact(self, what: str) -> set[str]:
        """Names of the columns (`what` is `"columns"`), or else of the series, that have forecasts with an error."""
        if what == "columns":
            return {name for name, exact in zip(self.columns, self.exact.all(axis=(0, 1)), strict=True) if not exact}
        names = np.repeat(self.series.names, list(map(len, self.origins)))
        return set(names[~self.exact.all(axis=(1, 2))].tolist())

    def count_of(self, what: str, name: str) -> int:
        """Of how many forecasts something came in that column (`what` is `"columns"`), or else in that series."""
        came = ~np.isnan(self.actual)
        if what == "columns":
            return int(came[..., self.columns.index(name)].any(axis=1).sum())
        of_rows = np.repeat(np.array(self.series.names, dtype=object), list(map(len, self.origins)))
        return int(came[of_rows == name].any(axis=(1, 2)).sum())

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
        many = len(set(series.names)) > 1 or bool(self.group)
        at = series.clock.heading(self.time) if series.times else ["step"]
        yield [*[self.group or "series"] * many, "origin", *at, "ahead", *["column"] * several, *named]
        horizon, number = self.actual.shape[1], 0
        decimals = decimals_of_each(self.scaler, series, self.columns)
        for name, steps, origins, places in zip(series.names, self._steps(), self.origins, decimals, strict=True):
            for origin in origins:
                begun = " ".join(steps[origin]) if series.times else origin
                for ahead in range(horizon):
                    for k, column in enumerate(self.columns):
                        values = (cell(float(values[number, ahead, k]), places[k]) for values in named.values())
                        place = [*[name] * many, begun, *steps[origin + ahead], ahead + 1]
                        yield [*place, *[column] * several, *values]
                number += 1

    def _steps(self):
        """The cells of the times of the steps of each series, or of their numbers."""
        if self.series.times is None:
            return [[[step] for step in range(len(values))] for values in self.series.values]
        return each_once(lambda times: self.series.clock.cells(times, self.time), self.series.times)

    @property
    def measured(self) -> list[str]:
        """The names of the series of which there are forecasts."""
        pairs = zip(self.series.names, self.origins, strict=True)
        return list(dict.fromkeys(name for name, origins in pairs if len(origins)))

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
        wanted = self.measured[0] if name is None else name
        chosen = [k for k, count in enumerate(counts) if count and self.series.names[k] == wanted]
        times, shown = zip(
            *(self._stretch(k, sum(counts[:k]), self.columns.index(column)) for k in chosen), strict=True
        )
        gap = {label: np.array([np.nan]) for label in shown[0]}  # no line leads from one stretch to the next
        times = [np.append(part, part[-1]) for part in times[:-1]] + [times[-1]]
        shown = [part for each in shown for part in (each, gap)][:-1]
        return np.concatenate(times), {label: np.concatenate([part[label] for part in shown]) for label in gap}

    def _stretch(self, which, row, k):
        """The same of one stretch between gaps, whose first forecast is in `row`."""
        begun, end = [], -1
        for number, origin in enumerate(self.origins[which], row):
            if origin >= end:
                begun.append((number, origin))
                end = origin + self.actual.shape[1]
        steps = np.arange(begun[0][1], end)
        shown = {label: np.full(len(steps), np.nan) for label in self._named()}
        for number, origin in begun:
            at = origin - steps[0]
            for label, values in self._named().items():
                shown[label][at : at + values.shape[1]] = values[number, :, k]
        return steps if self.series.times is None else self.series.local_times[which][steps], shown


def _spread(column):
    """What most values of a column are apart, or if those are alike the deviation of all; 0 where it never changes."""
    seen = column[~np.isnan(column)]
    if not seen.size:
        return 0.0
    most, all_ = np.subtract(*np.quantile(seen, (0.95, 0.05))), seen.std()
    last_bits = _LAST_BITS * np.spacing(np.abs(seen).max())
    return next((float(spread) for spread in (most, all_) if spread > last_bits), 0.0)
