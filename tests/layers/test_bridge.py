"""What the decoder starts from."""

import numpy as np
import pytest

from seq2seq.layers import Bridge


def states(layers, width=4, parts=2, batch=3):
    random = np.random.default_rng(layers)
    return [[random.normal(size=(batch, width)).astype("float32") for _ in range(parts)] for _ in range(layers)]


def shapes(layers):
    return [[part.shape for part in layer] for layer in layers]


def built(kind, units, decoder_layers, encoder_states):
    bridge = Bridge(kind, units, decoder_layers)
    bridge.build(shapes(encoder_states))
    return bridge


@pytest.mark.parametrize(
    ("encoder_layers", "decoder_layers", "sources"),
    [(1, 1, [0]), (2, 2, [0, 1]), (1, 3, [0, 0, 0]), (2, 4, [0, 1, 1, 1]), (3, 1, [2]), (4, 2, [2, 3])],
)
def test_copy_starts_layer_from_layer_and_never_leaves_out_the_top(encoder_layers, decoder_layers, sources):
    given = states(encoder_layers)
    start = built("copy", 4, decoder_layers, given)(given)
    assert shapes(start) == [[(3, 4)] * 2] * decoder_layers
    for layer, source in zip(start, sources, strict=True):
        np.testing.assert_array_equal(layer, given[source])


@pytest.mark.parametrize("parts", [1, 2], ids=["gru", "lstm"])
def test_dense_learns_a_layer_for_each_state(parts):
    given = states(2, width=5, parts=parts)
    bridge = built("dense", 4, 3, given)
    random = np.random.default_rng(0)
    bridge.set_weights([random.normal(size=weight.shape) for weight in bridge.get_weights()])
    assert len(bridge.trainable_weights) == 3 * parts * 2
    start = bridge(given)
    layers = iter(bridge.dense)
    for k, source in enumerate([0, 1, 1]):
        for state, result in zip(given[source], start[k], strict=True):
            dense = next(layers)
            expected = np.tanh(state @ dense.kernel.numpy() + dense.bias.numpy())
            np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)


def test_zero_knows_nothing_of_the_source():
    given = states(2, width=5)
    bridge = built("zero", 4, 3, given)
    assert bridge.weights == []
    assert shapes(bridge(given)) == [[(3, 4)] * 2] * 3
    assert not np.any(bridge(given))


def test_copy_between_different_widths_is_refused():
    with pytest.raises(ValueError, match=r"4 units.*5, 5.*'dense'"):
        built("copy", 4, 1, states(1, width=5))


def test_unknown_kinds_are_refused():
    with pytest.raises(ValueError, match=r"'mean'.*'copy', 'dense' or 'zero'"):
        Bridge("mean", 4, 1)


def test_config_round_trip():
    bridge = Bridge("dense", 4, 2)
    assert Bridge.from_config(bridge.get_config()).get_config() == bridge.get_config()
