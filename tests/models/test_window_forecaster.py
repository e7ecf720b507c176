"""The window forecaster: what it may know, what it starts from, and that it learns."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from seq2seq.errors import InputError
from seq2seq.evaluation.linear import LinearForecast
from seq2seq.models import WindowForecaster
from tests.conftest import slow

TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}
FEATURES, HORIZON, LOOK_BACK = 3, 5, 8
CONFIGURATIONS = {
    "direct": {"target_columns": (0, 2)},
    "direct, known": {"known_features": 2, "residual": "last", "num_layers": 2, "dropout": 0.2},
    "direct, season, quantiles": {"residual": "season", "season": 4, "quantiles": (0.1, 0.5, 0.9)},
    "direct, linear": {
        "known_features": 2,
        "known_columns": (1, 2),
        "target_columns": (0,),
        "residual": "linear",
        "look_back": 8,
        "quantiles": (0.1, 0.5, 0.9),
        "normalize_window": True,
    },
    "decoder, linear": {"kind": "encoder_decoder", "residual": "linear", "look_back": 8, "normalize_window": True},
    "decoder": {"kind": "encoder_decoder", "target_columns": (2,), "cell": "gru"},
    "segments": {"kind": "segments", "segment": 4, "look_back": 8, "residual": "last"},
    "segments, all": {
        "kind": "segments",
        "segment": 3,
        "look_back": 8,
        "known_features": 2,
        "known_columns": (1, 2),
        "target_columns": (0,),
        "residual": "linear",
        "quantiles": (0.1, 0.5, 0.9),
        "normalize_window": True,
    },
    "decoder, all": {
        "kind": "encoder_decoder",
        "known_features": 2,
        "residual": "season",
        "season": 3,
        "normalize_window": True,
        "quantiles": (0.2, 0.4, 0.6, 0.95),
        "num_layers": 2,
        "dropout": 0.2,
    },
}
OF_PARTS_THAT_OTHERS_HAVE = ("direct", "decoder")
EACH = [slow(name) if name in OF_PARTS_THAT_OTHERS_HAVE else name for name in CONFIGURATIONS]
each_configuration = pytest.mark.parametrize("name", EACH)


def make_model(**options):
    """A small model whose weights, biases included, are all random."""
    model = WindowForecaster(FEATURES, HORIZON, **{"units": 6, **options})
    random = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign(random.normal(size=weight.shape, scale=0.5))
    return model


@functools.cache
def shared_model(name):
    """One model for each configuration; tests that use it leave its weights alone."""
    return make_model(**CONFIGURATIONS[name])


def make_inputs(model, rows=4, seed=1, missing=0.0):
    random = np.random.default_rng(seed)
    window = random.normal(size=(rows, LOOK_BACK, FEATURES)).astype(np.float32)
    window[random.random(window.shape) < missing] = np.nan
    known = random.normal(size=(rows, HORIZON, 2)).astype(np.float32)
    return (window, known) if model.known_features else window


def rows_of(inputs, rows):
    return tf.nest.map_structure(lambda array: array[rows], inputs)


@each_configuration
def test_shapes_and_batch_mates(name):
    model = shared_model(name)
    inputs = make_inputs(model, missing=0.2)
    together = model(inputs)
    expected = (4, HORIZON, len(model.target_columns), *([len(model.quantiles)] if model.quantiles else []))
    assert together.shape == expected
    assert np.isfinite(together).all()
    np.testing.assert_allclose(model(rows_of(inputs, slice(2, 3))), together[2:3], **TOLERANCE)
    np.testing.assert_allclose(model.predict(inputs, verbose=0, batch_size=3), together, **TOLERANCE)


@each_configuration
def test_quantiles_never_cross(name):
    model = shared_model(name)
    if model.quantiles:
        assert (np.diff(model(make_inputs(model, rows=50))) > 0).all()


def test_the_decoder_is_a_loop_by_hand():
    model = make_model(kind="encoder_decoder", target_columns=(1, 2), known_features=2, residual="last", num_layers=2)
    window, known = make_inputs(model)
    _, states = model.network.encoder(window)
    last = window[:, -1, 1:]
    value, expected = last, []
    for t in range(HORIZON):
        outputs, states = model.network.decoder.step(tf.concat((value, known[:, t]), 1), states)
        value = model.network.output_layer(outputs) + last
        expected.append(value)
    np.testing.assert_allclose(model((window, known)), np.stack(expected, 1), **TOLERANCE)


def test_known_columns_of_later_steps_do_not_reach_earlier_ones():
    for kind in ("direct", "encoder_decoder"):
        model = make_model(known_features=2, kind=kind)
        window, known = make_inputs(model)
        changed = known.copy()
        changed[:, 3] += 1.0
        before, after = model((window, known)), model((window, changed))
        np.testing.assert_array_equal(before[:, :3], after[:, :3])
        assert (np.abs(before[:, 3] - after[:, 3]) > 1e-6).any()


# What an untrained model forecasts


def untrained(**options):
    return WindowForecaster(FEATURES, HORIZON, units=4, **options)


@pytest.mark.parametrize("kind", ["direct", "encoder_decoder"])
@pytest.mark.parametrize("normalize_window", [False, True])
def test_an_untrained_residual_model_is_the_naive_forecast(kind, normalize_window):
    options = {"kind": kind, "normalize_window": normalize_window, "target_columns": (2, 0)}
    model = untrained(residual="last", **options)
    window = make_inputs(model)
    window[1, -2:, 2] = np.nan  # the last observed value counts
    last = window[:, -1, [2, 0]]
    last[1, 0] = window[1, -3, 2]
    np.testing.assert_allclose(model(window), np.repeat(last[:, None], HORIZON, 1), **TOLERANCE)

    model = untrained(residual="season", season=3, **options)
    expected = window[:, [5, 6, 7, 5, 6]][..., [2, 0]]
    expected[1, [1, 2, 4], 0] = window[1, 5, 2]  # missing a season ago: the last observed value
    np.testing.assert_allclose(model(window), expected, **TOLERANCE)


@pytest.mark.parametrize("kind", ["direct", "encoder_decoder"])
def test_an_untrained_model_of_growth_continues_what_repeats_and_rises(kind):
    series = np.resize([5.0, 1.0, 3.0], 20) + np.arange(20) * 0.5  # rises by 1.5 a season
    model = WindowForecaster(1, 9, kind=kind, residual="season_growth", season=3, units=4)
    np.testing.assert_allclose(model(series[None, 7:11, None])[0, :, 0], series[11:], **TOLERANCE)
    window = series[None, 7:11, None].copy()
    window[0, 0] = np.nan  # without growth to be seen: the season before, again and again
    np.testing.assert_allclose(model(window)[0, :, 0], np.resize(series[8:11], 9), **TOLERANCE)


def test_the_middle_quantile_starts_at_the_naive_forecast():
    model = untrained(residual="last", quantiles=(0.05, 0.5, 0.8))
    window = make_inputs(model)
    np.testing.assert_allclose(model(window)[:, 0, :, 1], window[:, -1], **TOLERANCE)


@pytest.mark.parametrize("name", ["direct, linear", "decoder, linear"])
@pytest.mark.parametrize("normalize_window", [False, True])
def test_an_untrained_linear_model_is_the_linear_forecast(name, normalize_window):
    model = untrained(**CONFIGURATIONS[name] | {"normalize_window": normalize_window})
    random, targets = np.random.default_rng(4), list(model.target_columns)
    kernel = random.normal(size=(len(targets), LOOK_BACK, HORIZON))
    bias = random.normal(size=(len(targets), HORIZON))
    ahead = random.normal(size=(model.known_features, len(targets)))
    fitted = LinearForecast(kernel, bias, ahead, np.zeros(0, str))
    model.start.assign(kernel, bias, ahead)
    inputs = make_inputs(model, missing=0.3)
    window, known = inputs if model.known_features else (inputs, None)
    expected = fitted.forecast(window[..., targets], known, window[..., list(model.known_columns)])
    outputs = model(inputs)
    middle = outputs[..., 1] if model.quantiles else outputs
    np.testing.assert_allclose(middle, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", ["direct, linear", "decoder, linear"])
def test_of_the_change_from_the_linear_forecast_a_share_counts(name):
    model = make_model(**CONFIGURATIONS[name])
    inputs = make_inputs(model)
    whole, parts = model(inputs).numpy(), {}
    for share in (0.0, 0.25):
        model.start.share.assign(np.full(model.start.share.shape, share))
        parts[share] = model(inputs).numpy()
    change = whole - parts[0.0]
    change = change[..., 1:2] if model.quantiles else change
    np.testing.assert_allclose(parts[0.25], parts[0.0] + 0.25 * change, rtol=1e-3, atol=1e-3)
    if model.quantiles:  # the interval is as wide as before
        np.testing.assert_allclose(np.diff(parts[0.0]), np.diff(whole), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("residual", ["none", "last"])
@pytest.mark.parametrize("kind", ["direct", "encoder_decoder"])
def test_with_normalized_windows_level_and_scale_pass_through(kind, residual):
    model = make_model(kind=kind, residual=residual, normalize_window=True)
    window = make_inputs(model, missing=0.2) * 3
    scale, shift = np.array([2.0, 10.0, 0.7], np.float32), np.array([5.0, -3.0, 40.0], np.float32)
    np.testing.assert_allclose(model(window * scale + shift), model(window) * scale + shift, rtol=1e-3, atol=1e-3)


def test_missing_values_are_read_as_the_mean():
    model = make_model()
    window = make_inputs(model, missing=0.3)
    np.testing.assert_array_equal(model(window), model(np.nan_to_num(window, nan=0.0)))
    model = make_model(normalize_window=True)
    # A feature that was never observed, and a window without any value, are numbers all the same.
    window[0, :, 1], window[1] = np.nan, np.nan
    assert np.isfinite(model(window)).all()
    outputs = model(np.concatenate((window[:, :-2], np.full_like(window[:, :2], np.nan)), 1))
    assert np.isfinite(outputs).all()


def test_a_constant_window_is_forecast_as_it_is():
    model = untrained(residual="last", normalize_window=True)
    np.testing.assert_allclose(model(np.full((1, LOOK_BACK, FEATURES), 7.0)), np.full((1, HORIZON, FEATURES), 7.0))


# Training


def pinball(quantiles):
    def loss(y_true, y_pred):
        errors = y_true[..., None] - y_pred
        return tf.reduce_mean(tf.maximum(tf.constant(quantiles) * errors, (tf.constant(quantiles) - 1.0) * errors))

    return loss


@pytest.mark.parametrize("name", [slow("direct, season, quantiles"), "decoder, all"])
def test_every_weight_learns(name):
    model = make_model(**{**CONFIGURATIONS[name], "dropout": 0.2})
    before = model.get_weights()
    model.compile(keras.optimizers.SGD(0.1), pinball(model.quantiles))
    inputs = make_inputs(model, missing=0.1)
    model.fit(inputs, np.ones((4, HORIZON, FEATURES), np.float32), verbose=0)
    after = model.get_weights()
    assert all(np.isfinite(weight).all() for weight in after)
    assert all((new != old).any() for new, old in zip(after, before, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["direct", "encoder_decoder"])
def test_a_rule_is_learned(kind):
    """Sums of the last value and what is known of each step."""
    random = np.random.default_rng(0)
    window = random.uniform(-1, 1, (256, 4, 1)).astype(np.float32)
    known = random.uniform(-1, 1, (256, 3, 1)).astype(np.float32)
    target = 0.5 * window[:, -1:] + 0.5 * known
    model = WindowForecaster(1, 3, known_features=1, kind=kind, units=16)
    model.compile(keras.optimizers.Adam(0.02), "mse")
    model.fit((window, known), target, epochs=25, verbose=0)
    assert model.evaluate((window, known), target, verbose=0) < 0.1 * np.var(target)


# Artifacts, precision, errors


@pytest.mark.parametrize("name", ["direct, known", "decoder, all", "direct, linear"])
def test_saved_and_loaded_forecasts_the_same(name, tmp_path):
    model = shared_model(name)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(make_inputs(model)), model(make_inputs(model)), **TOLERANCE)


@pytest.mark.parametrize("name", ["direct, known", slow("decoder, all")])
def test_mixed_precision_does_not_round_what_passes_by(name):
    options = {"dtype": "mixed_bfloat16", **CONFIGURATIONS[name]}
    model = make_model(**options)
    inputs = make_inputs(model)
    outputs = model(inputs)
    assert outputs.dtype == tf.float32
    np.testing.assert_allclose(outputs, shared_model(name)(inputs), atol=0.2)
    untrained_model = WindowForecaster(FEATURES, HORIZON, residual="last", dtype="mixed_bfloat16")
    window = make_inputs(untrained_model)
    np.testing.assert_array_equal(untrained_model(window)[:, 0], window[:, -1])
    model.compile("adam", "mae" if not model.quantiles else pinball(model.quantiles))
    target = np.ones((4, HORIZON, len(model.target_columns)), np.float32)
    assert np.isfinite(model.fit(inputs, target, verbose=0).history["loss"]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "many"}, "kind='many': expected one of direct, encoder_decoder"),
        ({"residual": "drift"}, "residual='drift': expected one of none, last, season, season_growth"),
        ({"residual": "season"}, "got season=0"),
        ({"horizon": 0}, "at least 1 step, got 0"),
        ({"target_columns": (0, 3)}, r"from 0 to 2.*got \(0, 3\)"),
        ({"target_columns": ()}, "at least one"),
        ({"quantiles": (0.9, 0.1)}, "rising quantiles"),
        ({"quantiles": (0.5, 1.0)}, "rising quantiles"),
    ],
)
def test_arguments_out_of_range(options, message):
    with pytest.raises(InputError, match=message):
        WindowForecaster(**{"features": FEATURES, "horizon": HORIZON, **options})


def test_inputs_of_another_form():
    with pytest.raises(InputError, match="season=9 needs windows of at least 9 steps, got 8; raise look_back"):
        untrained(residual="season", season=9)(np.zeros((1, 8, FEATURES)))
    with pytest.raises(InputError, match="at least 9 steps, got 8"):
        untrained(residual="season_growth", season=8)(np.zeros((1, 8, FEATURES)))
    with pytest.raises(InputError, match=r"Expected a window and 2 known columns, got 1 input"):
        untrained(known_features=2)(np.zeros((1, 8, FEATURES)))
    with pytest.raises(InputError, match=r"Expected a window alone, got 2 input"):
        untrained()((np.zeros((1, 8, FEATURES)), np.zeros((1, HORIZON, 2))))
