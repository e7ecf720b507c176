"""`LSTM` is `keras.layers.LSTM` in everything but speed."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.layers import LSTM

TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}
each_layout = pytest.mark.parametrize("packed", [False, True], ids=["padded", "packed"])


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
    """All that the layer returns, and the gradients of a random sum of it by inputs, weights and initial states."""
    with tf.GradientTape() as tape:
        tape.watch([x, states or []])
        outputs = tf.nest.flatten(layer(x, initial_state=states, mask=mask, training=training))
        weights = arrays(*[out.shape for out in outputs])
        loss = sum(tf.reduce_sum(tf.cast(out, w.dtype) * w) for out, w in zip(outputs, weights, strict=True))
    sources = [x, *layer.trainable_variables, *(states or [])]
    return outputs, tape.gradient(loss, sources, unconnected_gradients="zero")


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
    """A shape, a mask (none, padding on either side, or holes anywhere, whole rows too) and options of the layer."""
    batch, steps = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    kind = draw(st.sampled_from(["none", "right", "left", "holes"]))
    mask = None
    if kind in ("right", "left"):
        mask = right_padded(draw(st.lists(st.integers(0, steps), min_size=batch, max_size=batch)), steps)
        mask = tf.reverse(mask, [1]) if kind == "left" else mask
    elif kind == "holes":
        rows = st.lists(st.booleans(), min_size=steps, max_size=steps)
        mask = tf.constant(draw(st.lists(rows, min_size=batch, max_size=batch)))
    names = ("return_sequences", "return_state", "go_backwards", "zero_output_for_mask")
    options = {name: draw(st.booleans()) for name in names}
    return (batch, steps, draw(st.integers(1, 4))), mask, {"units": draw(st.integers(1, 5)), **options}


@settings(max_examples=40, derandomize=True)
@given(problems(), st.booleans(), st.booleans())
def test_all_results_at_all_steps_and_all_gradients(problem, packed, with_states):
    (batch, steps, features), mask, options = problem
    x, h, c = arrays((batch, steps, features), *[(batch, options["units"])] * 2)
    assert_same(*pair(features, packed=packed, **options), x, [h, c] if with_states else None, mask)


@each_layout
@pytest.mark.parametrize("zeros", [False, True])
def test_masked_steps_repeat_the_last_real_output_or_are_0(zeros, packed):
    (x,) = arrays((2, 5, 3))
    mask = tf.constant([[False, True, False, True, False], [False] * 5])
    ours, _ = pair(3, 4, packed, return_sequences=True, zero_output_for_mask=zeros)
    outputs = ours(x, mask=mask).numpy()
    nothing, first, second = np.zeros(4), outputs[0, 1], outputs[0, 3]
    expected = [nothing, first, nothing if zeros else first, second, nothing if zeros else second]
    np.testing.assert_array_equal(outputs, [expected, [nothing] * 5])
    np.testing.assert_allclose(first, ours(x[:1, 1:2])[0, 0], **TOLERANCE)


@each_layout
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_rows_without_any_real_step_pass_their_states_and_gradients(dtype, packed):
    x, h, c = arrays((3, 4, 2), (3, 5), (3, 5))
    ours, _ = pair(2, 5, packed, return_state=True, dtype=dtype)
    with tf.GradientTape() as tape:
        tape.watch([h, c])
        last, *ends = ours(x, initial_state=[h, c], mask=right_padded([0, 4, 0], 4))
        loss = tf.add_n([tf.reduce_sum(end[::2]) for end in ends])
    for start, end, gradient in zip([h, c], ends, tape.gradient(loss, [h, c]), strict=True):
        np.testing.assert_array_equal(end[::2], tf.cast(start, end.dtype)[::2])
        np.testing.assert_array_equal(gradient[::2], tf.ones_like(start)[::2])
    np.testing.assert_array_equal(last[::2], tf.zeros_like(last)[::2])  # no output of theirs was ever made


@each_layout
@pytest.mark.parametrize("result", range(3))
def test_gradients_of_results_that_are_gathered_from(result, packed):
    """They arrive sparse, and in a graph they stay so until somebody makes them dense."""
    (x,) = arrays((3, 5, 2))
    mask = right_padded([5, 2, 3], 5)
    gradients = []
    for layer in pair(2, 4, packed, return_sequences=True, return_state=True):

        @tf.function
        def gradient(layer=layer):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tf.gather(layer(x, mask=mask)[result], [0, 0, 2]) ** 2)
            return tape.gradient(loss, layer.trainable_variables)

        gradients.append(gradient())  # the mask is a constant of the graph
    for mine, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(mine, other, **TOLERANCE)


def test_second_gradients():
    (x,) = arrays((2, 4, 3))
    seconds = []
    for layer in pair(3, 4, return_sequences=True):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(x)
                loss = tf.reduce_sum(layer(x, mask=right_padded([4, 2], 4)) ** 2)
            penalty = tf.reduce_sum(inner.gradient(loss, x) ** 2)
        seconds.append(outer.gradient(penalty, layer.trainable_variables))
    for mine, other in zip(*seconds, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-4)


@each_layout
def test_masks_are_bool_or_numbers_for_each_row_or_for_all_and_never_of_another_length(packed):
    (x,) = arrays((2, 5, 3))
    ours, theirs = pair(3, 4, packed, return_sequences=True)
    mask = np.array([[1, 1, 0, 1, 0], [1, 0, 0, 0, 0]])
    for form in (mask.astype("float32"), mask.astype(bool)[..., None], mask[:1]):
        np.testing.assert_allclose(ours(x, mask=form), theirs(x, mask=form), **TOLERANCE)
    for steps in (4, 6):
        with pytest.raises(tf.errors.InvalidArgumentError):
            ours(x, mask=np.ones((2, steps), bool))


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


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_inside_bidirectional(masked, return_sequences):
    (x,) = arrays((3, 5, 2))
    ours, theirs = (
        keras.layers.Bidirectional(cls(4, return_sequences=return_sequences, return_state=True))
        for cls in (LSTM, keras.layers.LSTM)
    )
    ours.build(x.shape)
    theirs.build(x.shape)
    ours.set_weights(theirs.get_weights())
    assert isinstance(ours.backward_layer, LSTM)
    assert_same(ours, theirs, x, mask=right_padded([5, 0, 3], 5) if masked else None)


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


@each_layout
@pytest.mark.parametrize("zeros", [False, True])
def test_stateful_passes_masked_steps_as_keras_does(zeros, packed):
    (x,) = arrays((2, 4, 3))
    options = {"return_sequences": True, "stateful": True, "zero_output_for_mask": zeros}
    layers = LSTM(5, packed=packed, **options), keras.layers.LSTM(5, **options)
    for layer in layers:
        layer.build(x.shape)
    layers[0].set_weights(layers[1].get_weights())
    for lengths in ([4, 2], [0, 3], [1, 4]):
        mine, other = (layer(x, mask=right_padded(lengths, 4)) for layer in layers)
        np.testing.assert_allclose(mine, other, **TOLERANCE)
        for mine, other in zip(*(layer.states for layer in layers), strict=True):
            np.testing.assert_allclose(mine, other, **TOLERANCE)


@each_layout
def test_dropout_draws_as_keras_does(packed):
    (x,) = arrays((3, 4, 6))
    ours, theirs = pair(6, 3, packed, dropout=0.4, seed=7, return_sequences=True)
    for mask in (None, right_padded([4, 1, 2], 4)):
        assert_same(ours, theirs, x, mask=mask, training=True)
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
        {"implementation": 1, "dropout": 0.5, "seed": 3, "use_cudnn": False},
        {"dropout": 1.0, "seed": 3},
    ],
    ids=lambda options: next(iter(options)),
)
def test_other_settings_are_those_of_keras(options):
    (x,) = arrays((2, 3, 2))
    assert_same(*pair(2, 3, return_sequences=True, **options), x, mask=right_padded([3, 1], 3), training=True)


@pytest.mark.skipif(bool(tf.config.list_logical_devices("GPU")), reason="there is one here")
def test_cudnn_is_not_promised_where_there_is_none():
    with pytest.raises(ValueError, match="use_cudnn=True was specified, but"):
        LSTM(3, use_cudnn=True)(arrays((2, 3, 2))[0])


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
        np.testing.assert_allclose(outputs, theirs(x, mask=mask), **TOLERANCE)
        assert [gradient.shape for gradient in gradients] == [weight.shape for weight in ours.weights]
    assert len(traces) == 1


@pytest.mark.parametrize("zeros", [False, True])
def test_config_round_trip(zeros):
    options = {"packed": True, "zero_output_for_mask": zeros, "kernel_regularizer": "l2", "name": "reader"}
    layer = LSTM(3, return_sequences=True, go_backwards=True, dropout=0.1, **options)
    assert layer.get_config()["zero_output_for_mask"] is zeros
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
