"""The shipped recipes: they resolve, and each reaches what its header and the README say."""

import importlib.util
from pathlib import Path

import pytest

from seq2seq.config import AutoencoderConfig, ForecasterConfig, LanguageConfig, TranslationConfig, resolve
from seq2seq.config.recipes import RECIPES
from seq2seq.inference.detection import detect
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.inference.translator import Translator
from seq2seq.report import Report
from seq2seq.tasks import measure_forecaster, train_autoencoder, train_forecaster
from seq2seq.tasks.measure_detection import measure_detection, read_labels
from seq2seq.tasks.measure_translation import evaluate
from seq2seq.tasks.train_translation import train
from seq2seq.text.corpus import read_pairs

ROOT = Path(__file__).parents[2]
NAMES = sorted(file.stem for file in RECIPES.glob("*.toml"))


KINDS = {
    "translation": (TranslationConfig, {}),
    "language-model": (LanguageConfig, {}),
    "autoencoder": (AutoencoderConfig, {}),
    "forecaster": (ForecasterConfig, {"windows__look_back": 1}),
}


@pytest.mark.parametrize("name", NAMES)
def test_what_a_recipe_reaches_stands_among_the_results(name):
    assert f"`{name}`" in (ROOT / "docs" / "results.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_recipes_resolve_and_say_how_they_are_run(name):
    header = (RECIPES / f"{name}.toml").read_text(encoding="utf-8")
    kind, given = next(KINDS[kind] for kind in KINDS if f"seq2seq train {kind} " in header)
    said = []
    report = Report()
    report.say = said.append
    assert resolve(kind, name, report=report) != resolve(kind, **given)
    assert said == []  # nothing in it is idle
    assert f"--recipe {name}" in header


def trained(tmp_path, recipe, *settings, **data):
    where = {f"data__{name}": str(value) for name, value in data.items()}
    metrics = train(resolve(TranslationConfig, recipe, settings, **where), tmp_path / "run")
    return metrics, Translator.load(tmp_path / "run")


@pytest.mark.slow
def test_reversed_integers_are_learned_exactly(tmp_path):
    spec = importlib.util.spec_from_file_location("make_integers", ROOT / "data" / "make_integers.py")
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    maker.main(tmp_path)
    _, translator = trained(
        tmp_path, "reversed_integers", train=tmp_path / "train", valid=tmp_path / "valid", source="src", target="tgt"
    )
    assert evaluate(translator, str(tmp_path / "test")).scores.exact_match == 1.0


@pytest.mark.slow
def test_demo_translates_combinations_it_never_saw(tmp_path):
    corpus = ROOT / "data" / "en-fr"
    _, translator = trained(tmp_path, "demo", train=corpus / "train", valid=corpus / "valid", source="en", target="fr")
    assert evaluate(translator, str(corpus / "test")).scores.exact_match >= 0.9


@pytest.mark.recipes
def test_keras_characters_beats_the_tutorial(tmp_path, real_data):
    corpus = real_data / "tatoeba" / "fra-eng.txt.gz"
    metrics, translator = trained(tmp_path, "keras_characters", train=corpus)
    assert translator.model.decoder.attention is None
    valid = read_pairs(str(corpus), limit=10_000).take(range(8_000, 10_000))
    characters = int((translator.target.encode(valid.target).lengths + 1).sum())
    # The tutorial's 0.7050 is a mean over 59 positions a line, where padding is predicted almost for free. Counted its
    # way, our padding costs nothing, because the model never predicts any.
    assert metrics["val_loss"] * characters / (len(valid) * 59) < 0.7050


@pytest.mark.recipes
def test_multi30k(tmp_path, real_data):
    folder = real_data / "multi30k"
    _, translator = trained(
        tmp_path, "multi30k", train=folder / "train", valid=folder / "val", source="en", target="de"
    )
    assert evaluate(translator, str(folder / "test_2016_flickr"), beam_size=5).scores.bleu >= 38.5


@pytest.mark.recipes
def test_g2p(tmp_path, real_data):
    _, translator = trained(tmp_path, "g2p", train=real_data / "g2p" / "g014b2b.train.gz")
    scores = evaluate(translator, str(real_data / "g2p" / "g014b2b.ref"), beam_size=5).scores
    assert scores.pronunciation_word_error_rate <= 0.22


@pytest.mark.recipes
@pytest.mark.parametrize(
    ("recipe", "file", "columns", "horizon", "stride", "metric", "reference"),
    [
        # × latest growth, in the same run: 15.62; the same month last year: 41.85
        ("airline", "airline-passengers.csv", "Passengers", 1, 1, "rmse", 15.62),
        (
            "household",
            "household_power_days.csv",
            "Global_active_power",
            7,
            7,
            "rmse",
            364.2,
        ),  # the ridge of the same run, as in what follows
        ("etth1", "ETTh1.csv.gz", None, 24, 1, "mse_scaled", 0.3064),
        ("etth1", "ETTh1.csv.gz", None, 96, 1, "mse_scaled", 0.3761),
        ("etth1", "ETTh1.csv.gz", None, 336, 1, "mse_scaled", 0.4559),
    ],
)
def test_forecasters_beat_the_figures_of_others(
    tmp_path, real_data, recipe, file, columns, horizon, stride, metric, reference
):
    where = {"data__location": str(real_data / "numeric" / file), "data__columns": columns}
    config = resolve(ForecasterConfig, recipe, **where, windows__horizon=horizon)
    train_forecaster.train(config, tmp_path / "run")
    result = measure_forecaster.evaluate(train_forecaster.Forecaster.load(tmp_path / "run"), stride=stride)
    assert result.overall.scores[metric] < reference


@pytest.mark.recipes
def test_exchange_rates_are_forecast_no_worse_than_by_the_last_value(tmp_path, real_data):
    location = str(real_data / "numeric" / "exchange_rate.txt.gz")
    train_forecaster.train(resolve(ForecasterConfig, "exchange", data__location=location), tmp_path / "run")
    ahead = measure_forecaster.evaluate(train_forecaster.Forecaster.load(tmp_path / "run")).ahead
    for step in (3, 6, 12, 24):
        assert ahead["model"]["rse"][step - 1] <= 1.002 * ahead["last value"]["rse"][step - 1]


@pytest.mark.recipes
def test_heartbeats_are_told_apart_better_than_by_principal_components(tmp_path, real_data):
    file = str(real_data / "numeric" / "ECG5000.npz")
    where = {"data__location": file, "data__array": "X_train", "data__keep": "y_train==1"}
    train_autoencoder.train(resolve(AutoencoderConfig, "ecg", **where), tmp_path / "run")
    model = Reconstructor.load(tmp_path / "run")
    series = model.read(file, array="X_test")
    labels = read_labels(f"{file}:y_test_anomaly", model, series, "ECG5000.npz")
    figures = measure_detection(detect(model, series), labels)
    assert figures["autoencoder"]["roc_auc"] > max(figures["pca"]["roc_auc"], 0.985)
