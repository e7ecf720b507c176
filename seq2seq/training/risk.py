"""Training for what translations are worth: the expected cost of those that the model itself draws.

Minimum risk training (Shen et al. 2016): of the candidates `y` of a source, which are drawn from the model, the risk is
`Σ q(y) cost(y)`, with `q` their probabilities `p(y)^α`, made to sum to 1. Its gradient is that of the log-probabilities
`log p(y)`, each times `α q(y) (cost(y) - risk)`: a cross-entropy in which each candidate has a weight, which is known
once all have been read.
"""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from seq2seq.decoding.greedy import greedy_search
from seq2seq.models.parts import gradients_of_parts
from seq2seq.models.update import update
from seq2seq.special_ids import BOS, EOS, NEVER_WRITTEN, PAD
from seq2seq.training.token_losses import TokenCrossEntropy, product_log_probabilities, product_loss


@keras.saving.register_keras_serializable(package="seq2seq")
class ExpectedRisk(TokenCrossEntropy):
    """The loss of a training whose updates are those of `RiskObjective`, and whose validation is not."""

    unit = "nats per token (training: expected risk)"
    called = "risk"


class RiskObjective:
    """Makes the updates of a model, see `EncoderDecoder.objective`. What it logs as the loss is the risk.

    The gradient is that of `risk / α`, so that its size is that of a cross-entropy of whole translations, whatever `α`.

    Args:
        costs: function of int32 ids `(sources, candidates, steps)`, each ended by EOS or PAD, the last of each source
            its reference. It gives float32 costs `(sources, candidates)`, and bool of the same shape, which of them
            count: one of each source at least.
        candidates: int. Translations that are drawn for each source.
        sharpness: float α.
        limit: float `(ratio, extra)`. A drawn translation has at most ratio · source tokens + extra tokens.
        cross_entropy: float. Weight of the cross-entropy of the references, the mean over their tokens, beside that.
        seed: int. What is drawn depends on it and the number of the update.

    Call arguments:
        model: compiled `EncoderDecoder`.
        parts: of each part of a batch `source`, `target_input` and `labels`.
    """

    def __init__(
        self,
        costs: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
        candidates: int,
        sharpness: float,
        limit: tuple[float, int],
        cross_entropy: float = 0.0,
        seed: int = 0,
    ):
        self.costs, self.candidates, self.sharpness, self.limit = costs, candidates, sharpness, limit
        self.cross_entropy, self.seed = cross_entropy, seed

    def __call__(self, model: keras.Model, parts: Sequence[tuple]) -> None:
        ids = tf.TensorSpec((None, None), tf.int32)
        # Of parts that are drawn at once, as of those that are learned; see `gradients_of_parts`.
        draw = tf.function(
            lambda source, seed: self.drawn(model, source, seed),
            (ids, tf.TensorSpec((2,), tf.int64)),
            autograph=False,
            experimental_attributes={"_noinline": True},
        )
        number = tf.cast(model.optimizer.iterations, tf.int64)
        weights = [tf.math.count_nonzero(labels[:, 0], dtype=tf.float32) for *_, labels in parts]
        tokens = [tf.math.count_nonzero(labels, dtype=tf.float32) for *_, labels in parts]
        per_token = tf.add_n(weights) / tf.maximum(tf.add_n(tokens), 1.0)
        learned = []
        for k, (source, target_input, labels) in enumerate(parts):
            found = draw(source, tf.stack((self.seed * 2**32 + number, np.int64(k) * 2**32)))
            learned.append((source, target_input, labels, per_token, *self._with_costs(found, labels)))
        loss, _, gradients = gradients_of_parts(model, lambda *part: (self.risk(model, *part),), learned, weights)
        update(model, loss, tf.add_n(weights), gradients)

    def drawn(self, model: keras.Model, source: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Draw translations of sources, int32 `(sources, source_steps)`.

        Returns:
            int32 `(sources, candidates, steps)`.
        """
        cells, memory, step = model.begin(source, NEVER_WRITTEN)
        cells, memory = tf.nest.map_structure(lambda each: tf.repeat(each, self.candidates, axis=0), (cells, memory))
        lengths = tf.math.count_nonzero(source, axis=1, dtype=tf.float32) - 1.0  # without EOS
        ratio, extra = self.limit
        limits = tf.cast(tf.math.ceil(ratio * lengths), tf.int32) + extra

        def select(logits, t, rows):
            at = seed + tf.stack((np.int64(0), tf.cast(t, tf.int64)))
            return tf.random.stateless_categorical(logits, 1, at, tf.int32)[:, 0]

        limits = tf.repeat(limits, self.candidates)
        tokens, _ = greedy_search(step, cells, limits, select, memory, scored=False)
        return tf.reshape(tokens, (tf.shape(source)[0], self.candidates, -1))

    def _with_costs(self, tokens, labels):
        """The candidates of all sources that count, `(rows, steps)`, of each the number of its source, and its cost."""
        steps = tf.maximum(tf.shape(tokens)[2], tf.shape(labels)[1])
        longer = [tf.pad(each, ((0, 0), (0, 0), (0, steps - tf.shape(each)[2]))) for each in (tokens, labels[:, None])]
        rows = tf.concat(longer, 1)
        costs, counts = tf.numpy_function(self.costs, [rows], (tf.float32, tf.bool), stateful=False)
        places = tf.where(tf.ensure_shape(counts, (None, None)))
        rows = tf.gather_nd(rows, places)
        # Where a reference is but padding, its source counts for nothing, and yet no row may be empty.
        first = tf.where(rows[:, :1] == PAD, EOS, rows[:, :1])
        rows = tf.concat((first, rows[:, 1:]), 1)
        longest = tf.reduce_max(tf.math.count_nonzero(rows, axis=1, dtype=tf.int32))
        return rows[:, :longest], tf.cast(places[:, 0], tf.int32), tf.gather_nd(costs, places)

    def risk(self, model, source, target_input, labels, per_token, rows, owners, costs):
        """The mean risk of the sources that have labels; its gradient is that of what is minimized.

        Args:
            model: compiled `EncoderDecoder`.
            source: int32 `(sources, source_steps)`.
            target_input: int32 `(sources, target_steps)`.
            labels: int32 `(sources, target_steps)`.
            per_token: float32 scalar. Sources of the whole batch for each of its labels.
            rows: int32 `(rows, steps)`. Candidates, with EOS where they end with it.
            owners: int32 `(rows,)`. The number of the source of each, rising.
            costs: float32 `(rows,)`.
        """
        output = model.decoder.output_weights()
        given = tf.where(rows == PAD, PAD, tf.pad(rows[:, :-1], ((0, 0), (1, 0)), constant_values=BOS))
        chosen, features = model.packed(source, given, rows, training=True, owners=owners)
        of_token = tf.where(rows != PAD)[:, 0]
        log_p = product_log_probabilities(chosen, features, *output)
        log_p = self.sharpness * tf.math.segment_sum(log_p, of_token)
        q = tf.exp(log_p - tf.gather(tf.math.segment_max(log_p, owners), owners))
        q /= tf.gather(tf.math.segment_sum(q, owners), owners)
        risks = tf.math.segment_sum(q * costs, owners)
        real = tf.cast(labels[:, 0] != PAD, tf.float32)
        count = tf.maximum(tf.reduce_sum(real), 1.0)
        risk = tf.reduce_sum(risks * real) / count
        weights = q * (tf.gather(risks, owners) - costs) * tf.gather(real / count, owners)
        learned = product_loss(chosen, features, *output, weights=tf.gather(weights, of_token))
        if self.cross_entropy:
            chosen, features = model.packed(source, target_input, labels, training=True)
            total = product_loss(chosen, features, *output, model.loss.label_smoothing)
            learned += self.cross_entropy * per_token * total / count
        return risk + learned - tf.stop_gradient(learned)
