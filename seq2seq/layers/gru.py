"""A GRU layer that is the same on a GPU as on a processor."""

import keras

from seq2seq.layers.padding import WithoutPadding


@keras.saving.register_keras_serializable(package="seq2seq")
class GRU(WithoutPadding, keras.layers.GRU):
    """`keras.layers.GRU` with the same arguments, weights and numbers, which on cuDNN has zeros at masked steps.

    Outputs are 0 there, and so is the gradient of the input, see `seq2seq.layers.padding`.
    """
