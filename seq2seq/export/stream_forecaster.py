"""Stateful forecasters as ONNX graphs."""

import numpy as np

from seq2seq.export.graph import Graph, dense
from seq2seq.export.observed import ZERO, carried_forward
from seq2seq.export.recurrent import stack
from seq2seq.models import StreamForecaster

SWAPPED = (1, 0, 2)  # between the batch first and the steps first


def stream_graphs(model: StreamForecaster, new: type[Graph] = Graph) -> dict[str, Graph]:
    """`run`: any number of steps and a state in, the forecasts of the next steps and the new state out."""
    graph, features = new("run"), model.features
    x = graph.input("x", "float32", ("batch", "steps", features), "scaled steps, NaN = not observed")
    lengths = graph.input("lengths", "int32", ("batch",), "real steps of each row, at least 1")
    states = [
        [_state(graph, layer, part, width) for part, width in enumerate(widths)]
        for layer, widths in enumerate(model.state_widths)
    ]
    cells = states[: len(model.stack.layers)]
    values = graph("Transpose", graph("Where", graph("IsNaN", x), ZERO, x), perm=SWAPPED)
    outputs, cells = stack(graph, model.stack, values, lengths, cells)
    outputs = dense(graph, model.output_layer, outputs)
    after = [part for layer in cells for part in layer]
    if model.residual == "last":
        last = carried_forward(graph, graph("Transpose", x, perm=SWAPPED), states[-1][0])
        outputs = graph("Add", outputs, last)
        after.append(graph("Gather", last, np.int64(-1), axis=0))
    outputs = graph("Transpose", outputs, perm=SWAPPED)
    meaning = "scaled forecasts, each of the step after"
    graph.output("outputs", outputs, "float32", ("batch", "steps", features), meaning)
    for number, (part, value) in enumerate(zip(after, list(graph.inputs[2:]), strict=True)):
        graph.output(f"new_state{number}", part, "float32", value.shape, f"{value.meaning}, after the last step")
    return {"run": graph}


def _state(graph, layer, part, width):
    number = sum(each.name.startswith("state") for each in graph.inputs)
    meaning = f"state {'hc'[part]} of layer {layer + 1}, zeros before the first step"
    return graph.input(f"state{number}", "float32", ("batch", width), meaning)
