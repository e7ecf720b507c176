"""Losses over tokens. Padding (label 0) never counts."""

import keras
import tensorflow as tf

PAD = 0


@keras.saving.register_keras_serializable(package="seq2seq")
class TokenCrossEntropy(keras.losses.Loss):
    """Cross-entropy in nats, summed over the real tokens of a batch and divided by their number.

    Args:
        label_smoothing: float ε. The target distribution is `1 - ε` on the label plus `ε / vocabulary` everywhere
            (Szegedy et al. 2016, section 7).

    Call arguments:
        y_true: int labels of any shape, 0 where there is no token.
        y_pred: float32 logits, that shape + `(vocabulary,)`.
    """

    def __init__(self, label_smoothing=0.0, name="token_cross_entropy"):
        super().__init__(name=name, reduction=None)
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        labels = tf.reshape(y_true, (-1,))
        losses = token_losses(labels, tf.reshape(y_pred, (-1, tf.shape(y_pred)[-1])), self.label_smoothing)
        real = tf.cast(tf.not_equal(labels, PAD), losses.dtype)
        return tf.reduce_sum(losses * real) / tf.maximum(tf.reduce_sum(real), 1.0)

    def get_config(self):
        return {"name": self.name, "label_smoothing": self.label_smoothing}


def token_losses(labels, logits, label_smoothing=0.0):
    """Cross-entropy of each token with smoothed labels, without a one-hot matrix.

    With `z` the logits, `y` the label and `CE = logsumexp(z) - z_y`, the smoothed loss is
    `(1 - ε) CE + ε mean_v(logsumexp(z) - z_v) = CE + ε (z_y - mean(z))`,
    and its gradient `softmax(z) - onehot(y) + ε (onehot(y) - 1 / vocabulary)`. TensorFlow's fused kernel gives CE and
    its gradient in one pass.

    Args:
        labels: int32 `(tokens,)`.
        logits: float32 `(tokens, vocabulary)`.
        label_smoothing: float ε.

    Returns:
        float32 `(tokens,)`, nats.
    """
    labels = tf.cast(labels, tf.int32)

    @tf.custom_gradient
    def fused(logits):
        losses, by_logits = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=logits, labels=labels)
        positions = tf.stack((tf.range(tf.shape(labels)[0]), labels), axis=1)
        if label_smoothing:
            losses += label_smoothing * (tf.gather_nd(logits, positions) - tf.reduce_mean(logits, axis=-1))

        def gradient(upstream):
            result = by_logits
            if label_smoothing:
                share = label_smoothing / tf.cast(tf.shape(logits)[-1], tf.float32)
                result = tf.tensor_scatter_nd_add(
                    result - share, positions, tf.fill(tf.shape(labels), tf.constant(label_smoothing))
                )
            return result * upstream[:, None]

        return losses, gradient

    return fused(logits)
