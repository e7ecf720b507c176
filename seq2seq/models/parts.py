"""Several parts of a batch at once, which keep several cores busy: the gradients are those of the whole batch."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext

import keras
import tensorflow as tf

from seq2seq.models.update import loss_and_gradients


def gradients_of_parts(
    model: keras.Model,
    score: Callable[..., tuple],
    parts: Sequence[tuple],
    weights: Sequence[tf.Tensor],
    compiled: bool = False,
) -> tuple[tf.Tensor, list[tuple], list[tf.Tensor]]:
    """Run `score` on each part of a batch, and differentiate the loss of the batch, the mean over all of its targets.

    The parts are calls of one function, whose graph is made and kept once, however many they are. They would wait for
    each other where they draw random numbers, as each leaves the generators to the next one: so each is told where to
    begin, and draws what it would have drawn in its turn.

    Args:
        model: compiled `keras.Model`.
        score: function of the tensors of a part; it gives a tuple whose first member is the loss of the part, a float32
            scalar, the mean over its targets.
        parts: of each part its tensors.
        weights: float32 scalars, the number of targets of each part.
        compiled: bool. Whether XLA compiles the function.

    Returns:
        The loss of the batch; of each part what `score` gave beside its loss; the gradient of each trainable weight.
    """
    if len(parts) == 1 and not compiled:
        (loss, *others), gradients = loss_and_gradients(model, lambda: score(*parts[0]))
        return loss, [others], gradients
    several = len(parts) > 1
    generators = [each for each in model.variables if several and each.name == "seed_generator_state"]
    drawn = [0] * len(generators)  # by one part, known when the first call has made the graph

    def of_part(states, share, *part):
        def shared():
            loss, *others = score(*part)
            return loss * share, *others

        scope = _Drawing(state_mapping=zip(generators, states, strict=True))
        with scope if generators else nullcontext():
            (loss, *others), gradients = loss_and_gradients(model, shared)
        drawn[:] = [scope.draws.count(id(generator)) for generator in generators]
        return loss, others, gradients

    # Copies of a function in the graph of the update would be optimized each by itself, which takes seconds a part.
    how = {"jit_compile": True} if compiled else {"experimental_attributes": {"_noinline": True}}
    of_part = tf.function(of_part, autograph=False, reduce_retracing=True, **how)
    shares = tf.stack(weights) / tf.maximum(tf.add_n(weights), 1.0)
    states, results = [tf.convert_to_tensor(generator) for generator in generators], []
    for k, part in enumerate(parts):
        results.append(of_part(_after(states, drawn, k), shares[k], *part))
    for generator, state in zip(generators, _after(states, drawn, len(parts)), strict=True):
        generator.assign(state)
    losses, others, gradients = zip(*results, strict=True)
    return tf.add_n(losses), others, [_sum(each) for each in zip(*gradients, strict=True)]


def _sum(gradients):
    """The sum of gradients of one weight; those of an embedding, which are rows, become as large as its table."""
    if not isinstance(gradients[0], tf.IndexedSlices):
        return tf.add_n(gradients)
    values, rows = tf.concat([g.values for g in gradients], 0), tf.concat([g.indices for g in gradients], 0)
    return tf.convert_to_tensor(tf.IndexedSlices(values, rows, gradients[0].dense_shape))


class _Drawing(keras.StatelessScope):
    """Random generators begin where they are told, are left where they are, and what was drawn from them is noted."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.draws = []

    def add_update(self, update):
        self.draws.append(id(update[0]))
        super().add_update(update)


def _after(states, drawn, parts):
    """The states of generators, `[seed, count]`, after so many parts that have drawn so often from each."""
    return [state + tf.constant([0, parts * count], state.dtype) for state, count in zip(states, drawn, strict=True)]
