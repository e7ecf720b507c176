"""An outage in the data: nothing that is trained, scored or forecast reads across it, and each row has its line."""

import numpy as np
import pytest

from seq2seq.config import AutoencoderConfig, ForecasterConfig, resolve
from seq2seq.inference.detection import detect
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.report import Report
from seq2seq.series.segments import gaps_of, segments
from seq2seq.tasks import train_autoencoder, train_forecaster
from seq2seq.tasks.measure_forecaster import evaluate
from seq2seq.tasks.series_split import split, with_context

TINY = ["model.units=4", "training.epochs=1", "training.lr_ramp_steps=1"]


@pytest.fixture(scope="module")
def outages(tmp_path_factory):
    """Hourly values with two outages; the second is in the test part."""
    hours = np.delete(np.arange(300), [*range(100, 111), *range(270, 273)])
    times = np.datetime64("2024-01-01T00") + hours.astype("timedelta64[h]")
    lines = [f"{str(t).replace('T', ' ')}:00,{np.sin(h / 4):.4f}" for t, h in zip(times, hours, strict=True)]
    path = tmp_path_factory.mktemp("outages") / "data.csv"
    path.write_text("\n".join(["when,x", *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def forecaster(outages, tmp_path_factory):
    given = {"windows__look_back": 12, "windows__horizon": 3, "data__location": str(outages)}
    config = resolve(ForecasterConfig, settings=TINY, **given)
    return Forecaster.load(_trained(train_forecaster, config, tmp_path_factory))


def _trained(task, config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    task.train(config, folder)
    return folder


def test_what_is_decided_is_stored(forecaster):
    data = forecaster.config.data
    assert (data.time, data.columns, data.gaps) == (("when",), ("x",), "split")
    assert (data.time_format, data.rhythm) == ("ISO8601", "1h")


def test_parts_are_cut_and_what_is_known_before_them_is_not_across_a_gap(forecaster, outages):
    series = forecaster.read(str(outages))
    parts = split(series, forecaster.config.data, 1, Report())
    assert [len(getattr(parts, name).values) for name in ("train", "valid", "test")] == [2, 1, 2]
    assert parts.train.lengths.sum() + parts.valid.lengths.sum() + parts.test.lengths.sum() == series.lengths[0]
    joined = with_context(parts.valid, parts.train, 12)
    assert joined.lengths.tolist() == (parts.valid.lengths + 12).tolist()
    # The gap lies just before: nothing is known there.
    first, second = (segments(series).take([number]) for number in (0, 1))
    assert with_context(second, first, 12).lengths.tolist() == second.lengths.tolist()


def test_a_forecast_reads_what_comes_after_the_last_gap(forecaster, outages):
    series = forecaster.read(str(outages))
    made = forecaster.forecast(series)
    alone = forecaster.forecast(segments(series).take([2]))
    np.testing.assert_array_equal(made.values[0], alone.values[0])
    assert made.clock.texts(made.times[0])[0] == "2024-01-13 12:00"


@pytest.mark.parametrize("backtest", [None, 4])
def test_no_origin_of_an_evaluation_has_a_gap_in_its_window_or_horizon(forecaster, monkeypatch, backtest):
    seen = []
    rolling = forecaster.core.rolling
    monkeypatch.setattr(forecaster.core, "rolling", lambda *given: seen.append(given[:2]) or rolling(*given))
    evaluate(forecaster, backtest=backtest)
    (inputs, origins) = seen[0]
    assert [len(values) for values in inputs] == [100, 159, 27]
    for values, at in zip(inputs, origins, strict=True):
        assert all(12 <= origin <= len(values) - 3 for origin in at)
    if backtest:
        assert [len(at) for at in origins] == [0, 0, 4]


def test_a_stateful_model_starts_anew_after_a_gap(outages, tmp_path):
    config = resolve(ForecasterConfig, settings=[*TINY, "model.kind=stateful"], data__location=str(outages))
    train_forecaster.train(config, tmp_path / "run")
    stream = Forecaster.load(tmp_path / "run")
    series = stream.read(str(outages))
    np.testing.assert_array_equal(
        stream.forecast(series).values[0], stream.forecast(segments(series).take([2])).values[0]
    )


@pytest.mark.slow
def test_scores_of_a_series_are_those_of_its_stretches(outages, tmp_path):
    given = {"windows__look_back": 8, "data__location": str(outages)}
    train_autoencoder.train(resolve(AutoencoderConfig, settings=TINY, **given), tmp_path / "run")
    model = Reconstructor.load(tmp_path / "run")
    series = model.read(str(outages))
    assert gaps_of(series)[0].tolist() == [100, 259]
    whole, parts = detect(model, series), detect(model, segments(series))
    np.testing.assert_allclose(whole.scores.steps[0], np.concatenate(parts.scores.steps), rtol=1e-5)
    np.testing.assert_allclose(whole.scores.windows[0], np.concatenate(parts.scores.windows), rtol=1e-5)
    assert len(whole.scores.steps[0]) == series.lengths[0] and np.isnan(whole.scores.windows[0][100:107]).all()
    alone = np.concatenate(model.reconstruct(segments(series)))
    np.testing.assert_allclose(model.reconstruct(series)[0], alone, rtol=1e-5, atol=1e-6)
    assert len(model.codes(series)) == 286 - 3 * 7
