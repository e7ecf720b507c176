"""How good a forecaster is: from many origins, beside the baselines."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from seq2seq.errors import InputError
from seq2seq.evaluation import baselines as naive
from seq2seq.evaluation.by_part import by_column, by_group, intervals_by_column, scaled_scores
from seq2seq.evaluation.forecasting import evaluate_forecast, mean_width, measurable, per_horizon
from seq2seq.evaluation.origins import first_seen, origins_of, targets_at
from seq2seq.inference.baseline_forecasts import RIDGE
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.series_data import for_other, learned_rows, read_data, warn_left_out
from seq2seq.report import Report, counted
from seq2seq.run.parent import parent_of
from seq2seq.series.far import far_in_any
from seq2seq.series.in_memory import series_at
from seq2seq.series.segments import segments, stretches
from seq2seq.series.series import Series, split_in_time
from seq2seq.tasks.forecaster_evaluation import ForecasterEvaluation
from seq2seq.tasks.made_forecasts import MadeForecasts
from seq2seq.tasks.series_split import part_to_measure, split

LATER = "--backtest takes the latest, or give later rows alone with --data"


def evaluate(
    forecaster: Forecaster,
    data: Any = None,
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
        data: file, read as in training, all of it; or a data frame, an array or a list of arrays, see `series_at`;
            default: that of the training.
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
    data = None if data is None else series_at(data)
    config, horizon = forecaster.config, forecaster.horizon
    told, part = part, part or part_to_measure(forecaster.run, config.data, data)
    where = _called(part, data or config.data.location)
    if data is not None and told != part == "test":
        report.say(f"{data} is what the run was trained on: measured is {where}; --part all measures all of it")
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
            f"Nothing to forecast in {where}: a forecast of {counted(horizon, 'step')} "
            f"does not fit; give more data{', or --part all' * (part == 'test')}."
        )
    result = measured(forecaster, series, origins, part, report)
    return replace(result, where=where, learned=_learned(forecaster, series, origins))


def measured(
    forecaster: Forecaster, series: Series, origins: list[np.ndarray], part: str, report: Report | None = None
) -> ForecasterEvaluation:
    """Forecast from given origins and compare with what came.

    Args:
        forecaster: `Forecaster`.
        series: with its columns.
        origins: of each series, the first steps to forecast.
        part: what `ForecasterEvaluation.part` shall be.
        report: `Report`.
    """
    level, runs = forecaster.core.level, len(forecaster.members)
    with (report or Report()).progress("Forecasting", runs * sum(map(len, origins)), "origins") as progress:
        made = _of_each(forecaster, series, origins, level, progress)
    # The forecasts, and where all have them the ends of the intervals.
    predicted, *ends = (np.mean(parts, axis=0) for parts in zip(*made, strict=False))
    beside = _baselines(forecaster, series, origins)
    result = _scored(forecaster, series, beside, origins, predicted, (*ends, level) if ends else None, part)
    if runs == 1:
        return result
    paths = [str(member.run.path) for member in forecaster.members]
    return replace(result, alone={path: result.error_of(each[0]) for path, each in zip(paths, made, strict=True)})


def _of_each(forecaster, series, origins, level=0.0, progress=None):
    """Of each run, what `_made` gives, of the targets of the first."""
    targets = forecaster.columns.targets
    return [_made(member, series, origins, level, targets, progress) for member in forecaster.members]


def _baselines(forecaster, series, origins):
    """What the baselines forecast, by name."""
    values = [values[:, forecaster.columns.target_columns] for values in series.values]
    first = min(int(at[0]) for at in origins if len(at))
    least = min(np.nanmin(part, initial=np.inf) for part in values)
    possible = naive.baselines(forecaster.config.model.season, first, grows=bool(least >= 0))
    beside = {
        name: naive.rolling_each(function, values, origins, forecaster.horizon) for name, function in possible.items()
    }
    if ridge := forecaster.ridge:
        beside[RIDGE] = np.mean([each[0] for each in _of_each(ridge, series, origins)], axis=0)
    return beside


def _made(forecaster, series, origins, level, columns, progress):
    """What one run forecasts of `columns`, and if it can the ends of its interval of that level, in the user's units.

    Returns:
        A list of one or three float64 arrays `(all origins, horizon, columns)`, series after series.
    """
    series, core = forecaster.scaler.match(series), forecaster.core
    outputs = core.rolling(forecaster.columns.read_by_model(series, forecaster.scaler), origins, progress)
    calibrated = level and level in core.calibration.levels
    scaled = [core.point(outputs), *(core.ends(outputs, level) if calibrated else ())]
    at, ends = [forecaster.columns.targets.index(name) for name in columns], np.cumsum(list(map(len, origins)))[:-1]
    scalers, made = forecaster.scaler.of_each(series), []
    for values in scaled:
        of_each = zip(np.split(values, ends), scalers, strict=True)  # each series by its own scaler
        made.append(np.concatenate([forecaster.unscaled(part, scaler) for part, scaler in of_each])[..., at])
    return made


def _learned(forecaster, series, origins):
    """What is told of forecasts of rows that a training had; of several runs with the name of that one."""
    found = []
    for member in forecaster.members:
        matched = member.scaler.match(series)
        if note := learned_rows(member.run).note(matched, origins, "forecasts", LATER):
            found.append(f"{member.run.path}: {note}" if len(forecaster.members) > 1 else note)
    return tuple(found)


def _new(forecaster, series, origins):
    """Names of the series that are measured in units of their own, which one of the trainings did not have."""
    measured = [name for name, at in zip(series.names, origins, strict=True) if len(at)]
    return tuple(dict.fromkeys(name for member in forecaster.members for name in member.scaler.new(measured)))


def _called(part, location):
    """What is measured, in words."""
    return f"all of {location}" if part == "all" else f"the {part} part of {location}"


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
    why = f"no forecast of {counted(horizon, 'step')} has values before it and in it"
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
    least = forecaster.least_history
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


def _scored(forecaster, series, beside, origins, predicted, interval, part):
    config, columns, horizon = forecaster.config, forecaster.columns, forecaster.horizon
    actual = targets_at([values[:, columns.target_columns] for values in series.values], origins, horizon)
    scalers, counts = forecaster.scaler.of_each(series), [len(at) for at in origins]
    new = _new(forecaster, series, origins)
    scale, unit = _unit(forecaster, scalers, counts, actual, bool(new))
    lower, upper = interval[:2] if interval else (None, None)
    beside = measurable(actual, beside)
    named_so = (config.data.group, config.data.time)
    made = MadeForecasts(
        series, columns.targets, origins, actual, predicted, lower, upper, beside, forecaster.scaler, *named_so
    )
    named = {"model": predicted, **beside}
    overall, ahead = _together(made, named, scale, interval)
    # Errors in different units cannot be added up: of several columns, or series, the scaled ones decide.
    overall = replace(overall, metric="mse_scaled" if len(columns.targets) > 1 or forecaster.scaler.groups else "rmse")
    groups = by_group(
        series.names,
        counts,
        made.pooled(actual),
        {name: made.pooled(forecast) for name, forecast in named.items()},
        made.pooled(scale) if len(columns.targets) > 1 else 1.0,
    )
    by_columns = by_column(columns.targets, actual, named)
    ends, far = _ends(series, origins), _far(forecaster, series, origins, scalers)
    where = _called(part, config.data.location)
    of_parts = {"groups": groups, "columns": by_columns}
    tuned = any(parent_of(member.run.path) for member in forecaster.members if member.run)
    how = {"part": part, "where": where, "origins": ends, "unit": unit, "scale": scale, "tuned": tuned, "new": new}
    return ForecasterEvaluation(overall, ahead, made=made, config=config, far=far, **of_parts, **how)


def _together(made, named, scale, interval):
    """Scores of all columns that count, and those of each step ahead, both in their own units and in `scale`."""
    actual, scale = made.pooled(made.actual), made.pooled(scale)
    named = {name: made.pooled(forecast) for name, forecast in named.items()}
    pooled = interval and (*map(made.pooled, interval[:2]), interval[2])
    beside = {name: forecast for name, forecast in named.items() if name != "model"}
    overall = evaluate_forecast(actual, named["model"], beside, interval=pooled)
    scaled = {name: scaled_scores(actual, forecast, scale) for name, forecast in named.items()}
    ahead = {name: per_horizon(actual, forecast) for name, forecast in named.items()}
    for name, forecast in named.items():
        steps = per_horizon(actual, forecast, scale)
        ahead[name] |= {"mse_scaled": steps["mse"], "mae_scaled": steps["mae"]}
    intervals = overall.intervals
    if interval:
        intervals = intervals | {
            "width": intervals["width"] if len(made.columns) == 1 else None,
            "width_scaled": mean_width(pooled[0] / scale, pooled[1] / scale),
            "columns": intervals_by_column(made.columns, *interval[:2], made.actual),
        }
    scores = {
        "scores": overall.scores | scaled["model"],
        "baselines": {name: each | scaled[name] for name, each in overall.baselines.items()},
    }
    return replace(overall, intervals=intervals, **scores), ahead


def _far(forecaster, series, origins, scalers):
    """What there is to say of values far from the training, in the steps from the first window to the last target."""
    least, horizon = forecaster.least_history, forecaster.horizon
    every = zip(series.values, origins, scalers, series.names, strict=True)
    return far_in_any(
        (values[max(at[0] - least, 0) : at[-1] + horizon], series.columns, *of) for values, at, *of in every if len(at)
    )


def _unit(forecaster, scalers, counts, actual, some_new):
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
    of = (" of each series" + ", of a new one of all that is there" * some_new) * bool(of_all.groups)
    return scale, f"{what} of the training part{of}"


def _ends(series, origins):
    """The first and the last origin, of all series."""
    if series.times is None:
        firsts = [int(step) for at in origins for step in at]
    else:
        firsts = [times[step] for times, at in zip(series.times, origins, strict=True) for step in at]
    if series.times is None:
        return [str(min(firsts)), str(max(firsts))]
    return series.clock.texts(np.array([min(firsts), max(firsts)]))
