"""NaN, a number that is not there, in ONNX: always by `IsNaN` and `Where`, as a product with 0 would keep it."""

import numpy as np
from onnx import TensorProto

from seq2seq.export.graph import Graph, scalar, size

NAN, ZERO = np.float32("nan"), np.float32(0.0)


def split_observed(graph: Graph, x: str) -> tuple[str, str]:
    """See `seq2seq.layers.observed.split_observed`.

    Returns:
        `x`, `(batch, steps, features)`, with 0 for NaN, and the number of real steps of each row, int64 `(batch,)`,
        at least 1.
    """
    missing = graph("IsNaN", x)
    values = graph("Where", missing, ZERO, x)
    seen = graph("ReduceMax", graph("Cast", graph("Not", missing), to=TensorProto.INT32), np.array([-1]), keepdims=0)
    steps = numbers(graph, size(graph, x, 1))
    last = graph("Where", graph("Cast", seen, to=TensorProto.BOOL), steps, np.int64(0))
    return values, graph("Add", graph("ReduceMax", last, np.array([1]), keepdims=0), np.int64(1))


def numbers(graph: Graph, count: str) -> str:
    """int64 `(count,)`, from 0 on, of `count`, `(1,)`."""
    return graph("Range", np.int64(0), scalar(graph, count), np.int64(1))


def real_steps(graph: Graph, lengths: str, steps: str) -> str:
    """bool `(batch, steps)`: which steps of rows of these `lengths`, int64 `(batch,)`, are real; `steps` is `(1,)`."""
    return graph("Less", numbers(graph, steps), graph("Unsqueeze", lengths, np.array([1])))


def carried_forward(graph: Graph, x: str, before: str) -> str:
    """The last observed value at every step, see `seq2seq.layers.observed.carried_forward`.

    Args:
        graph: `Graph`.
        x: float32 `(steps, batch, features)`.
        before: float32 `(batch, features)`, what stands in until the first observed value.
    """
    missing = graph("ReduceMax", graph("Cast", graph("IsNaN", x), to=TensorProto.INT32), keepdims=0)

    def carried(inner):
        def step(body, t, states):
            now = body("Gather", x, t)
            latest = body("Where", body("IsNaN", now), states[0], now)
            return [latest], [latest]

        return inner.loop(scalar(inner, size(inner, x, 0)), [before], step)[1][0]

    return graph.choose(graph("Cast", missing, to=TensorProto.BOOL), carried, lambda inner: x)
