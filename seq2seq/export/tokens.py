"""What steps of texts have in common: the best tokens of each hypothesis, and how probable they are."""

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto

from seq2seq.export.graph import Graph
from seq2seq.models.ensemble import HELD
from seq2seq.special_ids import NEVER_WRITTEN

SWAPPED = (1, 0, 2)  # between the batch first and the steps first
NEVER = np.float32(-1e9)  # added to the logits of tokens that are never written
GROUPS, WIDE = range(16, 65), 1024  # sizes of groups; vocabularies that are worth it


def state_inputs(
    graph: Graph, layers: int, cell: str, units: int, rows: Sequence[str], first: int = 0, of: str = ""
) -> list[list[str]]:
    """Inputs `state0`, `state1`… for the states of layers, float32 `(*rows, units)`; `first` are of others, and `of`
    says in words whose these are."""
    parts = "h" if cell == "gru" else "hc"
    return [
        [
            graph.input(
                f"state{first + len(parts) * layer + k}",
                "float32",
                (*rows, units),
                f"state {part} of layer {layer + 1}{of}",
            )
            for k, part in enumerate(parts)
        ]
        for layer in range(layers)
    ]


def state_outputs(
    graph: Graph, states: Sequence[Sequence[str]], units: int, rows: Sequence[str], like: str, first: int = 0
) -> None:
    """Outputs for the same; `like` is their name before the number."""
    for number, part in enumerate((part for layer in states for part in layer), first):
        graph.output(f"{like}{number}", part, "float32", (*rows, units), "state of a layer, for the step after")


def flat(graph: Graph, x: str) -> str:
    """`(batch, beams, …)` → `(batch · beams, …)`, of three axes."""
    return graph("Reshape", x, graph("Concat", np.array([-1]), graph("Shape", x, start=2), axis=0))


def unflat(graph: Graph, x: str, tokens: str) -> str:
    """Back to the batch and the beams of `tokens`."""
    return graph("Reshape", x, graph("Concat", graph("Shape", tokens), graph("Shape", x, start=1), axis=0))


def mean_logits(graph: Graph, logits: Sequence[str], vocabulary: int) -> str:
    """Logits whose softmax is the mean of the softmaxes of several, see `seq2seq.models.ensemble.mean_logits`; the sum
    of the exponentials of those of a hypothesis is the number of the several."""
    shares = graph("Sum", *(graph("Softmax", each, axis=1) for each in logits))
    unwritten = np.zeros(vocabulary, np.float32)
    unwritten[list(NEVER_WRITTEN)] = 1.0  # has no share, and need not be held
    held = graph("Greater", graph("ReduceMin", graph("Add", shares, unwritten), keepdims=0), np.float32(HELD))

    def exact(inner):
        each = [inner("LogSoftmax", one, axis=1) for one in logits]
        largest = inner("Max", *each)
        total = inner("Sum", *(inner("Exp", inner("Sub", one, largest)) for one in each))
        return inner("Add", largest, inner("Log", total))

    return graph.choose(held, lambda inner: inner("Max", inner("Log", shares), NEVER), exact, called="logits")


def choices(graph: Graph, logits: str, vocabulary: int, normalizer: np.float32 | None = None) -> None:
    """Outputs `best`, `tokens`, `normalizers` and `logits`, and what is asked for them: `count` and `scored`.

    Args:
        graph: `Graph`.
        logits: float32 `(hypotheses, vocabulary)`.
        vocabulary: int.
        normalizer: float32. That of every hypothesis, where it is known.
    """
    count = graph.input("count", "int64", (1,), "how many of the best tokens are wanted")
    scored = graph.input("scored", "bool", (), "whether normalizers are wanted, a pass over the whole vocabulary")
    best, tokens = _largest(graph, logits, vocabulary, count)
    likeliest = graph("Gather", tokens, np.array([0]), axis=1)

    def normalized(inner):
        if normalizer is not None:
            return inner("Expand", np.full((1, 1), normalizer), inner("Shape", likeliest))
        # The probability of the largest logit is never small; ReduceLogSumExp takes ten times as long in ONNX Runtime.
        shares = inner("GatherElements", inner("Softmax", logits, axis=1), likeliest, axis=1)
        return inner("Sub", inner("Gather", best, np.array([0]), axis=1), inner("Log", shares))

    normalizers = graph.choose(scored, normalized, lambda inner: inner("Gather", best, np.array([0]), axis=1))
    normalizers = graph("Squeeze", normalizers, np.array([1]))
    graph.output("best", best, "float32", ("hypotheses", "count"), "largest logits of each, the largest first")
    tokens = graph("Cast", tokens, to=TensorProto.INT32)
    graph.output("tokens", tokens, "int32", ("hypotheses", "count"), "ids of the tokens that they are of")
    meaning = "a logit less this is a log-probability, nats; of no meaning unless scored"
    graph.output("normalizers", normalizers, "float32", ("hypotheses",), meaning)
    graph.output("logits", logits, "float32", ("hypotheses", vocabulary), "of all tokens")


def _largest(graph, logits, vocabulary, count):
    """The largest logits of each hypothesis and whose they are, the largest first, of equal ones the first first.

    Those of a wide vocabulary lie in the groups of neighbours whose largest are largest, see `seq2seq.decoding.top`:
    only these groups are sorted.
    """
    if vocabulary < WIDE:
        return graph("TopK", logits, graph("Min", count, np.array([vocabulary])), outputs=2, axis=1)
    group = min((size for size in GROUPS if vocabulary % size == 0), key=lambda size: abs(size - 32), default=32)
    number = -(-vocabulary // group)
    if number * group > vocabulary:
        missing = np.array([0, 0, 0, number * group - vocabulary])
        logits = graph("Pad", logits, missing, np.float32(np.finfo(np.float32).min))
    groups = graph("Reshape", logits, np.array([-1, number, group]))
    chosen_groups = graph("Min", count, np.array([number]))
    _, chosen = graph("TopK", graph("ReduceMax", groups, np.array([2]), keepdims=0), chosen_groups, outputs=2, axis=1)
    chosen, _ = graph("TopK", chosen, chosen_groups, outputs=2, axis=1, largest=0)  # in the order of the vocabulary
    candidates = graph("GatherND", groups, graph("Unsqueeze", chosen, np.array([2])), batch_dims=1)
    candidates = graph("Flatten", candidates)
    best, places = graph("TopK", candidates, graph("Min", count, np.array([vocabulary])), outputs=2, axis=1)
    of_group = graph("GatherElements", chosen, graph("Div", places, np.int64(group)), axis=1)
    tokens = graph("Add", graph("Mul", of_group, np.int64(group)), graph("Mod", places, np.int64(group)))
    return best, tokens
