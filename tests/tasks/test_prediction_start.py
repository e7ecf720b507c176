"""An autoencoder predicts the change from a linear forecast, as far as that helps."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.config import AutoencoderConfig, resolve
from seq2seq.config.inheriting import inherited
from seq2seq.errors import InputError
from seq2seq.evaluation.linear import fit_linear
from seq2seq.inference.pieces import PREDICTION
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.inference.series_data import read_data
from seq2seq.report import Report
from seq2seq.tasks import train_autoencoder
from seq2seq.tasks.series_split import split
from seq2seq.tasks.train_autoencoder import train

LOOK_BACK = 12


def config_of(pumps_files, *settings):
    data = {"location": str(pumps_files / "train.csv"), "group": "pump", "columns": "flow,heat"}
    settings = ["model.units=8", "training.epochs=1", "model.horizon=2", *settings]
    given = {f"data__{name}": value for name, value in data.items()}
    return resolve(AutoencoderConfig, settings=settings, windows__look_back=LOOK_BACK, **given)


@pytest.fixture(scope="module")
def run(pumps_files, shared):
    return shared("pumps-linear", lambda run_dir: train(config_of(pumps_files), run_dir))


def train_from(parent, path, pumps_files):
    config = inherited(Reconstructor.load(parent).config)
    data = replace(config.data, location=str(pumps_files / "train.csv"))
    train(replace(config, data=data, training=replace(config.training, epochs=1)), path, parent=parent)


def parts_of(reconstructor):
    data, seed = reconstructor.config.data, reconstructor.config.seed
    series = reconstructor.scaler.match(read_data(data, Report(), windowed=True))
    return split(series, data, seed, Report(), reconstructor.scaler)


def squared_errors(reconstructor, scaled):
    off = np.concatenate([errors[PREDICTION][1] for errors in reconstructor.errors(scaled)])
    return np.nanmean(np.square(off), axis=0)


def test_a_prediction_is_no_worse_on_the_validation_part_than_the_linear_forecast_of_its_window(run):
    reconstructor = Reconstructor.load(run)
    start, parts = reconstructor.model.start, parts_of(reconstructor)
    fitted = fit_linear(parts.scaled("train"), parts.scaled("valid"), (0, 1), (), LOOK_BACK, 2)
    np.testing.assert_allclose(start.kernel, fitted.kernel, atol=1e-6)
    np.testing.assert_allclose(start.bias, fitted.bias, atol=1e-6)
    share, valid = start.share.numpy(), parts.scaled("valid")
    ours = squared_errors(reconstructor, valid)
    start.share.assign(np.zeros(share.shape))
    linear = squared_errors(reconstructor, valid)
    start.share.assign(share)
    assert (ours <= linear * (1 + 1e-5)).all()
    assert ((share >= 0) & (share <= 1)).all()


def test_a_run_that_is_finished_again_is_the_same(run, pumps_files, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    start = Reconstructor.load(run).model.start
    assert 0 < start.share.numpy().mean() < 1  # else nothing is told here
    for how in ({"resume": True}, {"finish": True}):
        train(config_of(pumps_files), tmp_path / "run", **how)
        again = Reconstructor.load(tmp_path / "run").model.start
        np.testing.assert_array_equal(again.share, start.share)


def test_a_run_that_predicts_from_nothing_still_does_and_so_do_those_that_go_on_with_it(
    pumps_files, tmp_path, monkeypatch
):
    config = config_of(pumps_files)
    with monkeypatch.context() as before:  # as versions did that knew no linear forecast here
        before.setattr(train_autoencoder, "with_residual", lambda config, setup: config)
        train(config, tmp_path / "run")
    longer = replace(config, training=replace(config.training, epochs=2))
    assert train(longer, tmp_path / "run", resume=True)["epochs"] == 2
    train_from(tmp_path / "run", tmp_path / "next", pumps_files)
    assert not any(Reconstructor.load(tmp_path / name).model.start for name in ("run", "next"))


def test_a_run_that_starts_from_another_has_its_linear_forecast(run, pumps_files, tmp_path):
    train_from(run, tmp_path / "next", pumps_files)
    ours, theirs = (Reconstructor.load(path).model.start for path in (tmp_path / "next", run))
    np.testing.assert_array_equal(ours.kernel, theirs.kernel)


def test_what_predicts_nothing_has_nothing_to_start_from(pumps_files):
    with pytest.raises(InputError, match=r"model.residual=linear does nothing without model.horizon"):
        config_of(pumps_files, "model.horizon=0", "model.residual=linear")
