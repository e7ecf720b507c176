"""Forecasting: train a run on series, and what a trained one is used with."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from seq2seq.batches.chunks import ChunkBatches
from seq2seq.batches.windows import WindowBatches
from seq2seq.config import ForecasterConfig
from seq2seq.errors import InputError
from seq2seq.evaluation.origins import origins_of, targets_at
from seq2seq.inference.calibration import Calibration
from seq2seq.inference.columns import Columns, settled
from seq2seq.inference.forecaster import TASK, Forecaster, build_model, quantiles_of
from seq2seq.inference.series_data import decided, for_training, read_data
from seq2seq.interruption import Interruption
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.series.files import data_files
from seq2seq.series.table import Series
from seq2seq.tasks.series_split import Split, shape_card, split, stored_scaler, with_context
from seq2seq.training.loop import Training
from seq2seq.training.number_losses import ObservedLoss, QuantileLoss
from seq2seq.training.setup import Setup

CALIBRATION_VALUES = 20_000_000  # forecast values that the intervals are calibrated on, at most


def train(
    config: ForecasterConfig,
    run_dir: str | Path,
    *,
    resume: bool = False,
    finish: bool = False,
    report: Report | None = None,
    interruption: Interruption | None = None,
) -> dict:
    """Train a forecaster into a run directory.

    Args:
        config: `ForecasterConfig`.
        run_dir: folder for the run; made if missing.
        resume: go on with the run that is there, if one is, from its last checkpoint on.
        finish: train no further the run that is there, and calibrate the best weights that it has.
        report: `Report`.
        interruption: `Interruption` that may stop it, or `None`.

    Returns:
        The figures of the best epoch, as in the run's metrics.json.

    Raises:
        InputError: data or run directory that cannot be used.
    """
    report = report or Report()
    setup = Setup(config, run_dir, resume, finish)
    windowed = config.model.kind != "stateful"
    series = read_data(for_training(config.data), report, windowed=windowed)
    config = settled(replace(config, data=decided(config.data, series)), series, report)
    columns = Columns.of(config, series.columns)
    # A stream has no name: it is read in one unit, whatever series it goes on with.
    data = config.data if windowed else replace(config.data, scale_by_group=False)
    parts = split(series, data, config.seed, report, stored_scaler(run_dir) if setup.resume else None)
    config = replace(config, data=replace(config.data, scale_by_group=bool(parts.scaler.groups)))
    shape_card(series, parts, _card(config, columns), report)
    model = build_model(config, columns, config.training.precision)
    forecaster = Forecaster(config, parts.scaler, model)
    make_batches = _windows if windowed else _chunks
    batches, validate = make_batches(forecaster, parts, report)
    run = Run.start(run_dir, TASK, config, {"data.location": data_files(config.data.location)}, setup.resume)
    parts.scaler.save(run.scaler)
    setup.tell(model, report)

    training = Training(
        model, _loss(config), lambda epoch: batches, validate, config.training, run, report, interruption
    )
    metrics = (training.finish() if finish else training.fit()) | {f"train_{batches.unit}": batches.amount}
    if windowed and config.model.interval:
        _calibrate(Forecaster.load(run_dir), parts, report).save(run)
    run.write_metrics(metrics)
    return metrics


def _card(config, columns):
    model, windows = config.model, config.windows
    ahead = f"the next {windows.horizon} steps" if windows.horizon > 1 else "the next step"
    forecast = f"{', '.join(columns.targets[:12])}{', …' * (len(columns.targets) > 12)}: {ahead}"
    if model.kind == "stateful":
        return [("each step", f"forecasts the next; {windows.chunk} steps in a chunk"), ("forecast", forecast)]
    rows = [("window", f"{windows.look_back} steps, a new one every {windows.stride}"), ("forecast", forecast)]
    ahead = [*columns.known, *columns.calendar]
    return [*rows, ("known ahead", ", ".join(ahead))] if ahead else rows


def _loss(config):
    quantiles = quantiles_of(config.model.interval) if config.model.kind != "stateful" else ()
    return QuantileLoss(quantiles) if quantiles else ObservedLoss(config.training.loss)


def _windows(forecaster, parts, report):
    """Batches of windows of the training part, and the function that judges the model on the validation part."""
    windows, columns = forecaster.config.windows, forecaster.columns

    def batches(series, **options):
        inputs = columns.read_by_model(series, forecaster.scaler)
        return WindowBatches(
            inputs,
            [values[:, columns.target_columns] for values in inputs],
            known=[values[:, columns.known_columns] for values in inputs] if columns.known_columns else None,
            look_back=windows.look_back,
            horizon=windows.horizon,
            **options,
        )

    training = batches(parts.train, stride=windows.stride, batch_size=windows.batch_size, seed=forecaster.config.seed)
    if training.too_short:
        report.warn(f"{training.too_short:,} series or stretches between gaps are shorter than a window: left out")
    held_out = valid_part(parts, windows.look_back)
    if held_out.lengths.max(initial=0) < windows.look_back + windows.horizon:
        raise InputError(
            f"The validation part has {int(parts.valid.lengths.max(initial=0))} steps, a forecast needs "
            f"{windows.horizon}: raise data.valid_share={forecaster.config.data.valid_share:g}, or shorten the horizon."
        )
    validation = batches(held_out, batch_size=256)
    report.say(f"{training.num_windows:,} windows for training, {validation.num_windows:,} for validation")

    held_out = validation.epoch()

    def validate():
        return {"loss": float(forecaster.model.evaluate(held_out, verbose=0, return_dict=True)["loss"])}

    return training, validate


def valid_part(parts: Split, look_back: int) -> Series:
    """The validation part with what is known before it; nothing of the training part is a target."""
    return parts.valid if parts.valid.whole else with_context(parts.valid, parts.train, look_back)


def _chunks(forecaster, parts, report):
    """The same for a stateful model: connected chunks; the validation part goes on from the training part's state."""
    config = forecaster.config
    training = ChunkBatches(parts.scaled("train"), chunk=config.windows.chunk)
    loss = ObservedLoss(config.training.loss)
    pairs = [pair for pair in _continued(parts) if len(pair[1]) and sum(map(len, pair)) > 1]
    if not pairs:
        raise InputError("The validation part has no steps: raise data.valid_share.")
    report.say(f"{training.num_steps:,} steps for training, {sum(len(new) for _, new in pairs):,} for validation")

    def validate():
        total = count = 0.0
        for old, new in pairs:
            following, _ = forecaster.core.warm_up(np.concatenate((old, new)))
            actual, predicted = np.concatenate((old, new))[1:][-len(new) :], following[:-1][-len(new) :]
            observed = float(np.isfinite(actual).sum())
            total += float(loss(actual, predicted)) * observed
            count += observed
        return {"loss": total / max(count, 1.0)}

    return training, validate


