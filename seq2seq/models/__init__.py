"""Models: the wiring of layers. They receive plain arguments, never a config object."""

from seq2seq.models.autoencoder import Autoencoder
from seq2seq.models.encoder_decoder import EncoderDecoder
from seq2seq.models.ensemble import Ensemble
from seq2seq.models.language_model import LanguageModel
from seq2seq.models.stream_forecaster import StreamForecaster
from seq2seq.models.window_forecaster import WindowForecaster

__all__ = ["Autoencoder", "EncoderDecoder", "Ensemble", "LanguageModel", "StreamForecaster", "WindowForecaster"]
