"""Training an autoencoder, and fitting what it takes to find anomalies with it."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.config import AutoencoderConfig, resolve
from seq2seq.errors import InputError
from seq2seq.inference.detection import detect
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.report import Progress, Report
from seq2seq.tasks.train_autoencoder import batch_size_for, train


def config_of(location, *settings, **given):
    settings = ["model.units=8", "training.epochs=2", *settings]
    return resolve(AutoencoderConfig, settings=settings, data__location=str(location), **given)


class Listening(Report):
    def __init__(self):
        self.warnings, self.rows = [], {}

    def warn(self, line):
        self.warnings.append(line)

    def table(self, title, columns, rows):
        self.rows |= dict(rows)


def test_a_run_holds_what_it_needs_and_no_pickle(beats_run):
    names = {file.name for file in beats_run.iterdir()}
    assert {"config.json", "scaler.json", "detector.npz", "weights.npz", "metrics.json", "history.csv"} <= names
    with np.load(beats_run / "detector.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype.kind in "fiuU" for name in arrays)


def test_only_kept_rows_train_as_long_as_the_updates_need_and_the_card_tells(beats_file, tmp_path):
    config = resolve(
        AutoencoderConfig,
        settings=["model.units=8", "training.updates=40"],
        data__location=str(beats_file),
        data__array="train",
        data__keep="kind==1",
    )
    report = Listening()
    assert train(config, tmp_path / "run", report=report)["epochs"] == 3  # of 17 batches, as many as the updates need
    assert report.rows["sequences"] == "160 independent samples"
    assert report.rows["train"].startswith("136 sequences") and report.rows["valid"].startswith("24 sequences")


def test_long_series_need_windows(pumps_files, tmp_path):
    with pytest.raises(InputError, match=r"2 long series .300 steps.: give --look-back"):
        train(config_of(pumps_files / "train.csv", data__group="pump", data__columns="flow"), tmp_path / "run")
    with pytest.raises(InputError, match=r"validation part has at most 45 steps.*raise data.valid_share=0.15"):
        settings = {"data__group": "pump", "data__columns": "flow", "windows__look_back": 50}
        train(config_of(pumps_files / "train.csv", **settings), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_sequences_of_unequal_lengths_are_trained_on_and_scored(tmp_path):
    draw = np.random.default_rng(0)
    samples = np.sin(np.arange(20) + draw.uniform(0, 6, (40, 1))) + draw.normal(0, 0.1, (40, 20))
    lengths = draw.integers(8, 21, 40)
    samples[np.arange(20) >= lengths[:, None]] = np.nan
    path = tmp_path / "unequal.npy"
    np.save(path, samples)
    train(config_of(path), tmp_path / "run")
    model = Reconstructor.load(tmp_path / "run")
    series = model.read(str(path))
    found = detect(model, series)
    assert np.isfinite(found.scores.samples).all()
    np.testing.assert_array_equal([len(values) for values in model.reconstruct(series)], lengths)
    alone = detect(model, series.take([7]))
    np.testing.assert_allclose(alone.scores.samples, found.scores.samples[[7]], rtol=1e-4)


def test_the_composite_model_is_trained_on_windows(pumps_files, tmp_path):
    settings = {"data__group": "pump", "data__columns": "flow,heat", "windows__look_back": 8, "windows__stride": 4}
    config = config_of(pumps_files / "train.csv", "model.horizon=3", "training.epochs=1", **settings)
    assert np.isfinite(train(config, tmp_path / "run")["val_loss"])
    model = Reconstructor.load(tmp_path / "run")
    series = model.read(str(pumps_files / "test.csv"))
    assert [values.shape for values in model.reconstruct(series)] == [(120, 2)] * 2


def test_missing_values_count_nowhere(tmp_path):
    draw = np.random.default_rng(0)
    values = np.sin(np.arange(200) * 0.5)[:, None] * [1.0, 3.0] + draw.normal(0, 0.05, (200, 2))
    values[50:53, 0] = np.nan
    path = tmp_path / "gaps.npy"
    np.save(path, values)
    train(config_of(path, data__missing="mask", windows__look_back=10), tmp_path / "run")
    model = Reconstructor.load(tmp_path / "run")
    found = detect(model, model.read(str(path)))
    assert np.isfinite(found.scores.steps[0]).all()
    assert np.isnan(found.scores.blame[0][50:53, 0]).all() and np.isfinite(found.scores.blame[0][50:53, 1]).all()


class Interrupting(Report):
    """Presses Ctrl-C in the middle of an epoch."""

    @contextmanager
    def progress(self, title, total, unit):
        class Pressing(Progress):
            def advance(self, steps=1, amount=0.0, of="", **figures):
                if title.startswith("epoch 2/"):
                    raise KeyboardInterrupt

        yield Pressing()


def test_an_interrupted_run_resumes_to_the_same_scores(beats_file, tmp_path):
    config = config_of(beats_file, "training.epochs=3", data__array="train", data__keep="kind==1", data__limit=60)
    train(config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "halted", report=Interrupting())
    halted = Reconstructor.load(tmp_path / "halted")  # reconstructs, but knows no threshold yet
    series = halted.read(str(beats_file), array="test")
    with pytest.raises(InputError, match=r"no detector.npz: its training has not ended; .* --resume"):
        detect(halted, series)
    train(config, tmp_path / "halted", resume=True)
    found = [detect(Reconstructor.load(tmp_path / name), series) for name in ("halted", "whole")]
    np.testing.assert_array_equal(found[0].scores.samples, found[1].scores.samples)
    assert found[0].threshold == found[1].threshold
    with pytest.raises(InputError, match=r"model.units=9 \(the run: 8\)"):
        train(replace(config, model=replace(config.model, units=9)), tmp_path / "whole", resume=True)


def test_the_size_of_a_batch_follows_the_number_of_pieces():
    assert [batch_size_for(pieces) for pieces in (1, 248, 10**6)] == [8, 16, 64]


def test_f_beta_waits_for_labels(beats_file, tmp_path):
    with pytest.raises(InputError, match="detect --threshold f_beta"):
        train(config_of(beats_file, "detection.threshold=f_beta", data__array="train"), tmp_path / "run")
