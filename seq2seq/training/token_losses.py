"""Losses over tokens. Padding (label 0) never counts."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from seq2seq.layers.rows import column_sums, spare_rows
from seq2seq.special_ids import PAD

# So many tokens pass the output layer and its loss together. Measured on a CPU; a GPU wants few, large products.
TOKENS_AT_ONCE = {"CPU": 512, "GPU": 8192}


class Taught(NamedTuple):
    """What teachers believe of tokens: the mean of the softmaxes of `features @ tableᵀ + bias` of each of them.

    Attributes:
        share: float λ. The target distribution is `1 - λ` times that of the labels plus λ times this one (Hinton et al.
            2015; of each word, Kim and Rush 2016, equation 5).
        readings: of each teacher features, `(tokens, dim)`, table, `(vocabulary, dim)`, and bias, `(vocabulary,)`.
    """

    share: float
    readings: Sequence[tuple[tf.Tensor, tf.Tensor, tf.Tensor]]

    def padded(self, spare):
        """The same with `spare` more tokens, and with tables of the dtype of the features, that of the products."""
        return self._replace(
            readings=[
                (tf.pad(features, ((0, spare), (0, 0))), tf.cast(table, features.dtype), tf.cast(bias, tf.float32))
                for features, table, bias in self.readings
            ]
        )

    def of(self, part):
        """`share` times what they believe of a slice of the tokens, float32 `(tokens, vocabulary)`."""
        believed = [
            tf.nn.softmax(tf.cast(tf.matmul(features[part], table, transpose_b=True), tf.float32) + bias)
            for features, table, bias in self.readings
        ]
        return self.share / len(believed) * tf.add_n(believed)


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

    def __init__(self, label_smoothing: float = 0.0, name: str = "token_cross_entropy") -> None:
        super().__init__(name=name, reduction=None)
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        labels = tf.reshape(y_true, (-1,))
        losses = token_losses(labels, tf.reshape(y_pred, (-1, tf.shape(y_pred)[-1])), self.label_smoothing)
        real = tf.cast(tf.not_equal(labels, PAD), losses.dtype)
        return tf.reduce_sum(losses * real) / tf.maximum(tf.reduce_sum(real), 1.0)

    def of_product(
        self, labels: Any, features: Any, table: Any, bias: Any, consistency: Any = None, taught: Any = None
    ) -> Any:
        """The same loss for the logits `features @ tableᵀ + bias` of real tokens only, see `product_loss`."""
        loss = product_loss(labels, features, table, bias, self.label_smoothing, consistency, taught=taught)
        return loss / tf.maximum(tf.cast(tf.size(labels), tf.float32), 1.0)

    def get_config(self) -> dict[str, Any]:
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


def product_loss(labels, features, table, bias, label_smoothing=0.0, consistency=None, weights=None, taught=None):
    """The sum of `token_losses` of the logits `z = features @ tableᵀ + bias`, in few passes over them.

    With `p = softmax(z)` the gradient of the logits is `p - onehot(y) + ε (onehot(y) - 1 / vocabulary)`. Only
    `p - onehot(y)` is as wide as the vocabulary; the rest, like the mean of the logits in the loss, is a matter of the
    rows `table[y]` and of the mean row. The loss is `-log(p_y)`, without a pass of its own; a `p_y` too small for
    float32 counts as the least there is, 87 nats. `p_y - 1` is rounded to the dtype of the products as a whole: from a
    rounded `p_y` near 1 little of it would be left.

    Only `TOKENS_AT_ONCE` pass at a time. Their part of the gradients is made together with their loss, so that nothing
    as wide as the vocabulary is kept, however large the batch.

    Where the tokens are two readings of the same labels, with other dropout in each (R-Drop, Wu et al. 2021), what the
    two believe of a label, `p` and `q`, may have to agree: `α / 2 (KL(p, q) + KL(q, p))` of each label comes on top.
    With `d` the difference of their logits the sum of both KL is `Σ (p - q) d`; its gradients by these logits are
    `p (d - Σ p d) + p - q` and `-q (d - Σ q d) + q - p`.

    Where teachers tell what they believe of each token, `t`, with the share λ, the target distribution is `λ t` plus
    `1 - λ` times that of the labels, smoothed as above: `λ Σ -t log(p)` comes on top of `1 - λ` times the loss, and
    the gradient of the logits is `p - λ t - (1 - λ) (onehot(y) - ε (onehot(y) - 1 / vocabulary))`.

    Args:
        labels: int32 `(tokens,)`, none of them padding.
        features: float `(tokens, dim)`. Its dtype is the dtype of the matrix products.
        table: `(vocabulary, dim)`.
        bias: `(vocabulary,)`.
        label_smoothing: float ε.
        consistency: float α, or `None`. With it, the second half of the tokens is another reading of the first.
        weights: float32 `(tokens,)`, factors of the losses, or `None` for 1. Not with label smoothing or consistency.
        taught: `Taught`, or `None`. Not with consistency or weights.

    Returns:
        float32 scalar, nats.
    """
    dtype = features.dtype
    if taught is not None:
        label_smoothing *= 1.0 - taught.share
    labels = tf.cast(labels, tf.int32)

    @tf.custom_gradient
    def fused(features, table, bias):
        matrix = tf.cast(table, dtype)
        loss, d_features, d_table, d_bias = _unsmoothed(labels, features, matrix, bias, consistency, weights, taught)
        rows = tf.cast(features, tf.float32)
        label_rows, mean_row = tf.gather(table, labels), column_sums(table) / tf.cast(tf.shape(table)[0], tf.float32)
        if label_smoothing:
            count = tf.cast(tf.size(labels), tf.float32)
            # Not read from the logits, so that these need not be kept.
            label_logits = tf.reduce_sum(rows * label_rows) + tf.reduce_sum(tf.gather(bias, labels))
            mean_logits = tf.tensordot(tf.reduce_sum(rows, axis=0), mean_row, 1) + count * tf.reduce_mean(bias)
            loss += label_smoothing * (label_logits - mean_logits)

        def gradient(upstream):
            smoothed = d_features, d_table, d_bias
            if label_smoothing:
                smoothed = (
                    d_features + label_smoothing * (label_rows - mean_row),
                    spread(d_table, label_smoothing * rows),
                    spread(d_bias, tf.fill(tf.shape(labels), label_smoothing)),
                )
            by_features, by_table, by_bias = (each * upstream for each in smoothed)
            return tf.cast(by_features, dtype), by_table, by_bias

        def spread(gradient, terms):
            """`gradient` and onehot(y) - 1 / vocabulary of the tokens' terms."""
            everywhere = tf.reduce_sum(terms, axis=0) / tf.cast(tf.shape(table)[0], tf.float32)
            return _add_at(labels, gradient - everywhere, terms)

        return loss, gradient

    return fused(features, tf.cast(table, tf.float32), tf.cast(bias, tf.float32))


