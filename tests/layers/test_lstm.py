"""`LSTM` is `keras.layers.LSTM` in everything but speed."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.layers import LSTM

TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}


def pair(features, units, packed=False, **options):
    """Our layer and Keras's, with the same random weights."""
    theirs, ours = keras.layers.LSTM(units, **options), LSTM(units, packed=packed, **options)
    random = np.random.default_rng(units)
    for layer in (theirs, ours):
        layer.build((None, None, features))
    theirs.set_weights([random.normal(size=weight.shape, scale=0.7) for weight in theirs.get_weights()])
    ours.set_weights(theirs.get_weights())
    return ours, theirs


def arrays(*shapes, seed=0):
    random = np.random.default_rng(seed)
    return [tf.constant(random.normal(size=shape), tf.float32) for shape in shapes]


def run(layer, x, states=None, mask=None, training=False):
    """Outputs (0 at masked steps), and the gradients of a random sum of them by inputs, weights and initial states."""
    order = slice(None, None, -1 if getattr(layer, "go_backwards", False) else 1)
    with tf.GradientTape() as tape:
        tape.watch([x, states or []])
        outputs = tf.nest.flatten(layer(x, initial_state=states, mask=mask, training=training))
        if mask is not None and layer.return_sequences:  # Keras leaves open what masked steps hold
            outputs[0] *= tf.cast(mask[:, order, None], outputs[0].dtype)
        weights = arrays(*[out.shape for out in outputs])
        loss = sum(tf.reduce_sum(tf.cast(out, w.dtype) * w) for out, w in zip(outputs, weights, strict=True))
    return outputs, tape.gradient(loss, [x, *layer.trainable_variables, *(states or [])])


def assert_same(ours, theirs, *args, **kwargs):
    (our_outputs, our_gradients), (their_outputs, their_gradients) = (
        run(ours, *args, **kwargs),
        run(theirs, *args, **kwargs),
    )
    for mine, other in zip((*our_outputs, *our_gradients), (*their_outputs, *their_gradients), strict=True):
        assert mine.dtype == other.dtype
        np.testing.assert_allclose(mine, other, **TOLERANCE)


def right_padded(lengths, steps):
    return tf.sequence_mask(lengths, steps)


@st.composite
def problems(draw):
    """Shapes, options and a mask: none, right-padded, or with holes anywhere."""
    batch, steps = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    kind = draw(st.sampled_from(["none", "right", "holes"]))
    mask = None
    if kind == "right":
        mask = right_padded(draw(st.lists(st.integers(1, steps), min_size=batch, max_size=batch)), steps)
    elif kind == "holes":
        rows = st.lists(st.booleans(), min_size=steps, max_size=steps).filter(any)
        mask = tf.constant(draw(st.lists(rows, min_size=batch, max_size=batch)))
    shape = (batch, steps, draw(st.integers(1, 4)))
    return shape, draw(st.integers(1, 5)), mask, draw(st.booleans()), draw(st.booleans())


@settings(max_examples=40, deadline=None, derandomize=True)
@given(problems(), st.booleans())
def test_outputs_states_and_all_gradients(problem, packed):
    shape, units, mask, go_backwards, with_states = problem
    x, h, c = arrays(shape, (shape[0], units), (shape[0], units))
    options = {"return_sequences": True, "return_state": True, "go_backwards": go_backwards}
    ours, theirs = pair(shape[-1], units, packed, **options)
    assert_same(ours, theirs, x, [h, c] if with_states else None, mask)


@pytest.mark.parametrize("packed", [False, True])
def test_rows_without_any_real_step_pass_their_states_and_gradients(packed):
    x, h, c = arrays((3, 4, 2), (3, 5), (3, 5))
    ours, theirs = pair(2, 5, packed, return_sequences=True, return_state=True)
    for lengths in ([0, 0, 0], [0, 4, 0]):
        assert_same(ours, theirs, x, [h, c], right_padded(lengths, 4))


@pytest.mark.parametrize("return_state", [False, True])
@pytest.mark.parametrize("return_sequences", [False, True])
def test_whatever_is_returned(return_sequences, return_state):
    (x,) = arrays((3, 4, 2))
    ours, theirs = pair(2, 3, return_sequences=return_sequences, return_state=return_state)
    assert_same(ours, theirs, x, mask=right_padded([4, 1, 2], 4))


