"""Autoencoders as ONNX graphs."""

import numpy as np
from onnx import TensorProto

from seq2seq.export.graph import Graph, dense, scalar, size
from seq2seq.export.linear import linear_forecast
from seq2seq.export.observed import NAN, real_steps, split_observed
from seq2seq.export.recurrent import stack, step
from seq2seq.models import Autoencoder
from seq2seq.models.autoencoder import SequenceDecoder, SequenceEncoder

SWAPPED = (1, 0, 2)  # between the batch first and the steps first


def autoencoder_graphs(model: Autoencoder, new: type[Graph] = Graph) -> dict[str, Graph]:
    """`reconstruct`, sequences as the model writes them, and with a horizon what follows; `encode`, their codes."""
    features, horizon = model.arguments["features"], model.arguments["horizon"]
    graphs = {}
    for name in ("reconstruct", "encode"):
        graph = graphs[name] = new(name)
        steps = model.start.look_back if model.start else "steps"
        x = graph.input("x", "float32", ("batch", steps, features), "scaled sequences, NaN = not observed")
        values, lengths = split_observed(graph, x)
        code = _code(graph, model.encoder, values, lengths)
        if name == "encode":
            width = model.arguments["latent_dim"] or model.arguments["units"]
            graph.output("code", code, "float32", ("batch", width), "the code of each sequence")
            continue
        written = _written(graph, model.decoder, code, lengths, size(graph, x, 1))
        meaning = "scaled sequences as the model writes them, NaN after the last observed step of each"
        graph.output("reconstructed", written, "float32", ("batch", steps, features), meaning)
        if horizon:
            following = _decoded(graph, model.predictor, code, np.array([horizon]))
            if model.start:
                share = graph("Mul", following, model.start.share.numpy())
                following = graph("Add", linear_forecast(graph, model.start, x), share)
            graph.output("following", following, "float32", ("batch", horizon, features), "the scaled steps after them")
    return graphs


def _code(graph: Graph, encoder: SequenceEncoder, values: str, lengths: str) -> str:
    x = graph("Transpose", values, perm=SWAPPED)
    _, states = stack(graph, encoder.stack, x, graph("Cast", lengths, to=TensorProto.INT32))
    last = states[-1][0]
    return last if encoder.to_code is None else dense(graph, encoder.to_code, last)


def _decoded(graph: Graph, decoder: SequenceDecoder, code: str, steps: str | np.ndarray) -> str:
    """float32 `(batch, steps, features)`, in the order of writing."""
    if decoder.conditional:
        written = _fed_back(graph, decoder, code, steps)
    else:
        like = graph("Concat", steps, graph("Shape", code), axis=0)
        outputs, _ = stack(graph, decoder.stack, graph("Expand", graph("Unsqueeze", code, np.array([0])), like))
        written = dense(graph, decoder.output_layer, outputs)
    return graph("Transpose", written, perm=SWAPPED)


def _written(graph: Graph, decoder: SequenceDecoder, code: str, lengths: str, steps: str) -> str:
    """float32 `(batch, steps, features)`, in the order of time; NaN after the end of each sequence."""
    written = _decoded(graph, decoder, code, steps)
    if decoder.reverse:
        written = graph("ReverseSequence", written, lengths, batch_axis=0, time_axis=1)
    real = graph("Unsqueeze", real_steps(graph, lengths, steps), np.array([2]))
    return graph("Where", real, written, NAN)


def _fed_back(graph, decoder, code, steps):
    """`(steps, batch, features)` in the order of writing: each step reads the one written before it."""
    parts = 1 if decoder.arguments["cell"] == "gru" else 2
    batch, layers = size(graph, code, 0), len(decoder.stack.layers)

    def zeros(width):
        return graph("Expand", np.zeros((1, width), np.float32), graph("Concat", batch, np.array([width]), axis=0))

    def write(body, _, states):
        before, *cells = states
        cells = [cells[parts * k : parts * (k + 1)] for k in range(layers)]
        outputs, cells = step(body, decoder.stack, body("Concat", code, before, axis=1), cells)
        after = dense(body, decoder.output_layer, outputs)
        return [after, *(part for layer in cells for part in layer)], [after]

    blank = [zeros(decoder.arguments["units"])] * (layers * parts)
    _, (written,) = graph.loop(scalar(graph, steps), [zeros(decoder.arguments["features"]), *blank], write)
    return written
