"""Recurrent layers as ONNX's own operators; sequences have the steps first here, `(steps, batch, …)`, as these do."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from seq2seq.export.graph import Graph

# Where a gate of Keras stands in ONNX: i, f, c, o → i, o, f, c; of a GRU both have z, r, h.
_GATES = {"LSTM": (0, 3, 1, 2), "GRU": (0, 1, 2)}


def stack(
    graph: Graph,
    layers: Any,
    x: str,
    lengths: str | None = None,
    states: Sequence[Sequence[str]] | None = None,
) -> tuple[str, list[list[str]]]:
    """A `RecurrentStack` at inference.

    Args:
        graph: `Graph`.
        layers: `RecurrentStack`.
        x: float32 `(steps, batch, features)`.
        lengths: int32 `(batch,)`, real steps of each row; `None` where all are. The outputs of others are 0.
        states: of each layer `[h, c]`, `[h]` of a GRU, float32 `(batch, units)`; `None` for zeros.

    Returns:
        The outputs, `(steps, batch, units)`, and the last states of each layer.
    """
    last = []
    for k, layer in enumerate(layers.layers):
        y, state = _layer(graph, layer, x, lengths, None if states is None else states[k])
        x = graph("Add", y, x) if layers.residual and k else y
        last.append(state)
    return x, last


def step(graph: Graph, layers: Any, x: str, states: Sequence[Sequence[str]]) -> tuple[str, list[list[str]]]:
    """The same for one step: `(batch, features)` → `(batch, units)`."""
    if graph.has_int8:
        return _products(graph, layers, x, states)
    y, states = stack(graph, layers, graph("Unsqueeze", x, np.array([0])), states=states)
    return graph("Squeeze", y, np.array([0])), states


def _products(graph, layers, x, states):
    """One step of products and activations: of ONNX's own operators none computes in int8 row by row."""
    new = []
    for k, layer in enumerate(layers.layers):
        state = (_gru if isinstance(layer, keras.layers.GRU) else _lstm)(graph, layer.cell, x, states[k])
        x = graph("Add", state[0], x) if layers.residual and k else state[0]
        new.append(state)
    return x, new


def _lstm(graph, cell, x, state):
    """The new `[h, c]`, as `seq2seq.layers.lstm` has them."""
    h, c = state
    kernel, recurrent, bias = (each.numpy() for each in (cell.kernel, cell.recurrent_kernel, cell.bias))
    z = graph("Gemm", graph("Concat", x, h, axis=1), np.concatenate((kernel, recurrent)), bias)
    write, keep, new, out = graph("Split", z, outputs=4, axis=1, num_outputs=4)
    new = graph("Mul", graph("Sigmoid", write), graph("Tanh", new))
    c = graph("Add", graph("Mul", graph("Sigmoid", keep), c), new)
    return [graph("Mul", graph("Sigmoid", out), graph("Tanh", c)), c]


def _gru(graph, cell, x, state):
    """The new `[h]` of a Keras GRU with `reset_after`."""
    (h,) = state
    bias = cell.bias.numpy()
    products = graph("Gemm", x, cell.kernel.numpy(), bias[0]), graph("Gemm", h, cell.recurrent_kernel.numpy(), bias[1])
    (keep, reset, new), (keep_too, reset_too, before) = (
        graph("Split", each, outputs=3, axis=1, num_outputs=3) for each in products
    )
    keep = graph("Sigmoid", graph("Add", keep, keep_too))
    reset = graph("Sigmoid", graph("Add", reset, reset_too))
    new = graph("Tanh", graph("Add", new, graph("Mul", reset, before)))
    return [graph("Add", new, graph("Mul", keep, graph("Sub", h, new)))]


def _layer(graph, layer, x, lengths, state):
    both = isinstance(layer, keras.layers.Bidirectional)
    parts = [layer.forward_layer, layer.backward_layer] if both else [layer]
    kind = "GRU" if isinstance(parts[0], keras.layers.GRU) else "LSTM"
    kernel, recurrent, bias = (np.stack(each) for each in zip(*(_weights(kind, part) for part in parts), strict=True))
    direction = "bidirectional" if both else "reverse" if layer.go_backwards else "forward"
    initial = [graph("Unsqueeze", each, np.array([0])) for each in state or ()]
    kept = 1 if kind == "GRU" else 2
    more = {"linear_before_reset": 1} if kind == "GRU" else {}
    y, *last = graph(
        kind,
        *(x, kernel, recurrent, bias, lengths, *initial),
        outputs=1 + kept,
        hidden_size=parts[0].units,
        direction=direction,
        **more,
    )
    return _joined(graph, y, 1), [_joined(graph, each, 0) for each in last]


def _joined(graph, x, axis):
    """`(…, directions, batch, units)` → `(…, batch, directions · units)`, the forward ones first."""
    apart = graph("Transpose", x, perm=(0, 2, 1, 3) if axis else (1, 0, 2))
    return graph("Reshape", apart, np.array([0, 0, -1][1 - axis :]))


def _weights(kind, layer):
    """Kernel, recurrent kernel and biases of a layer as ONNX has them: gates first, in its order."""
    cell = layer.cell
    kernel, recurrent, bias = (each.numpy() for each in (cell.kernel, cell.recurrent_kernel, cell.bias))
    if kind == "LSTM":  # it has one bias, ONNX one of the input and one of the state
        bias = np.stack((bias, np.zeros_like(bias)))
    gates = len(_GATES[kind])

    def in_order(each):
        parts = np.split(each, gates, axis=-1)
        return np.concatenate([parts[gate] for gate in _GATES[kind]], axis=-1)

    return in_order(kernel).T, in_order(recurrent).T, in_order(bias).reshape(-1)
