"""The autoencoder: padding has no say, the loop agrees with the whole, and it learns."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from seq2seq.models import Autoencoder
from seq2seq.training.number_losses import ObservedLoss
from tests.conftest import slow

FEATURES, UNITS = 2, 6
NAN = float("nan")
TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}

CONFIGURATIONS = {
    "plain": {},
    "forwards, deep, latent": {"reverse": False, "encoder_layers": 2, "decoder_layers": 3, "latent_dim": 3},
    "bidirectional, conditional": {"bidirectional": True, "conditional": True, "noise": 0.2, "dropout": 0.3},
    "composite": {"horizon": 3, "decoder_layers": 2},
    "gru, conditional, forwards, composite": {
        "cell": "gru",
        "conditional": True,
        "reverse": False,
        "horizon": 2,
        "bidirectional": True,
        "encoder_layers": 2,
        "latent_dim": 4,
    },
}
OF_PARTS_THAT_OTHERS_HAVE = ("bidirectional, conditional", "composite")
EACH = [slow(name) if name in OF_PARTS_THAT_OTHERS_HAVE else name for name in CONFIGURATIONS]
each_configuration = pytest.mark.parametrize("name", EACH)


def make_model(**options):
    """A small model whose weights, biases included, are all random."""
    model = Autoencoder(FEATURES, **{"units": UNITS, **options})
    random = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign(random.normal(size=weight.shape, scale=0.6))
    return model


@functools.cache
def shared_model(name):
    """One model for each configuration; tests that use it leave its weights alone."""
    return make_model(**CONFIGURATIONS[name])


def sequences(lengths=(5, 7, 3), seed=0):
    """float32 `(batch, steps, features)`, NaN after the end of each."""
    x = np.random.default_rng(seed).normal(size=(len(lengths), max(lengths), FEATURES)).astype("float32")
    for row, length in zip(x, lengths, strict=True):
        row[length:] = NAN
    return x


def outputs_of(model, x, **options):
    """All outputs of the model as a list of arrays."""
    return [np.asarray(output) for output in tf.nest.flatten(model(x, **options))]


def widened(x, steps):
    return np.pad(x, ((0, 0), (0, steps), (0, 0)), constant_values=NAN)


@each_configuration
def test_shapes_and_nan_exactly_in_the_padding(name):
    model, x = shared_model(name), sequences()
    reconstruction, *prediction = outputs_of(model, x)
    assert reconstruction.dtype == "float32"
    assert reconstruction.shape == x.shape
    np.testing.assert_array_equal(np.isnan(reconstruction), np.isnan(x))
    for array in prediction:
        assert array.shape == (3, CONFIGURATIONS[name]["horizon"], FEATURES)
        assert np.isfinite(array).all()


@each_configuration
def test_padding_and_batch_mates_change_nothing(name):
    model, lengths = shared_model(name), (5, 7, 3)
    x = sequences(lengths)
    codes, together = model.encoder(x), outputs_of(model, x)
    wider = outputs_of(model, widened(x, 4))
    for row, length in enumerate(lengths):
        own = x[row : row + 1, :length]
        np.testing.assert_allclose(model.encoder(own)[0], codes[row], **TOLERANCE)
        alone, *prediction = outputs_of(model, own)
        for reconstruction in (together[0], wider[0]):
            np.testing.assert_allclose(reconstruction[row, :length], alone[0], **TOLERANCE)
        for others in (together[1:], wider[1:]):
            for mine, theirs in zip(prediction, others, strict=True):
                np.testing.assert_allclose(theirs[row], mine[0], **TOLERANCE)


@each_configuration
def test_the_loss_and_its_gradients_do_not_see_padding(name):
    model = make_model(**CONFIGURATIONS[name] | {"noise": 0.0, "dropout": 0.0})
    following = sequences((3, 2, 1))[:, : CONFIGURATIONS[name].get("horizon", 0)]

    def loss_and_gradients(x):
        with tf.GradientTape() as tape:
            outputs = tf.nest.flatten(model(x, training=True))
            loss = sum(map(ObservedLoss(), (x, following), outputs))
        return loss, tape.gradient(loss, model.trainable_weights)

    loss, gradients = loss_and_gradients(sequences())
    other_loss, other_gradients = loss_and_gradients(widened(sequences(), 3))
    np.testing.assert_allclose(loss, other_loss, **TOLERANCE)
    assert np.isfinite(loss)
    for gradient, other, weight in zip(gradients, other_gradients, model.trainable_weights, strict=True):
        assert np.any(gradient), weight.path
        np.testing.assert_allclose(gradient, other, err_msg=weight.path, **TOLERANCE)


def test_missing_values_are_read_as_zeros_and_reconstructed():
    model, x = shared_model("plain"), sequences()
    x[1, 3] = x[0, 0, 1] = NAN
    zeros = x.copy()
    zeros[1, 3] = zeros[0, 0, 1] = 0.0
    np.testing.assert_array_equal(model(x), model(zeros))
    assert np.isfinite(model(x)[1, 3]).all()


@pytest.mark.parametrize("name", ["bidirectional, conditional", "gru, conditional, forwards, composite"])
def test_feeding_back_agrees_with_the_whole_sequence(name):
    """The loop's own output, given back as the truth in one pass, comes out again."""
    decoder, lengths = shared_model(name).decoder, tf.constant((5, 7, 1))
    code = np.random.default_rng(1).normal(size=(3, decoder.arguments["latent_dim"])).astype("float32")
    looped = decoder(code, lengths)
    truth = tf.where(tf.math.is_nan(looped), 0.0, looped)
    whole = decoder.decode(code, 7, lengths, truth=truth)
    np.testing.assert_allclose(whole, looped, **TOLERANCE)
    other = decoder.decode(code, 7, lengths, truth=truth + 1.0)
    assert np.nanmax(np.abs(other - looped)) > 0.01


