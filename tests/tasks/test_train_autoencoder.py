"""Autoencoders in run directories: training, reconstruction, detection."""

import shutil
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.config import AutoencoderConfig, resolve
from seq2seq.config.series import DetectionConfig
from seq2seq.errors import InputError
from seq2seq.evaluation.anomaly import ErrorModel
from seq2seq.inference.detection import detect, was_trained_on
from seq2seq.inference.detector import Detector, Scorer, _crossed_scores
from seq2seq.inference.pieces import PIECES_AT_ONCE, Pieces, cut, num_pieces
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.report import Progress, Report
from seq2seq.run import Run
from seq2seq.series.table import read_series
from seq2seq.tasks.measure_detection import measure_detection, read_labels, split_location
from seq2seq.tasks.train_autoencoder import batch_size_for, train


@pytest.fixture(scope="module")
def beats_model(beats_run):
    return Reconstructor.load(beats_run)


@pytest.fixture(scope="module")
def pumps_model(pumps_run):
    return Reconstructor.load(pumps_run)


@pytest.fixture(scope="module")
def pumps_test(pumps_model, pumps_files):
    return pumps_model.read(str(pumps_files / "test.csv"))


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


# --- pieces


@pytest.mark.parametrize("look_back", [0, 3, 4])
@pytest.mark.parametrize("stride", [1, 3])
def test_pieces_hold_every_step_of_every_series_that_is_long_enough(look_back, stride):
    scaled = [np.random.default_rng(n).normal(size=(n, 2)).astype(np.float32) for n in (5, 3, 0, 11, 4)]
    seen = [np.full_like(values, np.nan) for values in scaled]
    count = 0
    for pieces in cut(scaled, look_back, stride):
        count += len(pieces.values)
        for values, series, first in zip(pieces.values, pieces.series, pieces.first, strict=True):
            inside = seen[series][first : first + len(values)]
            inside[:] = values[: len(inside)]
            assert np.isnan(values[len(inside) :]).all()
    for values, found in zip(scaled, seen, strict=True):
        expected = values if len(values) >= look_back else np.full_like(values, np.nan)
        np.testing.assert_array_equal(found, expected)
    if stride == 1:
        assert count == num_pieces(np.array([len(values) for values in scaled]), look_back)


def test_pieces_come_in_bounded_batches():
    batches = [len(pieces.values) for pieces in cut([np.zeros((3 * PIECES_AT_ONCE, 1), np.float32)], 2)]
    assert max(batches) == PIECES_AT_ONCE and sum(batches) == 3 * PIECES_AT_ONCE - 1


# --- training


