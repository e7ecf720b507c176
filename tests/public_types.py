"""What a user's type checker sees of every name at the front door: no test runs this file, `make lint` checks it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, assert_type

import numpy as np
from matplotlib.figure import Figure

import seq2seq
from seq2seq import (
    LSTM,
    Autoencoder,
    AutoencoderConfig,
    EncoderDecoder,
    Forecaster,
    ForecasterConfig,
    InputError,
    LanguageConfig,
    LanguageModel,
    PairBatches,
    Reconstructor,
    Report,
    Sampling,
    Scorer,
    Search,
    SequenceCodes,
    SequenceForecaster,
    SequenceOutlierDetector,
    Stream,
    StreamForecaster,
    TokenAccuracy,
    TokenCrossEntropy,
    TranslationConfig,
    Translator,
    WindowBatches,
    WindowForecaster,
    Writer,
    beam_search,
    detect,
    draw_unrolled,
    evaluate_forecaster,
    evaluate_translation,
    greedy_search,
    measure_detection,
    read_labels,
    refit_detector,
    resolve,
    train_autoencoder,
    train_forecaster,
    train_language_model,
    train_tokenizer,
    train_translation,
    unrolled,
)
from seq2seq.evaluation.detection import Labels
from seq2seq.inference.detection import Detection
from seq2seq.inference.detector import Detector
from seq2seq.inference.forecast import Forecast
from seq2seq.inference.hypothesis import Hypothesis
from seq2seq.inference.scorer import TargetScore
from seq2seq.series.series import Series
from seq2seq.tasks.forecaster_evaluation import ForecasterEvaluation
from seq2seq.tasks.measure_translation import TranslationEvaluation
from seq2seq.text.tokenizer import Tokenizer


def loaded_runs() -> None:
    translator = Translator.load("runs/a")
    assert_type(translator, Translator)
    assert_type(translator.translate(["x"], Search(beam_size=5), n_best=1), list[str])
    assert_type(translator.stream(["x"], sampling=Sampling(temperature=0.8)), Iterator[list[Hypothesis]])
    assert_type(Scorer(translator).score(["x"], ["y"]), list[TargetScore | None])
    assert_type(Writer.load(Path("runs/b")).write("x", count=2), list[str])
    reconstructor = Reconstructor.load("runs/c")
    series = reconstructor.read("data.csv")
    assert_type(series, Series)
    assert_type(reconstructor.reconstruct(series), tuple[np.ndarray, ...])
    assert_type(reconstructor.codes(series), np.ndarray)
    assert_type(detect(reconstructor, series), Detection)
    forecaster = Forecaster.load("runs/d")
    assert_type(forecaster.forecast(forecaster.read(), steps=3), Forecast)
    assert_type(Stream(forecaster), Stream)


def measured() -> None:
    translator, forecaster = Translator.load("runs/a"), Forecaster.load("runs/d")
    assert_type(evaluate_translation(translator, (["x"], ["y"])), TranslationEvaluation)
    assert_type(evaluate_forecaster(forecaster, np.zeros((9, 1))), ForecasterEvaluation)
    reconstructor = Reconstructor.load("runs/c")
    series = reconstructor.read(np.zeros((9, 1)))
    labels = read_labels(np.zeros(9), reconstructor, series)
    assert_type(labels, Labels)
    assert_type(measure_detection(detect(reconstructor, series), labels), dict[str, dict[str, Any]])
    assert_type(refit_detector("runs/c", data=np.zeros((9, 1)), threshold=("sigma", 4.0)), Detector)


def estimators() -> None:
    detector = SequenceOutlierDetector(contamination=0.05).fit(np.zeros((9, 4, 2)))
    assert_type(detector, SequenceOutlierDetector)
    assert_type(detector.score_samples(np.zeros((9, 4, 2))), np.ndarray)
    assert_type(SequenceForecaster(look_back=8), SequenceForecaster)
    assert_type(SequenceCodes(latent_dim=2).fit(np.zeros((9, 4))).transform(np.zeros((9, 4))), np.ndarray)


def trainings(report: Report) -> None:
    config = resolve(TranslationConfig, "demo", ["model.units=64"], data__train="corpus/train")
    assert_type(config, TranslationConfig)
    assert_type(config.model.units, int)
    assert_type(train_translation(config, "runs/a", report=report), dict[str, Any])
    assert_type(train_language_model(resolve(LanguageConfig), "runs/b", report=report), dict[str, Any])
    assert_type(train_autoencoder(resolve(AutoencoderConfig), "runs/c", report=report), dict[str, Any])
    assert_type(train_forecaster(resolve(ForecasterConfig), "runs/e", data=[np.zeros((9, 1))]), dict[str, Any])
    assert_type(train_translation(config, "runs/f", data=(["x"], ["y"]), valid=(["x"], ["y"])), dict[str, Any])
    assert_type(train_forecaster(resolve(ForecasterConfig), "runs/d", report=report), dict[str, Any])


def parts(tokenizer: Tokenizer) -> None:
    assert_type(train_tokenizer("word", ["a b"], vocabulary_size=100), Tokenizer)
    rows = tokenizer.encode(["a b"])
    assert_type(PairBatches(rows, rows, seed=1).num_batches(), int)
    assert_type(WindowBatches([np.zeros((9, 1))], look_back=3).amount, int)
    assert_type(EncoderDecoder(10, 10, units=8), EncoderDecoder)
    assert_type(LanguageModel(10), LanguageModel)
    assert_type(Autoencoder(3), Autoencoder)
    assert_type(WindowForecaster(3, 1), WindowForecaster)
    assert_type(StreamForecaster(3), StreamForecaster)
    assert_type(LSTM(8), LSTM)
    assert_type(draw_unrolled(unrolled(StreamForecaster(3), steps=4)), Figure)
    assert_type(TokenAccuracy(), TokenAccuracy)
    assert_type(TokenCrossEntropy(label_smoothing=0.1), TokenCrossEntropy)
    assert_type(greedy_search(None, None, None), tuple[Any, Any])
    assert_type(beam_search(None, None, None, 5), tuple[Any, Any])


def mistakes() -> None:
    seq2seq.Nonsense()  # type: ignore[attr-defined]
    Translator.load("runs/a").translate(["x"]).lower()  # type: ignore[attr-defined]
    try:
        Translator.load(1)  # type: ignore[arg-type]
    except InputError as error:
        assert_type(error, InputError)
