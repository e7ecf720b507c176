"""Training of models of numbers in several parts of a batch at once, each compiled by XLA."""

import keras
import tensorflow as tf

from seq2seq.models.exportable import Exportable
from seq2seq.models.update import loss_and_gradients, update


class CompiledParts(Exportable):
    """A model whose training may compile `compiled_parts` parts of a batch and run them at once, a core each.

    XLA hardly uses a second core for a recurrent loop: the products of a step are small. The loss must be a mean, and
    tell the `weight` of targets, what the mean is over: so it is that of the whole batch, and so are the gradients.
    """

    compiled_parts = 0  # 0: an update as Keras makes it, compiled or not

    def train_step(self, data):
        if not self.compiled_parts and not self.over_workers:
            return super().train_step(data)
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        # Several outputs have a mean each: one part.
        parts = 1 if tf.nest.is_nested(y) else max(self.compiled_parts, 1)
        of_part = self._of_part_compiled if self.compiled_parts else self._of_part
        rows = tf.shape(tf.nest.flatten(y)[0])[0]
        results = []
        for k in range(parts):
            part = slice(rows * k // parts, rows * (k + 1) // parts)
            results.append(of_part(*tf.nest.map_structure(lambda tensor, part=part: tensor[part], (x, y))))
        losses, weights, gradients = zip(*results, strict=True)
        total = tf.add_n(weights)
        shares = tf.stack(weights) / tf.maximum(total, 1.0)
        gradients = [tf.add_n([g * shares[k] for k, g in enumerate(each)]) for each in zip(*gradients, strict=True)]
        update(self, tf.tensordot(shares, tf.stack(losses), 1), total, gradients)
        return self.get_metrics_result()

    def _of_part(self, x, y):
        """Loss, weight of the targets, and gradients."""

        def score():
            return (self.compute_loss(x, y, self(x, training=True), training=True),)

        (loss,), gradients = loss_and_gradients(self, score)
        rows = tf.cast(tf.shape(tf.nest.flatten(y)[0])[0], tf.float32)
        return loss, rows if tf.nest.is_nested(y) else self.loss.weight(y), gradients

    _of_part_compiled = tf.function(_of_part, jit_compile=True, autograph=False)
