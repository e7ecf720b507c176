"""What a trained forecaster gets before it is used: how far its network is trusted, its intervals, its comparison."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from seq2seq.evaluation.linear import carried_forward
from seq2seq.evaluation.origins import first_seen, origins_of, targets_at
from seq2seq.inference.calibration import Calibration
from seq2seq.inference.forecaster import Forecaster
from seq2seq.report import Report, counted
from seq2seq.series.table import Series
from seq2seq.tasks.measure_forecaster import measured
from seq2seq.tasks.series_split import Split, with_context
from seq2seq.tasks.shares import SHARE_VALUES, best_shares, too_few

CALIBRATION_VALUES = 20_000_000  # forecast values that the intervals are calibrated on, at most
TRAINED_WINDOWS = 20_000  # of the training part that no interval is narrower than
COMPARED = 2_000  # origins from which the model is compared with naive forecasts
LEVEL = 0.9  # one of those that intervals of a stateful model can have


def valid_part(parts: Split, look_back: int | None = None) -> Series:
    """The validation part with what is known before it, up to `look_back` steps or all; those are never a target."""
    return parts.valid if parts.valid.whole else with_context(parts.valid, parts.train, look_back)


def fit_to_weights(run_dir: str | Path, parts: Split, report: Report) -> dict:
    """Give the run of a trained forecaster what is fitted to its weights, and say what it reaches on validation.

    Args:
        run_dir: the run, with its best weights.
        parts: the data, as they were split for its training.
        report: `Report`.

    Returns:
        Figures of the validation part, JSON-ready.
    """
    forecaster = Forecaster.load(run_dir)
    if forecaster.stateful:
        if forecaster.config.model.residual == "last":
            _scale_changes(forecaster, parts, report)
            forecaster.run.save_weights(forecaster.model.get_weights())
        _calibrate_next_step(forecaster, parts).save(forecaster.run)
    else:
        if forecaster.config.model.residual == "linear":
            _share(forecaster, parts, report)
            forecaster.run.save_weights(forecaster.model.get_weights())
        if forecaster.config.model.interval:
            _calibrate(forecaster, parts, report).save(forecaster.run)
    return compare(forecaster, parts, report)


def _on_part(forecaster, part, most):
    """What the model reads of a part, origins there that make at most so many values, what came, and the stride."""
    windows, targets = forecaster.config.windows, forecaster.columns.target_columns
    inputs = forecaster.columns.read_by_model(part, forecaster.scaler)
    count = sum(max(len(values) - windows.look_back - windows.horizon + 1, 0) for values in inputs)
    stride = max(-(-count * windows.horizon * len(targets) // most), 1)
    origins = [origins_of(len(values), windows.look_back, windows.horizon, stride) for values in inputs]
    return inputs, origins, targets_at([values[:, targets] for values in inputs], origins, windows.horizon), stride


def _on_validation(forecaster, parts, most):
    """The same of the validation part."""
    return _on_part(forecaster, valid_part(parts, forecaster.config.windows.look_back), most)


def _share(forecaster, parts, report):
    """How much of the network's change counts at each step ahead of each target: what validation likes best.

    With none of it the forecast is the linear one. So a network that has learned nothing of use does no harm; of a few
    windows, which do not tell that, none of it counts, unless it comes from another run, which had its own to tell.
    """
    core, share = forecaster.core, forecaster.model.start.share
    inputs, origins, actual, _ = _on_validation(forecaster, parts, SHARE_VALUES)
    share.assign(np.zeros(share.shape))
    if too_few(len(actual), "the forecast", forecaster.run, report):
        return
    without = core.point(core.rolling(inputs, origins))
    share.assign(np.ones(share.shape))
    change = core.point(core.rolling(inputs, origins)) - without
    share.assign(best_shares(actual, without, change, report, forecaster.unscaled))


def _scale_changes(forecaster, parts, report):
    """The same for a stateful model, one step ahead: its change from the last value gets smaller where that is better.

    The last layer is linear, so that the share is a factor of its weights.
    """
    actual, made = _stacked(next_steps(forecaster, parts))
    last = np.concatenate([before for before in _last_values(parts)])
    best = best_shares(actual, last, made - last, report, forecaster.unscaled)
    for weight in forecaster.model.output_layer.weights:
        weight.assign(weight * best)


def _last_values(parts):
    """Of each series that `next_steps` gives, the last observed value before each step of the validation part."""
    for old, new in _continued(parts):
        whole = carried_forward(np.concatenate((old, new))[None])[0]
        yield whole[:-1][-len(new) :]


def _calibrate(forecaster, parts, report):
    """How far the trained model is off on the validation part."""
    level = forecaster.config.model.interval
    inputs, origins, actual, stride = _on_validation(forecaster, parts, CALIBRATION_VALUES)
    learned, learned_from, came, _ = _on_part(forecaster, parts.train, TRAINED_WINDOWS * actual[0].size)
    trained = (forecaster.core.rolling(learned, learned_from), came)
    outputs = forecaster.core.rolling(inputs, origins)
    calibration = Calibration.of_quantiles(outputs, actual, level, trained, stride)
    windows = int((~np.isnan(actual)).any(axis=(1, 2)).sum())  # after which something was observed
    few = counted(windows, "window of the validation part is", "windows of the validation part are") + " too few"
    if level not in calibration.levels:
        report.warn(
            f"{few} to calibrate an interval of {level:.0%}: forecasts will have none. Raise data.valid_share for more."
        )
    elif level in calibration.pooled:
        report.warn(
            f"{few} to calibrate an interval of {level:.0%} for "
            "each step ahead: it is calibrated for all steps together. Raise data.valid_share for more."
        )
    return calibration


def _calibrate_next_step(forecaster, parts):
    """How far a stateful model is off on the validation part, one step ahead."""
    actual, made = (part[:, None] for part in _stacked(next_steps(forecaster, parts)))
    return Calibration.of_errors(made, actual, LEVEL)


def _stacked(pairs):
    return tuple(np.concatenate(part) for part in zip(*pairs, strict=True))


def next_steps(forecaster: Forecaster, parts: Split) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each stretch of the validation part, its scaled values and what a stateful model forecasts of them."""
    for old, new in _continued(parts):
        following, _ = forecaster.core.warm_up(np.concatenate((old, new)))
        yield np.concatenate((old, new))[1:][-len(new) :], following[:-1][-len(new) :]


