"""Autoencoding: train a run on sequences, and fit what it takes to find anomalies with it."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tensorflow as tf

from seq2seq.batches.sequences import SequenceBatches
from seq2seq.batches.windows import WindowBatches
from seq2seq.config import AutoencoderConfig
from seq2seq.errors import InputError
from seq2seq.evaluation.anomaly import PCABaseline
from seq2seq.inference.detector import Detector, Scorer, pca_errors
from seq2seq.inference.pieces import as_pieces, cut, num_pieces
from seq2seq.inference.reconstructor import TASK, Reconstructor, build_model
from seq2seq.inference.series_data import decided, for_training, read_data
from seq2seq.interruption import Interruption
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.series.files import data_files
from seq2seq.tasks.series_split import Split, shape_card, split
from seq2seq.training.loop import Training
from seq2seq.training.number_losses import ObservedLoss
from seq2seq.training.setup import Setup

BASELINE_PIECES = 20_000  # training pieces whose principal components are taken, at most
FEW_HELD_OUT = 20  # sequences
LEAST_PATIENCE = 15  # epochs without a better validation before a training stops, unless it is told


def train(
    config: AutoencoderConfig,
    run_dir: str | Path,
    *,
    resume: bool = False,
    report: Report | None = None,
    interruption: Interruption | None = None,
) -> dict:
    """Train an autoencoder into a run directory.

    Args:
        config: `AutoencoderConfig`.
        run_dir: folder for the run; made if missing.
        resume: go on with the run that is there, if one is, from its last checkpoint on.
        report: `Report`.
        interruption: `Interruption` that may stop it, or `None`.

    Returns:
        The figures of the best epoch, as in the run's metrics.json.

    Raises:
        InputError: data or run directory that cannot be used.
    """
    report = report or Report()
    if config.detection.threshold == "f_beta":
        raise InputError(
            "detection.threshold=f_beta needs labelled data: train with another one, then give them to "
            "detect --threshold f_beta=1 --held-out FILE --held-out-labels FILE."
        )
    setup = Setup(config, run_dir, resume)
    look_back = config.windows.look_back
    read = read_data(for_training(config.data), report, windowed=look_back > 0)
    config = replace(config, data=decided(config.data, read))
    series = as_pieces(read, look_back)
    if series.whole and len(series.values) < 3:
        raise InputError(
            f"{config.data.location} is {len(series.values)} long series ({series.lengths.max():,} steps): give "
            "--look-back, the steps of a window; without it each series is one sequence, and it takes 3 or more."
        )
    parts = split(series, config.data, config.seed, report)
    shape_card(series, parts, _card(config, parts), report)
    model = build_model(config, len(series.columns), config.training.precision)
    batches, validation = _batches(config, parts, report)
    config = settled(config, batches)
    run = Run.start(run_dir, TASK, config, {"data.location": data_files(config.data.location)}, setup.resume)
    parts.scaler.save(run.scaler)
    setup.tell(model, report)

    def validate():
        return {"loss": float(model.evaluate(validation.epoch(), verbose=0, return_dict=True)["loss"])}

    loss = ObservedLoss(config.training.loss)
    training = Training(model, loss, lambda epoch: batches, validate, config.training, run, report, interruption)
    metrics = training.fit()
    best = build_model(config, len(series.columns))  # in float32, as it will be loaded to detect
    run.load_weights(best)
    detector = fit_detector(Reconstructor(config, parts.scaler, best, run), parts, report)
    detector.save(run)
    metrics |= {f"train_{batches.unit}": batches.amount, "threshold": detector.autoencoder.threshold}
    run.write_metrics(metrics)
    return metrics


def settled(config: AutoencoderConfig, batches: WindowBatches | SequenceBatches) -> AutoencoderConfig:
    """`config` with the epochs that it leaves to the data, and the patience that it leaves to the epochs."""
    epochs, patience = config.training.epochs, config.training.patience
    if epochs is None:
        epochs = -(-config.training.updates // batches.num_batches(0))
    if patience is None:
        patience = max(epochs // 5, LEAST_PATIENCE)
    return replace(config, training=replace(config.training, epochs=epochs, patience=patience))


def fit_detector(reconstructor: Reconstructor, parts: Split, report: Report) -> Detector:
    """What errors are usual, of the model and of principal components: fitted on the validation part, held out."""
    settings, look_back = reconstructor.config.detection, reconstructor.look_back
    train, valid, lengths = parts.scaled("train"), parts.scaled("valid"), parts.valid.lengths
    stride = num_pieces(parts.train.lengths, look_back) // BASELINE_PIECES + 1
    pieces = [each.values for each in cut(train, look_back, stride)]
    width = max(each.shape[1] for each in pieces)
    pieces = [np.pad(each, ((0, 0), (0, width - each.shape[1]), (0, 0)), constant_values=np.nan) for each in pieces]
    baseline = PCABaseline(settings.components).fit(np.concatenate(pieces))

    def own_errors(stride):
        return ((piece, piece.values - outputs) for piece, outputs in reconstructor.outputs(valid, stride))

    def baseline_errors(stride):
        return ((piece, pca_errors(baseline, width, piece)) for piece in cut(valid, look_back, stride))

    if not look_back and len(valid) < FEW_HELD_OUT:
        report.warn(f"the threshold rests on {len(valid)} held-out sequences: a larger data.valid_share makes it surer")
    own, pca = (Scorer.fit(settings, errors, lengths, look_back) for errors in (own_errors, baseline_errors))
    what = "steps" if look_back else "sequences"
    report.say(f"an alarm is a score above {own.threshold:.4g}, fitted on the {what} of the validation part")
    return Detector(own, pca, baseline, width)


def _card(config, parts):
    windows, horizon = config.windows, config.model.horizon
    if not windows.look_back:
        return [("reads", "whole sequences"), ("writes", "the same sequence")]
    written = f"the same window{f' and the next {horizon} steps' if horizon else ''}"
    counts = [num_pieces(getattr(parts, name).lengths - horizon, windows.look_back) for name in ("train", "valid")]
    every = f", a new one every {windows.stride}" if windows.stride > 1 else ""
    return [
        ("reads", f"windows of {windows.look_back} steps{every}"),
        ("windows", f"{counts[0] // windows.stride:,} for training, {counts[1]:,} for validation"),
        ("writes", written),
    ]


def _batches(config, parts, report):
    """Batches of the training part and of the validation part."""
    look_back, horizon = config.windows.look_back, config.model.horizon
    if look_back and parts.valid.lengths.max(initial=0) < look_back + horizon:
        raise InputError(
            f"The validation part has at most {parts.valid.lengths.max(initial=0)} steps in a row, a window "
            f"needs {look_back + horizon}: raise data.valid_share={config.data.valid_share:g}, or shorten the window."
        )

    def make(name, **options):
        scaled = parts.scaled(name)
        if not look_back:
            return SequenceBatches(scaled, **options)
        windows = WindowBatches(scaled, look_back=look_back, horizon=horizon, **options)
        return _Composite(windows) if horizon else windows

    pieces = num_pieces(parts.train.lengths - horizon, look_back) // config.windows.stride
    size = config.windows.batch_size or batch_size_for(pieces)
    strides = {"stride": config.windows.stride} if look_back else {}
    training = make("train", batch_size=size, seed=config.seed, **strides)
    if training.too_short:
        report.warn(f"{training.too_short:,} series or stretches between gaps are shorter than a window: left out")
    return training, make("valid", batch_size=256)


def batch_size_for(pieces: int) -> int:
    """64 pieces to a batch, fewer where an epoch would have less than 16 batches, but 8 at least.

    >>> batch_size_for(10_000), batch_size_for(248)
    (64, 16)
    """
    return min(max(-(-pieces // 16), 8), 64)


@dataclass(frozen=True)
class _Composite:
    """Windows for the composite model, which writes the window itself and what follows it."""

    windows: WindowBatches
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

    def largest(self, epoch=0):
        return self.windows.largest(epoch)

    def epoch(self, epoch=0) -> tf.data.Dataset:
        return self.windows.epoch(epoch).map(lambda window, following: (window, (window, following)))
