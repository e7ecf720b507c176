"""Totals over totals: metrics do not depend on how the tokens were cut into batches."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seq2seq.models import EncoderDecoder
from seq2seq.training.metrics import CrossEntropy, TeacherForcedScorer, TokenAccuracy

VOCABULARY = 7


def make_batch(batch, steps, seed):
    """Labels `(batch, steps)`, some of them padding, and logits `(batch, steps, VOCABULARY)`."""
    random = np.random.default_rng(seed)
    labels = random.integers(1, VOCABULARY, (batch, steps)).astype("int32")
    labels[np.arange(steps) >= random.integers(1, steps + 1, (batch, 1))] = 0
    return labels, random.normal(size=(batch, steps, VOCABULARY), scale=2.0).astype("float32")


BATCHES = [make_batch(4, 6, 0), make_batch(1, 2, 1), make_batch(3, 9, 2)]


def packed(batches):
    """All real labels, `(tokens,)`, and their logits, `(tokens, VOCABULARY)`."""
    return [np.concatenate(part) for part in zip(*((y[y != 0], z[y != 0]) for y, z in batches), strict=True)]


def mean_negative_log_likelihood(labels, logits):
    log_probabilities = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return -log_probabilities[np.arange(len(labels)), labels].mean()


EXPECTED = {
    CrossEntropy: mean_negative_log_likelihood,
    TokenAccuracy: lambda labels, logits: (logits.argmax(-1) == labels).mean(),
}
each_metric = pytest.mark.parametrize("kind", EXPECTED)


@each_metric
def test_exact_over_batches_of_different_sizes(kind):
    metric = kind()
    for labels, logits in BATCHES:
        metric.update_state(labels, logits)
    assert float(metric.result()) == pytest.approx(EXPECTED[kind](*packed(BATCHES)), rel=1e-5)


@each_metric
def test_packed_tokens_count_the_same(kind):
    padded, tokens = kind(), kind()
    for labels, logits in BATCHES:
        padded.update_state(labels, logits)
    tokens.update_state(*packed(BATCHES))
    assert float(tokens.result()) == pytest.approx(float(padded.result()), rel=1e-5)


@each_metric
def test_reset_forgets(kind):
    metric = kind()
    metric.update_state(*BATCHES[0])
    metric.reset_state()
    metric.update_state(*BATCHES[1])
    assert float(metric.result()) == pytest.approx(EXPECTED[kind](*packed(BATCHES[1:2])), rel=1e-5)


@each_metric
def test_serialized_by_keras(kind):
    again = keras.metrics.deserialize(keras.metrics.serialize(kind(name="mine")))
    assert (type(again), again.name) == (kind, "mine")


def test_teacher_forced_scores_are_those_of_all_logits():
    model = EncoderDecoder(VOCABULARY, VOCABULARY, embedding_dim=4, units=6)
    random = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign(random.normal(size=weight.shape))
    batches, scored = [], []
    for labels, _ in BATCHES:
        source = random.integers(1, VOCABULARY, (len(labels), 5)).astype("int32")
        target_input = np.where(labels != 0, random.integers(1, VOCABULARY, labels.shape), 0).astype("int32")
        batches.append(((source, target_input), labels))
        scored.append((labels, model((source, target_input)).numpy()))
    rows = tf.TensorSpec((None, None), tf.int32)
    data = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=((rows, rows), rows))
    scores = TeacherForcedScorer(model)(data)
    tokens = packed(scored)
    assert scores["loss"] == pytest.approx(EXPECTED[CrossEntropy](*tokens), rel=1e-5)
    assert scores["perplexity"] == pytest.approx(np.exp(EXPECTED[CrossEntropy](*tokens)), rel=1e-5)
    assert scores["accuracy"] == pytest.approx(EXPECTED[TokenAccuracy](*tokens), rel=1e-5)