def _continued(parts):
    """Of each stretch of the validation part: what comes before it in the training part, and the stretch, scaled."""
    joined = parts.valid if parts.valid.whole else with_context(parts.valid, parts.train)
    before = joined.lengths - parts.valid.lengths
    for values, steps in zip(map(parts.scaler.transform, joined.values), before, strict=True):
        if len(values) > max(steps, 1):
            yield values[:steps], values[steps:]


def _some_series(parts):
    """The parts of at most `COMPARED` of the series."""
    if parts.valid.whole or len(parts.valid.values) <= COMPARED:
        return parts
    chosen = np.linspace(0, len(parts.valid.values) - 1, COMPARED).astype(int)
    return replace(parts, valid=parts.valid.take(chosen))


def compare(forecaster: Forecaster, parts: Split, report: Report) -> dict:
    """Say what model and naive forecasts reach on the validation part, step by step ahead; warn where it loses.

    Returns:
        The errors by name, and the warnings; JSON-ready.
    """
    parts, horizon = _some_series(parts), forecaster.horizon
    series = valid_part(parts)
    seen = [first_seen(values[:, forecaster.columns.target_columns]) for values in series.values]
    begins = np.maximum(series.lengths - parts.valid.lengths, forecaster.core.least_history)
    firsts = np.maximum(begins, seen).tolist()
    count = sum(max(len(values) - horizon - first + 1, 0) for values, first in zip(series.values, firsts, strict=True))
    if not count:
        return {}
    # From each origin a stateful model goes on step by step.
    stride = -(-count // (COMPARED if not forecaster.stateful or horizon == 1 else COMPARED // 10))
    origins = [
        origins_of(len(values), first, horizon, stride) for values, first in zip(series.values, firsts, strict=True)
    ]
    result = measured(forecaster, series, origins, "validation")
    overall = result.overall
    report.table(f"Validation part: {result.title_ahead}", result.columns_ahead, result.rows_ahead())
    for line in result.left_out:
        report.say(line)
    for line in result.far:
        report.warn(f"in the validation part, {line}")
    for line in result.naive_warnings:
        report.warn(f"on the validation part, {line}")
    scores = {"model": overall.scores, **overall.baselines}
    return {f"validation_{overall.metric}": {name: each[overall.metric] for name, each in scores.items()}}
