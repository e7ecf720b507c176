"""Stacks of recurrent layers: what the models expect of their layers, and what they leave open."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seq2seq.layers import LSTM
from seq2seq.models import Autoencoder, EncoderDecoder, LanguageModel, StreamForecaster, recurrent

LENGTHS, STEPS = (5, 2, 4), 5
TOKENS = np.where(np.arange(STEPS) < np.array(LENGTHS)[:, None], np.arange(4, 4 + STEPS), 0).astype("int32")
VALUES = np.random.default_rng(0).normal(size=(3, STEPS, 2)).astype("float32")
VALUES[TOKENS == 0] = np.nan


@keras.saving.register_keras_serializable(package="tests")
class NoiseAtMaskedSteps(LSTM):
    """Outputs at masked steps are anything."""

    def inner_loop(self, sequences, initial_state, mask, training=False):
        last, outputs, states = super().inner_loop(sequences, initial_state, mask, training)
        if mask is not None:
            noise = tf.random.normal(tf.shape(outputs), stddev=100.0, seed=1)
            outputs = tf.where(mask[:, :: -1 if self.go_backwards else 1, None], outputs, noise)
        return last, outputs, states


def random_weights(model):
    random = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign(random.normal(size=weight.shape, scale=0.6))
    return model


def translate(**options):
    model = random_weights(EncoderDecoder(11, 11, embedding_dim=4, units=6, **options))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.boolean_mask(model((TOKENS, TOKENS)), TOKENS != 0) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables, unconnected_gradients="zero")
    state = model.start(TOKENS)
    logits, _, _ = model.decoder.step(tf.fill((len(TOKENS), 1), 2), state)
    return [loss, logits, *map(tf.convert_to_tensor, gradients)]


ANSWERS = {
    "translation": translate,
    "translation, deep, backwards": lambda: translate(
        attention="multi_head", attention_heads=2, encoder_layers=2, bidirectional=False, go_backwards=True
    ),
    "translation, state passing": lambda: translate(attention="none", decoder_layers=2),
    "translation, attends first": lambda: translate(attention_at="first", decoder_layers=2),
    "language": lambda: random_weights(LanguageModel(11, embedding_dim=4, units=6, num_layers=2)).start(TOKENS),
    "stream": lambda: random_weights(StreamForecaster(2, units=5, num_layers=2)).forecast(VALUES, 3),
    "autoencoder": lambda: random_weights(Autoencoder(2, units=4, encoder_layers=2, bidirectional=True))(VALUES),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_no_model_reads_what_its_layers_put_at_masked_steps(kind, monkeypatch):
    expected = tf.nest.flatten(ANSWERS[kind]())
    monkeypatch.setattr(recurrent, "LSTM", NoiseAtMaskedSteps)
    for answer, other in zip(tf.nest.flatten(ANSWERS[kind]()), expected, strict=True):
        np.testing.assert_allclose(answer, other, rtol=1e-5, atol=1e-5)


def test_the_noise_is_there(monkeypatch):
    monkeypatch.setattr(recurrent, "LSTM", NoiseAtMaskedSteps)
    outputs, _ = recurrent.RecurrentStack(1, 6)(np.ones((3, STEPS, 2)), mask=TOKENS != 0)
    assert np.abs(outputs[TOKENS == 0]).min() > 1.0 > np.abs(outputs[TOKENS != 0]).max()


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("packed", [False, True])
def test_so_masked_steps_are_0_which_costs_least(cell, packed):
    outputs, *_ = recurrent.recurrent_layer(cell, 6, packed)(np.ones((3, STEPS, 2)), mask=TOKENS != 0)
    np.testing.assert_array_equal(np.any(outputs, -1), TOKENS != 0)


@pytest.mark.parametrize("cell, parts", [("lstm", 2), ("gru", 1)])
@pytest.mark.parametrize("front", [(), (4,)], ids=["the same inputs for all", "inputs of each"])
def test_branches_are_steps_of_a_state_that_is_repeated(cell, parts, front):
    stack = recurrent.RecurrentStack(2, 6, cell=cell)
    stack.build((None, None, 6))
    random_weights(stack)
    random = np.random.default_rng(1)
    states = [[random.normal(size=(4, 6)).astype("float32") for _ in range(parts)] for _ in range(2)]
    inputs = random.normal(size=(*front, 3, 6)).astype("float32")
    outputs = stack.branches(inputs, states)
    assert outputs.shape == (4, 3, 6)
    for branch in range(3):
        alone, _ = stack.step(np.broadcast_to(inputs, (4, 3, 6))[:, branch], states)
        np.testing.assert_allclose(outputs[:, branch], alone, atol=1e-5)
