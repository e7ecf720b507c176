"""Models of texts as exported graphs: a step over them is what searches go by."""

from collections.abc import Callable
from typing import Any

import numpy as np

from seq2seq.runtime import drawing
from seq2seq.runtime.folder import ExportedRun
from seq2seq.runtime.search import Step, beam_search, greedy_search
from seq2seq.special_ids import BOS, EOS, PAD

AT_ONCE = 16  # rows that are encoded together: more, and wider ones, take no less time each


class _Stepper:
    """One step of a graph: `best`, `tokens`, `normalizers`, `logits`, in front of what else it gives."""

    def __init__(self, graph):
        self._graph = graph
        self.widths = {name: shape[-1] for name, shape in graph.inputs.items() if name.startswith("state")}
        self._states = [f"new_{name}" for name in self.widths]

    def __call__(self, tokens, states, memory, count, scored, with_logits=False, also=()):
        named = dict(zip(self.widths, states, strict=True)) | memory
        outputs = ["best", "tokens", "normalizers", *self._states, *["logits"] * with_logits, *also]
        count, scored = np.array([count], np.int64), np.array(scored)
        best, found, normalizers, *rest = self._graph(outputs, last=tokens, count=count, scored=scored, **named)
        more = rest[len(states) :]
        step = Step(best, found.astype(np.int32), normalizers, rest[: len(states)], more[0] if with_logits else None)
        return (step, *more[with_logits:]) if also else step


class ExportedTranslator:
    """Source tokens in, hypotheses out."""

    def __init__(self, run: ExportedRun):
        self._encode, self._step = run.graph("encode"), _Stepper(run.graph("step"))
        self._memory = [name for name in self._encode.outputs if not name.startswith("state")]

    def search_graph(self, search: Any) -> Callable:
        """See `seq2seq.inference.compiled_text.search_graph`."""

        def found(source, limits, streams, prefix):
            states, memory = self._encoded(source)
            how = {"no_repeat": search.no_repeat, "prefix": prefix if search.prefix else None}
            if search.beam_size > 1:
                beams = search.beam_size, search.length_penalty, search.n_best
                return beam_search(self._stepped, states, memory, limits, *beams, **how)
            select = None if search.sampling is None else drawing.selector(search.sampling, streams)
            tokens, scores = greedy_search(self._stepped, states, memory, limits, select, search.scored, **how)
            lengths = np.count_nonzero(tokens, axis=1).astype(np.float32)
            return tokens[:, None], (scores / np.maximum(lengths, 1) ** np.float32(search.length_penalty))[:, None]

        return found

    def forced_graph(self, attended: bool = False) -> Callable:
        """See `seq2seq.inference.compiled_text.forced_graph`: here it goes step by step."""

        def read(source, labels):
            states, memory = self._encoded(source)
            log_probabilities, seen = np.zeros(labels.shape, np.float32), []
            last = np.full((len(labels), 1), BOS, np.int32)
            for t in range(labels.shape[1]):
                also = ("weights",) if attended else ()
                said = self._step(last, states, self._named(memory), 1, True, True, also)
                said, weights = said if attended else (said, None)
                there = np.take_along_axis(said.logits, labels[:, t : t + 1], 1)[:, 0] - said.normalizers
                log_probabilities[:, t] = np.where(labels[:, t] == PAD, 0.0, there)
                seen.append(weights)
                states, last = said.states, labels[:, t : t + 1]
            return (log_probabilities, np.concatenate(seen, axis=1)) if attended else (log_probabilities,)

        return read

    def _encoded(self, source):
        """The states `(batch, 1, units)` and the memory of source tokens `(batch, steps)`."""
        # Each part is as wide as its longest row: rows come sorted by length.
        ends = np.count_nonzero(source, axis=1)
        parts = [slice(start, start + AT_ONCE) for start in range(0, len(source), AT_ONCE)]
        encoded = [self._encode(source=source[part, : ends[part].max()]) for part in parts]
        named = zip(self._encode.outputs, zip(*encoded, strict=True), strict=True)
        found = {name: _joined(each, source.shape[1] if name in self._memory else None) for name, each in named}
        states = [found[name][:, None] for name in self._step.widths]
        memory = [found[name] for name in self._memory]
        return states, [*memory, (source != PAD)] if memory else []

    def _stepped(self, tokens, states, memory, *how):
        return self._step(tokens, states, self._named(memory), *how)

    def _named(self, memory):
        return dict(zip([*self._memory, "mask"], memory, strict=True)) if memory else {}


def _joined(parts, steps):
    """Parts of a batch as one: states, `(rows, units)`; or what has steps, its last axis but one, so many of them."""
    if len(parts) == 1:
        return parts[0]
    if steps is not None:
        widths = [[(0, 0)] * (part.ndim - 2) + [(0, steps - part.shape[-2]), (0, 0)] for part in parts]
        parts = map(np.pad, parts, widths)
    return np.concatenate(list(parts))


class ExportedWriter:
    """Prompts in, texts that go on from them out."""

    def __init__(self, run: ExportedRun):
        self._read, self._step = run.graph("read"), _Stepper(run.graph("step"))

    def write_graph(self, sampling: Any) -> Callable:
        """See `seq2seq.inference.compiled_text.write_graph`; all prompts are of one length here."""

        def write(prompts, limits, streams):
            states = [np.zeros((len(prompts), width), np.float32) for width in self._step.widths.values()]
            if prompts.shape[1] > 1:
                states = self._read(tokens=prompts[:, :-1], **dict(zip(self._step.widths, states, strict=True)))
            waiting = [prompts[:, -1:]]  # in place of the first token, BOS, the prompt's last one is read

            def step(tokens, states, _, *how):
                return self._step(waiting.pop() if waiting else tokens, states, {}, *how)

            select = None if sampling is None else drawing.selector(sampling, streams)
            return greedy_search(step, [part[:, None] for part in states], (), limits, select, scored=False)

        return write

    def nats(self, tokens: np.ndarray) -> float:
        """What a token takes on average, nats, of texts, int32 `(texts, steps)`, given those before it; tokens that are
        never written are read only."""
        states = [np.zeros((len(tokens), 1, width), np.float32) for width in self._step.widths.values()]
        total = count = 0
        for last, following in zip(tokens.T[:-1], tokens.T[1:], strict=True):
            said = self._step(last[:, None], states, {}, 1, True, True)
            written, states = following > EOS, said.states
            chosen = np.take_along_axis(said.logits, following[:, None], 1)[:, 0]
            total, count = total + (said.normalizers - chosen)[written].sum(), count + written.sum()
        return float(total / max(count, 1))
