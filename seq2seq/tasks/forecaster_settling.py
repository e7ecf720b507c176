"""What a forecaster leaves to the data: its season, and the forecast from which its network learns the change."""

from dataclasses import replace
from typing import TYPE_CHECKING, Union

import numpy as np

from seq2seq.config import ForecasterConfig
from seq2seq.errors import InputError
from seq2seq.evaluation.linear import LinearForecast, fit_linear
from seq2seq.inference.columns import Columns
from seq2seq.inference.forecaster import Forecaster
from seq2seq.report import Report, counted
from seq2seq.series.figures import cell, decimals_of
from seq2seq.series.season import Season, choose_season, find_seasons
from seq2seq.series.series import column_positions, listed
from seq2seq.series.table import Series

if TYPE_CHECKING:
    from seq2seq.models import StreamForecaster, WindowForecaster

HOUR = 3_600 * 10**9  # nanoseconds
UNSEEN = 0.05  # of the windows: without a value, that is told
CROWDED = 1e-3  # of a unit: where nine in ten values lie within it, single precision blurs them
CLEARER = 0.7  # of the variance that a season leaves: what another leaves where it is told of
SEGMENTS = 8  # of a window without a season
SEGMENTS_DROPOUT = 0.5
MOST_TARGETS = 32  # that are forecast each by itself: the time that a training takes grows with them
AWAY = 100.0  # times what those are apart: how far others are from them that decide the unit
Rows = list[tuple[str, str]]  # of the card of shapes


def settled(config: ForecasterConfig, train: Series, inherited: bool = False) -> tuple[ForecasterConfig, Rows]:
    """`config` with the season and the residual that it leaves to the data, and what there is to say about them.

    Args:
        config: `ForecasterConfig`.
        train: `Series`, the training part.
        inherited: bool. Whether the model is that of another run, whose season it has.

    Raises:
        InputError: a residual that needs a season, without one or with too short windows.
    """
    model, windowed = config.model, config.model.kind != "stateful"
    look_back = config.windows.look_back if windowed else None
    season, said = model.season, "that of the run that it starts from" if inherited else "as told"
    if season is None:
        found = _seasons(Columns.of(config, train.columns), train)
        (season, _), said = choose_season(found, look_back), _said(found, choose_season(found, look_back), look_back)
    residual = model.residual
    if residual == "auto":
        residual = "linear" if windowed else "last"
    if residual not in ("none", "last") and not windowed:
        raise InputError(
            f"model.residual={residual} needs windows: a stateful model forecasts the change from the last."
        )
    needed = {"season": season, "season_growth": season + 1}.get(residual, 0)  # steps of a window
    if residual.startswith("season") and not (season and needed <= look_back):
        raise InputError(
            f"model.residual={residual} with a season of {season} steps and windows of {look_back}: set model.season, "
            f"and windows.look_back to at least {needed}."
        )
    columns = Columns.of(config, train.columns)
    non_negative = config.data.non_negative
    if non_negative is None:
        non_negative = tuple(name for name in columns.targets if _stays_above(train, name))
    column_positions(non_negative, columns.targets, "the forecast columns")
    rows = [("season", f"{season} steps, {said}" if season else f"none, {said}")]
    segment, kind = model.segment, _kind(model, len(columns.targets))
    dropout = model.dropout if model.dropout is not None else SEGMENTS_DROPOUT * (kind == "segments")
    if kind == "segments":
        segment = segment or _segment(season, look_back)
        rows.append(("network", f"{listed(columns.targets)} each by itself, {counted(segment, 'step')} at a time"))
    elif model.kind == "auto":
        rows.append(("network", f"all columns together (model.kind={kind})"))
    if residual != "linear":
        rows.append(("learned", _LEARNED[residual].format(season)))
    if non_negative:
        rows.append(("never below 0", f"{', '.join(non_negative)} (data.non_negative)"))
    found = {"kind": kind, "dropout": dropout, "season": season, "residual": residual, "segment": segment}
    data = replace(config.data, non_negative=non_negative)
    return replace(config, data=data, model=replace(model, **found)), rows


