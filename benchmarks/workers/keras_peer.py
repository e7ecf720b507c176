"""The same training with the LSTM layer of Keras in place of this project's, and TensorFlow's own use of the cores."""

from functools import partial

import keras

from seq2seq.models import recurrent
from workers import ours
from workers.protocol import serve


class StockLSTM(keras.layers.LSTM):
    """`keras.layers.LSTM`, which has no `packed`: it masks."""

    def __init__(self, units, packed=False, **kwargs):
        super().__init__(units, **kwargs)


if __name__ == "__main__":
    recurrent.LSTM = StockLSTM  # where a stack of recurrent layers looks the class up
    serve(partial(ours.start, share=False))
