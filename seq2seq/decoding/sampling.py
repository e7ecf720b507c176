"""Drawing tokens from the model's distribution."""

from dataclasses import dataclass

import tensorflow as tf


@dataclass(frozen=True)
class Sampling:
    """A way to draw the next token.

    Every sentence has its own stream of random numbers, so its draws do not depend on its batch-mates.

    Args:
        temperature: float above 0. Logits are divided by it; below 1 sharpens.
        top_k: int. Only the k most probable tokens can be drawn; 0 is all.
        top_p: float. Only the most probable tokens that together hold this probability (Holtzman et al. 2020); 1 is all.
        seed: int.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self):
        if not (self.temperature > 0 and self.top_k >= 0 and 0 < self.top_p <= 1):
            raise ValueError(f"Expected temperature > 0, top_k >= 0 and 0 < top_p <= 1, got {self}.")

    def filtered(self, logits):
        """Logits over the temperature, `-inf` where a token cannot be drawn; `(batch, vocabulary)` both."""
        logits = logits / self.temperature
        if self.top_k:
            k = tf.minimum(self.top_k, tf.shape(logits)[-1])
            logits = tf.where(logits < tf.math.top_k(logits, k)[0][:, -1:], float("-inf"), logits)
        if self.top_p < 1.0:
            ordered = tf.sort(logits, axis=-1, direction="DESCENDING")
            probabilities = tf.nn.softmax(ordered, axis=-1)
            before = tf.cumsum(probabilities, axis=-1, exclusive=True)  # mass of the more probable tokens
            smallest = tf.reduce_min(tf.where(before < self.top_p, ordered, float("inf")), axis=-1, keepdims=True)
            logits = tf.where(logits < smallest, float("-inf"), logits)
        return logits

    def selector(self, streams):
        """The `select` function for `greedy_search`; `streams`, int32 `(batch,)`, numbers each sentence's random stream."""

        def select(logits, t):
            def draw(row):
                stream, scores = row
                seed = tf.stack((self.seed + 0 * t, stream * 65_536 + t))
                uniform = tf.random.stateless_uniform(tf.shape(scores), seed, minval=1e-20)
                return tf.argmax(scores - tf.math.log(-tf.math.log(uniform)), output_type=tf.int32)  # Gumbel-max

            return tf.map_fn(draw, (streams, self.filtered(logits)), fn_output_signature=tf.int32)

        return select
