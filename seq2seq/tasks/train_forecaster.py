"""Forecasting: train a run on series, and what a trained one is used with."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from seq2seq.batches.chunks import ChunkBatches
from seq2seq.batches.windows import WindowBatches
from seq2seq.config import ForecasterConfig
from seq2seq.errors import InputError
from seq2seq.evaluation.linear import LinearForecast
from seq2seq.inference.columns import Columns
from seq2seq.inference.forecaster import TASK, Forecaster, build_model, quantiles_of
from seq2seq.inference.series_data import decided
from seq2seq.interruption import Interruption
from seq2seq.report import Report, counted
from seq2seq.run import Run, RunFolder
from seq2seq.series.in_memory import series_at
from seq2seq.series.series import listed
from seq2seq.tasks.forecaster_finishing import fit_to_weights, next_steps, valid_part
from seq2seq.tasks.forecaster_settling import fit_baseline, give_start, settled, start_again
from seq2seq.tasks.series_split import shape_card, split, stored_scaler, unit_of_streams, warn_of_shift
from seq2seq.tasks.starting import at_hand, fitting, of_kind, read_for, series_files, tell_drift, warn_of_seen
from seq2seq.training.loop import Training
from seq2seq.training.metrics import mean_loss
from seq2seq.training.number_losses import ObservedLoss, QuantileLoss
from seq2seq.training.setup import Setup, seed_of


def train(
    config: ForecasterConfig,
    run_dir: str | Path,
    *,
    data: Any = None,
    resume: bool = False,
    parent: str | Path | None = None,
    finish: bool = False,
    report: Report | None = None,
    interruption: Interruption | None = None,
) -> dict[str, Any]:
    """Train a forecaster into a run directory.

    Args:
        config: `ForecasterConfig`.
        run_dir: folder for the run; made if missing.
        data: the data themselves, in place of the file `data.location`: a data frame, an array or a list of arrays, see
            `series_at`. The run keeps their checksum, not them.
        resume: go on with the run that is there, if one is, from its last checkpoint on.
        parent: run whose weights and units the training starts from; `config` must fit them.
        finish: train no further the run that is there, and calibrate the best weights that it has.
        report: `Report`.
        interruption: `Interruption` that may stop it, or `None`.

    Returns:
        The figures of the best epoch, as in the run's metrics.json.

    Raises:
        InputError: data or run directory that cannot be used.
    """
    report = report or Report()
    config = at_hand(of_kind(ForecasterConfig, config), "location", location=None if data is None else series_at(data))
    setup = Setup(config, run_dir, resume, finish, parent=parent, report=report)
    config, run_dir = setup.config, setup.run_dir
    windowed = config.model.kind != "stateful"
    series, scaler = read_for(config, setup.parent, report, windowed), stored_scaler(setup)
    series = fitting(series, scaler, config.data.location)
    config = replace(config, data=decided(config.data, series))
    # A stream has no name: it is read in one unit, whatever series it goes on with.
    settings = config.data if windowed else replace(config.data, scale_by_group=False)
    parts = split(series, settings, config.seed, report, scaler)
    tell_drift(parts, setup.parent, report)
    units = [] if windowed else unit_of_streams(parts, config.data)
    config = replace(config, data=replace(config.data, scale_by_group=bool(parts.scaler.groups)))
    config, said = settled(config, parts.train, inherited=setup.is_tuning)
    warn_of_shift(
        parts, max(config.windows.look_back if windowed else config.windows.chunk, config.model.season), report
    )
    columns = Columns.of(config, series.columns)
    model = build_model(config, columns, config.training.precision)
    forecaster = Forecaster(config, parts.scaler, model)
    setup.start_weights(model, report)
    fitted = _baseline(setup, forecaster, parts) if windowed else None
    if setup.is_tuning:
        said += start_again(model)
    elif fitted:
        said += give_start(forecaster, fitted, parts.train, report)
    shape_card(series, parts, [*units, *_card(config, columns), *said], report)
    make_batches = _windows if windowed else _chunks
    batches, validate = make_batches(forecaster, parts, report, setup.cluster)
    files = series_files(config)
    warn_of_seen(config, files, setup.parent, report, drawn=series.whole)
    run = Run.start(run_dir, TASK, config, files, setup.resume, setup.parent)
    parts.save(run)
    if fitted:
        fitted.save(run.linear)
    setup.tell(model, report)

    training = Training(
        model,
        _loss(config),
        lambda epoch: batches,
        validate,
        config.training,
        run,
        report,
        interruption,
        cluster=setup.cluster,
        is_tuning=setup.is_tuning,
    )
    metrics = (training.finish() if finish else training.fit()) | {f"train_{batches.unit}": batches.amount}
    if not setup.cluster.is_chief:
        return metrics
    metrics |= fit_to_weights(run_dir, parts, report)
    run.write_metrics(metrics)
    return metrics


def _baseline(setup, forecaster, parts):
    """The linear forecast of the run that goes on, as its version fitted it, or a new one."""
    stored = RunFolder(setup.run_dir).linear
    if setup.resume and stored.exists():
        return LinearForecast.load(stored)
    return fit_baseline(forecaster, parts.train, valid_part(parts, forecaster.config.windows.look_back))


def _card(config, columns):
    model, windows = config.model, config.windows
    ahead = f"the next {windows.horizon} steps" if windows.horizon > 1 else "the next step"
    forecast = f"{listed(columns.targets)}: {ahead}"
    if model.kind == "stateful":
        return [
            ("each step", f"forecasts the next; {counted(windows.chunk, 'step')} in a chunk"),
            ("forecast", forecast),
        ]
    rows = [
        ("window", f"{counted(windows.look_back, 'step')}, a new one every {windows.stride}"),
        ("forecast", forecast),
    ]
    ahead = [*columns.in_table(columns.known), *columns.calendar]
    return [*rows, ("known ahead", listed(ahead))] if ahead else rows


def _loss(config):
    quantiles = quantiles_of(config.model.interval) if config.model.kind != "stateful" else ()
    return QuantileLoss(quantiles) if quantiles else ObservedLoss(config.training.loss)


def _windows(forecaster, parts, report, cluster):
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

    if (longest := parts.train.lengths.max(initial=0)) < windows.look_back + windows.horizon:
        raise InputError(
            f"A window needs {windows.look_back} + {windows.horizon} steps, the longest series has {int(longest)} for "
            "training, with those to validate and test left out: give longer series, or shorten look_back or horizon."
        )
    training = batches(
        parts.train, stride=windows.stride, batch_size=windows.batch_size, seed=seed_of(forecaster.config)
    )
    if training.too_short:
        which = counted(training.too_short, "series or stretch between gaps is", "series or stretches between gaps are")
        report.warn(f"{which} shorter than a window: left out")
    held_out = valid_part(parts, windows.look_back)
    if held_out.lengths.max(initial=0) < windows.look_back + windows.horizon:
        raise InputError(
            f"The validation part has {counted(int(parts.valid.lengths.max(initial=0)), 'step')}, a forecast needs "
            f"{windows.horizon}: raise data.valid_share={forecaster.config.data.valid_share:g}, or shorten the horizon."
        )
    validation = batches(held_out, batch_size=256)
    report.say(f"{counted(training.num_windows, 'window')} for training, {validation.num_windows:,} for validation")

    held_out = validation.epoch()

    def validate():
        return {"loss": mean_loss(forecaster.model, held_out, cluster)}

    return training, validate


def _chunks(forecaster, parts, report, cluster):
    """The same for a stateful model: connected chunks; the validation part goes on from the training part's state."""
    config = forecaster.config
    training = ChunkBatches(parts.scaled("train"), chunk=config.windows.chunk)
    loss = ObservedLoss(config.training.loss)
    if not parts.valid.lengths.sum():
        raise InputError("The validation part has no steps: raise data.valid_share.")
    report.say(f"{counted(training.num_steps, 'step')} for training, {int(parts.valid.lengths.sum()):,} for validation")

    def validate():
        if not cluster.is_chief:  # each series is one pass from its first step on: there is little to share out
            return {}
        total = count = 0.0
        for actual, predicted in next_steps(forecaster, parts):
            observed = float(np.isfinite(actual).sum())
            total += float(loss(actual, predicted)) * observed
            count += observed
        return {"loss": total / max(count, 1.0)}

    return training, validate