_LEARNED = {
    "none": "the values themselves",
    "last": "the change from the last value",
    "season": "the change from the value {} steps before",
    "season_growth": "the change from the value {} steps before with its latest growth",
}


def _kind(model, targets):
    """The network that is built where that is left open."""
    if model.kind != "auto":
        return model.kind
    suits = model.residual in ("auto", "last", "linear") and (targets <= MOST_TARGETS or model.segment)
    return "segments" if suits else "direct"


def _segment(season, look_back):
    """Steps of a segment: a season where a window holds four; else so many that a window has `SEGMENTS`."""
    return season if 1 < season <= look_back // 4 else max(look_back // SEGMENTS, 1)


def _stays_above(train, name):
    """Whether 0 is where a column ends: its values reach it, and none is below."""
    at = train.columns.index(name)
    least = min((np.nanmin(values[:, at], initial=np.inf) for values in train.values), default=np.inf)
    return bool(least == 0)


def _seasons(columns, train):
    """The seasons of the forecast columns."""
    values = [values[:, columns.target_columns] for values in train.values]
    expected = calendar_seasons(max(train.times, key=len)) if train.times else ()
    return [] if train.whole else find_seasons(values, expected)


def _said(found, season, look_back):
    if not found:
        return "no autocorrelation of the training part tells of one"
    said = f"autocorrelation {season.strength:.2f} in the training part"
    strongest: Season = found[0]
    if look_back and season.steps > look_back:
        return f"{said}; longer than the windows of {look_back}: raise windows.look_back to use it"
    if look_back and strongest.steps > look_back and strongest.strength > season.strength + 0.03:
        said += f"; {strongest.steps} steps have {strongest.strength:.2f}: raise windows.look_back to use them"
    elif 1 - strongest.strength < CLEARER * (1 - season.strength):
        said += f"; {strongest.steps} steps have {strongest.strength:.2f}: model.season={strongest.steps} takes them"
    return said


def calendar_seasons(times: np.ndarray) -> tuple[int, ...]:
    """Steps of the seasons that times suggest: day and week of hours or less, week of days, year of months.

    Args:
        times: datetime64 or float64 array, `(steps,)`.

    >>> calendar_seasons(np.arange("2024-01-01", "2024-01-05", dtype="datetime64[h]"))
    (24, 168)
    """
    if times.dtype.kind != "M" or len(times) < 3:
        return ()
    step = float(np.median(np.diff(times.astype("datetime64[ns]")).astype(np.int64))) / HOUR
    if step < 24:
        lengths = (24 / step, 168 / step) if step > 0 else ()
        return tuple(round(length) for length in lengths if abs(length - round(length)) < 1e-6)
    # Work days make weeks of 5; months and quarters are of different lengths.
    return next((seasons for low, high, seasons in _SEASONS if 24 * low <= step <= 24 * high), ())


# Days between steps, at least and at most; steps of the seasons.
_SEASONS = ((1, 1, (5, 7)), (7, 7, (52,)), (28, 31, (12,)), (89, 92, (4,)))


def fit_baseline(forecaster: Forecaster, train: Series, valid: Series) -> LinearForecast:
    """Fit the linear forecast that a forecaster of windows is measured against, and that its network may start from.

    Args:
        forecaster: `Forecaster`.
        train: the training part.
        valid: the validation part, with a window before it.
    """
    columns, windows = forecaster.columns, forecaster.config.windows
    parts = [columns.read_by_model(part, forecaster.scaler) for part in (train, valid)]
    season = forecaster.config.model.season
    return fit_linear(*parts, columns.target_columns, columns.known_columns, windows.look_back, windows.horizon, season)


