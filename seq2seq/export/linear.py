"""A linear forecast of a window as nodes of an ONNX graph."""

import numpy as np

from seq2seq.export.graph import Graph, size
from seq2seq.export.observed import ZERO, carried_forward
from seq2seq.layers.linear import LinearStart

STEPS_FIRST, COLUMNS_FIRST = (1, 0, 2), (2, 1, 0)  # of (batch, steps, columns); of (steps, batch, columns)


def linear_forecast(
    graph: Graph, start: LinearStart, window: str, past: str | None = None, known: str | None = None
) -> str:
    """What `LinearStart.call` makes, float32 `(batch, horizon, targets)`, of the same arguments."""
    if past is not None:
        past = graph("Where", graph("IsNaN", past), ZERO, past)
        window = graph("Sub", window, graph("MatMul", past, start.ahead.numpy()))
    targets = start.kernel.shape[0]
    shape = graph("Concat", size(graph, window, 0), np.array([targets]), axis=0)
    before = graph("Expand", np.zeros((1, 1), np.float32), shape)
    carried = carried_forward(graph, graph("Transpose", window, perm=STEPS_FIRST), before)
    # One product for each target: (targets, batch, look_back) by (targets, look_back, horizon).
    made = graph("MatMul", graph("Transpose", carried, perm=COLUMNS_FIRST), start.kernel.numpy())
    made = graph("Add", graph("Transpose", made, perm=(1, 2, 0)), start.bias.numpy().T)
    return made if known is None else graph("Add", made, graph("MatMul", known, start.ahead.numpy()))
