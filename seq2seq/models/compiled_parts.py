"""Training of models of numbers in several parts of a batch at once, each compiled by XLA."""

from typing import Any

import keras
import tensorflow as tf

from seq2seq.models.exportable import Exportable
from seq2seq.models.parts import gradients_of_parts
from seq2seq.models.update import update


class CompiledParts(Exportable):
    """A model whose training may compile `compiled_parts` parts of a batch and run them at once, a core each.

    XLA hardly uses a second core for a recurrent loop: the products of a step are small. The loss must be a mean, and
    tell the `weight` of targets, what the mean is over: so it is that of the whole batch, and so are the gradients.
    Of several outputs the loss is the sum of their means.
    """

    compiled_parts = 0  # 0: an update as Keras makes it, compiled or not

    def train_step(self, data: Any) -> dict[str, Any]:
        if not self.compiled_parts and not self.over_workers:
            return super().train_step(data)
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        parts, rows = max(self.compiled_parts, 1), tf.shape(tf.nest.flatten(y)[0])[0]
        cuts = [slice(rows * k // parts, rows * (k + 1) // parts) for k in range(parts)]
        batches = [tf.nest.map_structure(lambda tensor, cut=cut: tensor[cut], (x, y)) for cut in cuts]
        counts = [tf.stack([self.loss.weight(target) for target in tf.nest.flatten(y)]) for _, y in batches]
        weights = [tf.reduce_sum(count) for count in counts]
        factors = self._factors(counts) if tf.nest.is_nested(y) else [None] * parts

        def score(x, y, factor):
            outputs = self(x, training=True)
            if factor is None:
                return (self.compute_loss(x, y, outputs, training=True),)
            means = [self.loss(*each) for each in zip(tf.nest.flatten(y), tf.nest.flatten(outputs), strict=True)]
            return (tf.reduce_sum(tf.stack(means) * factor),)

        batches = [(*batch, factor) for batch, factor in zip(batches, factors, strict=True)]
        loss, _, gradients = gradients_of_parts(self, score, batches, weights, compiled=self.compiled_parts > 0)
        update(self, loss, tf.add_n(weights), gradients)
        return self.get_metrics_result()

    def _factors(self, counts):
        """Factors of the means of the outputs over each part, with which their sums add up to the loss of the batch.

        Parts and workers are added up by their numbers of all targets, as if there were one mean; but each output has a
        mean of its own, and its targets need not be shared out as those of the others are.

        Args:
            counts: float32 `(outputs,)` of each part: how many targets there are.

        Returns:
            float32 `(outputs,)` of each part; all 1 where one part is the whole batch.
        """
        whole = tf.add_n(counts)
        if self.over_workers:
            whole = self.over_workers.total(whole)
        by_all = tf.reduce_sum(whole) / tf.maximum(whole, 1.0)
        return [count / tf.maximum(tf.reduce_sum(count), 1.0) * by_all for count in counts]
