"""Drawing tokens from the model's distribution."""

from dataclasses import dataclass

import tensorflow as tf

from seq2seq.errors import InputError


@dataclass(frozen=True)
class Sampling:
    """A way to draw the next token.

    Every sentence has its own stream of random numbers, so its draws do not depend on its batch-mates.

    Args:
        temperature: float above 0. Logits are divided by it; below 1 sharpens.
        top_k: int. Only the k most probable tokens can be drawn; 0 is all.
        top_p: float. Only the most probable tokens that together hold this probability (Holtzman et al. 2020), of those
            that `top_k` leaves; 1 is all.
        seed: int. The same seed and stream give the same draws.

    Raises:
        InputError: a number out of range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self):
        if not self.temperature > 0:
            raise InputError(f"Expected a temperature above 0, got {self.temperature}.")
        if self.top_k < 0:
            raise InputError(f"Expected top_k of 0 (all) or more, got {self.top_k}.")
        if not 0 < self.top_p <= 1:
            raise InputError(f"Expected 0 < top_p <= 1, got {self.top_p}.")

    def candidates(self, logits):
        """The tokens to draw from, int32, and logits to draw them by, `-inf` where excluded; both `(batch, n)`.

        Args:
            logits: float32 `(batch, vocabulary)`.
        """
        scores = logits / self.temperature
        batch, size = tf.unstack(tf.shape(scores))
        if not self.top_k and self.top_p == 1.0:  # no need to sort
            return tf.tile(tf.range(size)[None], (batch, 1)), scores
        scores, tokens = tf.math.top_k(scores, tf.minimum(self.top_k or size, size))
        if self.top_p < 1.0:
            before = tf.cumsum(tf.nn.softmax(scores), axis=-1, exclusive=True)  # mass of the more probable tokens
            scores = tf.where(before < self.top_p, scores, float("-inf"))
        return tokens, scores

    def selector(self, streams):
        """Make the `select` function for `greedy_search`.

        Args:
            streams: int32 `(batch,)`. Number of each sentence's random stream; `select` draws for all of them unless
                told for which `rows`.
        """
        streams = tf.cast(streams, tf.int64) * 2**32  # room for the steps
        seeds = tf.fill(tf.shape(streams), tf.constant(self.seed, tf.int64))

        def select(logits, t, rows=None):
            tokens, scores = self.candidates(logits)
            pairs = tf.stack((seeds, streams + tf.cast(t, tf.int64)), 1)
            pairs = pairs if rows is None else tf.gather(pairs, rows)

            def uniform(seed):
                return tf.random.stateless_uniform(tf.shape(scores)[1:], seed, minval=1e-20)  # its logarithm is finite

            draws = tf.map_fn(uniform, pairs, tf.float32)
            chosen = tf.argmax(scores - tf.math.log(-tf.math.log(draws)), axis=-1)  # Gumbel-max
            return tf.gather(tokens, chosen, batch_dims=1)

        return select
