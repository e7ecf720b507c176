"""Every kind of attention: a plain formula, blind to padding, each query on its own."""

import keras
import numpy as np
import pytest

from seq2seq.layers import make_attention
from seq2seq.layers.attention import Memory

KINDS = ["dot", "additive", "multi_head"]
UNITS, MEMORY_DIM, HEADS = 6, 5, 2
LENGTHS = np.array([4, 1, 3])
MASK = np.arange(4) < LENGTHS[:, None]


def softmax(scores):
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def formula(kind, layer, queries, memory):
    """Context and weights of `queries`, `(queries, units)`, over the real steps of one sentence."""
    matrix = {
        name: getattr(layer, name).kernel.numpy()
        for name in ("key", "query", "value", "score", "merge")
        if hasattr(layer, name)
    }
    if kind == "dot":
        weights = softmax(queries @ (memory @ matrix["key"]).T)
        return weights @ memory, weights
    if kind == "additive":
        hidden = np.tanh(queries[:, None] @ matrix["query"] + layer.query.bias.numpy() + memory[None] @ matrix["key"])
        weights = softmax((hidden @ matrix["score"])[..., 0])
        return weights @ memory, weights
    contexts, weights = [], []
    for columns in np.split(np.arange(UNITS), HEADS):
        head = {name: matrix[name][:, columns] for name in ("key", "query", "value")}
        scores = (queries @ head["query"]) @ (memory @ head["key"]).T / np.sqrt(UNITS / HEADS)
        weights.append(softmax(scores))
        contexts.append(weights[-1] @ (memory @ head["value"]))
    return np.concatenate(contexts, -1) @ matrix["merge"], np.mean(weights, axis=0)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def layer(kind):
    layer = make_attention(kind, UNITS, HEADS)
    layer.build((None, None, UNITS), MEMORY_DIM)
    random = np.random.default_rng(0)
    layer.set_weights([random.normal(size=weight.shape) for weight in layer.get_weights()])
    return layer


@pytest.fixture
def queries():
    return np.random.default_rng(1).normal(size=(3, 7, UNITS)).astype("float32")


@pytest.fixture
def outputs():
    return np.random.default_rng(2).normal(size=(3, 4, MEMORY_DIM)).astype("float32")


def test_the_plain_formula(kind, layer, queries, outputs):
    context, weights = layer(queries, layer.prepare(outputs, MASK))
    for row, length in enumerate(LENGTHS):
        expected, expected_weights = formula(kind, layer, queries[row], outputs[row, :length])
        np.testing.assert_allclose(context[row], expected, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(weights[row, :, :length], expected_weights, rtol=1e-5, atol=1e-5)


def test_weights_sum_to_one_and_are_zero_at_padding(layer, queries, outputs):
    weights = np.asarray(layer(queries, layer.prepare(outputs, MASK))[1])
    assert weights.shape == (3, 7, 4)
    np.testing.assert_allclose(weights.sum(-1), 1.0, rtol=1e-6)
    assert (weights[~np.broadcast_to(MASK[:, None], weights.shape)] == 0.0).all()


def test_extra_padding_changes_nothing(layer, queries, outputs):
    context, weights = layer(queries, layer.prepare(outputs, MASK))
    longer = np.pad(outputs, ((0, 0), (0, 3), (0, 0)), constant_values=5.0)
    padded_context, padded_weights = layer(queries, layer.prepare(longer, np.pad(MASK, ((0, 0), (0, 3)))))
    np.testing.assert_allclose(padded_context, context, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(padded_weights[..., :4], weights, rtol=1e-5, atol=1e-6)


def test_each_query_attends_on_its_own(layer, queries, outputs):
    memory = layer.prepare(outputs, MASK)
    together = layer(queries, memory)
    for step in range(queries.shape[1]):
        alone = layer(queries[:, step : step + 1], memory)
        for whole, one in zip(together, alone, strict=True):
            np.testing.assert_allclose(whole[:, step : step + 1], one, rtol=1e-5, atol=1e-6)


def test_memory_has_the_batch_first(layer, outputs):
    memory = layer.prepare(outputs, MASK)
    assert isinstance(memory, Memory)
    assert [leaf.shape[0] for leaf in memory] == [3, 3, 3]


def test_mixed_precision_keeps_weights_in_float32(kind, layer, queries, outputs):
    mixed = make_attention(kind, UNITS, HEADS, dtype="mixed_bfloat16")
    mixed.build((None, None, UNITS), MEMORY_DIM)
    mixed.set_weights(layer.get_weights())
    context, weights = mixed(*(queries.astype("float32"), mixed.prepare(outputs, MASK)))
    assert (keras.backend.standardize_dtype(context.dtype), weights.dtype) == ("bfloat16", "float32")
    np.testing.assert_allclose(np.asarray(weights).sum(-1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(weights, layer(queries, layer.prepare(outputs, MASK))[1], atol=0.1)


def test_config_round_trip(layer):
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


def test_none_is_no_layer():
    assert make_attention("none", UNITS) is None


def test_unknown_kinds_and_heads_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"'sparse'.*'dot'"):
        make_attention("sparse", UNITS)
    with pytest.raises(ValueError, match="6 is no multiple of 4"):
        make_attention("multi_head", 6, heads=4)