@pytest.mark.parametrize("kept", ["outputs", "h", "c"])
def test_gradients_where_only_one_result_is_used(kept):
    (x,) = arrays((2, 5, 3))
    gradients = []
    for layer in pair(3, 4, return_sequences=True, return_state=True):
        with tf.GradientTape() as tape:
            result = dict(zip(("outputs", "h", "c"), layer(x), strict=True))[kept]
            loss = tf.reduce_sum(result**2)
        gradients.append(tape.gradient(loss, layer.trainable_variables))
    for mine, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(mine, other, **TOLERANCE)


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("return_sequences", [False, True])
def test_zero_output_for_mask(return_sequences, go_backwards):
    (x,) = arrays((3, 4, 2))
    mask = tf.constant([[True, True, True, True], [True, False, True, False], [True, True, False, False]])
    options = {"return_sequences": return_sequences, "go_backwards": go_backwards, "zero_output_for_mask": True}
    ours, theirs = pair(2, 3, **options)
    np.testing.assert_allclose(ours(x, mask=mask), theirs(x, mask=mask), **TOLERANCE)  # masked steps too
    assert_same(ours, theirs, x, mask=mask)


@pytest.mark.parametrize("masked", [False, True])
def test_inside_bidirectional(masked):
    (x,) = arrays((3, 5, 2))
    ours, theirs = (
        keras.layers.Bidirectional(cls(4, return_sequences=True, return_state=True))
        for cls in (LSTM, keras.layers.LSTM)
    )
    ours.build(x.shape)
    theirs.build(x.shape)
    ours.set_weights(theirs.get_weights())
    assert isinstance(ours.backward_layer, LSTM)
    assert_same(ours, theirs, x, mask=right_padded([5, 2, 3], 5) if masked else None)


@pytest.mark.parametrize("wrap", [lambda layer: layer, keras.layers.Bidirectional], ids=["alone", "bidirectional"])
def test_the_loop_over_steps_holds_one_matrix_product(wrap):
    """What makes it fast: the inputs' product is outside; and no wrapper silently falls back to the stock loop."""
    layer = wrap(LSTM(4, return_sequences=True))
    call = tf.function(lambda x, mask: layer(x, mask=mask))
    graph = call.get_concrete_function(tf.TensorSpec((None, None, 3)), tf.TensorSpec((None, None), tf.bool)).graph
    bodies = [f for f in graph.as_graph_def().library.function if "while_body" in f.signature.name]
    products = [sum(node.op == "MatMul" for node in body.node_def) for body in bodies]
    assert products in ([1], [1, 1])


def test_stateful_goes_on_where_it_stopped():
    ours, theirs = pair(2, 3, return_sequences=True)
    whole, stateful = keras.Sequential([ours]), keras.Sequential([LSTM(3, return_sequences=True, stateful=True)])
    stateful.build((2, None, 2))
    stateful.set_weights([*theirs.get_weights()])
    (x,) = arrays((2, 9, 2))
    for _ in range(2):  # the second time after a reset
        chunks = [stateful(x[:, start : start + 3]) for start in (0, 3, 6)]
        np.testing.assert_allclose(tf.concat(chunks, 1), whole(x), **TOLERANCE)
        assert np.abs(stateful(x[:, :3]) - chunks[0]).max() > 1e-3
        stateful.layers[0].reset_state()


def test_dropout_draws_as_keras_does():
    (x,) = arrays((3, 4, 6))
    ours, theirs = pair(6, 3, dropout=0.4, seed=7, return_sequences=True)
    assert_same(ours, theirs, x, training=True)
    np.testing.assert_allclose(ours(x), theirs(x), **TOLERANCE)  # and none outside of training


