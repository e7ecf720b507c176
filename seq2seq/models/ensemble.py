"""Several encoder–decoders that answer as one."""

from collections.abc import Sequence

import tensorflow as tf

from seq2seq.models.encoder_decoder import EncoderDecoder

HELD = 1e-35  # probabilities above it keep all their digits
NEVER = -1e9  # finite, so that differences stay numbers


def mean_probability(log_probabilities: Sequence[tf.Tensor]) -> tf.Tensor:
    """The logarithms of the means of probabilities that are given by their logarithms, however small these are.

    Args:
        log_probabilities: float32 tensors of one shape, finite, nats.

    Returns:
        float32, of that shape. The mean of equal ones is just that.
    """
    stacked = tf.stack(log_probabilities)
    largest = tf.reduce_max(stacked, axis=0)
    return largest + tf.math.log(tf.reduce_mean(tf.exp(stacked - largest), axis=0))


def mean_logits(logits: Sequence[tf.Tensor], never: Sequence[int] = ()) -> tf.Tensor:
    """Logits whose softmax is the mean of the softmaxes of others.

    That is `mean_probability` of their logarithms, up to a constant. These take five times as long on a CPU, so that
    they are only taken where float32 cannot hold the sum of the probabilities.

    Args:
        logits: float32 tensors of one shape, `(…, vocabulary)`.
        never: ids whose logits are so low that they have no probability.
    """
    shares = tf.add_n([tf.nn.softmax(each) for each in logits])
    known = [token not in never for token in range(shares.shape[-1])]
    rarest = tf.boolean_mask(tf.reduce_min(shares, axis=range(shares.shape.rank - 1)), known)
    return tf.cond(
        tf.reduce_all(rarest > HELD),
        lambda: tf.maximum(tf.math.log(shares), NEVER),
        lambda: mean_probability([tf.nn.log_softmax(each) for each in logits]),
    )


def models_in(model: "EncoderDecoder | Ensemble") -> tuple[EncoderDecoder, ...]:
    """Those that answer together, or the one that answers alone."""
    return model.members if isinstance(model, Ensemble) else (model,)


class Ensemble:
    """Encoder–decoders of the same two vocabularies, whose probabilities of the next token are averaged at each step.

    It has those methods of an `EncoderDecoder` that a search and a measurement call.

    Args:
        members: `EncoderDecoder`s.
    """

    def __init__(self, members: Sequence[EncoderDecoder]):
        self.members = tuple(members)

    def begin(self, source, never=()):
        """See `EncoderDecoder.begin`: states and memories are tuples of those of the members."""
        cells, memories, steps = zip(*(member.begin(source, never) for member in self.members), strict=True)

        def step(tokens, cells, memories):
            found = [of_one(tokens, *own) for of_one, *own in zip(steps, cells, memories, strict=True)]
            logits, cells = zip(*found, strict=True)
            return mean_logits(logits, never), cells

        return cells, memories, step

    def teacher_forced(self, source, target_input, labels):
        """See `EncoderDecoder.teacher_forced`."""
        found = [member.teacher_forced(source, target_input, labels) for member in self.members]
        return found[0][0], mean_logits([logits for _, logits in found])
