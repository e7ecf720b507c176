"""What TensorFlow's op for cuDNN makes of memory that nobody wrote, and how it is kept from recurrent layers."""

from contextlib import nullcontext
from typing import Any

import keras
import tensorflow as tf
from keras.src.backend import AutocastScope  # the one way to the float32 of a weight within a layer of half precision


class OnCudnn:
    """A recurrent layer of Keras, to be named before it among the bases, that nothing reaches but its numbers.

    cuDNN promises no gradient of its input at masked steps, and what it says of its outputs there TensorFlow's op does
    not repeat. What lies in that memory, NaN too, would count in the norm that gradients are clipped by, and so reach
    all weights. So both are zeros here, as are the inputs that cuDNN sees there.

    In bfloat16 the op of TensorFlow 2.21 casts to float32 and back, and on an H200 its results held memory that nobody
    had written, as those in float32 and float16 did not; trainings in it were lost within two epochs. So it is asked in
    float32, in which it computes in either case.

    Where the layer runs in a loop, on a processor in particular, nothing is done.
    """

    # Of the layer that it is named before.
    return_sequences: bool
    go_backwards: bool
    use_cudnn: Any
    activation: Any
    recurrent_activation: Any
    use_bias: bool
    unroll: bool
    recurrent_dropout: float

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        if isinstance(mask, list | tuple):
            mask = mask[0]
        if not self.is_on_cudnn():
            return super().inner_loop(sequences, initial_state, mask, training=training)
        dtype = sequences.dtype
        cast = dtype == tf.bfloat16
        if mask is not None:
            sequences = _zeros_where_not(mask, sequences)
        if cast:
            sequences, initial_state = tf.nest.map_structure(_as_float32, (sequences, list(initial_state)))
        with AutocastScope(None) if cast else nullcontext():
            last, outputs, states = self.ask_cudnn(sequences, initial_state, mask, training)
        if mask is not None and self.return_sequences:  # else there is only the last step, taken from the state
            outputs = _zeros_where_not(tf.reverse(mask, [1]) if self.go_backwards else mask, outputs)
        return tf.nest.map_structure(lambda each: tf.cast(each, dtype), (last, outputs, states))

    def ask_cudnn(self, sequences: Any, initial_state: Any, mask: Any, training: bool) -> Any:
        """What `inner_loop` gives, by Keras's own use of cuDNN."""
        return super().inner_loop(sequences, initial_state, mask, training=training)

    def is_on_cudnn(self) -> bool:
        """Whether what is traced now of this layer will run on cuDNN."""
        return (
            bool(tf.config.list_logical_devices("GPU"))
            and self.use_cudnn is not False
            and self.activation is keras.activations.tanh
            and self.recurrent_activation is keras.activations.sigmoid
            and self.use_bias
            and not self.unroll
            and not self.recurrent_dropout
            and getattr(self, "reset_after", True)  # of a GRU
        )


def lengths_of(mask: tf.Tensor | None, sequences: tf.Tensor) -> tf.Tensor:
    """The steps of each row, int32 `(batch,)`, which cuDNN is told.

    TensorFlow's op takes them from the processor's memory, and an assertion is checked there. Int32 tokens are compared
    there as well, so the mask of a text need not come back from the GPU, as what Keras counts and checks there has to.

    Args:
        mask: bool `(batch, steps)`, right-padded, or `None`, with which all steps count.
        sequences: `(batch, steps, features)`.

    Raises:
        tf.errors.InvalidArgumentError: a row has no step, or a masked one before its last real one.
    """
    if mask is None:
        return tf.fill(tf.shape(sequences)[:1], tf.shape(sequences)[1])
    with tf.device("CPU"):
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), 1)
        padded = tf.reduce_all(mask == tf.sequence_mask(lengths, tf.shape(mask)[1])) & tf.reduce_all(lengths > 0)
        advice = "cuDNN takes right-padded masks, with a step in every row: use_cudnn=False takes any"
        with tf.control_dependencies([tf.Assert(padded, [advice])]):
            return tf.identity(lengths)


def _as_float32(tensor):
    return tf.cast(tensor, tf.float32)


def _zeros_where_not(mask, sequence):
    return tf.where(mask[..., None], sequence, tf.zeros((), sequence.dtype))