def test_a_run_holds_what_it_needs_and_no_pickle(beats_run):
    names = {file.name for file in beats_run.iterdir()}
    assert {"config.json", "scaler.json", "detector.npz", "weights.npz", "metrics.json", "history.csv"} <= names
    with np.load(beats_run / "detector.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype.kind in "fiuU" for name in arrays)


def test_only_kept_rows_train_and_the_card_tells(beats_file, tmp_path):
    report = Listening()
    train(config_of(beats_file, data__array="train", data__keep="kind==1"), tmp_path / "run", report=report)
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


def test_epochs_are_as_many_as_the_updates_need(beats_file, tmp_path):
    config = resolve(
        AutoencoderConfig,
        settings=["model.units=8", "training.updates=40"],
        data__location=str(beats_file),
        data__array="train",
    )
    assert train(config, tmp_path / "run")["epochs"] == 3  # of 16 batches
    assert [batch_size_for(pieces) for pieces in (1, 248, 10**6)] == [8, 16, 64]


def test_f_beta_waits_for_labels(beats_file, tmp_path):
    with pytest.raises(InputError, match="detect --threshold f_beta"):
        train(config_of(beats_file, "detection.threshold=f_beta", data__array="train"), tmp_path / "run")


# --- reading


def test_columns_are_matched_by_name(pumps_model, pumps_files, pumps_test, tmp_path):
    lines = [line.split(",") for line in (pumps_files / "test.csv").read_text().splitlines()]
    other = tmp_path / "other.csv"
    other.write_text("\n".join(",".join([row[4], row[1], row[0], row[2]]) for row in lines))
    series = pumps_model.read(str(other))
    assert series.columns == ("flow", "heat")
    for ours, theirs in zip(series.values, pumps_test.values, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    other.write_text((pumps_files / "test.csv").read_text().replace("heat", "heats"))
    with pytest.raises(InputError, match="no column 'heat': did you mean 'heats'"):
        pumps_model.read(str(other))


def test_series_that_are_too_short_are_told_of(pumps_model, pumps_files, tmp_path):
    lines = (pumps_files / "test.csv").read_text().splitlines()
    short = tmp_path / "short.csv"
    short.write_text("\n".join(lines[:6]))
    with pytest.raises(InputError, match="a window has 12 steps, the longest series 5"):
        pumps_model.read(str(short))
    short.write_text("\n".join([*lines[:40], *(line.replace("north", "east") for line in lines[1:6])]))
    report = Listening()
    series = pumps_model.read(str(short), report=report)
    assert "1 series are shorter than a window of 12 steps" in report.warnings[0]
    assert np.isnan(detect(pumps_model, series).scores.steps[1]).all()


# --- reconstruction


def test_windows_are_reconstructed_in_the_units_of_the_data(pumps_model, pumps_test):
    found = pumps_model.reconstruct(pumps_test)
    normal = slice(0, 48)
    for values, reconstructed in zip(pumps_test.values, found, strict=True):
        assert reconstructed.shape == values.shape
        assert np.all(np.abs(reconstructed - values)[normal].mean(axis=0) < 0.6 * values[normal].std(axis=0))


def test_codes_follow_the_order_of_the_data(beats_model, beats_file, pumps_model, pumps_test):
    series = beats_model.read(str(beats_file), array="test")
    codes = beats_model.codes(series)
    assert codes.shape == (90, 24)
    np.testing.assert_allclose(beats_model.codes(series.take([5])), codes[[5]], atol=1e-5)
    codes = pumps_model.codes(pumps_test)
    assert codes.shape == (2 * (120 - 12 + 1), 16)
    cut_off = replace(pumps_test, values=[values[3:] for values in pumps_test.values], times=None)
    np.testing.assert_allclose(pumps_model.codes(cut_off)[0], codes[3], atol=1e-5)


# --- detection


def test_anomalous_sequences_are_found_with_a_threshold_that_never_saw_them(beats_model, beats_file):
    series = beats_model.read(str(beats_file), array="test")
    labels = read_labels(f"{beats_file}:label", beats_model, series, str(beats_file))
    found = detect(beats_model, series)
    figures = measure_detection(found, labels)
    assert figures["autoencoder"]["roc_auc"] > 0.95 and figures["pca"]["roc_auc"] > 0.95
    assert figures["autoencoder"]["recall"] > 0.8 and np.mean(found.alarms[:60]) < 0.2
    some = detect(beats_model, series.take(range(3)))
    assert some.threshold == found.threshold
    np.testing.assert_allclose(some.scores.samples, found.scores.samples[:3], rtol=1e-3)


def test_faults_in_series_are_found_and_blamed(pumps_model, pumps_test, pumps_files):
    labels = read_labels(str(pumps_files / "faults.json"), pumps_model, pumps_test, "test.csv")
    assert labels.values.sum() == 40
    found = detect(pumps_model, pumps_test)
    figures = measure_detection(found, labels)["autoencoder"]
    assert (figures["windows"], figures["hit"]) == (2, 2) and figures["roc_auc"] > 0.9
    assert found.scores.blame[0][62:78, 0].sum() > 2 * found.scores.blame[0][62:78, 1].sum()


def test_scores_add_up(pumps_model, pumps_test, beats_model, beats_file):
    windowed = detect(pumps_model, pumps_test).scores
    np.testing.assert_allclose(windowed.blame[0].sum(axis=1), windowed.steps[0])
    assert np.isnan(windowed.windows[0][:11]).all() and np.isfinite(windowed.windows[0][11:]).all()
    # The first step is in one window only, the one that ends with step 11.
    first = windowed.windows[0][11]
    assert 0 < windowed.steps[0][0] < 12 * first
    whole = detect(beats_model, beats_model.read(str(beats_file), array="test")).scores
    np.testing.assert_allclose(whole.samples, [steps.mean() for steps in whole.steps])


def test_the_scores_of_sequences_are_those_of_their_error_model(beats_run, beats_model, beats_file):
    series = beats_model.read(str(beats_file), array="test")
    scorer = Detector.load(Run.open(beats_run, "autoencoder")).autoencoder
    assert scorer.steps == 24
    scaled = beats_model.scaled(series)
    outputs = np.concatenate([outputs for _, outputs in beats_model.outputs(scaled)])
    expected = scorer.errors.scores((np.stack(scaled) - outputs).reshape(90, -1))
    np.testing.assert_allclose(detect(beats_model, series).scores.samples, expected, rtol=1e-6)


def test_a_longer_sequence_than_those_of_the_training_is_refused(beats_model, tmp_path):
    np.save(tmp_path / "long.npy", np.zeros((3, 30)))
    with pytest.raises(InputError, match="30 steps, all those of the training had 24"):
        detect(beats_model, beats_model.read(str(tmp_path / "long.npy")))
    np.save(tmp_path / "short.npy", np.zeros((3, 20)))
    assert np.isfinite(detect(beats_model, beats_model.read(str(tmp_path / "short.npy"))).scores.samples).all()


def test_held_out_sequences_are_scored_by_error_models_of_the_others():
    vectors = np.random.default_rng(0).normal(size=(40, 12))
    own = ErrorModel.fit("mahalanobis", vectors).scores(vectors)
    assert np.mean(_crossed_scores("mahalanobis", vectors)) > 1.1 * np.mean(own)
    for kind in ("absolute", "squared"):
        np.testing.assert_allclose(_crossed_scores(kind, vectors), ErrorModel.fit(kind, vectors).scores(vectors))


@pytest.mark.parametrize("score", ["absolute", "squared", "mahalanobis"])
@pytest.mark.parametrize("look_back", [0, 5])
def test_about_the_share_asked_for_of_normal_data_is_above_the_threshold(score, look_back):
    def errors(seed):
        scaled = [np.random.default_rng((seed, n)).normal(size=(20, 2)).astype(np.float32) for n in range(300)]
        return lambda stride: ((pieces, pieces.values) for pieces in cut(scaled, look_back, stride))

    settings = resolve(AutoencoderConfig, settings=[f"detection.score={score}", "detection.value=0.9"]).detection
    lengths = np.full(300, 20)
    scorer = Scorer.fit(settings, errors(0), lengths, look_back)
    judged = scorer.score(errors(1)(1), lengths, look_back).judged
    assert 0.04 < np.mean(judged > scorer.threshold) < 0.18


def test_ends_of_a_series_are_no_alarms_though_a_model_errs_more_at_the_ends_of_a_window():
    look_back, lengths = 8, np.array([400, 400])
    often = np.array([1.0] * (look_back - 1) + [10.0])[:, None]  # ten times as far off at the last step of a window

    def errors(stride):
        for pieces in cut([np.zeros((length, 2), np.float32) for length in lengths], look_back, stride):
            draw = np.random.default_rng(1)
            yield pieces, draw.normal(size=pieces.values.shape) * often

    scorer = Scorer.fit(DetectionConfig(), errors, lengths, look_back)
    steps = np.stack(scorer.score(errors(1), lengths, look_back).steps)
    assert steps[:, -1].max() < 8 * steps.mean()  # a single window's score, of a chi-square with two degrees of freedom
    assert scorer.usual[-1] == pytest.approx(10 * scorer.usual[0], rel=0.2)


def test_a_stored_detector_is_the_same(beats_run, tmp_path):
    run = Run.open(shutil.copytree(beats_run, tmp_path / "run"), "autoencoder")
    detector = Detector.load(run)
    run.detector.unlink()
    detector.save(run)
    copy = Detector.load(run)
    pieces = Pieces(np.random.default_rng(0).normal(size=(4, 24, 1)).astype(np.float32), np.arange(4), np.zeros(4, int))
    np.testing.assert_array_equal(copy.baseline_errors(pieces), detector.baseline_errors(pieces))
    for name in ("autoencoder", "pca"):
        ours, theirs = (
            getattr(each, name).score(iter([(pieces, pieces.values)]), np.full(4, 24), 0) for each in (detector, copy)
        )
        np.testing.assert_array_equal(ours.samples, theirs.samples)
        assert getattr(copy, name).threshold == getattr(detector, name).threshold


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "no detector.npz"),
        (lambda path: path.write_bytes(b"PK\x03\x04" + b"x" * 90), "detector.npz is damaged"),
        (lambda path: path.write_bytes(b""), "detector.npz is damaged"),
        (lambda path: np.savez(path, width=3), "detector.npz is damaged"),
    ],
)
def test_damaged_detectors_are_refused_in_one_line(beats_run, beats_file, tmp_path, damage, message):
    run = shutil.copytree(beats_run, tmp_path / "run")
    damage(run / "detector.npz")
    model = Reconstructor.load(run)
    with pytest.raises(InputError, match=message) as caught:
        detect(model, model.read(str(beats_file), array="test"))
    assert "\n" not in str(caught.value)


