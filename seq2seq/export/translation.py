"""Encoder–decoders as ONNX graphs."""

import numpy as np
from onnx import TensorProto

from seq2seq.export.graph import Graph, dense
from seq2seq.export.recurrent import branching_step, stack
from seq2seq.export.tokens import NEVER, SWAPPED, choices, flat, state_inputs, state_outputs, unflat
from seq2seq.layers.attention import AdditiveAttention, DotAttention, MultiHeadAttention
from seq2seq.models import EncoderDecoder
from seq2seq.models.decoder import Decoder
from seq2seq.special_ids import NEVER_WRITTEN, PAD

MASKED = np.float32(-1e9)  # in place of scores at padding, as `attend` has it


def translation_graphs(model: EncoderDecoder, new: type[Graph] = Graph) -> dict[str, Graph]:
    """`encode`, what is known of source texts, and `step`, one token of each hypothesis."""
    return {"encode": _encode(new("encode"), model), "step": _step(new("step"), model)}


def _encode(graph: Graph, model: EncoderDecoder) -> Graph:
    units, attention = model.arguments["units"], model.decoder.attention
    source = graph.input(
        "source", "int32", ("batch", "source_steps"), "ids of source texts, 3 at the end of each, 0 behind"
    )
    real = graph("Cast", graph("Not", graph("Equal", source, np.int32(PAD))), to=TensorProto.INT32)
    lengths = graph("ReduceSum", real, np.array([1]), keepdims=0)
    embedded = graph("Gather", model.encoder.embedding.table.embeddings.numpy(), source)
    outputs, states = stack(graph, model.encoder.stack, graph("Transpose", embedded, perm=SWAPPED), lengths)
    state_outputs(graph, _bridged(graph, model.decoder, states), units, ("batch",), "state")
    if attention is not None:
        outputs = graph("Transpose", outputs, perm=SWAPPED)
        keys, values = dense(graph, attention.key, outputs), outputs
        shape = ("batch", "source_steps", units)
        if isinstance(attention, MultiHeadAttention):
            keys, values = (_split(graph, attention, each) for each in (keys, dense(graph, attention.value, outputs)))
            shape = ("batch", attention.heads, "source_steps", units // attention.heads)
        graph.output("keys", keys, "float32", shape, "what hypotheses compare themselves with")
        graph.output("values", values, "float32", shape, "what they take of it")
    return graph


def _bridged(graph, decoder, states):
    """The first states of the decoder, see `Bridge`."""
    bridge = decoder.bridge
    aligned, layers = bridge._aligned(states), iter(bridge.dense)
    if bridge.kind == "dense":
        return [[dense(graph, next(layers), part) for part in layer] for layer in aligned]
    if bridge.kind == "zero":
        width = np.array([bridge.units])
        shape = graph("Concat", graph("Shape", states[0][0], start=0, end=1), width, axis=0)
        return [[graph("Expand", np.zeros((1, 1), np.float32), shape) for _ in layer] for layer in aligned]
    return aligned


def _step(graph: Graph, model: EncoderDecoder) -> Graph:
    decoder, arguments = model.decoder, model.arguments
    rows, units = ("batch", "beams"), arguments["units"]
    last = graph.input("last", "int32", rows, "last token of each hypothesis; 2 before the first")
    parents = graph.input("parents", "int64", rows, "row of the states that each hypothesis goes on from")
    states = state_inputs(graph, arguments["decoder_layers"], arguments["cell"], units, ("states",))
    tokens = graph("Cast", graph("Reshape", last, np.array([-1])), to=TensorProto.INT64)
    different, _, reads, _ = graph("Unique", tokens, outputs=4)
    embedded = graph("Gather", decoder.embedding.table.embeddings.numpy(), different)
    parents = graph("Reshape", parents, np.array([-1]))
    seen = []  # context and weights

    def attend(outputs):
        context, weights = _attended(graph, decoder.attention, unflat(graph, outputs, last), units)
        seen[:] = flat(graph, context), weights
        return seen[0]

    first = attend if decoder.attends_first else None
    outputs, states = branching_step(graph, decoder.stack, embedded, states, reads, parents, first)
    if decoder.attention is not None:
        if not decoder.attends_first:
            attend(outputs)
        context, weights = seen
        outputs = dense(graph, decoder.readout, graph("Concat", outputs, context, axis=1))
        meaning = "share of each source token that a hypothesis attends to"
        graph.output("weights", weights, "float32", (*rows, "source_steps"), meaning)
    elif decoder.readout is not None:
        outputs = dense(graph, decoder.readout, outputs)
    choices(graph, _logits(graph, decoder, outputs), decoder.vocabulary_size)
    state_outputs(graph, states, units, ("hypotheses",), "new_state")
    return graph


def _logits(graph: Graph, decoder: Decoder, features: str) -> str:
    table = decoder.embedding.table.embeddings if decoder.tie_output else decoder.output_table
    bias = decoder.output_bias.numpy()
    bias[list(NEVER_WRITTEN)] += NEVER
    return graph("Gemm", features, table.numpy(), bias, transB=1, called="logits")


def _attended(graph, attention, queries, units):
    """What queries, `(batch, beams, units)`, take of the memory, and the weights, `(batch, beams, source_steps)`."""
    heads = attention.heads if isinstance(attention, MultiHeadAttention) else 0
    shape = ("batch", heads, "source_steps", units // heads) if heads else ("batch", "source_steps", units)
    keys = graph.input("keys", "float32", shape, "as `encode` gives them")
    values = graph.input("values", "float32", shape, "as `encode` gives them")
    mask = graph.input("mask", "bool", ("batch", "source_steps"), "whether a source token is one, and no padding")
    if isinstance(attention, AdditiveAttention):
        hidden = graph("Unsqueeze", dense(graph, attention.query, queries), np.array([2]))
        hidden = graph("Tanh", graph("Add", hidden, graph("Unsqueeze", keys, np.array([1]))))
        scores = graph("Squeeze", dense(graph, attention.score, hidden), np.array([3]))
    elif isinstance(attention, DotAttention):
        scores = graph("MatMul", queries, graph("Transpose", keys, perm=(0, 2, 1)))
    else:
        queries = graph("Mul", dense(graph, attention.query, queries), np.float32((units // heads) ** -0.5))
        scores = graph("MatMul", _split(graph, attention, queries), graph("Transpose", keys, perm=(0, 1, 3, 2)))
    real = graph("Unsqueeze", mask, np.array([1, 2] if heads else [1]))
    weights = graph("Softmax", graph("Where", real, scores, MASKED), axis=-1)
    context = graph("MatMul", weights, values)
    if not heads:
        return context, weights
    context = graph("Reshape", graph("Transpose", context, perm=(0, 2, 1, 3)), np.array([0, 0, units]))
    return dense(graph, attention.merge, context), graph("ReduceMean", weights, np.array([1]), keepdims=0)


def _split(graph, attention, x):
    """`(batch, steps, units)` → `(batch, heads, steps, units / heads)`."""
    apart = graph("Reshape", x, np.array([0, 0, attention.heads, attention.units // attention.heads]))
    return graph("Transpose", apart, perm=(0, 2, 1, 3))
