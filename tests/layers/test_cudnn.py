"""Recurrent layers on a GPU: what Keras hands to cuDNN, and what it makes of the answer, are the numbers of a CPU."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seq2seq.layers import GRU, LSTM
from seq2seq.models.recurrent import RecurrentStack
from tests.conftest import slow
from tests.stand_ins.graphics_card import loops_of_cells, seen, standing_in, where_there_is_none

pytestmark = where_there_is_none
BATCH, STEPS, FEATURES, UNITS = 3, 4, 2, 4
MASK = tf.sequence_mask([4, 1, 3], STEPS)
KINDS = {
    "one way": {},
    "backwards": {"go_backwards": True},
    "bidirectional": {"bidirectional": True},
    "packed": {"packed": True},
}
BY_DEFAULT = [("lstm", "one way"), ("lstm", "bidirectional"), ("gru", "backwards")]


def arrays(*shapes, seed=0):
    random = np.random.default_rng(seed)
    return [tf.constant(random.normal(size=shape), tf.float32) for shape in shapes]


def layers(cell="lstm", dtype="float32", num_layers=1, **options):
    """A stack of recurrent layers with random weights, the same for the same options."""
    stack = RecurrentStack(num_layers, UNITS, cell, dtype=dtype, **options)
    stack.build((None, None, FEATURES))
    stack.set_weights([array.numpy() for array in arrays(*(weight.shape for weight in stack.weights), seed=1)])
    return stack


def results(stack, x, mask=None, states=None):
    """All outputs at real steps, all states, and the gradients of a random sum of them."""
    with tf.GradientTape() as tape:
        tape.watch([x, states or []])
        outputs, ends = stack(tf.cast(x, stack.compute_dtype), states=states, mask=mask)
        if mask is not None:
            outputs = tf.where(mask[..., None], outputs, tf.zeros((), outputs.dtype))
        parts = [tf.cast(part, tf.float32) for part in (outputs, *tf.nest.flatten(ends))]
        weights = arrays(*(part.shape for part in parts), seed=2)
        loss = tf.add_n([tf.reduce_sum(part * weight) for part, weight in zip(parts, weights, strict=True)])
    return [*parts, *tape.gradient(loss, [x, *stack.trainable_variables, *tf.nest.flatten(states or [])])]


def cases():
    for cell in ("lstm", "gru"):
        for kind in KINDS:
            for masked in (True, False):
                for dtype in ("float32", "mixed_float16", "mixed_bfloat16"):
                    case, quick = (cell, kind, masked, dtype), masked and dtype == "float32"
                    yield case if quick and (cell, kind) in BY_DEFAULT else slow(*case)


@pytest.mark.parametrize(("cell", "kind", "masked", "dtype"), list(cases()))
def test_on_cudnn_all_results_and_gradients_are_those_of_a_cpu(cell, kind, masked, dtype):
    x, h, c = arrays((BATCH, STEPS, FEATURES), (BATCH, UNITS), (BATCH, UNITS))
    states = {"lstm": [[h, c]], "gru": [[h]]}[cell] if kind != "bidirectional" else None
    mask = MASK if masked else None
    expected = results(layers(cell, **KINDS[kind]), x, mask, states)
    with standing_in() as op:
        found = results(layers(cell, dtype, **KINDS[kind]), x, mask, states)
    assert op.call_count == (2 if kind == "bidirectional" else 1)
    tolerance = {"float32": 1e-6, "mixed_float16": 2e-3, "mixed_bfloat16": 2e-2}[dtype]
    for mine, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, other, rtol=tolerance, atol=tolerance * max(1.0, np.abs(other).max()))


def used_by_hand(cell, x, mask, wrap=lambda layer: layer, **options):
    """All that a layer gives, and the gradients of a random sum of it: at masked steps it is summed up as well."""
    zeros = "return_sequences" in options  # without, they would be what a processor gives as the last output
    layer = wrap({"lstm": LSTM, "gru": GRU}[cell](UNITS, zero_output_for_mask=zeros, **options))
    layer.build(x.shape)
    layer.set_weights([array.numpy() for array in arrays(*(weight.shape for weight in layer.weights), seed=1)])
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = tf.nest.flatten(layer(x, mask=mask))
        weights = arrays(*(part.shape for part in outputs), seed=2)
        loss = tf.add_n([tf.reduce_sum(part * weight) for part, weight in zip(outputs, weights, strict=True)])
    return [*outputs, *tape.gradient(loss, [x, *layer.trainable_variables])]


@pytest.mark.parametrize(
    "options",
    [
        {"return_sequences": True, "return_state": True},
        {"return_sequences": True, "go_backwards": True},
        slow({"go_backwards": True}),
        {},
        slow({"return_sequences": True, "wrap": keras.layers.Bidirectional}),
    ],
    ids=lambda options: ", ".join(options) or "the last step",
)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_layer_by_itself_has_nothing_of_what_cudnn_leaves_at_masked_steps(cell, options):
    (x,) = arrays((BATCH, STEPS, FEATURES))
    expected = used_by_hand(cell, x, MASK, **options)
    with standing_in() as op:
        found = used_by_hand(cell, x, MASK, **options)
    assert op.called
    for mine, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_layer_that_is_not_on_cudnn_stays_as_keras_has_it(cell):
    mine, other = {"lstm": (LSTM, keras.layers.LSTM), "gru": (GRU, keras.layers.GRU)}[cell]
    (x,), options = arrays((BATCH, STEPS, FEATURES)), {"activation": "relu", "return_sequences": True}
    keras.utils.set_random_seed(1)
    expected = other(UNITS, **options)(x, mask=MASK)
    keras.utils.set_random_seed(1)
    with standing_in() as op:
        np.testing.assert_array_equal(mine(UNITS, **options)(x, mask=MASK), expected)
    assert not op.called


@pytest.mark.parametrize("lengths", [[2, 0], "left"], ids=["a row without steps", "padded on the left"])
def test_masks_that_cudnn_does_not_know_are_refused(lengths):
    mask = tf.reverse(tf.sequence_mask([1, 2], 2), [1]) if lengths == "left" else tf.sequence_mask(lengths, 2)
    with standing_in(), pytest.raises(tf.errors.InvalidArgumentError, match="right-padded"):
        tf.function(LSTM(UNITS))(tf.ones((2, 2, FEATURES)), mask=mask)


def test_keras_is_told_that_xla_cannot_compile_it():
    layer = LSTM(UNITS)
    with standing_in():
        layer(tf.ones((2, 3, FEATURES)))
    assert not layer.supports_jit


def test_settings_that_cudnn_does_not_know_run_in_a_loop():
    x = tf.ones((2, 3, FEATURES))
    with standing_in() as op:
        for options in ({"activation": "relu"}, {"use_bias": False}, {"use_cudnn": False}):
            LSTM(UNITS, **options)(x)
    assert op.call_count == 0


def test_without_cudnn_the_fast_loop_runs_on_a_gpu_too():
    with seen():
        layer = LSTM(UNITS, use_cudnn=False)
        graph = tf.function(layer).get_concrete_function(tf.TensorSpec((None, None, FEATURES))).graph
    (body,) = loops_of_cells(graph)
    products = [n for f in graph.as_graph_def().library.function if f.signature.name == body for n in f.node_def]
    assert sum(node.op == "MatMul" for node in products) == 1
