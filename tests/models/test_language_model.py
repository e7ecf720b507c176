"""The language model: one set of numbers, read at once or token by token; and text that the searches write with it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seq2seq.decoding import Sampling, beam_search, greedy_search
from seq2seq.decoding.greedy import most_probable
from seq2seq.models import LanguageModel
from seq2seq.training.metrics import CrossEntropy
from seq2seq.training.token_losses import TokenCrossEntropy

TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}
VOCABULARY = 9
CONFIGURATIONS = {"default": {}, "deep gru": {"cell": "gru", "num_layers": 2, "layer_dropout": 0.3}}
each_configuration = pytest.mark.parametrize("name", CONFIGURATIONS)
MODELS = {}


def make_model(**options):
    """A small model whose weights, biases included, are all random."""
    model = LanguageModel(VOCABULARY, **{"embedding_dim": 4, "units": 6, **options})
    random = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign(random.normal(size=weight.shape, scale=0.8))
    return model


def shared_model(name):
    """One model for each configuration; tests that use it leave its weights alone."""
    if name not in MODELS:
        MODELS[name] = make_model(**CONFIGURATIONS[name])
    return MODELS[name]


def make_tokens(rows=3, steps=9):
    return np.random.default_rng(1).integers(4, VOCABULARY, (rows, steps)).astype(np.int32)


@each_configuration
def test_chunks_and_steps_are_the_whole_text(name):
    model, tokens = shared_model(name), make_tokens()
    whole, end = model.run(tokens)
    head, states = model.run(tokens[:, :5])
    tail, chunked_end = model.run(tokens[:, 5:], states)
    np.testing.assert_allclose(np.concatenate((head, tail), 1), whole, **TOLERANCE)
    states = model.initial_state(3)
    for t in range(tokens.shape[1]):
        logits, states = model.step(tf.constant(tokens[:, t]), states)
        np.testing.assert_allclose(logits, whole[:, t], **TOLERANCE)
    for part, expected, other in zip(*map(tf.nest.flatten, (states, end, chunked_end)), strict=True):
        np.testing.assert_allclose(part, expected, **TOLERANCE)
        np.testing.assert_allclose(other, expected, **TOLERANCE)


def test_beams_are_rows():
    model, tokens = shared_model("default"), make_tokens(6, 4)
    _, states = model.run(tokens[:, :3])
    expected, new = model.step(tf.constant(tokens[:, 3]), states)
    by_beam = tf.nest.map_structure(lambda part: tf.reshape(part, (2, 3, -1)), states)
    by_beam = tf.nest.map_structure(lambda part: tf.ensure_shape(part, (2, 3, 6)), by_beam)
    logits, beams = model.step(tf.constant(tokens[:, 3].reshape(2, 3)), by_beam)
    np.testing.assert_allclose(tf.reshape(logits, (6, -1)), expected, **TOLERANCE)
    for part, flat in zip(tf.nest.flatten(beams), tf.nest.flatten(new), strict=True):
        assert part.shape == (2, 3, 6)
        np.testing.assert_allclose(tf.reshape(part, (6, -1)), flat, **TOLERANCE)


def greedy_by_hand(model, prompt, limit):
    written = []
    for _ in range(limit):
        written.append(int(np.argmax(model(np.array([[*prompt, *written]], np.int32))[0, -1])))
        if written[-1] == 3:
            break
    return written


def written(model, prompts, limits, sampling=None, streams=None):
    """Tokens and scores of a search that continues `prompts`."""
    streams = tf.constant(range(len(prompts)) if streams is None else streams)
    select = sampling.selector(streams) if sampling else most_probable
    return greedy_search(model.continue_step, model.start(tf.constant(prompts)), tf.constant(limits), select)


@each_configuration
def test_greedy_writing_is_a_loop_by_hand(name):
    model = shared_model(name)
    prompts, limits = [[5, 4, 8, 6], [7], [4, 4]], [6, 4, 9]
    padded = np.array([row + [0] * (4 - len(row)) for row in prompts], np.int32)
    tokens, scores = written(model, padded, limits)
    for row, (prompt, limit) in enumerate(zip(prompts, limits, strict=True)):
        expected = greedy_by_hand(model, prompt, limit)
        assert tokens[row].numpy().tolist() == expected + [0] * (9 - len(expected))
        inputs = np.array([[*prompt, *expected[:-1]]], np.int32)
        log_probabilities = tf.nn.log_softmax(model(inputs)[0, len(prompt) - 1 :])
        assert float(scores[row]) == pytest.approx(
            float(tf.reduce_sum(tf.gather(log_probabilities, expected, batch_dims=1))), abs=1e-4
        )


def test_all_searches_continue_a_prompt():
    model, limits = shared_model("default"), tf.constant([5, 3])
    prompt = tf.constant([[5, 4, 8], [6, 0, 0]])
    greedy, _ = greedy_search(model.continue_step, model.start(prompt), limits)
    beam, _ = beam_search(model.continue_step, model.start(prompt), limits, beam_size=1)
    wide, scores = beam_search(model.continue_step, model.start(prompt), limits, 4, n_best=4)
    sampled, _ = written(model, prompt, limits, Sampling(top_k=1))
    np.testing.assert_array_equal(greedy, beam[:, 0])
    np.testing.assert_array_equal(greedy, sampled)
    assert wide.shape == (2, 4, 5)
    assert (np.diff(scores) <= 0).all()


def test_without_a_prompt_a_search_starts_at_bos():
    model = shared_model("default")
    state = tf.nest.map_structure(lambda part: part[:, None], model.initial_state(1))
    tokens, _ = greedy_search(model.step, state, tf.constant([6]))
    assert [token for token in tokens[0].numpy() if token] == greedy_by_hand(model, [2], 6)


def test_what_is_drawn_follows_the_seed_and_not_the_batch():
    model = shared_model("default")
    sampling = Sampling(temperature=1.5, seed=4)
    together, _ = written(model, [[5, 4], [6, 0], [5, 4]], [12] * 3, sampling)
    alone, _ = written(model, [[6]], [12], sampling, streams=[1])
    np.testing.assert_array_equal(together[1:2], alone)
    assert together[0].numpy().tolist() != together[2].numpy().tolist()


def test_padding_is_not_scored():
    model, tokens = make_model(), make_tokens()
    model.compile("sgd", TokenCrossEntropy(), metrics=[CrossEntropy()])
    x, y = tokens[:, :-1], tokens[:, 1:].copy()
    exact = tf.keras.losses.sparse_categorical_crossentropy(y, model(x), from_logits=True).numpy()
    y[0, 2:] = 0
    mean = (exact.sum() - exact[0, 2:].sum()) / (y > 0).sum()
    scores = model.evaluate(x, y, batch_size=1, verbose=0, return_dict=True)
    assert scores["loss"] == pytest.approx(mean, rel=1e-5)
    assert scores["cross_entropy"] == pytest.approx(mean, rel=1e-5)


@pytest.mark.slow
def test_a_text_is_learned_from_chunks_and_continued():
    text = np.resize([4, 5, 4, 6, 4, 7], (4, 61)).astype(np.int32)  # what follows a 4 depends on what came before
    text[1:] = [np.roll(row, shift) for row, shift in zip(text[1:], (1, 2, 3), strict=True)]
    model = LanguageModel(8, embedding_dim=8, units=16)
    model.compile(keras.optimizers.Adam(0.03), TokenCrossEntropy())
    x = np.stack([text[:, first : first + 10] for first in range(0, 60, 10)])
    y = np.stack([text[:, first + 1 : first + 11] for first in range(0, 60, 10)])
    fresh = np.zeros((6, 4), bool)
    fresh[0] = True
    data = tf.data.Dataset.from_tensor_slices(((x, fresh), y)).repeat(25)
    model.fit(data, shuffle=False, verbose=0)
    assert model.evaluate(data.take(6), verbose=0) < 0.2
    tokens, _ = written(model, [[4, 5, 4, 6]], [8])
    assert tokens[0].numpy().tolist() == [4, 7, 4, 5, 4, 6, 4, 7]


def test_saved_and_loaded_writes_the_same(tmp_path):
    model = shared_model("deep gru")
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(make_tokens()), model(make_tokens()), **TOLERANCE)


def test_mixed_precision_keeps_states_and_logits_float32():
    mixed, tokens = make_model(dtype="mixed_bfloat16"), make_tokens()
    logits, states = mixed.run(tokens)
    assert {tensor.dtype for tensor in tf.nest.flatten((logits, states))} == {tf.float32}
    np.testing.assert_allclose(logits, shared_model("default")(tokens), atol=0.3)
    assert written(mixed, [[5, 6]], [3])[0].shape == (1, 3)
