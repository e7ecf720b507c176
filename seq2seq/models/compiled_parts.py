"""Training of models of numbers in several parts of a batch at once, each compiled by XLA."""

import keras
import tensorflow as tf

from seq2seq.models.exportable import Exportable
from seq2seq.models.parts import gradients_of_parts
from seq2seq.models.update import update


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
        rows = tf.shape(tf.nest.flatten(y)[0])[0]
        cuts = [slice(rows * k // parts, rows * (k + 1) // parts) for k in range(parts)]
        batches = [tf.nest.map_structure(lambda tensor, cut=cut: tensor[cut], (x, y)) for cut in cuts]
        weights = [tf.cast(rows, tf.float32)] if tf.nest.is_nested(y) else [self.loss.weight(y) for _, y in batches]

        def score(x, y):
            return (self.compute_loss(x, y, self(x, training=True), training=True),)

        loss, _, gradients = gradients_of_parts(self, score, batches, weights, compiled=self.compiled_parts > 0)
        update(self, loss, tf.add_n(weights), gradients)
        return self.get_metrics_result()