def _continued(parts):
    """Of each stretch of the validation part: what comes before it in the training part, and the stretch, scaled."""
    if parts.valid.whole:
        return [(values[:0], values) for values in parts.scaled("valid")]
    joined = with_context(parts.valid, parts.train)
    before = joined.lengths - parts.valid.lengths
    return [
        (values[:steps], values[steps:])
        for values, steps in zip(map(parts.scaler.transform, joined.values), before, strict=True)
    ]


def _calibrate(forecaster, parts, report):
    """How far the trained model is off on the validation part."""
    config, columns = forecaster.config, forecaster.columns
    look_back, horizon = config.windows.look_back, config.windows.horizon
    held_out = valid_part(parts, look_back)
    inputs = columns.read_by_model(held_out, forecaster.scaler)
    count = sum(max(len(values) - look_back - horizon + 1, 0) for values in inputs)
    stride = -(-count * horizon * len(columns.targets) // CALIBRATION_VALUES)
    origins = [origins_of(len(values), look_back, horizon, max(stride, 1)) for values in inputs]
    outputs = forecaster.core.rolling(inputs, origins)
    actual = targets_at([values[:, columns.target_columns] for values in inputs], origins, horizon)
    calibration = Calibration.fit(outputs, actual, config.model.interval)
    if config.model.interval not in calibration.levels:
        report.warn(
            f"{len(actual)} windows of the validation part are too few to calibrate an interval of "
            f"{config.model.interval:.0%}: it is as the model says. Raise data.valid_share for more."
        )
    return calibration
