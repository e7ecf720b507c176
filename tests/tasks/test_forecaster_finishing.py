"""After its training a forecaster is no worse on the validation part than the best naive forecast of its window."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.config import ForecasterConfig, resolve
from seq2seq.inference.forecaster import Forecaster
from seq2seq.report import Report
from seq2seq.tasks import train_forecaster
from seq2seq.tasks.forecaster_finishing import compare, fit_to_weights
from seq2seq.tasks.series_split import split

KINDS = ("walk", "season", "noise", "skewed")


class Heard(Report):
    def __init__(self):
        self.lines = []

    def warn(self, line):
        self.lines.append(line)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Four kinds of series, hourly, as columns."""
    random, hours = np.random.default_rng(0), np.arange(600)
    noise = random.normal(size=(600, 4))
    values = np.stack(
        (
            noise[:, 0].cumsum(),
            5 * np.sin(hours * 2 * np.pi / 24) + noise[:, 1],
            noise[:, 2],
            np.exp(noise[:, 3].cumsum() / 5),
        ),
        axis=1,
    )
    times = np.datetime64("2024-03-01T00") + hours.astype("timedelta64[h]")
    path = tmp_path_factory.mktemp("kinds") / "kinds.csv"
    lines = [",".join([str(time), *(f"{value:.5f}" for value in row)]) for time, row in zip(times, values, strict=True)]
    path.write_text("\n".join(["when," + ",".join(KINDS), *lines]) + "\n")
    return path


def useless(table, run_dir, monkeypatch, **settings):
    """A run whose network was given random weights in place of a training."""

    def spoil(training):
        draw = np.random.default_rng(1)
        for weight in training.model.trainable_variables:
            weight.assign(draw.normal(size=weight.shape))
        training.run.save_weights(training.model.get_weights())
        return {}

    monkeypatch.setattr(train_forecaster.Training, "fit", spoil)
    given = {"windows__look_back": 36, "windows__horizon": 5} if "model__kind" not in settings else {}
    config = resolve(ForecasterConfig, data__location=str(table), model__units=4, **given, **settings)
    metrics = train_forecaster.train(config, run_dir)
    forecaster = Forecaster.load(run_dir)
    parts = split(forecaster.read(), forecaster.config.data, 1, Report())
    return forecaster, parts, metrics


@pytest.mark.parametrize("log", [False, True])
def test_a_useless_network_does_no_harm(table, tmp_path, monkeypatch, log):
    some = {"data__log": True, "data__columns": "skewed"} if log else {}
    forecaster, parts, metrics = useless(table, tmp_path / "run", monkeypatch, **some)
    heard = Heard()
    compare(forecaster, parts, heard)
    assert not [line for line in heard.lines if "last value" in line or "seasonal naive" in line], heard.lines
    (errors,) = (errors for name, errors in metrics.items() if name.startswith("validation_"))
    assert errors["model"] <= 1.01 * min(errors["last value"], errors.get("seasonal naive", np.inf))
    assert (forecaster.model.start.share.numpy() < 0.3).all()
    assert np.isfinite(forecaster.forecast(forecaster.read()).values[0]).all()


def test_a_useless_stream_is_the_last_value(table, tmp_path, monkeypatch):
    *_, metrics = useless(table, tmp_path / "run", monkeypatch, model__kind="stateful")
    (errors,) = (errors for name, errors in metrics.items() if name.startswith("validation_"))
    assert errors["model"] <= 1.001 * errors["last value"]


def test_finishing_twice_changes_nothing(days_plain, tmp_path):
    run = shutil.copytree(days_plain.run.path, tmp_path / "run")
    before = Forecaster.load(run)
    parts = split(before.read(), before.config.data, before.config.seed, Report())
    fit_to_weights(run, parts, Report())
    after = Forecaster.load(run)
    for old, new in zip(before.model.get_weights(), after.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_what_loses_is_said_with_the_settings_that_help(table, tmp_path, monkeypatch):
    settings = {"model__residual": "none", "data__columns": "walk,season"}
    forecaster, parts, _ = useless(table, tmp_path / "run", monkeypatch, **settings)
    heard = Heard()
    compare(forecaster, parts, heard)
    assert "on the validation part, step" in heard.lines[0] and "model.residual=auto" in " ".join(heard.lines)
    limited = replace(parts, train=parts.train.take([0]), valid=parts.valid.take([0]))
    assert compare(forecaster, limited, Report()).keys() == {"validation_mse_scaled"}
