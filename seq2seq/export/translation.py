"""Encoder–decoders as ONNX graphs: one, or several whose probabilities are averaged at each step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from seq2seq.export.graph import Graph, dense
from seq2seq.export.recurrent import branching_step, stack
from seq2seq.export.tokens import NEVER, SWAPPED, choices, flat, mean_logits, state_inputs, state_outputs, unflat
from seq2seq.layers.attention import AdditiveAttention, DotAttention, MultiHeadAttention
from seq2seq.models import EncoderDecoder, Ensemble
from seq2seq.models.decoder import Decoder
from seq2seq.special_ids import NEVER_WRITTEN, PAD

MASKED = np.float32(-1e9)  # in place of scores at padding, as `attend` has it


@dataclass(frozen=True)
class _Member:
    """A model, and what tells its values from those of others in the same graph.

    Attributes:
        model: `EncoderDecoder`.
        first: int. How many states the models before it have.
        number: str. At the end of the names of its memory; none where it is alone.
    """

    model: EncoderDecoder
    first: int
    number: str

    @property
    def of(self) -> str:
        """Whose a value is, in words behind what it is."""
        return f" of run {int(self.number) + 1}" if self.number else ""

    @property
    def memory(self) -> tuple[tuple[str, Sequence[int | str]], ...]:
        """Names and shapes of what its hypotheses attend to: keys and values."""
        attention, units = self.model.decoder.attention, self.model.arguments["units"]
        shape = ("batch", "source_steps", units)
        if isinstance(attention, MultiHeadAttention):
            shape = ("batch", attention.heads, "source_steps", units // attention.heads)
        return (f"keys{self.number}", shape), (f"values{self.number}", shape)


def translation_graphs(model: EncoderDecoder | Ensemble, new: type[Graph] = Graph) -> dict[str, Graph]:
    """`encode`, what is known of source texts, and `step`, one token of each hypothesis.

    Those of an `Ensemble` have the states of all of its members, numbered through, and the memory of each of them.
    """
    models, members, states = model.members if isinstance(model, Ensemble) else [model], [], 0
    for number, each in enumerate(models):
        members.append(_Member(each, states, str(number) if len(models) > 1 else ""))
        states += each.arguments["decoder_layers"] * (1 if each.arguments["cell"] == "gru" else 2)
    return {"encode": _encode(new("encode"), members), "step": _step(new("step"), members)}


def _encode(graph: Graph, members: Sequence[_Member]) -> Graph:
    source = graph.input(
        "source", "int32", ("batch", "source_steps"), "ids of source texts, 3 at the end of each, 0 behind"
    )
    real = graph("Cast", graph("Not", graph("Equal", source, np.int32(PAD))), to=TensorProto.INT32)
    lengths = graph("ReduceSum", real, np.array([1]), keepdims=0)
    for member in members:
        _encode_by(graph, member, source, lengths)
    return graph


def _encode_by(graph, member, source, lengths):
    """Outputs for what a model knows of source texts."""
    model = member.model
    units, attention = model.arguments["units"], model.decoder.attention
    embedded = graph("Gather", model.encoder.embedding.table.embeddings.numpy(), source)
    outputs, states = stack(graph, model.encoder.stack, graph("Transpose", embedded, perm=SWAPPED), lengths)
    state_outputs(graph, _bridged(graph, model.decoder, states), units, ("batch",), "state", member.first)
    if attention is not None:
        outputs = graph("Transpose", outputs, perm=SWAPPED)
        keys, values = dense(graph, attention.key, outputs), outputs
        if isinstance(attention, MultiHeadAttention):
            keys, values = (_split(graph, attention, each) for each in (keys, dense(graph, attention.value, outputs)))
        meanings = f"what hypotheses compare themselves with{member.of}", "what they take of it"
        for (name, shape), value, meaning in zip(member.memory, (keys, values), meanings, strict=True):
            graph.output(name, value, "float32", shape, meaning)


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


def _step(graph: Graph, members: Sequence[_Member]) -> Graph:
    rows = ("batch", "beams")
    last = graph.input("last", "int32", rows, "last token of each hypothesis; 2 before the first")
    parents = graph.input("parents", "int64", rows, "row of the states that each hypothesis goes on from")
    mask = None
    if any(member.model.decoder.attention is not None for member in members):
        mask = graph.input("mask", "bool", ("batch", "source_steps"), "whether a source token is one, and no padding")
    tokens = graph("Cast", graph("Reshape", last, np.array([-1])), to=TensorProto.INT64)
    different, _, reads, _ = graph("Unique", tokens, outputs=4)
    parents = graph("Reshape", parents, np.array([-1]))
    told = [_step_by(graph, member, last, different, reads, parents, mask) for member in members]
    logits, weights, states = zip(*told, strict=True)
    if weights := [each for each in weights if each]:
        meaning = "share of each source token that a hypothesis attends to"
        mean = graph("Mean", *weights) if len(weights) > 1 else weights[0]
        graph.output("weights", mean, "float32", (*rows, "source_steps"), meaning)
    vocabulary = members[0].model.decoder.vocabulary_size
    if len(members) > 1:
        choices(graph, mean_logits(graph, logits, vocabulary), vocabulary, np.log(np.float32(len(members))))
    else:
        choices(graph, *logits, vocabulary)
    for member, new in zip(members, states, strict=True):
        state_outputs(graph, new, member.model.arguments["units"], ("hypotheses",), "new_state", member.first)
    return graph


def _step_by(graph, member, last, different, reads, parents, mask):
    """What a model says of each hypothesis: logits, attention weights or `None`, and its new states."""
    decoder, arguments = member.model.decoder, member.model.arguments
    units = arguments["units"]
    states = state_inputs(
        graph, arguments["decoder_layers"], arguments["cell"], units, ("states",), member.first, member.of
    )
    embedded = graph("Gather", decoder.embedding.table.embeddings.numpy(), different)
    context = weights = None

    def attend(outputs):
        nonlocal context, weights
        context, weights = _attended(graph, member, unflat(graph, outputs, last), mask)
        context = flat(graph, context)
        return context

    first = attend if decoder.attends_first else None
    outputs, states = branching_step(graph, decoder.stack, embedded, states, reads, parents, first)
    if decoder.attention is not None:
        if not decoder.attends_first:
            attend(outputs)
        outputs = dense(graph, decoder.readout, graph("Concat", outputs, context, axis=1))
    elif decoder.readout is not None:
        outputs = dense(graph, decoder.readout, outputs)
    return _logits(graph, decoder, outputs, None if member.number else "logits"), weights, states


def _logits(graph: Graph, decoder: Decoder, features: str, called: str | None) -> str:
    table = decoder.embedding.table.embeddings if decoder.tie_output else decoder.output_table
    bias = decoder.output_bias.numpy()
    bias[list(NEVER_WRITTEN)] += NEVER
    return graph("Gemm", features, table.numpy(), bias, transB=1, called=called)


def _attended(graph, member, queries, mask):
    """What queries, `(batch, beams, units)`, take of the memory, and the weights, `(batch, beams, source_steps)`."""
    attention, units = member.model.decoder.attention, member.model.arguments["units"]
    heads = attention.heads if isinstance(attention, MultiHeadAttention) else 0
    keys, values = (
        graph.input(name, "float32", shape, f"as `encode` gives them{member.of}") for name, shape in member.memory
    )
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
