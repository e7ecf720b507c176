"""One vector for a whole sequence: what stands between a many-to-one encoder and a one-to-many decoder."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="seq2seq")
class Repeat(keras.layers.Layer):
    """Repeat a vector along the steps of a sequence.

    `keras.layers.RepeatVector` wants the number of steps when it is made, and forgets the mask. This layer takes both
    from the sequence that the vector stands for, so that one model serves sequences of any length.

    Call arguments:
        inputs: `(vector, like)`. `vector` is `(batch, units)`; `like` is any tensor `(batch, steps, …)`, whose mask the
            output keeps.

    Returns:
        `(batch, steps, units)`, dtype of `vector`.

    >>> Repeat()((np.ones((8, 3)), np.zeros((8, 5, 2)))).shape
    TensorShape([8, 5, 3])
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs, previous_mask=None):
        return None if previous_mask is None else previous_mask[1]

    def call(self, inputs):
        vector, like = inputs
        (batch, units), steps = ops.shape(vector), ops.shape(like)[1]
        return ops.broadcast_to(ops.expand_dims(vector, 1), (batch, steps, units))
