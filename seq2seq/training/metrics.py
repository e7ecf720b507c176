"""Exact metrics over tokens: totals divided by totals, never means of batch means. Padding (label 0) never counts."""

from typing import Any

import keras
import tensorflow as tf

from seq2seq.special_ids import PAD
from seq2seq.training.cluster import Cluster
from seq2seq.training.token_losses import token_losses


class _TokenMetric(keras.metrics.Metric):
    """A mean over tokens; subclasses say what of."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.total = self.add_variable((), "zeros", name="total")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        labels = tf.reshape(y_true, (-1,))
        values = self.token_values(labels, tf.reshape(y_pred, (-1, tf.shape(y_pred)[-1])))
        real = tf.cast(tf.not_equal(labels, PAD), tf.float32)
        self.total.assign_add(tf.reduce_sum(values * real))
        self.count.assign_add(tf.reduce_sum(real))

    def result(self) -> Any:
        return tf.math.divide_no_nan(self.total.value, self.count.value)


@keras.saving.register_keras_serializable(package="seq2seq")
class TokenAccuracy(_TokenMetric):
    """Share of real tokens whose logit is the largest."""

    def __init__(self, name: str = "accuracy", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)

    def token_values(self, labels: Any, logits: Any) -> Any:
        return tf.cast(tf.equal(tf.argmax(logits, -1, output_type=tf.int32), tf.cast(labels, tf.int32)), tf.float32)


@keras.saving.register_keras_serializable(package="seq2seq")
class CrossEntropy(_TokenMetric):
    """Mean negative log-likelihood of the real tokens in nats, without label smoothing."""

    def __init__(self, name="cross_entropy", **kwargs):
        super().__init__(name, **kwargs)

    def token_values(self, labels, logits):
        return token_losses(labels, logits)


def add_up(cluster: Cluster, *metrics: keras.metrics.Metric) -> None:
    """Make the totals of metrics those of all workers, who ask for it at the same moment."""
    if cluster.is_alone:
        return
    variables = [variable for metric in metrics for variable in metric.variables]
    for variable, values in zip(variables, zip(*cluster.gather(list(map(float, variables))), strict=True), strict=True):
        variable.assign(sum(values))


def mean_loss(model: keras.Model, batches: tf.data.Dataset, cluster: Cluster) -> float:
    """The loss of a compiled model over all batches, of which each worker takes some."""
    loss, own = next(metric for metric in model.metrics if metric.name == "loss"), cluster.share_of(batches)
    loss.reset_state()
    if int(own.cardinality()):
        model.evaluate(own, verbose=0)
    add_up(cluster, loss)
    return float(loss.result())


class TeacherForcedScorer:
    """Scores every real token of a data set given the true tokens before it; traced once, however often it is called.

    Args:
        model: an `EncoderDecoder`, or an `Ensemble` of some.
        cluster: `Cluster` of the workers that share the batches.

    Call arguments:
        batches: `tf.data.Dataset` of `((source, target_input), labels)`.

    Returns:
        dict of floats: `loss`, the cross-entropy in nats per token without label smoothing; `perplexity`; `accuracy`.
    """

    def __init__(self, model: Any, cluster: Cluster | None = None):
        self.cluster = cluster or Cluster()
        self.cross_entropy, self.accuracy = CrossEntropy(), TokenAccuracy()
        rows = tf.TensorSpec((None, None), tf.int32)

        @tf.function(input_signature=(rows, rows, rows), autograph=False)
        def update(source, target_input, labels):
            real_labels, logits = model.teacher_forced(source, target_input, labels)
            self.cross_entropy.update_state(real_labels, logits)
            self.accuracy.update_state(real_labels, logits)

        self.update = update

    def __call__(self, batches: tf.data.Dataset) -> dict[str, float]:
        self.cross_entropy.reset_state()
        self.accuracy.reset_state()
        for (source, target_input), labels in self.cluster.share_of(batches):
            self.update(source, target_input, labels)
        add_up(self.cluster, self.cross_entropy, self.accuracy)
        loss = float(self.cross_entropy.result())
        return {"loss": loss, "perplexity": float(tf.exp(loss)), "accuracy": float(self.accuracy.result())}
