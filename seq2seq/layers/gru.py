"""A GRU layer that is the same on a GPU as on a processor."""

import keras
import tensorflow as tf

from seq2seq.layers.cudnn import OnCudnn


@keras.saving.register_keras_serializable(package="seq2seq")
class GRU(OnCudnn, keras.layers.GRU):
    """`keras.layers.GRU` with the same arguments, weights and numbers, which on cuDNN has zeros at masked steps.

    Outputs are 0 there, and so is the gradient of the input, see `seq2seq.layers.cudnn`.
    """

    def branches(self, inputs, state):
        """One step from each state with several inputs, see `LSTM.branches`; the state is repeated for them."""
        (h,) = state
        front = tf.broadcast_dynamic_shape(tf.shape(inputs)[:-1], tf.shape(h[..., None, :])[:-1])
        rows = [tf.broadcast_to(each, tf.concat((front, each.shape[-1:]), 0)) for each in (inputs, h[..., None, :])]
        outputs, _ = self.cell(*(tf.reshape(each, (-1, each.shape[-1])) for each in rows))
        return tf.reshape(outputs, tf.concat((front, (self.units,)), 0))
