"""Layers: tensors in, tensors out. No text, no loss, no file."""

from seq2seq.layers.attention import make_attention
from seq2seq.layers.bridge import Bridge
from seq2seq.layers.lstm import LSTM

__all__ = ["LSTM", "Bridge", "make_attention"]
