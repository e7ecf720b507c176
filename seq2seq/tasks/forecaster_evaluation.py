"""What a forecaster reaches beside the baselines: all figures, and what nobody should miss about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import mean, stdev

import numpy as np

from seq2seq.config import ForecasterConfig
from seq2seq.evaluation.by_part import scaled_scores
from seq2seq.evaluation.forecasting import ForecastEvaluation, forecast_scores, said_skill, skill
from seq2seq.series.series import listed, some_of
from seq2seq.tasks import forecast_warnings
from seq2seq.tasks.made_forecasts import MadeForecasts

ALL_SHOWN = 12  # steps ahead: of a longer horizon a table has some


@dataclass(frozen=True)
class ForecasterEvaluation:
    """What a run reaches, beside the baselines.

    Attributes:
        overall: `ForecastEvaluation` over all steps of the horizon and all columns.
        ahead: dict of name ("model" or a baseline's) to its scores at each step ahead, each a list of `horizon` values.
        columns: dict of column to the dict of name to its RMSE.
        groups: likewise of each of several series: the RMSE, or of several columns the root of the mean scaled square.
        part: str. Which steps were forecast.
        origins: list of str. The step, or time, at which the first and the last forecast begin.
        made: `MadeForecasts`, the forecasts themselves.
        unit: str. What the scores called `…_scaled` are in, in words.
        config: `ForecasterConfig` of the run.
        far: list of str. What is told of values far from the training that the model read or was to forecast.
        where: str. What was measured, in words.
        learned: tuple of str. What is told of forecasts of rows that the training had.
        scale: float array that broadcasts to the values that came: what `…_scaled` scores are in.
        tuned: bool. Whether the run, or one of several, has started from another.
        new: tuple of str. Names of the series that are measured in units of their own, which the training did not have.
        alone: dict of the path of each of several runs to its own error, by the score that decides.
    """

    overall: ForecastEvaluation
    ahead: dict[str, dict[str, list]]
    columns: dict[str, dict[str, float]]
    part: str
    origins: list[str]
    groups: dict[str, dict[str, float]]
    made: MadeForecasts
    unit: str
    config: ForecasterConfig
    far: list[str]
    where: str
    scale: np.ndarray
    learned: tuple[str, ...] = ()
    tuned: bool = False
    new: tuple[str, ...] = ()
    alone: Mapping[str, float] = field(default_factory=dict)

    def error_of(self, forecast: np.ndarray) -> float:
        """The error of another forecast of what came, by the score that decides."""
        actual, forecast, scale = map(self.made.pooled, (self.made.actual, forecast, self.scale))
        scores = forecast_scores(actual, forecast) | scaled_scores(actual, forecast, scale)
        return scores[self.overall.metric]

    @property
    def spread(self) -> str:
        """What several runs reach, each alone, in words."""
        errors = list(self.alone.values())
        each = ", ".join(f"{error:.4g}" for error in errors)
        return f"{self.overall.metric} of each run alone {mean(errors):.4g} ± {stdev(errors):.2g}: {each}"

    def as_dict(self) -> dict:
        """JSON-ready."""
        return {
            **self.overall.as_dict(),
            "part": self.part,
            "origins": self.origins,
            "scaled_in": self.unit,
            "per_horizon": self.ahead,
            "per_column": self.columns,
            "per_group": self.groups,
            "alone": dict(self.alone),
            "not_pooled": self.made.not_pooled,
            "warnings": self.warnings,
            "notes": self.notes,
        }

    @classmethod
    def worst(cls, errors: dict[str, dict[str, float]], count: int = 10) -> list[tuple]:
        """Of `columns` or `groups` those in which the model is worst beside the best baseline: the name, both errors,
        which baseline that is, and the skill as it is shown."""
        rows = sorted(cls._compared_in(errors), key=lambda row: row[-1])
        return [(*row, said_skill(gained)) for *row, gained in rows[:count]]

    @staticmethod
    def _compared_in(errors):
        """The same of all of them, with the skill as it is."""
        rows = []
        for name, of_name in errors.items():
            ours, others = of_name["model"], {other: error for other, error in of_name.items() if other != "model"}
            if others:
                best = min(others, key=others.get)
                rows.append((name, ours, others[best], best, skill(ours, others[best])))
        return rows

    @property
    def _rse(self) -> tuple[str, ...]:
        """Whose RSE by steps ahead is shown: that of several columns or series of their own size mixes units."""
        return ("model", "last value") if self.overall.metric == "rmse" and "last value" in self.ahead else ()

    @property
    def title_ahead(self) -> str:
        """Title of `rows_ahead`."""
        some = f", some of {self.overall.horizon}" if self.overall.horizon > ALL_SHOWN else ""
        return f"{self.overall.metric} by steps ahead{some}"

    @property
    def columns_ahead(self) -> tuple[str, ...]:
        """Headings of `rows_ahead`."""
        return ("steps ahead", "model", "best baseline", "", "skill", *(f"{name}'s RSE" for name in self._rse))

    def rows_ahead(self) -> list[tuple]:
        """Steps ahead, of a long horizon some: errors of the model and of the best baseline, the skill, and RSEs."""
        horizon = self.overall.horizon
        some = (1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 720)
        steps = [step for step in range(1, horizon + 1) if horizon <= ALL_SHOWN or step in (*some, horizon)]
        return [
            (step, *found, said_skill(gained), *(self.ahead[name]["rse"][step - 1] for name in self._rse))
            for step, (*found, gained) in self._compared(steps).items()
        ]

    def _compared(self, steps) -> dict[int, tuple[float, float, str, float]]:
        """Where there are any, the errors of the model and of the best baseline, its name, and the skill."""
        found = {}
        for step in steps:
            errors = {name: scores[self.overall.metric][step - 1] for name, scores in self.ahead.items()}
            ours = errors.pop("model")
            if ours is not None and errors:
                best = min(errors, key=errors.get)
                found[step] = (ours, errors[best], best, skill(ours, errors[best]))
        return found

    @property
    def naive_warnings(self) -> list[str]:
        """A line for each baseline that beats the model at some steps ahead, or else for one that does on the whole."""
        compared = self._compared(range(1, self.overall.horizon + 1))
        lost = forecast_warnings.losses(compared, self.overall.metric, self.made, self.config, self.tuned)
        if lost or not self.overall.warning or forecast_warnings.only_rounding(self.made):
            return lost
        return [forecast_warnings.on_the_whole(self.overall, self.config, self.tuned)]

    @property
    def lost_parts(self) -> list[str]:
        """A line where a baseline is clearly better in some of several columns, or series."""
        parts = (("columns", self.columns), ("series", self.groups))
        return [
            line
            for what, errors in parts
            for line in forecast_warnings.lost_in(self._compared_in(errors), what, self.made)
        ]

    @property
    def interval_warnings(self) -> list[str]:
        """A line where intervals hold much less than they were asked to."""
        if forecast_warnings.only_rounding(self.made):
            return []
        return forecast_warnings.too_little_held(
            self.overall.intervals, self.overall.windows, self.where, bool(self.far)
        )

    @property
    def left_out(self) -> list[str]:
        """A line where columns were constant in training and do not count in figures of all of them together."""
        told = (
            f"figures of all columns together leave out {listed(self.made.not_pooled)}: constant in the training part"
        )
        return [told] * bool(self.made.not_pooled)

    @property
    def notes(self) -> list[str]:
        """What explains the figures, without being amiss."""
        if forecast_warnings.only_rounding(self.made):
            return self.left_out
        values = int((~np.isnan(self.made.pooled(self.made.actual))).sum())
        wide = forecast_warnings.too_much_held(self.overall.intervals, self.overall.windows, values, self.where)
        return [*self.left_out, *wide]

    @property
    def unknown_units(self) -> list[str]:
        """A line where series are measured in units that know what comes after an origin."""
        if not self.new:
            return []
        return [
            f"{some_of(self.new)} not there in training: forecast and measured in units of all of its own values, "
            "those after an origin too, which flatters its errors a little"
        ]

    @property
    def warnings(self) -> list[str]:
        """All that should not be missed."""
        amiss = [*self.learned, *self.unknown_units, *self.far]
        return [*amiss, *self.naive_warnings, *self.lost_parts, *self.interval_warnings]