@pytest.mark.parametrize("reverse", [True, False])
def test_teacher_forcing_shows_only_steps_already_written(reverse):
    decoder = make_model(conditional=True, reverse=reverse).decoder
    code, lengths = np.ones((1, UNITS), "float32"), tf.constant([6])
    truth = sequences((6,))
    changed = truth.copy()
    changed[0, 2] += 1.0
    forced, other = (decoder.decode(code, 6, lengths, truth=each)[0].numpy() for each in (truth, changed))
    differs = np.any(forced != other, axis=-1)
    assert differs.tolist() == [step < 2 if reverse else step > 2 for step in range(6)]


@pytest.mark.parametrize("options", [{}, {"conditional": True}], ids=["plain", "conditional"])
def test_reverse_writes_from_the_end(options):
    """Same weights: what a reversed decoder says of the last step, a forward one says of the first."""
    lengths = np.array([5, 7, 3])
    code = np.random.default_rng(1).normal(size=(3, UNITS)).astype("float32")
    backwards, forwards = (make_model(reverse=reverse, **options).decoder(code, lengths) for reverse in (True, False))
    for row, length in enumerate(lengths):
        np.testing.assert_allclose(backwards[row, :length], forwards[row, :length][::-1], **TOLERANCE)


@each_configuration
def test_encoder_and_decoder_alone_make_the_whole(name):
    model, lengths = shared_model(name), np.array([5, 7, 3])
    x = sequences(lengths)
    expected = outputs_of(model, x)[0]
    codes = model.encoder.predict(x, verbose=0)
    np.testing.assert_allclose(model.decoder(codes, lengths), expected, **TOLERANCE)
    np.testing.assert_allclose(model.decoder.predict((codes, lengths), verbose=0), expected, **TOLERANCE)
    np.testing.assert_allclose(model.decoder(codes, 7)[1], expected[1], **TOLERANCE)
    np.testing.assert_allclose(tf.nest.flatten(model.predict(x, verbose=0))[0], expected, **TOLERANCE)


def test_the_decoder_asks_for_the_steps():
    with pytest.raises(ValueError, match=r"decoder\(code, steps\)"):
        shared_model("plain").decoder(np.zeros((1, UNITS), "float32"))


