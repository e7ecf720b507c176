"""Language models as ONNX graphs."""

import numpy as np

from seq2seq.export.graph import Graph
from seq2seq.export.recurrent import stack, step
from seq2seq.export.tokens import NEVER, SWAPPED, choices, flat, state_inputs, state_outputs, unflat
from seq2seq.models import LanguageModel
from seq2seq.text.tokens import SPECIAL_PIECES


def language_graphs(model: LanguageModel, new: type[Graph] = Graph) -> dict[str, Graph]:
    """`read`, a beginning, and `step`, one token of each text."""
    arguments, table = model.arguments, model.embedding.table.embeddings.numpy()
    layers, cell, units = arguments["num_layers"], arguments["cell"], arguments["units"]
    graphs = {name: new(name) for name in ("read", "step")}

    graph = graphs["read"]
    tokens = graph.input("tokens", "int32", ("batch", "steps"), "ids of beginnings")
    states = state_inputs(graph, layers, cell, units, ("batch",))
    embedded = graph("Transpose", graph("Gather", table, tokens), perm=SWAPPED)
    state_outputs(graph, stack(graph, model.stack, embedded, states=states)[1], units, ("batch",), "new_state")

    graph, rows = graphs["step"], ("batch", "beams")
    last = graph.input("last", "int32", rows, "last token of each text")
    states = state_inputs(graph, layers, cell, units, rows)
    embedded = graph("Gather", table, graph("Reshape", last, np.array([-1])))
    outputs, states = step(graph, model.stack, embedded, [[flat(graph, part) for part in layer] for layer in states])
    bias = model.output_layer.bias.numpy()
    bias[: len(SPECIAL_PIECES)] += NEVER  # ids that stand for no character
    logits = graph("Gemm", outputs, model.output_layer.kernel.numpy(), bias, called="logits")
    choices(graph, logits, model.vocabulary_size)
    states = [[unflat(graph, part, last) for part in layer] for layer in states]
    state_outputs(graph, states, units, rows, "new_state")
    return graphs
