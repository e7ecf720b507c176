"""LSTM sequence-to-sequence models on Keras 3 and TensorFlow.

The names below are loaded when they are first used, so that `seq2seq --help` need not wait for TensorFlow.
"""

import os
import platform
from importlib import import_module

from seq2seq.errors import InputError

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
    # Models and layers, for those who wire them by hand.
    "Autoencoder": "seq2seq.models",
    "EncoderDecoder": "seq2seq.models",
    "LSTM": "seq2seq.layers",
    "LanguageModel": "seq2seq.models",
    "StreamForecaster": "seq2seq.models",
    "WindowForecaster": "seq2seq.models",
    # What feeds such models, judges them and searches with them.
    "PairBatches": "seq2seq.batches.pairs",
    "Sampling": "seq2seq.decoding",
    "Search": "seq2seq.inference.search",
    "TokenAccuracy": "seq2seq.training.metrics",
    "TokenCrossEntropy": "seq2seq.training.token_losses",
    "WindowBatches": "seq2seq.batches.windows",
    "beam_search": "seq2seq.decoding",
    "greedy_search": "seq2seq.decoding",
    "train_tokenizer": "seq2seq.text.tokenizer",
}

__all__ = ["InputError", *_HOMES]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'seq2seq' has no attribute {name!r}")
    module, _, other_name = _HOMES[name].partition(":")
    return getattr(import_module(module), other_name or name)


def __dir__():
    return sorted(__all__)
