"""LSTM sequence-to-sequence models on Keras 3 and TensorFlow.

The names below are loaded when they are first used, so that `seq2seq --help` need not wait for TensorFlow.
"""

import os
import platform
from importlib import import_module
from typing import TYPE_CHECKING, Any

from seq2seq.errors import InputError as InputError

# TensorFlow reads this when it is imported. By itself it takes oneDNN's products only on processors with AVX-512 VNNI
# and later; on those with AVX2 alone a training is faster with them, too.
if platform.machine() == "x86_64":
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

_HOMES = {
    # Loaded runs that answer.
    "Forecaster": "seq2seq.inference.forecaster",
    "Reconstructor": "seq2seq.inference.reconstructor",
    "Scorer": "seq2seq.inference.scorer",
    "Stream": "seq2seq.inference.stream",
    "Translator": "seq2seq.inference.translator",
    "Writer": "seq2seq.inference.writer",
    "detect": "seq2seq.inference.detection",
    # Trainings, with what they are told.
    "AutoencoderConfig": "seq2seq.config",
    "ForecasterConfig": "seq2seq.config",
    "LanguageConfig": "seq2seq.config",
    "Report": "seq2seq.report",
    "TranslationConfig": "seq2seq.config",
    "resolve": "seq2seq.config",
    "train_autoencoder": "seq2seq.tasks.train_autoencoder:train",
    "train_forecaster": "seq2seq.tasks.train_forecaster:train",
    "train_language_model": "seq2seq.tasks.train_language_model:train",
    "train_translation": "seq2seq.tasks.train_translation:train",
    # What measures loaded runs, or fits to them.
    "evaluate_forecaster": "seq2seq.tasks.measure_forecaster:evaluate",
    "evaluate_translation": "seq2seq.tasks.measure_translation:evaluate",
    "measure_detection": "seq2seq.tasks.measure_detection",
    "read_labels": "seq2seq.tasks.measure_detection",
    "refit_detector": "seq2seq.tasks.fit_detector:refit",
    # Estimators of scikit-learn, and of sktime.
    "SequenceCodes": "seq2seq.estimators.codes",
    "SequenceForecaster": "seq2seq.estimators.forecasts",
    "SequenceOutlierDetector": "seq2seq.estimators.outliers",
    # Models and layers, for those who wire them by hand, and their pictures.
    "Autoencoder": "seq2seq.models",
    "EncoderDecoder": "seq2seq.models",
    "LSTM": "seq2seq.layers",
    "LanguageModel": "seq2seq.models",
    "StreamForecaster": "seq2seq.models",
    "WindowForecaster": "seq2seq.models",
    "draw_unrolled": "seq2seq.plots",
    "unrolled": "seq2seq.anatomy",
    # What feeds such models, judges them and searches with them.
    "PairBatches": "seq2seq.batches.pairs",
    "Sampling": "seq2seq.decoding.sampling",
    "Search": "seq2seq.inference.search",
    "TokenAccuracy": "seq2seq.training.metrics",
    "TokenCrossEntropy": "seq2seq.training.token_losses",
    "WindowBatches": "seq2seq.batches.windows",
    "beam_search": "seq2seq.decoding.beam",
    "greedy_search": "seq2seq.decoding.greedy",
    "train_tokenizer": "seq2seq.text.tokenizer",
}

__all__ = ["InputError", *_HOMES]


# What a type checker reads in place of the table, one line for each name of it.
if TYPE_CHECKING:
    from seq2seq.anatomy import unrolled as unrolled
    from seq2seq.batches.pairs import PairBatches as PairBatches
    from seq2seq.batches.windows import WindowBatches as WindowBatches
    from seq2seq.config import AutoencoderConfig as AutoencoderConfig
    from seq2seq.config import ForecasterConfig as ForecasterConfig
    from seq2seq.config import LanguageConfig as LanguageConfig
    from seq2seq.config import TranslationConfig as TranslationConfig
    from seq2seq.config import resolve as resolve
    from seq2seq.decoding.beam import beam_search as beam_search
    from seq2seq.decoding.greedy import greedy_search as greedy_search
    from seq2seq.decoding.sampling import Sampling as Sampling
    from seq2seq.estimators.codes import SequenceCodes as SequenceCodes
    from seq2seq.estimators.forecasts import SequenceForecaster as SequenceForecaster
    from seq2seq.estimators.outliers import SequenceOutlierDetector as SequenceOutlierDetector
    from seq2seq.inference.detection import detect as detect
    from seq2seq.inference.forecaster import Forecaster as Forecaster
    from seq2seq.inference.reconstructor import Reconstructor as Reconstructor
    from seq2seq.inference.scorer import Scorer as Scorer
    from seq2seq.inference.search import Search as Search
    from seq2seq.inference.stream import Stream as Stream
    from seq2seq.inference.translator import Translator as Translator
    from seq2seq.inference.writer import Writer as Writer
    from seq2seq.layers import LSTM as LSTM
    from seq2seq.models import Autoencoder as Autoencoder
    from seq2seq.models import EncoderDecoder as EncoderDecoder
    from seq2seq.models import LanguageModel as LanguageModel
    from seq2seq.models import StreamForecaster as StreamForecaster
    from seq2seq.models import WindowForecaster as WindowForecaster
    from seq2seq.plots import draw_unrolled as draw_unrolled
    from seq2seq.report import Report as Report
    from seq2seq.tasks import fit_detector as _fit_detector
    from seq2seq.tasks import measure_forecaster as _measure_forecaster
    from seq2seq.tasks import measure_translation as _measure_translation
    from seq2seq.tasks import train_autoencoder as _train_autoencoder
    from seq2seq.tasks import train_forecaster as _train_forecaster
    from seq2seq.tasks import train_language_model as _train_language_model
    from seq2seq.tasks import train_translation as _train_translation
    from seq2seq.tasks.measure_detection import measure_detection as measure_detection
    from seq2seq.tasks.measure_detection import read_labels as read_labels
    from seq2seq.text.tokenizer import train_tokenizer as train_tokenizer
    from seq2seq.training.metrics import TokenAccuracy as TokenAccuracy
    from seq2seq.training.token_losses import TokenCrossEntropy as TokenCrossEntropy

    evaluate_forecaster = _measure_forecaster.evaluate
    evaluate_translation = _measure_translation.evaluate
    refit_detector = _fit_detector.refit
    train_autoencoder = _train_autoencoder.train
    train_forecaster = _train_forecaster.train
    train_language_model = _train_language_model.train
    train_translation = _train_translation.train
else:  # where a checker saw it, every name would be one of this package

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'seq2seq' has no attribute {name!r}")
        module, _, other_name = _HOMES[name].partition(":")
        return getattr(import_module(module), other_name or name)


def __dir__() -> list[str]:
    return sorted(__all__)
