"""Trainings from what a program has at hand: the run that a file would give, and no other data when it goes on."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest

from seq2seq.config import AutoencoderConfig, ForecasterConfig, LanguageConfig, TranslationConfig, resolve
from seq2seq.errors import InputError
from seq2seq.inference.detection import detect
from seq2seq.inference.translator import Translator
from seq2seq.run import Run
from seq2seq.storage import read_arrays
from seq2seq.tasks import train_autoencoder, train_forecaster, train_language_model, train_translation
from seq2seq.tasks.fit_detector import refit
from seq2seq.tasks.measure_detection import measure_detection, read_labels
from seq2seq.tasks.measure_forecaster import evaluate as evaluate_forecaster
from seq2seq.tasks.measure_translation import evaluate as evaluate_translation
from tests.conftest import TINY, reversal_pairs, slow, write_pairs

DRAW = np.random.default_rng(0)
HOURS = pd.date_range("2024-03-01", periods=200, freq="h", name="time")
FRAME = pd.DataFrame(
    {"load": np.sin(np.arange(200) / 4) + DRAW.normal(size=200) / 20, "wind": DRAW.normal(size=200)}, HOURS
)
TEXT = "the cat sat on the mat.\n" * 20
NUMBERS = ["model.units=4", "training.epochs=1", "training.precision=float32"]
PAIRS = tuple(zip(*reversal_pairs(60, 0), strict=True))
OF_TEXT = ["model.units=8", "model.embedding_dim=4", "training.epochs=1", "training.precision=float32"]


def of_autoencoder(folder):
    FRAME.to_parquet(folder / "a.parquet")
    config = resolve(AutoencoderConfig, settings=[*NUMBERS, "windows.look_back=12"])
    return train_autoencoder.train, config, {"data__location": str(folder / "a.parquet")}, FRAME, FRAME[:-1]


def of_forecaster(folder):
    FRAME.to_parquet(folder / "a.parquet")
    config = resolve(ForecasterConfig, settings=[*NUMBERS, "windows.look_back=12"])
    return train_forecaster.train, config, {"data__location": str(folder / "a.parquet")}, FRAME, FRAME + 1


def of_language_model(folder):
    (folder / "a.txt").write_text(TEXT, encoding="utf-8")
    config = resolve(LanguageConfig, settings=OF_TEXT)
    return train_language_model.train, config, {"data__text": str(folder / "a.txt")}, TEXT, TEXT + " "


def of_translation(folder):
    write_pairs(folder / "a", list(zip(*PAIRS, strict=True)), "x", "y")
    config = resolve(TranslationConfig, settings=[*TINY, "training.epochs=1"])
    files = {"data__train": str(folder / "a"), "data__source": "x", "data__target": "y"}
    return train_translation.train, config, files, PAIRS, PAIRS[::-1]


@pytest.mark.parametrize("task", [of_language_model, slow(of_autoencoder), slow(of_forecaster), slow(of_translation)])
def test_a_run_from_memory_is_that_from_a_file_and_goes_on_with_no_other_data(task, tmp_path):
    train, config, files, data, other = task(tmp_path)
    runs = tmp_path / "of_file", tmp_path / "of_memory"
    train(resolve(type(config), base=config, **files), runs[0])
    train(config, runs[1], data=data)
    one, two = (read_arrays(run / "weights.npz")[0] for run in runs)
    assert one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one)
    run = Run.open(runs[1], "translation", "language-model", "autoencoder", "forecaster")
    assert [each for each in run.config["data"].values() if str(each).startswith("memory:")]
    train(config, runs[1], data=data, resume=True)
    with pytest.raises(InputError, match=r"other data: the content of data\.\w+ \(memory:\w+\) has changed"):
        train(config, runs[1], data=other, resume=True)
    with pytest.raises(InputError, match="names data, and others were given beside it"):
        train(resolve(type(config), base=config, **files), tmp_path / "none", data=data)


@pytest.mark.slow
def test_a_detector_is_fitted_again_from_memory(tmp_path):
    config = resolve(AutoencoderConfig, settings=[*NUMBERS, "windows.look_back=12"])
    train_autoencoder.train(config, tmp_path / "run", data=FRAME)
    with pytest.raises(InputError, match="memory:series were data in the memory of a program"):
        refit(tmp_path / "run")
    with pytest.raises(InputError, match=r"other data: the content of data\.location \(memory:series\) has changed"):
        refit(tmp_path / "run", data=FRAME + 1)
    with pytest.raises(InputError, match=r"name a file by data\.location=a\.csv"):
        refit(tmp_path / "run", data="a.csv")
    for wrong in (("nope", 3), ("sigma",), 3.0):
        with pytest.raises(InputError, match="expected a kind and a number: 'quantile' or 'sigma'"):
            refit(tmp_path / "run", data=FRAME, threshold=wrong)
    for wrong in ({"scor": "absolute"}, ["score=absolute"]):
        with pytest.raises(InputError, match=r"expected settings of a detector by name, .*score, smoothing"):
            refit(tmp_path / "run", data=FRAME, changes=wrong)
    detector = refit(tmp_path / "run", data=FRAME, threshold=("sigma", 3.0))
    assert (detector.settings.threshold, detector.settings.value) == ("sigma", 3.0)
    assert json.loads((tmp_path / "run/metrics.json").read_text())["threshold"] == detector.threshold


@pytest.mark.slow
def test_a_run_from_a_data_set_in_memory_is_measured_by_another(tmp_path):
    datasets = pytest.importorskip("datasets")
    data = datasets.Dataset.from_dict({"translation": [{"x": x, "y": y} for x, y in zip(*PAIRS, strict=True)]})
    config = resolve(TranslationConfig, settings=[*OF_TEXT, "text.tokenizer=char"], data__source="x", data__target="y")
    train_translation.train(config, tmp_path / "run", data=data, valid=data.select(range(10)))
    translator = Translator.load(tmp_path / "run")
    measured = evaluate_translation(translator, data.select(range(20)))
    assert measured.scored.source == list(PAIRS[0][:20])
    back = data.select(range(20)).rename_column("translation", "other")
    assert evaluate_translation(translator, back, source="y", target="x").scored.source == list(PAIRS[1][:20])


@pytest.mark.parametrize("train, kind", [(train_autoencoder, AutoencoderConfig), (train_forecaster, ForecasterConfig)])
def test_a_file_is_named_in_the_configuration(train, kind, tmp_path):
    with pytest.raises(InputError, match=r"name a file by data.location=a\.csv"):
        train.train(resolve(kind, windows__look_back=12), tmp_path / "run", data="a.csv")


TRAININGS = {
    train_translation: (TranslationConfig, {}, PAIRS),
    train_autoencoder: (AutoencoderConfig, {}, [[1.0, 2.0]]),
    train_forecaster: (ForecasterConfig, {"windows__look_back": 12}, [1.0, 2.0]),
    train_language_model: (LanguageConfig, {}, "text"),
}


@pytest.mark.parametrize("train", TRAININGS)
def test_a_training_without_data_or_with_the_settings_of_another_is_refused(train, tmp_path):
    kind, given, data = TRAININGS[train]
    with pytest.raises(InputError, match=r"no data to train on: name a file by data\.\w+, or in Python give data="):
        train.train(resolve(kind, **given), tmp_path / "run")
    other, more, _ = TRAININGS[train_forecaster if train is not train_forecaster else train_autoencoder]
    with pytest.raises(InputError, match=f"{other.__name__} is of another .* resolve\\({kind.__name__}"):
        train.train(resolve(other, **more), tmp_path / "run", data=data)
    assert not (tmp_path / "run").exists()


def test_sources_come_first(tmp_path):
    with pytest.raises(InputError, match=r"data\.swap=true"):
        train_translation.train(resolve(TranslationConfig, settings=["data.swap=true"]), tmp_path / "run", data=PAIRS)


@pytest.mark.parametrize("index", [None, "when"])
def test_a_forecaster_reads_and_is_measured_from_memory(days_plain, days_file, index):
    frame = pd.read_csv(days_file, parse_dates=["when"] if index else False, index_col=index)
    one, two = (days_plain.forecast(days_plain.read(data), 3) for data in (str(days_file), frame))
    assert np.array_equal(one.values[0], two.values[0]) and np.array_equal(one.times[0], two.times[0])
    one, two = (evaluate_forecaster(days_plain, data, part="all", backtest=3) for data in (str(days_file), frame))
    assert one.overall == two.overall and two.where == "all of memory:series"


def test_data_are_read_before_they_are_asked_about(days_plain, pumps_model):
    detected = partial(detect, pumps_model)
    for ask in (days_plain.forecast, pumps_model.reconstruct, pumps_model.codes, detected):
        with pytest.raises(InputError, match=r"got DataFrame: give what its read\(…\) returns"):
            ask(FRAME)


def test_what_is_known_ahead_is_read_from_memory(days_windowed, days_file):
    frame = pd.read_csv(days_file)
    known = [days_windowed.read_known(data) for data in (str(days_file), frame)]
    begun = days_windowed.read(frame[:200])
    one, two = (days_windowed.forecast(begun, 3, known=each).values[0] for each in known)
    assert np.array_equal(one, two)
    with pytest.raises(InputError, match="memory:known has no column 'when'"):
        days_windowed.read_known(frame[["plan"]])


def test_a_detector_reads_and_is_measured_from_memory(pumps_model, pumps_files, pumps_test):
    frame = pd.read_csv(pumps_files / "test.csv", index_col="time", parse_dates=True)
    series = pumps_model.read(frame)
    found, from_file = (detect(pumps_model, each) for each in (series, pumps_test))
    assert np.array_equal(found.scores.judged, from_file.scores.judged, equal_nan=True)
    labels = frame.assign(fault=(frame.flow == -2.5).astype(int))[["pump", "fault"]]
    labels = [labels, str(pumps_files / "faults.json")]
    figures = [measure_detection(found, read_labels(each, pumps_model, series, "test.csv")) for each in labels]
    assert [each["autoencoder"]["anomalies"] for each in figures] == [40, 40]
    with pytest.raises(InputError, match="memory:labels is an array, whose order does not tell"):
        read_labels(np.zeros(240), pumps_model, series)


def test_samples_are_a_list_of_arrays(beats_model, beats_file):
    with np.load(beats_file) as arrays:
        values, labels = arrays["test"], arrays["label"]
    one, two = beats_model.read(list(values)), beats_model.read(str(beats_file), array="test")
    assert np.array_equal(beats_model.codes(one), beats_model.codes(two))
    figures = measure_detection(detect(beats_model, one), read_labels(labels, beats_model, one))
    assert figures["autoencoder"]["anomalies"] == 30
    with pytest.raises(InputError, match="memory:labels holds 89 labels, expected 90"):
        read_labels(labels[1:], beats_model, one)


def test_a_translator_takes_any_iterable_of_strings(tiny_run):
    translator = Translator.load(tiny_run)
    texts = ["a b c", "", "d"]
    wanted = translator.translate(texts)
    for form in (tuple(texts), pd.Series(texts), np.array(texts), pd.DataFrame({"a": texts})["a"], iter(texts)):
        assert translator.translate(form) == wanted


def test_a_translator_is_measured_from_memory(tiny_run, tiny_data):
    sides = [(tiny_data / f"test.{side}").read_text().split("\n")[:20] for side in ("src", "tgt")]
    translator = Translator.load(tiny_run)
    of_memory = evaluate_translation(translator, sides, num_examples=0)
    of_file = evaluate_translation(translator, str(tiny_data / "test"), limit=20, num_examples=0)
    assert of_memory.scores == of_file.scores
