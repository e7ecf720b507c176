"""Graphs written from weights answer as the Keras models do, whatever these are made of."""

import numpy as np
import pytest

from seq2seq.export.autoencoder import autoencoder_graphs
from seq2seq.export.graph import Graph
from seq2seq.export.parity import compared, with_missing
from seq2seq.export.stream_forecaster import stream_graphs
from seq2seq.export.window_forecaster import window_graphs
from seq2seq.inference.compiled import compiled
from seq2seq.models import Autoencoder, StreamForecaster, WindowForecaster
from seq2seq.runtime.numbers import ExportedAutoencoder, ExportedStream, ExportedWindows
from tests.conftest import slow
from tests.export.in_memory import Folder, with_weights

QUANTILES = (0.05, 0.5, 0.95)
KNOWN = {"known_features": 2, "known_columns": (1, 3)}


def numbers(*shape):
    return np.random.default_rng(2).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    "settings",
    [
        {"bidirectional": True, "encoder_layers": 2, "latent_dim": 3},
        {"cell": "gru", "decoder_layers": 2, "conditional": True, "reverse": False, "horizon": 2},
        slow({"cell": "gru", "bidirectional": True, "encoder_layers": 2, "decoder_layers": 3}),
        {"horizon": 2, "look_back": 9},
        slow({"conditional": True, "latent_dim": 2}),
    ],
)
def test_autoencoders(settings, tmp_path):
    model = with_weights(Autoencoder(3, units=8, **settings))
    own, exported = compiled(model), ExportedAutoencoder(Folder(autoencoder_graphs(model), tmp_path))
    for what, x in with_missing(numbers(5, 9, 3)):
        sides = [(*each.write(x), each.encode(x)) for each in (own, exported)]
        for ours, theirs in zip(*sides, strict=True):
            assert (ours is None) == (theirs is None)
            if ours is not None:
                difference = compared(what, ours, theirs)
                assert difference.is_small, str(difference)


@pytest.mark.parametrize(
    "settings",
    [
        {"residual": "linear", "quantiles": QUANTILES, **KNOWN},
        {"residual": "linear", "quantiles": QUANTILES, "kind": "encoder_decoder", "normalize_window": True, **KNOWN},
        {"residual": "season_growth", "season": 3, "cell": "gru", "num_layers": 2},
        {"residual": "linear", "quantiles": QUANTILES, "kind": "segments", "segment": 3, **KNOWN},
        slow({"residual": "last", "kind": "segments", "segment": 2, "cell": "gru", "num_layers": 2}),
        slow({"residual": "season", "season": 4, "kind": "encoder_decoder", "cell": "gru", "num_layers": 3}),
        slow({"residual": "last", "normalize_window": True, "quantiles": (0.1, 0.2, 0.5, 0.8, 0.9)}),
        slow({"residual": "none", "quantiles": (0.5, 0.9)}),
        slow({"residual": "none", "kind": "encoder_decoder", **KNOWN}),
    ],
)
def test_forecasters_of_windows(settings, tmp_path):
    model = with_weights(WindowForecaster(4, 5, target_columns=(0, 2), units=8, look_back=7, **settings))
    own, exported = compiled(model), ExportedWindows(Folder(window_graphs(model), tmp_path))
    for what, window in with_missing(numbers(6, 7, 4)):
        known = (np.resize(window[..., 1:3], (len(window), 5, 2)),) if model.known_features else ()
        difference = compared(what, own(window, *known), exported(window, *known))
        assert difference.is_small, str(difference)


@pytest.mark.parametrize("settings", [{"residual": "last", "num_layers": 2}, slow({"cell": "gru"})])
def test_streams_read_at_once_are_those_read_step_by_step_and_go_on_where_they_stopped(settings, tmp_path):
    model = with_weights(StreamForecaster(3, units=8, **settings))
    own, exported = compiled(model), ExportedStream(Folder(stream_graphs(model), tmp_path))
    for what, x in with_missing(numbers(4, 6, 3)):
        at_once, states = exported.run(x)
        assert compared(what, own.run(x)[0], at_once).is_small
        after, states_after = exported.run(x[:, 4:], exported.run(x[:, :4])[1])
        np.testing.assert_allclose(after, at_once[:, 4:], atol=1e-6)
        np.testing.assert_allclose(states_after[0], states[0], atol=1e-6)
        assert compared(what, own.forecast(x, 5), exported.forecast(x, 5)).is_small
    step, own_states = exported.step(x[:1, 0], exported.initial_state(1))[0], own.initial_state(1)
    assert compared("step", own.step(x[:1, 0], own_states)[0], step).is_small


def test_a_constant_is_there_once():
    graph = Graph("twice")
    x = graph.input("x", "float32", ("batch",), "numbers")
    graph.output("y", graph("Mul", graph("Mul", x, np.float32(2)), np.float32(2)), "float32", ("batch",), "them")
    assert len(graph.model().graph.initializer) == 1
