"""Recurrent layers as ONNX's own operators; sequences have the steps first here, `(steps, batch, …)`, as these do."""

from collections.abc import Callable, Sequence
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
    if graph.has_int8:  # of ONNX's own operators none computes in int8 row by row
        return branching_step(graph, layers, x, states)
    y, states = stack(graph, layers, graph("Unsqueeze", x, np.array([0])), states=states)
    return graph("Squeeze", y, np.array([0])), states


def branching_step(
    graph: Graph,
    layers: Any,
    x: str,
    states: Sequence[Sequence[str]],
    reads: str | None = None,
    parents: str | None = None,
    attend: Callable[[str], str] | None = None,
) -> tuple[str, list[list[str]]]:
    """One step of hypotheses, many of which read the same token or go on from the same state: products, nearly all of
    the work, are made once of each token and of each state.

    Args:
        graph: `Graph`.
        layers: `RecurrentStack`.
        x: float32 `(different, features)`.
        states: of each layer `[h, c]`, `[h]` of a GRU, float32 `(states, units)`.
        reads: int64 `(hypotheses,)`, the row of `x` that each reads; `None` where each reads its own.
        parents: int64 `(hypotheses,)`, the row of `states` that each goes on from; `None` where each has its own.
        attend: function of the outputs of the first layer to what all layers above read beside the one below them,
            `(hypotheses, width)`; or `None`.

    Returns:
        The outputs, `(hypotheses, units)`, and the new states of each layer, of as many rows.
    """
    different = parents_of = None
    if parents is not None:
        different, _, parents_of, _ = graph("Unique", parents, outputs=4)
    new, context = [], None
    for k, layer in enumerate(layers.layers):
        cell, bias = layer.cell, layer.cell.bias.numpy()
        gru = isinstance(layer, keras.layers.GRU)
        of_x, of_h = bias if gru else (bias, None)
        h = _rows(graph, states[k][0], different)
        both = x if context is None else graph("Concat", x, context, axis=1)
        products = (
            _rows(graph, _product(graph, both, cell.kernel.numpy(), of_x), reads),
            _rows(graph, _product(graph, h, cell.recurrent_kernel.numpy(), of_h), parents_of),
        )
        state = (_gru if gru else _lstm)(graph, *products, _rows(graph, states[k][-1], parents))
        x, reads = graph("Add", state[0], x) if layers.residual and k else state[0], None
        if attend and not k:
            context = attend(x)
        new.append(state)
    return x, new


def _rows(graph, x, which):
    return x if which is None else graph("Gather", x, which)


def _product(graph, x, kernel, bias):
    return graph("MatMul", x, kernel) if bias is None else graph("Gemm", x, kernel, bias)


def _lstm(graph, of_x, of_h, c):
    """The new `[h, c]` of both products, as `seq2seq.layers.lstm` has them."""
    write, keep, new, out = graph("Split", graph("Add", of_x, of_h), outputs=4, axis=1, num_outputs=4)
    new = graph("Mul", graph("Sigmoid", write), graph("Tanh", new))
    c = graph("Add", graph("Mul", graph("Sigmoid", keep), c), new)
    return [graph("Mul", graph("Sigmoid", out), graph("Tanh", c)), c]


def _gru(graph, of_x, of_h, h):
    """The new `[h]` of a Keras GRU with `reset_after`."""
    (keep, reset, new), (keep_too, reset_too, before) = (
        graph("Split", each, outputs=3, axis=1, num_outputs=3) for each in (of_x, of_h)
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
