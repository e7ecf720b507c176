"""LSTM sequence-to-sequence models on Keras 3 and TensorFlow.

The names below are loaded when they are first used, so that `seq2seq --help` need not wait for TensorFlow.
"""

from importlib import import_module

from seq2seq.errors import InputError

_HOMES = {
    "EncoderDecoder": "seq2seq.models",
    "LSTM": "seq2seq.layers",
    "PairBatches": "seq2seq.batches.pairs",
    "Report": "seq2seq.report",
    "Sampling": "seq2seq.decoding",
    "Search": "seq2seq.inference.search",
    "TokenAccuracy": "seq2seq.training.metrics",
    "TokenCrossEntropy": "seq2seq.training.token_losses",
    "TranslationConfig": "seq2seq.config",
    "Translator": "seq2seq.inference.translator",
    "beam_search": "seq2seq.decoding",
    "greedy_search": "seq2seq.decoding",
    "train_tokenizer": "seq2seq.text.tokenizer",
}

__all__ = ["InputError", *_HOMES]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'seq2seq' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__():
    return sorted(__all__)
