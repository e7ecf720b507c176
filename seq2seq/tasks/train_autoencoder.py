"""Autoencoding: train a run on sequences, and fit what it takes to find anomalies with it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tensorflow as tf

from seq2seq.batches.protocol import WHOLE, Share
from seq2seq.batches.sequences import SequenceBatches
from seq2seq.batches.windows import WindowBatches
from seq2seq.config import AutoencoderConfig
from seq2seq.errors import InputError
from seq2seq.inference.pieces import as_pieces, num_pieces
from seq2seq.inference.reconstructor import TASK, Reconstructor, build_model
from seq2seq.inference.series_data import decided
from seq2seq.interruption import Interruption
from seq2seq.report import Report, counted
from seq2seq.run import Run
from seq2seq.series.in_memory import series_at
from seq2seq.series.series import listed
from seq2seq.series.table import parts_of
from seq2seq.tasks.fit_detector import check_detection, fit_detector
from seq2seq.tasks.prediction_start import choose_shares, give_start, with_residual
from seq2seq.tasks.series_split import shape_card, split, stored_scaler, warn_of_shift
from seq2seq.tasks.starting import at_hand, fitting, of_kind, read_for, series_files, tell_drift, warn_of_seen
from seq2seq.training.loop import Training
from seq2seq.training.metrics import mean_loss
from seq2seq.training.number_losses import ObservedLoss
from seq2seq.training.setup import Setup, seed_of

LEAST_PATIENCE = 15  # epochs without a better validation before a training stops, unless it is told


def train(
    config: AutoencoderConfig,
    run_dir: str | Path,
    *,
    data: Any = None,
    resume: bool = False,
    parent: str | Path | None = None,
    finish: bool = False,
    report: Report | None = None,
    interruption: Interruption | None = None,
) -> dict[str, Any]:
    """Train an autoencoder into a run directory.

    Args:
        config: `AutoencoderConfig`.
        run_dir: folder for the run; made if missing.
        data: the data themselves, in place of the file `data.location`: a data frame, an array or a list of arrays, see
            `series_at`. The run keeps their checksum, not them.
        resume: go on with the run that is there, if one is, from its last checkpoint on.
        parent: run whose weights and units the training starts from; `config` must fit them.
        finish: train no further the run that is there, and fit the detector to the best weights that it has.
        report: `Report`.
        interruption: `Interruption` that may stop it, or `None`.

    Returns:
        The figures of the best epoch, as in the run's metrics.json.

    Raises:
        InputError: data or run directory that cannot be used.
    """
    report = report or Report()
    config = at_hand(of_kind(AutoencoderConfig, config), "location", location=None if data is None else series_at(data))
    if config.detection.threshold == "f_beta":
        raise InputError(
            "detection.threshold=f_beta needs labelled data: train with another one, then give them to "
            "detect --threshold f_beta=1 --held-out FILE --held-out-labels FILE."
        )
    setup = Setup(config, run_dir, resume, finish, parent=parent, report=report)
    config, run_dir = with_residual(setup.config, setup), setup.run_dir
    look_back = config.windows.look_back
    read, scaler = read_for(config, setup.parent, report, look_back > 0), stored_scaler(setup)
    read = fitting(read, scaler, config.data.location)
    config = replace(config, data=decided(config.data, read))
    series = _pieces(config, read)
    parts = split(series, config.data, config.seed, report, scaler)
    if set(series.columns) <= set(parts.scaler.constant) and not parts.scaler.groups:
        raise InputError(
            f"{listed(series.columns)}: constant in the training part, so that there is nothing to learn: choose "
            "columns that vary, or train on more of them."
        )
    tell_drift(parts, setup.parent, report)
    warn_of_shift(parts, look_back, report)
    config = replace(config, data=replace(config.data, scale_by_group=bool(parts.scaler.groups)))
    shape_card(series, parts, _card(config, parts), report, keeps_test="--set data.test_share=0.2 keeps one")
    model = build_model(config, len(series.columns), config.training.precision)
    batches, validation = _batches(config, parts, report)
    check_detection(config.detection, config, parts, report)
    config = settled(config, batches)
    files = series_files(config)
    warn_of_seen(config, files, setup.parent, report, drawn=series.whole)
    run = Run.start(run_dir, TASK, config, files, setup.resume, setup.parent)
    parts.save(run)
    setup.start_weights(model, report)
    give_start(model, parts, anew=setup.parent is None)
    setup.tell(model, report)

    def validate():
        return {"loss": mean_loss(model, validation.epoch(), setup.cluster)}

    loss = ObservedLoss(config.training.loss)
    training = Training(
        model,
        loss,
        lambda epoch: batches,
        validate,
        config.training,
        run,
        report,
        interruption,
        cluster=setup.cluster,
        is_tuning=setup.is_tuning,
    )
    metrics = training.finish() if finish else training.fit()
    if not setup.cluster.is_chief:
        return metrics
    best = build_model(config, len(series.columns))  # in float32, as it will be loaded to detect
    run.load_weights(best)
    reconstructor = Reconstructor(config, parts.scaler, best, run)
    choose_shares(reconstructor, parts, report)
    detector = fit_detector(reconstructor, parts, report)
    detector.save(run)
    metrics |= {f"train_{batches.unit}": batches.amount, "threshold": detector.threshold}
    run.write_metrics(metrics)
    return metrics


def check_folds(config: AutoencoderConfig, count: int) -> None:
    """Refuse, before the first of so many runs is begun, data that cannot be split into as many folds.

    Args:
        config: `AutoencoderConfig` of whole sequences.
        count: int. Folds.

    Raises:
        InputError: data that cannot be read, too few samples, or long series.
    """
    series = _pieces(config, read_for(config, None, Report(), windowed=False))
    parts_of(series, config.data.valid_share, config.data.test_share, config.seed, (1, count))


def _pieces(config, read):
    series = as_pieces(read, config.windows.look_back)
    if series.whole and len(series.values) < 3:
        raise InputError(
            f"{config.data.location} is {len(series.values)} long series ({series.lengths.max():,} steps): give "
            "--look-back, the steps of a window; without it each series is one sequence, and it takes 3 or more."
        )
    return series


def settled(config: AutoencoderConfig, batches: WindowBatches | SequenceBatches) -> AutoencoderConfig:
    """`config` with the epochs that it leaves to the data, and the patience that it leaves to the epochs."""
    epochs, patience = config.training.epochs, config.training.patience
    if epochs is None:
        epochs = -(-config.training.updates // batches.num_batches(0))
    if patience is None:
        patience = max(epochs // 5, LEAST_PATIENCE)
    return replace(config, training=replace(config.training, epochs=epochs, patience=patience))


def _card(config, parts):
    windows, horizon = config.windows, config.model.horizon
    if not windows.look_back:
        return [("reads", "whole sequences"), ("writes", "the same sequence")]
    ahead = f" and the next {counted(horizon, 'step')}" if horizon > 1 else " and the next step"
    ahead += ", as the change from a linear forecast of the window" * (config.model.residual == "linear")
    written = f"the same window{ahead * (horizon > 0)}"
    counts = [num_pieces(getattr(parts, name).lengths - horizon, windows.look_back) for name in ("train", "valid")]
    every = f", a new one every {windows.stride}" if windows.stride > 1 else ""
    return [
        ("reads", f"windows of {counted(windows.look_back, 'step')}{every}"),
        ("windows", f"{counts[0] // windows.stride:,} for training, {counts[1]:,} for validation"),
        ("writes", written),
    ]


def _batches(config, parts, report):
    """Batches of the training part and of the validation part."""
    look_back, horizon = config.windows.look_back, config.model.horizon
    if look_back:
        _refuse_too_short(config, parts)

    def make(name, **options):
        scaled = parts.scaled(name)
        if not look_back:
            return SequenceBatches(scaled, **options)
        windows = WindowBatches(scaled, look_back=look_back + horizon, **options)
        return _Composite(windows, look_back) if horizon else windows

    pieces = num_pieces(parts.train.lengths - horizon, look_back) // config.windows.stride
    size = config.windows.batch_size or batch_size_for(pieces)
    strides = {"stride": config.windows.stride} if look_back else {}
    training = make("train", batch_size=size, seed=seed_of(config), **strides)
    if training.too_short:
        which = counted(training.too_short, "series or stretch between gaps is", "series or stretches between gaps are")
        report.warn(f"{which} shorter than a window: left out")
    return training, make("valid", batch_size=256)


def _refuse_too_short(config, parts):
    """Refuse data in which no window, with what is predicted after it, fits into one of the parts."""
    look_back, horizon = config.windows.look_back, config.model.horizon
    needed = f"a window needs {look_back + horizon}"
    shorten = "shorten the window (--look-back)"
    if horizon:
        needed = f"a window of {look_back} with the {counted(horizon, 'step')} after it needs {look_back + horizon}"
        shorten += " or model.horizon"
    longest = {name: int(getattr(parts, name).lengths.max(initial=0)) for name in ("train", "valid")}
    if min(longest.values()) >= look_back + horizon:
        return
    short = min(longest, key=longest.get)
    mend = f"raise data.valid_share={config.data.valid_share:g}, or {shorten}"
    if sum(longest.values()) < 2 * (look_back + horizon):  # no share leaves enough for both
        mend = f"{shorten}, or give longer series, without gaps"
    part = {"train": "training", "valid": "validation"}[short]
    raise InputError(f"The {part} part has at most {counted(longest[short], 'step')} in a row, {needed}: {mend}.")


def batch_size_for(pieces: int) -> int:
    """64 pieces to a batch, fewer where an epoch would have less than 16 batches, but 8 at least.

    >>> batch_size_for(10_000), batch_size_for(248)
    (64, 16)
    """
    return min(max(-(-pieces // 16), 8), 64)


@dataclass(frozen=True)
class _Composite:
    """Windows for the composite model, which writes the window itself and what follows it."""

    windows: WindowBatches  # of as many steps as both have together
    look_back: int
    unit = WindowBatches.unit
    static_shapes = WindowBatches.static_shapes

    @property
    def amount(self):
        return self.windows.amount

    @property
    def too_short(self):
        return self.windows.too_short

    def num_batches(self, epoch=0):
        return self.windows.num_batches(epoch)

    def largest(self, epoch: int = 0) -> int:
        return self.windows.largest(epoch)

    def epoch(self, epoch: int = 0, share: Share = WHOLE) -> tf.data.Dataset:
        return self.windows.epoch(epoch, share).map(self._cut)

    def _cut(self, steps, targets):
        end = self.look_back
        return steps[:, :end], (targets[:, :end], targets[:, end:])
