"""Training an autoencoder, and fitting what it takes to find anomalies with it."""

import json
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.batches.protocol import Share
from seq2seq.batches.windows import WindowBatches
from seq2seq.config import AutoencoderConfig, resolve
from seq2seq.errors import InputError
from seq2seq.inference.detection import detect
from seq2seq.inference.detector import Detector
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.inference.series_data import read_data
from seq2seq.interruption import Interruption, Stopped
from seq2seq.report import Progress, Report
from seq2seq.run import Run
from seq2seq.series.scaling import Scaler
from seq2seq.tasks.fit_detector import refit
from seq2seq.tasks.series_split import shape_card, split
from seq2seq.tasks.train_autoencoder import _Composite, batch_size_for, train


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


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_the_card_tells_how_to_keep_a_test_part_where_there_is_none(share, beats_file):
    report, config = Listening(), config_of(beats_file, f"data.test_share={share}", data__array="train")
    series = read_data(config.data, Report(), windowed=False)
    shape_card(series, split(series, config.data, 1, Report()), [], report, keeps_test="--set data.test_share=0.2")
    assert report.rows["test"].startswith("34 sequences" if share else "none; --set data.test_share=0.2")


@pytest.mark.slow
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
    with pytest.raises(
        InputError, match=r"40 with the 300 steps after it needs 340: shorten .* or model.horizon, or give"
    ):
        settings |= {"windows__look_back": 40, "model__horizon": 300}
        train(config_of(pumps_files / "train.csv", **settings), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_of_columns_that_stand_still_nothing_can_be_learned(tmp_path):
    np.save(tmp_path / "still.npy", np.full((200, 2), [3.0, 4.0]))
    with pytest.raises(InputError, match="constant in the training part, so that there is nothing to learn"):
        train(config_of(tmp_path / "still.npy", windows__look_back=10), tmp_path / "run")


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_composite_model_is_trained_on_windows(pumps_files, tmp_path):
    settings = {"data__group": "pump", "data__columns": "flow,heat", "windows__look_back": 8, "windows__stride": 4}
    config = config_of(pumps_files / "train.csv", "model.horizon=3", "training.epochs=1", **settings)
    assert np.isfinite(train(config, tmp_path / "run")["val_loss"])
    model = Reconstructor.load(tmp_path / "run")
    series = model.read(str(pumps_files / "test.csv"))
    assert [values.shape for values in model.reconstruct(series)] == [(120, 2)] * 2


def test_a_worker_without_a_row_of_a_composite_batch_counts_for_nothing():
    batches = _Composite(WindowBatches([np.arange(6.0)[:, None]], look_back=5, batch_size=4), 3)
    ((window, (same, following)),) = batches.epoch(0, Share(1, 3))
    np.testing.assert_array_equal(window[..., 0], [[1, 2, 3]])
    np.testing.assert_array_equal(same, window)
    np.testing.assert_array_equal(following[..., 0], [[4, 5]])
    ((window, targets),) = batches.epoch(0, Share(2, 3))
    assert len(window) == 1 and all(np.isnan(target).all() for target in targets)


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


@pytest.mark.slow
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


def write_series(path, columns, rows, **groups):
    """A table of hourly rows, in each of `groups` its own function of the rows."""
    lines = [",".join(["time", *["shop"] * bool(groups), *columns])]
    start = np.datetime64("2024-01-01T00", "h")
    for name, of_group in (groups or {"": lambda values: values}).items():
        for number, values in enumerate(of_group(rows)):
            cells = ["" if np.isnan(value) else repr(float(value)) for value in values]
            lines.append(",".join([str(start + number), *[name] * bool(groups), *cells]))
    path.write_text("\n".join(lines) + "\n")
    return path


def waves(steps, columns, seed=0):
    noise = np.random.default_rng(seed).normal(0, 0.1, (steps, columns))
    return 10 + np.sin(np.arange(steps)[:, None] * 2 * np.pi / 24 + np.arange(columns)) + noise


WINDOWED = {"windows__look_back": 12}
SHORT = ("training.epochs=3", "training.learning_rate=0.02", "training.lr_ramp_steps=4", "windows.batch_size=16")


@pytest.mark.slow
def test_sensors_that_are_never_observed_together_end_in_a_detector(tmp_path):
    values = waves(400, 3)
    values[np.arange(3) != np.arange(400)[:, None] % 3] = np.nan
    path, report = write_series(tmp_path / "round.csv", "abc", values), Listening()
    train(config_of(path, data__missing="mask", **WINDOWED), tmp_path / "run", report=report)
    assert any("never observed together" in line for line in report.warnings)
    reconstructor = Reconstructor.load(tmp_path / "run")
    found = detect(reconstructor, reconstructor.read_training())
    assert np.isfinite(found.scores.steps[0]).all() and 0 < found.alarms.sum() < 40


def test_what_no_detector_can_be_fitted_to_is_refused_before_it_is_trained(tmp_path):
    np.save(tmp_path / "few.npy", waves(160, 1).reshape(8, 20, 1))
    with pytest.raises(InputError, match="peaks to fit a tail to"):
        train(config_of(tmp_path / "few.npy", "detection.threshold=pot"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_the_rounding_of_a_setpoint_is_no_alarm_and_a_change_of_a_tenth_is(tmp_path):
    values = waves(400, 2)
    values[:, 1] = 0.3 * (1 + 1e-16 * np.random.default_rng(1).integers(0, 3, 400))
    report = Listening()
    train(
        config_of(write_series(tmp_path / "a.csv", "ab", values), *SHORT, **WINDOWED), tmp_path / "run", report=report
    )
    assert any("'b' is constant (0.3)" in line for line in report.warnings)
    reconstructor = Reconstructor.load(tmp_path / "run")
    new = waves(120, 2, seed=5)
    new[:, 1] = 0.3
    usual = detect(reconstructor, reconstructor.read(str(write_series(tmp_path / "b.csv", "ab", new))))
    for change, alarms in ((1e-10, False), (0.03, True)):
        new[60, 1] = 0.3 + change
        found = detect(reconstructor, reconstructor.read(str(write_series(tmp_path / "b.csv", "ab", new))))
        for name in ("autoencoder", "pca"):
            before, after = (each.systems[name].scores.steps[0][60] for each in (usual, found))
            assert after > 10 * found.threshold if alarms else after == pytest.approx(before, rel=1e-3)


@pytest.mark.slow
def test_the_faults_of_a_small_shop_are_found_beside_a_large_one(tmp_path):
    sizes = {"mall": 1000.0, "kiosk": 1.0}

    def shops(values):
        return {name: lambda rows, size=size: rows * size for name, size in sizes.items()}

    rows = waves(500, 2)
    path, report = write_series(tmp_path / "a.csv", "ab", rows, **shops(rows)), Listening()
    report.say = report.warnings.append
    config = config_of(path, *SHORT, data__group="shop", **WINDOWED)
    train(config, tmp_path / "run", report=report)
    assert any("of different size (column 'a')" in line for line in report.warnings)
    reconstructor = Reconstructor.load(tmp_path / "run")
    assert reconstructor.config.data.scale_by_group and reconstructor.scaler.groups.keys() == sizes.keys()
    new = waves(150, 2, seed=3)
    new[70:80, 0] += 3
    read = reconstructor.read(str(write_series(tmp_path / "b.csv", "ab", new, **shops(new))))
    mall, kiosk = (events for events in detect(reconstructor, read).events(merge=3, min_length=3))
    for events in (mall, kiosk):
        assert any(event.first < 80 and event.last >= 70 for event in events)
    other = write_series(tmp_path / "c.csv", "ab", new, market=lambda rows: rows * 30)
    report.warnings.clear()
    read = reconstructor.read(str(other), report=report)
    assert "1 series ('market') not there in training: measured in units of its own values" in report.warnings
    assert any(event.first < 80 and event.last >= 70 for event in detect(reconstructor, read).events()[0])
    restored = reconstructor.reconstruct(read)[0]
    assert 100 < np.abs(restored).mean() < 1000


@pytest.mark.slow
def test_a_stopped_training_is_finished_as_it_is(beats_file, tmp_path):
    config = config_of(beats_file, "training.epochs=9", data__array="train")
    stopped = replace(config, training=replace(config.training, epochs=1))
    run = tmp_path / "run"
    with pytest.raises(InputError, match="holds no run to finish"):
        train(config, run, finish=True)
    train(stopped, run)
    weights = (run / "weights.npz").read_bytes()
    (run / "detector.npz").unlink()
    (run / "metrics.json").unlink()
    assert train(config, run, finish=True)["epochs"] == 1
    assert (run / "weights.npz").read_bytes() == weights and (run / "metrics.json").exists()
    reconstructor = Reconstructor.load(run)
    assert np.isfinite(detect(reconstructor, reconstructor.read(str(beats_file), array="test")).scores.samples).all()
    refit(run, threshold=("sigma", 4.0))
    train(config, run, finish=True)  # a run that is complete stays as it is
    assert Detector.load(Run.open(run, "autoencoder")).settings.threshold == "sigma"
    assert train(replace(config, training=replace(config.training, epochs=2)), run, resume=True)["epochs"] == 2


@pytest.mark.slow
def test_a_run_goes_on_with_the_units_that_another_version_wrote(beats_file, tmp_path, monkeypatch):
    def save_as_before(scaler, path):
        save(scaler, path)
        content = json.loads(path.read_text())
        content.pop("constant")
        path.write_text(json.dumps(content))

    config, save = config_of(beats_file, "training.epochs=1", data__array="train"), Scaler.save
    with monkeypatch.context() as before:
        before.setattr(Scaler, "save", save_as_before)
        train(config, tmp_path)
    written = (tmp_path / "scaler.json").read_bytes()
    assert b"constant" not in written
    longer = replace(config, training=replace(config.training, epochs=2))
    assert train(longer, tmp_path, resume=True)["epochs"] == 2
    assert (tmp_path / "scaler.json").read_bytes() == written


@pytest.mark.slow
def test_a_training_that_stopped_within_its_first_epoch_is_finished_with_what_it_has(beats_file, tmp_path):
    config, run = config_of(beats_file, "training.epochs=2", data__array="train"), tmp_path / "run"
    with pytest.raises(Stopped):
        train(config, run, interruption=Interruption(1e-9))  # after the first batches
    with pytest.raises(InputError, match="has no detector"):
        Detector.load(Run.open(run, "autoencoder"))
    found = []
    for _ in range(2):
        report = Listening()
        metrics = train(config, run, finish=True, report=report)
        (warning,) = (line for line in report.warnings if "no epoch has ended" in line)
        assert f"taken are the weights of batch {metrics['batches']} of the first" in warning and not metrics["epochs"]
        found.append((Detector.load(Run.open(run, "autoencoder")).threshold, metrics["val_loss"]))
    assert found[0] == found[1]
    whole = train(config, tmp_path / "whole")
    assert train(config, run, resume=True)["val_loss"] == whole["val_loss"]  # as if it had never been finished


def test_there_is_nothing_to_finish_where_nothing_was_trained(beats_file, tmp_path):
    settings = ["training.epochs=2", "training.on_divergence=roll_back"]  # which keeps a checkpoint before it begins
    config, run = config_of(beats_file, *settings, data__array="train"), tmp_path / "run"
    with pytest.raises(Stopped):
        train(config, run, interruption=Interruption(1e-9))
    for late in sorted((run / "checkpoints").glob("checkpoint-*.npz"))[1:]:
        late.unlink()
    with pytest.raises(InputError, match="has trained nothing yet"):
        train(config, run, finish=True)