def give_start(forecaster: Forecaster, fitted: LinearForecast, train: Series, report: Report) -> Rows:
    """Give a network of `model.residual=linear` the linear forecast from which it learns the change.

    Args:
        forecaster: `Forecaster` with a fresh model.
        fitted: as of `fit_baseline`.
        train: the training part.
        report: `Report`.

    Returns:
        What there is to say about it.
    """
    config, columns = forecaster.config, forecaster.columns
    if config.model.residual != "linear":
        return []
    read, look_back = columns.read_by_model(train, forecaster.scaler), config.windows.look_back
    for name, share in zip(columns.targets, _unseen(read, columns.target_columns, look_back), strict=True):
        if share > UNSEEN:
            report.warn(
                f"in {share:.0%} of the windows of {counted(look_back, 'step')} no value of {name!r} was observed, and "
                "nothing but the mean is known: raise windows.look_back"
            )
    for name in _crowded(read, columns):
        report.warn(
            f"nearly all values of {name!r} are alike beside a few that are far away and decide its unit, the farthest "
            f"{_farthest(train, name)}: forecasts of the others are rough. Are these codes of missing values "
            "(--missing-values), or faults to leave out?"
        )
    forecaster.model.start.assign(fitted.kernel, fitted.bias, fitted.ahead)
    made = f"{_runs(fitted)}; no regression adds to it"
    if not fitted.is_naive:
        made = f"regressions on the window, beside naive forecasts, of which suits best: {_runs(fitted)}"
    return [("learned", f"the change from a linear forecast: {made}")]


def start_again(model: Union["WindowForecaster", "StreamForecaster"]) -> Rows:
    """Let all of the change count again that a model with the weights of another run has learned; what to say of it."""
    start = getattr(model, "start", None)
    if start is None:
        return []
    start.share.assign(np.ones(start.share.shape))
    return [("learned", "the change from the linear forecast of the run that it starts from")]


def _unseen(series, targets, look_back):
    """The share of windows in which nothing of a target was observed, for each target."""
    unseen, count = np.zeros(len(targets)), 0
    for values in series:
        seen = np.cumsum(np.pad(~np.isnan(values[:, targets]), ((1, 0), (0, 0))), axis=0)
        in_window = seen[look_back:] - seen[:-look_back]
        unseen += (in_window == 0).sum(axis=0)
        count += len(in_window)
    return unseen / max(count, 1)


def _crowded(series, columns):
    """The targets most of whose values are within so little of a unit that others, far away, have made."""
    values = np.concatenate([part[:, columns.target_columns] for part in series])
    seen = [column[~np.isnan(column)] for column in values.T]
    found = []
    for name, column in zip(columns.targets, seen, strict=True):
        low, middle, high = np.quantile(column, (0.05, 0.5, 0.95)) if len(column) else (0.0, 0.0, 0.0)
        if 0 < high - low < CROWDED and np.abs(column - middle).max() > AWAY * (high - low):
            found.append(name)
    return found


def _farthest(train, name):
    """The value of a column that is farthest from most of it, and where."""
    columns = [values[:, train.columns.index(name)] for values in train.values]
    low, middle, high = np.nanquantile(np.concatenate(columns), (0.05, 0.5, 0.95))
    away = [np.nan_to_num(np.abs(column - middle)) for column in columns]
    number = int(np.argmax([each.max(initial=0.0) for each in away]))
    step, of = int(away[number].argmax()), f" of series {train.names[number]!r}" * bool(train.names[number])
    at = train.clock.texts(train.times[number][step : step + 1])[0] if train.times else f"step {step}"
    return f"{cell(columns[number][step], decimals_of(abs(middle), high - low))} at {at}{of}"


def _runs(fitted: LinearForecast) -> str:
    """The naive forecasts of the first target by steps ahead: `last value (step 1), season (steps 2 to 24)`."""
    names, said, first = fitted.naive[0], [], 0
    for step in range(1, len(names) + 1):
        if step == len(names) or names[step] != names[first]:
            steps = f"step {step}" if step == first + 1 else f"steps {first + 1} to {step}"
            said.append(f"the {names[first]} ({steps})")
            first = step
    return ", ".join(said[:4]) + ", …" * (len(said) > 4)