def product_log_probabilities(labels, features, table, bias):
    """`log(p_y)` of each token for the arguments of `product_loss`, float32 `(tokens,)`; without a gradient."""
    at_once, tokens = TOKENS_AT_ONCE[_device()], tf.size(labels)
    matrix, spare = tf.cast(table, features.dtype), spare_rows(tokens)
    features, labels = tf.stop_gradient(tf.pad(features, ((0, spare), (0, 0)))), tf.pad(labels, ((0, spare),))
    times = tf.maximum(-(-tokens // at_once), 1)

    def read(start, found):
        part = slice(start, start + at_once)
        logits = tf.cast(tf.matmul(features[part], matrix, transpose_b=True), tf.float32) + bias
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels[part], tf.stop_gradient(logits))
        return start + at_once, found.write(start // at_once, -losses)

    found = tf.TensorArray(tf.float32, times, element_shape=(None,), infer_shape=False)
    _, found = tf.while_loop(lambda start, _: start < tokens, read, (0, found), parallel_iterations=1)
    return tf.stop_gradient(found.concat()[:tokens])


def _unsmoothed(labels, features, matrix, bias, consistency, weights, taught):
    """The sum of `-log(p_y)`, and what `p - onehot(y)` is as a gradient of features, table and bias: float32.

    With `consistency`, `weights` or `taught` those of `product_loss` without label smoothing.
    """
    device, readings = _device(), 1 if consistency is None else 2
    at_once, tokens = TOKENS_AT_ONCE[device] // readings, tf.size(labels) // readings
    # A GPU scatters in float32 alone: of anything less, all logits would go to the processor and back.
    scattered = tf.float32 if device == "GPU" else features.dtype
    by_reading = tf.reshape(features, (readings, tokens, features.shape[-1]))
    spare = spare_rows(tokens)
    by_reading = tf.pad(by_reading, ((0, 0), (0, spare), (0, 0)))  # 0, that adds nothing to the table's
    taught = taught and taught.padded(spare)
    of_label = 1.0 - taught.share if taught else 1.0  # its share of the target distribution

    def of_tokens(start):
        of_rows = labels[:tokens][start : start + at_once]
        rows, real = by_reading[:, start : start + at_once], tf.range(tf.size(of_rows))
        ends = tf.range(readings) * tf.shape(rows)[1]  # of the reading before
        rows = tf.reshape(rows, (-1, features.shape[-1]))
        logits = tf.nn.bias_add(tf.cast(tf.matmul(rows, matrix, transpose_b=True), tf.float32), bias)
        probabilities = tf.nn.softmax(logits)
        cells = tf.reshape(ends[:, None] + real, (-1, 1))
        cells = tf.concat((cells, tf.tile(of_rows, (readings,))[:, None]), axis=1)
        of_labels = tf.gather_nd(probabilities, cells)
        losses = -tf.math.log(tf.maximum(of_labels, np.finfo(np.float32).tiny))
        loss = of_label * tf.reduce_sum(losses if weights is None else weights[start : start + at_once] * losses)
        if readings == 2:
            disagreement, probabilities = _with_disagreement(logits, probabilities, 0.5 * consistency)
            loss, of_labels = loss + disagreement, tf.gather_nd(probabilities, cells)
        if taught:
            believed = taught.of(slice(start, start + at_once))
            unlike = -tf.reduce_sum(believed * tf.nn.log_softmax(logits), axis=1)
            loss += tf.reduce_sum(unlike[: tf.size(real)])
            probabilities -= believed
            of_labels = tf.gather_nd(probabilities, cells)
        if weights is None:
            expected = [column_sums(part[: tf.size(real)]) for part in tf.split(probabilities, readings)]
            expected = tf.reduce_sum(expected, axis=0)
        else:
            factors = tf.pad(weights[start : start + at_once, None], ((0, tf.shape(rows)[0] - tf.size(real)), (0, 0)))
            expected = tf.matmul(factors, probabilities, transpose_a=True)[0]
        of_labels = tf.cast(of_labels - of_label, scattered)
        with tf.control_dependencies((of_labels, expected)):  # which read what is overwritten now
            wide = _with_cells(cells, tf.cast(probabilities, scattered), of_labels)
        wide = tf.cast(wide, features.dtype)
        # What weighs a token need not be multiplied by what is as wide as the vocabulary.
        weighted = rows if weights is None else tf.cast(tf.cast(rows, tf.float32) * factors, rows.dtype)
        d_table = tf.matmul(wide, weighted, transpose_a=True)
        sums = loss, tf.cast(d_table, tf.float32), expected
        d_rows = tf.cast(tf.matmul(wide, matrix), tf.float32)
        d_rows = d_rows if weights is None else d_rows * factors
        return tf.reshape(d_rows, (readings, -1, features.shape[-1])), sums

    def add(start, d_features, sums):
        more, others = of_tokens(start)
        return start + at_once, write(start // at_once, d_features, more), tf.nest.map_structure(tf.add, sums, others)

    def write(place, arrays, parts):
        return [array.write(place, part) for array, part in zip(arrays, tf.unstack(parts, readings), strict=True)]

    first, sums = of_tokens(0)
    times = tf.maximum(-(-tokens // at_once), 1)
    shape = (None, first.shape[-1])
    d_features = [tf.TensorArray(tf.float32, times, element_shape=shape, infer_shape=False) for _ in range(readings)]
    _, d_features, sums = tf.while_loop(
        lambda start, *_: start < tokens, add, (at_once, write(0, d_features, first), sums), parallel_iterations=1
    )
    loss, d_table, expected = sums
    of_labels = tf.fill((tf.size(labels),), of_label) if weights is None else weights
    d_bias = tf.tensor_scatter_nd_sub(expected, labels[:, None], of_labels)
    return loss, tf.concat([part.concat()[:tokens] for part in d_features], 0), d_table, d_bias


def _with_disagreement(logits, probabilities, weight):
    """What two readings disagree by, see `product_loss`, times `weight`; and `probabilities` with its gradient added.

    Args:
        logits: float32 `(rows, vocabulary)`, those of the one reading before those of the other.
        probabilities: their softmax.
        weight: float.
    """
    p, q = tf.split(probabilities, 2)
    d, apart = (weight * (one - other) for one, other in (tf.split(logits, 2), (p, q)))
    of_p, of_q = (tf.reduce_sum(each * d, axis=1, keepdims=True) for each in (p, q))
    both = (p * (d + (1.0 - of_p)) + apart, q * ((1.0 + of_q) - d) - apart)
    return tf.reduce_sum(of_p - of_q), tf.concat(both, 0)


def _device():
    return "GPU" if tf.config.list_physical_devices("GPU") else "CPU"


def _with_cells(cells, matrix, values):
    """`matrix` with other values in some cells, `(cells, 2)`, none of them twice. On a CPU it is overwritten.

    TensorFlow's scattering always copies there, and a pass over memory takes as long as that of a softmax.
    """
    if _device() == "GPU":
        return tf.tensor_scatter_nd_update(matrix, cells, values)
    places = cells[:, 0] * tf.shape(matrix)[1] + cells[:, 1]
    flat = tf.raw_ops.InplaceUpdate(x=tf.reshape(matrix, (-1,)), i=places, v=values)
    return tf.reshape(flat, tf.shape(matrix))


def _add_at(places, rows, terms):
    """`rows`, or single numbers, with `terms` added at `places`, which may repeat. On a CPU `rows` are overwritten."""
    if _device() == "GPU":  # where one that repeats would be added once
        return tf.tensor_scatter_nd_add(rows, places[:, None], terms)
    return tf.raw_ops.InplaceAdd(x=rows, i=places, v=terms)
