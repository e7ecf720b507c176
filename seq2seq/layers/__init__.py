"""Layers: tensors in, tensors out. No text, no loss, no file."""

from seq2seq.layers.attention import make_attention
from seq2seq.layers.bridge import Bridge
from seq2seq.layers.gru import GRU
from seq2seq.layers.lstm import LSTM
from seq2seq.layers.observed import split_observed
from seq2seq.layers.repeat import Repeat

__all__ = ["GRU", "LSTM", "Bridge", "Repeat", "make_attention", "split_observed"]
