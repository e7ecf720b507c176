"""Models: the wiring of layers. They receive plain arguments, never a config object."""

from seq2seq.models.autoencoder import Autoencoder
from seq2seq.models.forecaster import WindowForecaster
from seq2seq.models.language_model import LanguageModel
from seq2seq.models.stream import StreamForecaster
from seq2seq.models.translator import EncoderDecoder

__all__ = ["Autoencoder", "EncoderDecoder", "LanguageModel", "StreamForecaster", "WindowForecaster"]