def test_dropout_has_one_mask_for_all_steps_and_a_new_one_for_every_call():
    (x,) = arrays((4, 5, 300))
    layer = LSTM(3, dropout=0.25, seed=1)
    patterns = []
    for _ in range(2):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x, training=True))
        patterns.append(tape.gradient(loss, x).numpy() == 0.0)
    assert (patterns[0] == patterns[0][:, :1]).all()
    assert (patterns[0] != patterns[1]).any()
    assert 0.2 < np.mean(patterns) < 0.3


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "relu"},
        {"recurrent_activation": "hard_sigmoid"},
        {"use_bias": False},
        {"recurrent_dropout": 0.5, "seed": 3},
        {"unroll": True},
    ],
    ids=lambda options: next(iter(options)),
)
def test_other_settings_are_those_of_keras(options):
    (x,) = arrays((2, 3, 2))
    assert_same(*pair(2, 3, return_sequences=True, **options), x, training=True)


def test_float64_keeps_its_precision():
    x = tf.constant(np.random.default_rng(0).normal(size=(2, 4, 3)))
    ours, theirs = pair(3, 4, dtype="float64")
    assert ours(x).dtype == tf.float64
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-12)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_is_close_to_float32(policy):
    (x,) = arrays((4, 6, 5))
    exact, _ = pair(5, 6, return_sequences=True, return_state=True)
    mixed, _ = pair(5, 6, return_sequences=True, return_state=True, dtype=policy)
    mask = right_padded([6, 2, 4, 1], 6)
    (outputs, gradients), (exact_outputs, exact_gradients) = (
        run(layer, tf.cast(x, layer.compute_dtype), mask=mask) for layer in (mixed, exact)
    )
    assert {out.dtype.name for out in outputs} == {mixed.compute_dtype}
    assert {gradient.dtype.name for gradient in gradients[1:]} == {"float32"}
    for mine, other in zip((*outputs, *gradients), (*exact_outputs, *exact_gradients), strict=True):
        np.testing.assert_allclose(tf.cast(mine, tf.float32), other, atol=0.03 * max(1.0, np.abs(other).max()))


def test_any_batch_and_length_in_one_trace():
    ours, theirs = pair(3, 4, return_sequences=True)
    traces = []

    @tf.function(input_signature=(tf.TensorSpec((None, None, 3)), tf.TensorSpec((None, None), tf.bool)))
    def call(x, mask):
        traces.append(1)
        with tf.GradientTape() as tape:
            outputs = ours(x, mask=mask)
            loss = tf.reduce_sum(outputs**2)
        return outputs, tape.gradient(loss, ours.trainable_variables)

    for batch, steps in ((1, 1), (2, 5), (3, 2)):
        (x,) = arrays((batch, steps, 3))
        mask = right_padded([steps, 1, 2][:batch], steps)
        outputs, gradients = call(x, mask)
        real = tf.cast(mask, tf.float32)[..., None]
        np.testing.assert_allclose(outputs * real, theirs(x, mask=mask) * real, **TOLERANCE)
        assert [gradient.shape for gradient in gradients] == [weight.shape for weight in ours.weights]
    assert len(traces) == 1


def test_config_round_trip():
    layer = LSTM(3, return_sequences=True, go_backwards=True, dropout=0.1, kernel_regularizer="l2", name="reader")
    again = LSTM.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


def sequential(cls):
    return keras.Sequential(
        [
            keras.Input((None, 2)),
            cls(3, return_sequences=True),
            keras.layers.Bidirectional(cls(4)),
            keras.layers.Dense(1),
        ]
    )


def test_a_keras_file_with_it_loads_and_predicts_the_same(tmp_path):
    x = np.random.default_rng(0).normal(size=(3, 5, 2)).astype("float32")
    model = sequential(LSTM)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.layers[0], LSTM) and isinstance(loaded.layers[1].forward_layer, LSTM)
    np.testing.assert_array_equal(loaded(x), model(x))


def test_weight_files_of_keras_fit_and_the_other_way_round(tmp_path):
    x = np.random.default_rng(0).normal(size=(3, 5, 2)).astype("float32")
    for saved, loaded in ((LSTM, keras.layers.LSTM), (keras.layers.LSTM, LSTM)):
        saved, loaded = sequential(saved), sequential(loaded)
        saved.save_weights(tmp_path / "model.weights.h5")
        loaded.load_weights(tmp_path / "model.weights.h5")
        np.testing.assert_allclose(loaded(x), saved(x), **TOLERANCE)
