"""Training a forecaster: what it may learn from, and with which settings it goes on."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.config import ForecasterConfig, resolve
from seq2seq.errors import InputError
from seq2seq.evaluation.linear import LinearForecast
from seq2seq.evaluation.origins import origins_of, targets_at
from seq2seq.inference.forecaster import Forecaster
from seq2seq.report import Report
from seq2seq.tasks import series_split
from seq2seq.tasks.measure_forecaster import evaluate
from seq2seq.tasks.train_forecaster import train, valid_part


def test_validation_targets_are_no_training_targets(days_plain):
    parts = series_split.split(days_plain.read(), days_plain.config.data, days_plain.config.seed, Report())
    held_out = valid_part(parts, 24)
    origins = [origins_of(held_out.lengths[0], 24, 3)]
    targets = targets_at(held_out.values, origins, 3)
    np.testing.assert_array_equal(targets[0], parts.valid.values[0][:3])
    np.testing.assert_array_equal(targets[-1], parts.valid.values[0][-3:])


def test_a_run_goes_on_with_its_own_settings_only(days_plain, days_config, tmp_path):
    run = shutil.copytree(days_plain.run.path, tmp_path / "run")
    own = ["windows.look_back=24", "windows.horizon=3", "windows.batch_size=32"]
    with pytest.raises(InputError, match=r"model\.units=5 \(the run: 4\)"):
        train(days_config(*own, "model.units=5", data__columns="load,warm"), run, resume=True)
    stored = LinearForecast.load(run / "linear.npz")
    replace(stored, kernel=stored.kernel * 0.5).save(run / "linear.npz")  # as another version would fit it
    more = days_config(*own, "training.epochs=3", data__columns="load,warm")
    assert train(more, run, resume=True)["epochs"] == 3
    np.testing.assert_array_equal(LinearForecast.load(run / "linear.npz").kernel, stored.kernel * 0.5)


OWN = ["windows.look_back=24", "windows.horizon=3", "windows.batch_size=32"]


def test_a_stopped_training_is_finished_as_it_is(days_plain, days_config, tmp_path):
    run = shutil.copytree(days_plain.run.path, tmp_path / "run")
    weights = (run / "weights.npz").read_bytes()
    (run / "calibration.npz").unlink()  # as of a training that was stopped
    config = days_config(*OWN, "training.epochs=9", data__columns="load,warm")
    assert train(config, run, finish=True)["epochs"] == 2
    assert (run / "weights.npz").read_bytes() == weights
    again, before = Forecaster.load(run), days_plain
    np.testing.assert_allclose(again.forecast(again.read()).lower, before.forecast(before.read()).lower, rtol=1e-5)
    with pytest.raises(InputError, match="holds no run to finish"):
        train(config, tmp_path / "none", finish=True)


@pytest.mark.slow
def test_series_of_different_size_are_forecast_in_units_of_their_own(days_config, tmp_path):
    path, sizes, hours = tmp_path / "shops.csv", {"kiosk": 1.0, "mall": 1000.0}, np.arange(240)
    wave = 10 + np.sin(hours * 2 * np.pi / 24)
    lines = ["time,shop,sales"]
    start = np.datetime64("2024-01-01T00", "h")
    for shop, size in sizes.items():
        lines += [f"{start + hour},{shop},{size * wave[hour]:.6g}" for hour in hours]
    path.write_text("\n".join(lines) + "\n")
    config = days_config(*OWN, data__group="shop")
    train(replace(config, data=replace(config.data, location=str(path))), tmp_path / "run")
    forecaster = Forecaster.load(tmp_path / "run")
    assert forecaster.config.data.scale_by_group
    made = forecaster.forecast(forecaster.read())
    for number, size in enumerate(sizes.values()):
        np.testing.assert_allclose(made.values[number][:, 0] / size, wave[:3], atol=1.0)
        assert (made.upper[number] - made.lower[number]).max() < 4 * size
    figures = evaluate(forecaster)
    assert figures.groups.keys() == sizes.keys()
    assert figures.groups["mall"]["model"] == pytest.approx(1000 * figures.groups["kiosk"]["model"], rel=0.01)
    assert [row[0] for row in figures.worst(figures.groups, 1)] in (["mall"], ["kiosk"])


def test_series_that_cannot_be_forecast_are_left_out(days_plain):
    series = days_plain.read()
    values = series.values[0]
    three = replace(
        series,
        values=(values, values[:13], values + 1e300),
        names=("a", "b", "c"),
        times=tuple(series.times[0][: len(each)] for each in (values, values[:13], values)),
    )
    rejected = []
    assert days_plain.usable(three, 3, rejected).names == ("a",)
    assert [name for name, _ in rejected] == ["b", "c"] and "13 steps, the model reads 24" in rejected[0][1]
    with pytest.raises(InputError, match="13 steps"):
        days_plain.usable(three.take([1]), 3, [])


@pytest.mark.slow
def test_a_network_of_segments_learns_a_week_that_a_day_does_not_tell(tmp_path):
    draw, days = np.random.default_rng(0), np.arange(24 * 7 * 30) // 24 % 7
    hours = np.sin(np.arange(len(days)) * 2 * np.pi / 24)
    values = np.stack((hours * (days < 5) + 3.0, 5.0 * hours * (days > 2) - 9.0), axis=1)
    np.save(tmp_path / "load.npy", values + draw.normal(size=values.shape) * 0.1)
    settings = [
        "model.kind=segments",
        "model.units=32",
        "training.epochs=10",
        "windows.look_back=168",
        "model.segment=24",
        "model.season=24",
        "model.residual=last",  # what is linear in a window of a week leaves nothing to learn here
    ]
    given = {"data__location": str(tmp_path / "load.npy"), "windows__horizon": 24}
    train(resolve(ForecasterConfig, settings=settings, **given), tmp_path / "run")
    forecaster = Forecaster.load(tmp_path / "run")
    found = evaluate(forecaster, str(tmp_path / "load.npy")).overall
    assert found.scores["mse_scaled"] < 0.4 * found.baselines["seasonal naive"]["mse_scaled"]
