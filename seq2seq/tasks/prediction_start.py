"""The linear forecast from which an autoencoder predicts what follows a window."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from seq2seq.config import AutoencoderConfig
from seq2seq.evaluation.linear import fit_linear
from seq2seq.inference.pieces import PREDICTION, RECONSTRUCTION, num_pieces, pieces_after
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.report import Report
from seq2seq.run.integrity import read_config
from seq2seq.tasks.series_split import Split
from seq2seq.tasks.shares import SHARE_VALUES, best_shares, too_few
from seq2seq.training.setup import Setup

if TYPE_CHECKING:
    from seq2seq.models import Autoencoder


def with_residual(config: AutoencoderConfig, setup: Setup) -> AutoencoderConfig:
    """`config` with what a prediction is the change from, where that was left open.

    Runs of earlier versions, which did not know it, predict from nothing: so do those that go on with them.
    """
    residual = config.model.residual
    if residual != "auto" or not config.model.horizon or setup.parent:
        return config
    residual = read_config(setup.run_dir)[1]["model"].get("residual", residual) if setup.resume else "linear"
    return replace(config, model=replace(config.model, residual=residual))


def give_start(model: "Autoencoder", parts: Split, anew: bool) -> None:
    """Give a model the linear forecast that its prediction is the change from, if it is; all of that counts at first.

    Args:
        model: `Autoencoder`.
        parts: `Split` of the training data.
        anew: bool. Whether to fit it to them; else it is as it is.
    """
    if not model.start:
        return
    if anew:
        columns, horizon = range(len(parts.train.columns)), model.arguments["horizon"]
        fitted = fit_linear(parts.scaled("train"), parts.scaled("valid"), columns, (), model.start.look_back, horizon)
        model.start.assign(fitted.kernel, fitted.bias, fitted.ahead)
    model.start.share.assign(np.ones(model.start.share.shape))


def choose_shares(reconstructor: Reconstructor, parts: Split, report: Report) -> None:
    """How much of what the network changes of the prediction counts: see `best_shares`; kept in the run."""
    start, valid = reconstructor.model.start, parts.scaled("valid")
    if not start:
        return
    start.share.assign(np.ones(start.share.shape))  # of a run that was finished before, they are chosen anew
    horizon, width = start.share.shape
    stride = num_pieces(parts.valid.lengths, start.look_back) * horizon * width // SHARE_VALUES + 1
    actual, without, off = [], [], []
    for errors in reconstructor.errors(valid, stride):
        pieces, (after, of_prediction) = errors[RECONSTRUCTION][0], errors[PREDICTION]
        rows, _ = pieces_after(pieces, valid, horizon)
        actual.append(after.values)
        without.append(start(pieces.values[rows]).numpy())
        off.append(of_prediction)
    actual, without, off = map(np.concatenate, (actual, without, off))
    shares = np.zeros(start.share.shape)
    if not too_few(len(actual), "the prediction", reconstructor.run, report):
        shares = best_shares(actual, without, actual - off - without, report)
    start.share.assign(shares)
    reconstructor.run.save_weights(reconstructor.model.get_weights())
