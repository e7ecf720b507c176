"""Trained models that tell a student what they believe of each token that it learns."""

from collections.abc import Sequence

import tensorflow as tf

from seq2seq.models import EncoderDecoder
from seq2seq.training.token_losses import Taught


class TokenTeachers:
    """Reads the batches of a student as it does, see `EncoderDecoder.teachers`; without dropout, and without learning.

    Args:
        members: trained `EncoderDecoder`s of the same two vocabularies as the student.
        share: float λ, above 0. Their share of what it learns, see `Taught`.
    """

    def __init__(self, members: Sequence[EncoderDecoder], share: float):
        self.members, self.share = tuple(members), share
        for member in members:
            member.trainable = False  # a tape watches what is trainable, and would keep what only a gradient needs

    def read(self, source: tf.Tensor, target_input: tf.Tensor, labels: tf.Tensor) -> Taught:
        """What they believe of the real tokens of `labels`; int32 arguments, see `EncoderDecoder.packed`."""
        readings = []
        for member in self.members:
            _, features = member.packed(source, target_input, labels, training=False)
            reading = features, *member.decoder.output_weights()
            readings.append(tuple(tf.stop_gradient(tf.convert_to_tensor(each)) for each in reading))
        return Taught(self.share, readings)
