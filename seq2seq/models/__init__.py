"""Models: the wiring of layers. They receive plain arguments, never a config object."""

from seq2seq.models.translator import EncoderDecoder

__all__ = ["EncoderDecoder"]
