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

    unit = "nats per token"

    def __init__(self, label_smoothing=0.0, name="token_cross_entropy"):
        super().__init__(name=name, reduction=None)
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        labels = tf.reshape(y_true, (-1,))
        losses = token_losses(labels, tf.reshape(y_pred, (-1, tf.shape(y_pred)[-1])), self.label_smoothing)
        real = tf.cast(tf.not_equal(labels, PAD), losses.dtype)
        return tf.reduce_sum(losses * real) / tf.maximum(tf.reduce_sum(real), 1.0)

    def of_product(self, labels, features, table, bias):
        """The same loss for the logits `features @ tableᵀ + bias` of real tokens only, see `product_losses`."""
        losses = product_losses(labels, features, table, bias, self.label_smoothing)
        return tf.reduce_sum(losses) / tf.maximum(tf.cast(tf.size(losses), losses.dtype), 1.0)

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


def product_losses(labels, features, table, bias, label_smoothing=0.0):
    """`token_losses` of the logits `z = features @ tableᵀ + bias`, in few passes over them.

    With `p = softmax(z)` and `w` the gradient that arrives, the gradient of the logits is
    `w (p - onehot(y)) + w ε (onehot(y) - 1 / vocabulary)`. Only the first bracket is as wide as the vocabulary, and it
    takes the place of the logits in memory. Its factor `w` goes to `features`; the second term, like the mean of the
    logits in the loss, is a matter of the rows `table[y]` and of the mean row. As `max(p) = exp(max(z) - logsumexp(z))`
    is never small, it tells `logsumexp(z)` without another pass of exponentials.

    Args:
        labels: int32 `(tokens,)`, none of them padding.
        features: float `(tokens, dim)`. Its dtype is the dtype of the matrix products.
        table: `(vocabulary, dim)`.
        bias: `(vocabulary,)`.
        label_smoothing: float ε.

    Returns:
        float32 `(tokens,)`, nats.
    """
    dtype = features.dtype
    labels = tf.cast(labels, tf.int32)

    @tf.custom_gradient
    def fused(features, table, bias):
        matrix = tf.cast(table, dtype)
        rows = tf.cast(features, tf.float32)
        logits = tf.cast(tf.matmul(features, matrix, transpose_b=True), tf.float32) + bias
        largest, probabilities = tf.reduce_max(logits, axis=-1), tf.nn.softmax(logits)
        log_sums = largest - tf.math.log(tf.reduce_max(probabilities, axis=-1))
        label_rows, mean_row = tf.gather(table, labels), tf.reduce_mean(table, axis=0)
        # Not read from the logits, so that these need not be kept.
        label_logits = tf.reduce_sum(rows * label_rows, axis=-1) + tf.gather(bias, labels)
        mean_logits = tf.linalg.matvec(rows, mean_row) + tf.reduce_mean(bias)
        losses = log_sums - label_logits + label_smoothing * (label_logits - mean_logits)
        cells = tf.stack((tf.range(tf.size(labels)), labels), axis=1)
        wide = tf.tensor_scatter_nd_sub(probabilities, cells, tf.ones_like(losses))

        def gradient(upstream):
            smoothing = label_smoothing * upstream
            product = tf.cast(wide, dtype)
            d_features = tf.cast(tf.matmul(product, matrix), tf.float32) * upstream[:, None]
            d_table = tf.matmul(product, tf.cast(rows * upstream[:, None], dtype), transpose_a=True)
            d_bias = tf.linalg.matvec(wide, upstream, transpose_a=True)
            return (
                tf.cast(d_features + smoothing[:, None] * (label_rows - mean_row), dtype),
                spread(tf.cast(d_table, tf.float32), rows * smoothing[:, None]),
                spread(d_bias, smoothing),
            )

        def spread(gradient, terms):
            """`gradient` and ε (onehot(y) - 1 / vocabulary) of the tokens' terms."""
            if not label_smoothing:
                return gradient
            everywhere = tf.reduce_sum(terms, axis=0) / tf.cast(tf.shape(table)[0], tf.float32)
            return tf.tensor_scatter_nd_add(gradient - everywhere, labels[:, None], terms)

        return losses, gradient

    return fused(features, tf.cast(table, tf.float32), tf.cast(bias, tf.float32))
