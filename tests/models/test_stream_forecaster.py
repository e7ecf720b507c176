"""The stream forecaster: one set of numbers, whether read at once, in chunks, step by step or in other batches."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from seq2seq.errors import InputError
from seq2seq.layers import LSTM
from seq2seq.layers.observed import carried_forward
from seq2seq.models import StreamForecaster
from tests.conftest import slow

TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}
FEATURES = 3
CONFIGURATIONS = {
    "default": {},
    "deep": {"num_layers": 2, "dropout": 0.3},
    "residual": {"residual": "last"},
    "gru": {"cell": "gru", "num_layers": 2, "residual": "last"},
}
each_configuration = pytest.mark.parametrize("name", [slow("default"), "deep", slow("residual"), "gru"])


def make_model(features=FEATURES, **options):
    """A small model whose weights, biases included, are all random."""
    model = StreamForecaster(features, **{"units": 5, **options})
    random = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign(random.normal(size=weight.shape, scale=0.5))
    return model


@functools.cache
def shared_model(name):
    """One model for each configuration; tests that use it leave its weights alone."""
    return make_model(**CONFIGURATIONS[name])


def make_series(rows=4, steps=12, features=FEATURES, seed=1, missing=0.2):
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, steps, features)).astype(np.float32)
    x[random.random(x.shape) < missing] = np.nan
    return x


def assert_same(states, expected):
    tf.nest.map_structure(functools.partial(np.testing.assert_allclose, **TOLERANCE), states, expected)


@each_configuration
def test_chunks_are_one_long_sequence(name):
    model, x = shared_model(name), make_series()
    x[:, 5:8] = np.nan  # a gap over the border of two chunks
    whole, end = model.run(x)
    states, outputs = None, []
    for first, last in ((0, 4), (4, 6), (6, 7), (7, 12)):
        chunk, states = model.run(x[:, first:last], states)
        outputs.append(chunk)
    np.testing.assert_allclose(np.concatenate(outputs, 1), whole, **TOLERANCE)
    assert_same(states, end)
    np.testing.assert_array_equal(model(x), whole)
    np.testing.assert_allclose(model.predict(x, verbose=0), whole, **TOLERANCE)


@each_configuration
def test_steps_are_the_whole_sequence(name):
    model, x = shared_model(name), make_series()
    whole, end = model.run(x)
    states = None
    for t in range(x.shape[1]):
        output, states = model.step(x[:, t], states)
        np.testing.assert_allclose(output, whole[:, t], **TOLERANCE)
    assert_same(states, end)


@each_configuration
def test_the_size_of_the_batch_does_not_matter(name):
    model, x = shared_model(name), make_series(rows=5)
    together, states = model.run(x[:, :7])
    alone, state = model.run(x[3:4, :7])
    np.testing.assert_allclose(alone, together[3:4], **TOLERANCE)
    # Row 3 goes on by itself, from its part of the state.
    expected, _ = model.run(x[:, 7:], states)
    continued, _ = model.run(x[3:4, 7:], state)
    np.testing.assert_allclose(continued, expected[3:4], **TOLERANCE)


@each_configuration
def test_a_forecast_is_a_loop_by_hand(name):
    model, x = shared_model(name), make_series(missing=0)
    _, before = model.run(make_series(steps=3, seed=5))
    outputs, states = model.run(x, before)
    value, expected = outputs[:, -1], []
    for _ in range(6):
        expected.append(value)
        value, states = model.step(value, states)
    np.testing.assert_allclose(model.forecast(x, 6, before), np.stack(expected, 1), **TOLERANCE)
    np.testing.assert_allclose(model.forecast(x, 2, before), np.stack(expected[:2], 1), **TOLERANCE)


@each_configuration
def test_a_forecast_starts_at_the_end_of_each_row(name):
    model, lengths = shared_model(name), (12, 5, 1, 9)
    padded = make_series(missing=0)
    for row, length in enumerate(lengths):
        padded[row, length:] = np.nan
    together = model.forecast(padded, 4)
    for row, length in enumerate(lengths):
        alone = model.forecast(padded[row : row + 1, :length], 4)
        np.testing.assert_allclose(together[row : row + 1], alone, **TOLERANCE)


def test_one_graph_for_all_forecasts():
    model = make_model()
    for rows, steps, ahead in ((1, 4, 2), (3, 9, 5), (2, 1, 1)):
        assert model.forecast(make_series(rows, steps), ahead).shape == (rows, ahead, FEATURES)
    assert model._forecast.experimental_get_tracing_count() == 1


def test_nothing_later_is_seen():
    model, x = shared_model("residual"), make_series()
    changed = x.copy()
    changed[:, 7:] = 9.0
    np.testing.assert_array_equal(model(changed)[:, :7], model(x)[:, :7])


def test_an_untrained_residual_model_forecasts_the_last_observed_value():
    model = StreamForecaster(1, units=4, residual="last")
    x = np.array([[[np.nan], [2.0], [np.nan], [np.nan], [5.0]]])
    assert model(x)[0, :, 0].numpy().tolist() == [0, 2, 2, 2, 5]
    assert model.forecast(x, 3)[0, :, 0].numpy().tolist() == [5, 5, 5]


@pytest.mark.parametrize("steps", ["known", "unknown"])
def test_carried_forward_is_a_loop(steps):
    carry = carried_forward
    if steps == "unknown":
        carry = tf.function(
            carried_forward, input_signature=[tf.TensorSpec((None, None, FEATURES)), tf.TensorSpec((None, FEATURES))]
        )
    x, before = make_series(missing=0.6), np.random.default_rng(0).normal(size=(4, FEATURES)).astype(np.float32)
    expected, last = [], before
    for t in range(x.shape[1]):
        last = np.where(np.isnan(x[:, t]), last, x[:, t])
        expected.append(last)
    np.testing.assert_array_equal(carry(tf.constant(x), tf.constant(before)), np.stack(expected, 1))


def test_a_stateful_keras_layer_agrees():
    model, x = shared_model("default"), make_series(missing=0)
    keras_model = keras.Sequential(
        [
            keras.Input(batch_shape=(4, 3, FEATURES)),
            LSTM(5, return_sequences=True, stateful=True),
            keras.layers.Dense(3),
        ]
    )
    keras_model.set_weights(model.get_weights())
    outputs = [keras_model(x[:, first : first + 3]) for first in range(0, 12, 3)]
    np.testing.assert_allclose(np.concatenate(outputs, 1), model(x), **TOLERANCE)


# Training


def chunks(x, size, fresh_at=(0,)):
    """`((chunk, fresh), target)` batches of `x`, `(slots, steps, features)`, all rows fresh at these chunks."""
    padded = np.concatenate((x, np.full_like(x[:, :1], np.nan)), 1)
    for k, first in enumerate(range(0, x.shape[1], size)):
        fresh = np.full(len(x), k in fresh_at)
        target = tf.constant(padded[:, first + 1 : first + size + 1])
        yield (tf.constant(x[:, first : first + size]), tf.constant(fresh)), target


def as_dataset(batches):
    batches = list(batches)
    slots, _, features = batches[0][1].shape
    x = tf.TensorSpec((slots, None, features))
    signature = ((x, tf.TensorSpec((slots,), tf.bool)), x)
    dataset = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=signature)
    return dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))


@keras.saving.register_keras_serializable(package="tests")
class Observed(keras.losses.Loss):
    """Mean squared error over targets that are not NaN."""

    def __init__(self):
        super().__init__(reduction=None)

    def call(self, y_true, y_pred):
        seen = ~tf.math.is_nan(y_true)
        errors = tf.where(seen, tf.square(tf.where(seen, y_true, 0.0) - y_pred), 0.0)
        return tf.reduce_sum(errors) / tf.maximum(tf.reduce_sum(tf.cast(seen, tf.float32)), 1.0)


@each_configuration
def test_evaluation_on_chunks_is_evaluation_on_the_whole(name):
    model, x = make_model(**CONFIGURATIONS[name]), make_series()
    model.compile("adam", Observed())
    whole = model.evaluate(x[:, :-1], x[:, 1:], batch_size=4, verbose=0)
    for size in (5, 12):
        assert model.evaluate(as_dataset(chunks(x, size)), verbose=0) == pytest.approx(whole, rel=1e-5)


def test_a_fresh_row_starts_from_zeros_and_the_others_go_on():
    model = make_model(residual="last")
    model.compile("adam", Observed())
    x = make_series(rows=2, steps=4)
    fresh = tf.constant([[True, True], [False, True]])
    for k in range(2):
        model.test_on_batch((tf.constant(x[:, 2 * k : 2 * k + 2]), fresh[k]), tf.constant(x[:, 2 * k : 2 * k + 2]))
    carried = tf.nest.pack_sequence_as(model.initial_state(0), [value.numpy() for value in model._test_states])
    _, went_on = model.run(x[:1])
    _, started = model.run(x[1:, 2:])
    assert_same(carried, tf.nest.map_structure(lambda *rows: np.concatenate(rows), went_on, started))


def test_training_carries_the_state_and_cuts_the_gradient():
    x = make_series(missing=0)
    model, by_hand = make_model(num_layers=2), make_model(num_layers=2)
    model.compile(keras.optimizers.SGD(0.5), "mse")
    model.fit(as_dataset(chunks(x[:, :11], 5)).take(2), shuffle=False, verbose=0)

    optimizer, states = keras.optimizers.SGD(0.5), None
    for first in (0, 5):
        with tf.GradientTape() as tape:
            outputs, states = by_hand.run(x[:, first : first + 5], states)
            loss = tf.reduce_mean(tf.square(outputs - x[:, first + 1 : first + 6]))
        weights = by_hand.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
    for ours, theirs in zip(model.get_weights(), by_hand.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, **TOLERANCE)


def test_validation_does_not_disturb_the_carried_state():
    x, other = make_series(missing=0), make_series(rows=2, seed=9, missing=0)
    model = make_model()
    model.compile(keras.optimizers.SGD(0.0), "mse")
    first, second = (chunk for chunk, _ in chunks(x, 6))
    model.train_on_batch(first, first[0])
    model.test_on_batch((other, np.array([True, True])), other)
    model.train_on_batch(second, second[0])
    carried = tf.nest.pack_sequence_as(model.initial_state(0), [value.numpy() for value in model.train_states])
    assert_same(carried, model.run(x)[1])


def test_rows_may_not_change_in_the_middle():
    model = make_model()
    model.compile("adam", "mse")
    model.train_on_batch((make_series(4, 3, missing=0), np.array([True] * 4)), make_series(4, 3, missing=0))
    with pytest.raises(tf.errors.InvalidArgumentError, match="out of order"):
        model.train_on_batch((make_series(2, 3, missing=0), np.array([True, False])), make_series(2, 3, missing=0))


def test_the_logged_loss_counts_every_observed_target_once():
    model, x = make_model(), make_series()
    x[:, 7:] = np.nan  # the last chunk has few targets
    model.compile(keras.optimizers.SGD(0.0), Observed())
    logged = model.fit(as_dataset(chunks(x, 5)), shuffle=False, verbose=0).history["loss"][0]
    errors = np.square(model(x)[:, :-1] - x[:, 1:])
    assert logged == pytest.approx(float(np.nanmean(errors)), rel=1e-5)


@pytest.mark.slow
def test_a_wave_is_learned_from_chunks_and_continued():
    steps = np.arange(81, dtype=np.float32)
    wave = np.sin(2 * np.pi * (steps[None] + np.array([[0.0], [3.0], [7.0]])) / 10)[..., None].astype(np.float32)
    model = StreamForecaster(1, units=12, residual="last")
    model.compile(keras.optimizers.Adam(0.02), "mse")
    model.fit(as_dataset(chunks(wave[:, :60], 20)).take(2).repeat(60), shuffle=False, verbose=0)
    forecast = model.forecast(wave[:1, 5:60], 10)
    assert np.sqrt(np.mean(np.square(forecast - wave[:1, 60:70]))) < 0.25
    assert np.sqrt(np.mean(np.square(model(wave)[:, 20:-1] - wave[:, 21:]))) < 0.1


# Artifacts, precision, errors


@pytest.mark.parametrize("name", ["deep", "gru"])
def test_saved_and_loaded_forecasts_the_same(name, tmp_path):
    model, x = shared_model(name), make_series()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.forecast(x, 3), model.forecast(x, 3), **TOLERANCE)
    assert [weight.path for weight in loaded.weights] == [weight.path for weight in model.weights]


def test_mixed_precision_keeps_float32_where_it_matters():
    x = make_series(missing=0)
    exact, mixed = make_model(residual="last"), make_model(residual="last", dtype="mixed_bfloat16")
    outputs, states = mixed.run(x)
    assert {tensor.dtype for tensor in tf.nest.flatten((outputs, states))} == {tf.float32}
    np.testing.assert_allclose(outputs, exact(x), atol=0.1)
    np.testing.assert_array_equal(states[-1][0], x[:, -1])  # not rounded
    assert mixed.forecast(x, 3).dtype == tf.float32
    mixed.compile("adam", "mse")
    assert np.isfinite(mixed.fit(as_dataset(chunks(x, 6)).take(1), shuffle=False, verbose=0).history["loss"]).all()


def test_what_is_carried_is_no_weight():
    model = make_model()
    before = [weight.path for weight in model.weights]
    model.compile("sgd", "mse")
    model.test_on_batch((make_series(missing=0), np.array([True] * 4)), make_series(missing=0))
    assert model._test_states[0].numpy().shape == (4, 5)
    assert [weight.path for weight in model.weights] == before


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StreamForecaster(2, residual="season"), "residual='season': expected 'none' or 'last'"),
        (lambda: shared_model("default").forecast(np.zeros((4, 3)), 2), r"shape \(batch, steps, 3\).*got \(4, 3\)"),
        (lambda: shared_model("default").forecast(np.zeros((1, 4, 2)), 2), r"got \(1, 4, 2\)"),
        (lambda: shared_model("default").forecast(np.zeros((1, 0, 3)), 2), "at least one step"),
        (lambda: shared_model("default").forecast(np.zeros((1, 4, 3)), 0), "at least 1 step to forecast"),
    ],
)
def test_errors_say_what_is_wrong(make, message):
    with pytest.raises(InputError, match=message):
        make()
