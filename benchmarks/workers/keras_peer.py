"""The same training with the LSTM layer of Keras in place of this project's, and TensorFlow's own use of the cores."""

from functools import partial

import keras

from seq2seq.models import recurrent
from workers import ours
from workers.protocol import serve


def stock_lstm(units, packed, **kwargs):
    """`keras.layers.LSTM`, which knows no packed steps: it masks."""
    return keras.layers.LSTM(units, **kwargs)


if __name__ == "__main__":
    recurrent.LSTM = stock_lstm  # where a stack of recurrent layers looks the class up
    serve(partial(ours.start, share=False))
