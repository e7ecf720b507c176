"""How good a forecaster is: from many origins, beside the baselines."""

import warnings
from dataclasses import dataclass, replace

import numpy as np

from seq2seq.errors import InputError
from seq2seq.evaluation import baselines as naive
from seq2seq.evaluation.by_part import by_column, by_group, intervals_by_column, scaled_scores
from seq2seq.evaluation.forecasting import ForecastEvaluation, evaluate_forecast, per_horizon, said_skill, skill
from seq2seq.evaluation.origins import first_seen, origins_of, targets_at
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.series_data import for_other, read_data, warn_left_out
from seq2seq.report import Report
from seq2seq.series.far import far_in_any
from seq2seq.series.segments import segments, stretches
from seq2seq.series.series import Series, split_in_time
from seq2seq.tasks import forecast_warnings
from seq2seq.tasks.made_forecasts import MadeForecasts
from seq2seq.tasks.series_split import part_to_measure, split


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
        stateful: bool. Whether the run is.
        far: list of str. What is told of values far from the training that the model read or was to forecast.
    """

    overall: ForecastEvaluation
    ahead: dict[str, dict[str, list]]
    columns: dict[str, dict[str, float]]
    part: str
    origins: list[str]
    groups: dict[str, dict[str, float]]
    made: MadeForecasts
    unit: str
    stateful: bool
    far: list[str]

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
            "warnings": self.warnings,
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
    def columns_ahead(self) -> tuple[str, ...]:
        """Headings of `rows_ahead`."""
        return ("steps ahead", "model", "best baseline", "", "skill", *(f"{name}'s RSE" for name in self._rse))

    def rows_ahead(self) -> list[tuple]:
        """Some steps ahead: errors of the model and of the best baseline there, the skill, and RSEs."""
        horizon = self.overall.horizon
        steps = sorted({step for step in (1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 720) if step < horizon} | {horizon})
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
        lost = forecast_warnings.losses(compared, self.overall.metric, self.made, self.stateful)
        if lost or not self.overall.warning or forecast_warnings.only_rounding(self.made):
            return lost
        return [forecast_warnings.on_the_whole(self.overall, self.stateful)]

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
            self.overall.intervals, self.overall.windows, self.part, bool(self.far)
        )

    @property
    def warnings(self) -> list[str]:
        """All that should not be missed."""
        return [*self.far, *self.naive_warnings, *self.lost_parts, *self.interval_warnings]


def evaluate(
    forecaster: Forecaster,
    data: str | None = None,
    *,
    part: str | None = None,
    backtest: int | None = None,
    stride: int | None = None,
    limit: int | None = None,
    report: Report | None = None,
) -> ForecasterEvaluation:
    """Forecast from one origin after the other, each time from the steps before it, and compare with what came.

    Neither model nor units are fitted again.

    Args:
        forecaster: `Forecaster`.
        data: file, read as in training, all of it; default: that of the training.
        part: `"test"`, the last share of the data, as the training set it apart; or `"all"`. Default: the test part
            of the data of the training, all of others.
        backtest: int. Only the last so many origins, by default a horizon apart.
        stride: int. Steps between origins; 1 by default.
        limit: int. Read only the first steps; default: all of `data`, of the data of the training as that did.
        report: `Report`.

    Raises:
        InputError: no step to forecast.
    """
    report = report or Report()
    config, horizon = forecaster.config, forecaster.horizon
    part = part or part_to_measure(forecaster.run, config.data, data)
    settings = config.data if data is None else for_other(config.data, data)
    settings = settings if limit is None else replace(settings, limit=limit)
    left_out: list[tuple[int | str, str]] = []
    series = read_data(settings, report, data, windowed=not forecaster.stateful, rejected=left_out)
    series = forecaster.usable(forecaster.scaler.match(series), 0, left_out)
    series, firsts = _first_steps(forecaster, series, part)
    stride = stride or (horizon if backtest else 1)
    origins = _origins(forecaster, series, firsts, stride, backtest)
    left_out += _without_origins(series, origins, horizon)
    warn_left_out(left_out, report)
    if not sum(map(len, origins)):
        raise InputError(
            f"Nothing to forecast in the {part} part of {data or config.data.location}: a forecast of {horizon} steps "
            f"does not fit; give more data{', or --part all' * (part == 'test')}."
        )
    return measured(forecaster, series, origins, part, report)


def measured(
    forecaster: Forecaster, series: Series, origins: list[np.ndarray], part: str, report: Report | None = None
) -> "ForecasterEvaluation":
    """Forecast from given origins and compare with what came.

    Args:
        forecaster: `Forecaster`.
        series: with its columns.
        origins: of each series, the first steps to forecast.
        part: what `ForecasterEvaluation.part` shall be.
        report: `Report`.
    """
    inputs = forecaster.columns.read_by_model(series, forecaster.scaler)
    with (report or Report()).progress("Forecasting", sum(map(len, origins)), "origins") as progress:
        outputs = forecaster.core.rolling(inputs, origins, progress)
    values = [values[:, forecaster.columns.target_columns] for values in series.values]
    return _scored(forecaster, series, values, origins, outputs, part)


def _origins(forecaster, series, firsts, stride, backtest):
    """Of each series the first steps of its forecasts: none of what nothing is known of, before or after."""
    origins = []
    for values, first in zip(series.values, firsts, strict=True):
        targets = values[:, forecaster.columns.target_columns]
        at = origins_of(len(values), max(first, first_seen(targets)), forecaster.horizon, stride, backtest)
        origins.append(at if len(at) and not np.isnan(targets[at[0] :]).all() else at[:0])
    return _latest(origins, series.names, backtest) if backtest else origins


def _without_origins(series, origins, horizon):
    """The names of the series that are not measured, and why."""
    measured = {name for name, at in zip(series.names, origins, strict=True) if len(at)}
    why = f"no forecast of {horizon} step{'s' * (horizon > 1)} has values before it and in it"
    unmeasured = [name for name in dict.fromkeys(series.names) if name not in measured]
    return [(int(name) if series.whole else name, why) for name in unmeasured]


def _latest(origins, names, count):
    """The last `count` origins of each series, whose stretches between gaps have one name."""
    left, kept = dict.fromkeys(names, count), []
    for at, name in zip(reversed(origins), reversed(names), strict=True):
        kept.append(at[max(len(at) - left[name], 0) :])
        left[name] -= len(kept[-1])
    return kept[::-1]


def _first_steps(forecaster, series, part):
    """The series that are looked at, and the first step of each that may be forecast."""
    config = forecaster.config
    least = forecaster.core.least_history
    cut = list(stretches(series))
    if part == "all":
        return segments(series), [least] * len(cut)
    if not config.data.test_share:
        raise InputError("This run kept no test part (data.test_share=0): --part all evaluates on all steps of --data.")
    if series.whole:
        test = split(series, config.data, config.seed, Report(), forecaster.scaler).test
        return test, [least] * len(test.values)
    begins = series.lengths - split_in_time(series, config.data.valid_share, config.data.test_share)[2].lengths
    return segments(series), [max(int(begins[number]) - first, least) for number, first, _ in cut]


def _scored(forecaster, series, values, origins, outputs, part):
    config, columns, horizon = forecaster.config, forecaster.columns, forecaster.horizon
    actual = targets_at(values, origins, horizon)

    scalers, counts = forecaster.scaler.of_each(series), [len(at) for at in origins]

    def unscaled(scaled):
        """Of each series by its own scaler."""
        parts = zip(np.split(scaled, np.cumsum(counts)[:-1]), scalers, strict=True)
        return np.concatenate([forecaster.unscaled(part, scaler) for part, scaler in parts])

    predicted = unscaled(forecaster.core.point(outputs))
    first = min(int(at[0]) for at in origins if len(at))
    possible = naive.baselines(config.model.season, first)
    beside = {name: naive.rolling_each(function, values, origins, horizon) for name, function in possible.items()}
    interval = None
    level = forecaster.core.level
    if level and level in forecaster.core.calibration.levels:
        interval = (*map(unscaled, forecaster.core.ends(outputs, level)), level)
    scale, unit = _unit(forecaster, scalers, counts, actual)
    overall = evaluate_forecast(actual, predicted, beside, interval=interval)
    named = {"model": predicted, **{name: beside[name] for name in overall.baselines}}
    scaled = {name: scaled_scores(actual, forecast, scale) for name, forecast in named.items()}
    ahead = {name: per_horizon(actual, forecast) for name, forecast in named.items()}
    for name, forecast in named.items():
        steps = per_horizon(actual, forecast, scale)
        ahead[name] |= {"mse_scaled": steps["mse"], "mae_scaled": steps["mae"]}
    overall = replace(
        overall,
        # Errors in different units cannot be added up: of several columns, or series, the scaled ones decide.
        metric="mse_scaled" if len(columns.targets) > 1 or forecaster.scaler.groups else "rmse",
        scores=overall.scores | scaled["model"],
        baselines={name: scores | scaled[name] for name, scores in overall.baselines.items()},
        intervals=interval and overall.intervals | intervals_by_column(columns.targets, *interval[:2], actual, scale),
    )
    lower, upper = interval[:2] if interval else (None, None)
    beside = {name: beside[name] for name in overall.baselines}
    named_so = (config.data.group, config.data.time)
    made = MadeForecasts(
        series, columns.targets, origins, actual, predicted, lower, upper, beside, forecaster.scaler, *named_so
    )
    groups = by_group(series.names, counts, actual, named, scale if len(columns.targets) > 1 else 1.0)
    by_columns = by_column(columns.targets, actual, named)
    ends, stateful = _ends(series, origins), forecaster.stateful
    far = _far(forecaster, series, origins, scalers)
    return ForecasterEvaluation(overall, ahead, by_columns, part, ends, groups, made, unit, stateful, far)


def _far(forecaster, series, origins, scalers):
    """What there is to say of values far from the training, in the steps from the first window to the last target."""
    least, horizon = forecaster.core.least_history, forecaster.horizon
    every = zip(series.values, origins, scalers, series.names, strict=True)
    return far_in_any(
        (values[max(at[0] - least, 0) : at[-1] + horizon], series.columns, *of) for values, at, *of in every if len(at)
    )


def _unit(forecaster, scalers, counts, actual):
    """What errors of all columns are measured in, an array that broadcasts to `actual`, and what that is called."""
    of_all = forecaster.scaler
    if of_all.log or of_all.kind == "none":  # the scaler knows no unit of the values themselves
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a column of which nothing came
            spread = np.nan_to_num(np.nanstd(actual, axis=(0, 1)))
        return np.where(spread > 0, spread, 1.0), "standard deviations of the values that came"
    targets = forecaster.columns.target_columns
    scale = np.repeat([scaler.scale[targets] for scaler in scalers], counts, axis=0)[:, None]
    what = {"standard": "standard deviations", "minmax": "ranges"}[of_all.kind]
    return scale, f"{what} of the training part{' of each series' * bool(of_all.groups)}"


def _ends(series, origins):
    """The first and the last origin, of all series."""
    if series.times is None:
        firsts = [int(step) for at in origins for step in at]
    else:
        firsts = [times[step] for times, at in zip(series.times, origins, strict=True) for step in at]
    if series.times is None:
        return [str(min(firsts)), str(max(firsts))]
    return series.clock.texts(np.array([min(firsts), max(firsts)]))