@each_configuration
def test_config_and_saved_weights_give_the_same_numbers(name, tmp_path):
    model, x = shared_model(name), sequences()
    model.save_weights(tmp_path / "model.weights.h5")
    again = Autoencoder.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    again.load_weights(tmp_path / "model.weights.h5")
    for mine, theirs in zip(outputs_of(again, x), outputs_of(model, x), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_whole_and_parts_are_saved_as_keras_files(tmp_path):
    model, x = shared_model("bidirectional, conditional"), sequences()
    codes = model.encoder(x)
    inputs = ((model, (x,)), (model.encoder, (x,)), (model.decoder, (codes, 7)))
    for part, arguments in inputs:
        part.save(tmp_path / "part.keras")
        again = keras.models.load_model(tmp_path / "part.keras")
        assert type(again) is type(part)
        np.testing.assert_array_equal(again(*arguments), part(*arguments))


def test_noise_and_dropout_only_while_training():
    x = sequences()
    for options in ({"noise": 0.5}, {"dropout": 0.5}):
        model = make_model(**options)
        np.testing.assert_array_equal(model(x), model(x))
        assert not np.array_equal(model(x, training=True), model(x, training=True), equal_nan=True)
        np.testing.assert_array_equal(np.isnan(model(x, training=True)), np.isnan(x))


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(samples, steps, features\).*\(4, 5\)"):
        shared_model("plain")(np.zeros((4, 5), "float32"))
    with pytest.raises(ValueError, match=r"Expected 2 features.*\(4, 5, 3\)"):
        shared_model("plain")(np.zeros((4, 5, 3), "float32"))


def waves(count=256, steps=12, seed=0):
    """Sines of random phase and frequency, `(count, steps + 3, 1)`, which a line cannot draw."""
    random = np.random.default_rng(seed)
    phase, frequency = random.uniform(0, 6.3, (count, 1)), random.uniform(0.3, 0.8, (count, 1))
    return np.sin(phase + frequency * np.arange(steps + 3))[..., None]


@pytest.mark.slow
def test_fit_as_people_write_it_learns():
    keras.utils.set_random_seed(0)
    x = waves()[:, :12]
    model = Autoencoder(features=1, units=24)
    model.compile("adam", "mse")
    model.optimizer.learning_rate = 0.02
    model.fit(x, x, epochs=12, verbose=0)
    assert model.evaluate(x, x, verbose=0) < 0.1 * x.var()


@pytest.mark.slow
@pytest.mark.parametrize("conditional", [False, True])
def test_fit_with_missing_values_learns_to_reconstruct_and_predict(conditional):
    keras.utils.set_random_seed(0)
    complete = waves()
    x, following = complete[:, :12].copy(), complete[:, 12:].copy()
    random = np.random.default_rng(1)
    x[random.random(x.shape) < 0.05] = NAN
    x[:60, 9:] = following[:60] = NAN
    model = Autoencoder(features=1, units=24, conditional=conditional, horizon=3)
    model.compile(keras.optimizers.Adam(0.02), ObservedLoss())
    history = model.fit(x, (x, following), epochs=15, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    reconstruction, prediction = model.predict(x, verbose=0)
    assert np.mean((prediction - complete[:, 12:])[60:] ** 2) < 0.2 * complete.var()
    assert np.nanmean((reconstruction - complete[:, :12]) ** 2) < 0.2 * complete.var()


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_a_prediction_from_a_linear_forecast_begins_at_it_and_changes_it_by_its_share(dtype):
    model, x = Autoencoder(FEATURES, units=UNITS, horizon=3, look_back=4, dtype=dtype), sequences((4, 4))
    x[0, -1, 0] = NAN
    last = [[x[0, 2, 0], x[0, 3, 1]], x[1, 3]]
    np.testing.assert_array_equal(model(x)[1], np.repeat(np.array(last)[:, None], 3, axis=1))  # untrained: to the bit
    random = np.random.default_rng(0)
    model.start.assign(*(random.normal(size=weight.shape) for weight in (model.start.kernel, model.start.bias)), None)
    linear = model.start(x)
    np.testing.assert_array_equal(model(x)[1], linear)
    for weight in model.predictor.trainable_variables:
        weight.assign(random.normal(size=weight.shape))
    change = model(x)[1] - linear
    assert np.abs(change).max() > 0.1
    model.start.share.assign([[0.0, 1.0], [0.5, 0.25], [0.0, 0.0]])
    np.testing.assert_allclose(model(x)[1] - linear, change * model.start.share, atol=1e-6)
    assert not {weight.path for weight in model.start.weights} & {weight.path for weight in model.trainable_weights}


def test_what_predicts_from_a_linear_forecast_reads_windows_of_its_length_alone():
    model = Autoencoder(FEATURES, units=UNITS, horizon=3, look_back=4)
    with pytest.raises(ValueError, match="Expected windows of 4 steps, got 5"):
        model(sequences((5, 5)))