# --- thresholds and labels


def test_other_thresholds_come_from_the_same_held_out_scores(beats_model, beats_file):
    series = beats_model.read(str(beats_file), array="test")
    stored = detect(beats_model, series)
    assert detect(beats_model, series, threshold=("quantile", 0.99)).threshold == pytest.approx(stored.threshold)
    assert detect(beats_model, series, threshold=("quantile", 0.5)).threshold < stored.threshold


def test_a_threshold_by_f_beta_is_fitted_on_labelled_data_of_its_own(beats_model, beats_file):
    everything = beats_model.read(str(beats_file), array="test")
    labels = read_labels(f"{beats_file}:label", beats_model, everything, str(beats_file))
    half = np.arange(90) % 2 == 0
    series, held_out = everything.take(np.flatnonzero(half)), everything.take(np.flatnonzero(~half))
    known = replace(labels, values=labels.values[~half])
    found = detect(beats_model, series, threshold=("f_beta", 1.0), labelled=(held_out, known))
    assert measure_detection(found, replace(labels, values=labels.values[half]))["autoencoder"]["f1"] > 0.9
    with pytest.raises(InputError, match="f_beta"):
        detect(beats_model, series, threshold=("f_beta", 1.0))


def test_labels_that_do_not_fit_are_refused(beats_model, beats_file, pumps_model, pumps_test, pumps_files, tmp_path):
    series = beats_model.read(str(beats_file), array="test")
    for location, message in (
        (f"{beats_file}:kind", "170 labels, expected 90: one for each sequence"),
        (f"{beats_file}:labels", "did you mean 'label'"),
        (str(pumps_files / "faults.json"), "labels windows of time, but this run scores whole sequences"),
    ):
        with pytest.raises(InputError, match=message):
            read_labels(location, beats_model, series, "test")
    np.save(tmp_path / "labels.npy", np.full(90, 2))
    with pytest.raises(InputError, match="holds 2: expected labels of 1"):
        read_labels(str(tmp_path / "labels.npy"), beats_model, series, "test")
    with pytest.raises(InputError, match="no column of times"):
        read_labels(str(pumps_files / "faults.json"), pumps_model, replace(pumps_test, times=None), "test")


