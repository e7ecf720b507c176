"""Forecasts without the model of a run: what it is measured against, for whoever wants to see them or to use them."""

import numpy as np

from seq2seq.errors import InputError
from seq2seq.evaluation import baselines as naive
from seq2seq.inference.forecast import Forecast
from seq2seq.inference.forecaster import Forecaster
from seq2seq.report import Report
from seq2seq.series.segments import last_segments
from seq2seq.series.table import Series
from seq2seq.series.writing import decimals_of_each

RIDGE = "ridge"
DRAWN = ("last value", "seasonal naive", RIDGE)  # those that are shown beside a forecast


def baselines_for(forecaster: Forecaster, series: Series) -> list[str]:
    """The names of the baselines that can forecast all of `series`, which have the columns of the run."""
    values = [part[:, forecaster.columns.target_columns] for part in last_segments(series).values]
    least = min(np.nanmin(part, initial=np.inf) for part in values)
    names = list(naive.baselines(forecaster.config.model.season, min(map(len, values)), grows=bool(least >= 0)))
    return [*names, RIDGE] if forecaster.ridge else names


def check_baseline(baseline: str, forecaster: Forecaster) -> None:
    """Raise InputError where a forecaster has no baseline of that name, whatever the series."""
    names = list(naive.baselines(forecaster.config.model.season))
    _check(baseline, [*names, RIDGE] if forecaster.ridge else names, "of this run")


def _check(baseline, possible, of):
    if baseline not in possible:
        named = ", ".join(map(repr, possible))
        raise InputError(f"the baseline {baseline!r} is not there, {of}: choose one of {named}.")


def drawn_baselines(
    forecaster: Forecaster, series: Series, steps: int, known: Series | None = None
) -> dict[str, Forecast]:
    """Those of `DRAWN` that there are, by name: forecasts of the steps after each series, see `forecast_by`."""
    series = forecaster.scaler.match(series)
    names = [name for name in DRAWN if name in baselines_for(forecaster, series)]
    return {name: forecast_by(name, forecaster, series, steps, known=known) for name in names}


def forecast_by(
    baseline: str,
    forecaster: Forecaster,
    series: Series,
    steps: int | None = None,
    *,
    known: Series | None = None,
    report: Report | None = None,
) -> Forecast:
    """Forecast the steps after the end of each series by a baseline, see `Forecaster.forecast`; without intervals.

    Args:
        baseline: str, one of `baselines_for`.
        forecaster: `Forecaster`, whose columns, season and linear forecast are used.
        series: as for `Forecaster.forecast`.
        steps: likewise.
        known: likewise; it is read by the linear forecast alone.
        report: `Report`.

    Raises:
        InputError: no such baseline, or one that needs more than is known.
    """
    series = forecaster.scaler.match(series)
    possible = baselines_for(forecaster, series)
    _check(baseline, possible, "of these series and this run")
    if baseline == RIDGE:
        return forecaster.ridge.forecast(series, steps, known=known, report=report)
    steps = forecaster.horizon if steps is None else steps
    cut, columns = last_segments(series), forecaster.columns
    histories = [values[:, columns.target_columns] for values in cut.values]
    function = naive.baselines(forecaster.config.model.season)[baseline]
    return Forecast(
        columns.targets,
        cut.names,
        forecaster.times_ahead(cut, steps),
        tuple(function(history, steps) for history in histories),
        decimals_of_each(forecaster.scaler, series, columns.targets),
        clock=cut.clock,
    )