def test_labels_of_steps_may_be_a_column(pumps_model, pumps_test, pumps_files, tmp_path):
    lines = (pumps_files / "test.csv").read_text().splitlines()
    labelled = [f"{lines[0]},fault", *(f"{line},{int(i % 120 in range(60, 80))}" for i, line in enumerate(lines[1:]))]
    path = tmp_path / "labelled.csv"
    path.write_text("\n".join(labelled))
    found = read_labels(f"{path}:fault", pumps_model, pumps_test, "test.csv")
    expected = read_labels(str(pumps_files / "faults.json"), pumps_model, pumps_test, "test.csv")
    np.testing.assert_array_equal(found.values, expected.values)


def test_kept_rows_keep_their_labels(beats_model, beats_file):
    series = beats_model.read(str(beats_file), array="test", keep="label==1")
    labels = read_labels(f"{beats_file}:label", beats_model, series, str(beats_file), keep="label==1")
    assert len(series.values) == 30 and labels.values.all()


def test_locations_and_training_data_are_recognised(beats_model, beats_file, tmp_path):
    assert split_location("labels.npz:y") == ("labels.npz", "y")
    assert split_location(str(beats_file)) == (str(beats_file), None)
    assert was_trained_on(beats_model, str(beats_file)) and was_trained_on(beats_model, str(beats_file), "train")
    assert not was_trained_on(beats_model, str(beats_file), "test")
    assert not was_trained_on(beats_model, str(tmp_path / "other.npz"))


@pytest.mark.real_data
def test_real_beats_are_read_as_samples(real_data):
    series = read_series(real_data / "numeric" / "ECG5000.npz", array="X_train", keep="y_train==1")
    assert series.whole and set(series.lengths.tolist()) == {140} and len(series.values) == 292
