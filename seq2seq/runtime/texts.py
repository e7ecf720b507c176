"""Models of texts as exported graphs: a step over them is what searches go by."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from seq2seq.errors import InputError
from seq2seq.runtime import drawing
from seq2seq.runtime.folder import ExportedRun
from seq2seq.runtime.search import Sentences, Step, beam_search, greedy_search
from seq2seq.special_ids import EOS, PAD

ROWS_AT_ONCE = 128  # hypotheses whose logits stay near the processor until their best are found

AT_ONCE = 16  # rows that are encoded together: more, and wider ones, take no less time each


class _Stepper:
    """One step of a graph: `best`, `tokens`, `normalizers`, `logits`, in front of what else it gives."""

    def __init__(self, graph):
        self._graph, self._by_parents = graph, "parents" in graph.inputs
        self.widths = {name: shape[-1] for name, shape in graph.inputs.items() if name.startswith("state")}
        self._states = [f"new_{name}" for name in self.widths]

    def check(self, run, vocabulary):
        """Raise InputError where the graph writes other tokens than so many."""
        written = self._graph.shapes["logits"][-1]
        if vocabulary not in (None, written):
            raise InputError(
                f"{run.path} is damaged: its graphs write {written:,} tokens and its tokenizer has {vocabulary:,}: "
                "export the run again."
            )

    def __call__(self, alive, memory, count, scored, with_logits=False, also=()):
        outputs = ["best", "tokens", "normalizers", *self._states, *["logits"] * with_logits, *also]
        how = {"count": np.array([count], np.int64), "scored": np.array(scored)}
        sentences, beams = alive.last.shape
        parts = np.array_split(np.arange(sentences), -(-sentences * beams // ROWS_AT_ONCE))
        told = []
        for part in (slice(each[0], each[-1] + 1) for each in parts):
            named = {"last": alive.last[part]} | {name: each[part] for name, each in memory.items()}
            if self._by_parents:
                named |= zip(self.widths, alive.states, strict=True)
                named["parents"] = alive.parents[part]
            else:  # language models, and translators that were exported in format 2
                named |= zip(self.widths, (each[alive.parents[part]] for each in alive.states), strict=True)
            told.append(self._graph(outputs, **named, **how))
        best, found, normalizers, *rest = told[0] if len(told) == 1 else map(np.concatenate, zip(*told, strict=True))
        states = [part.reshape(-1, part.shape[-1]) for part in rest[: len(self.widths)]]
        more = rest[len(states) :]
        step = Step(best, found.astype(np.int32), normalizers, states, more[0] if with_logits else None)
        return (step, *more[with_logits:]) if also else step


class ExportedTranslator:
    """Source tokens in, hypotheses out.

    Args:
        run: `ExportedRun`.
        vocabulary: int. Tokens of the target, if these are known.

    Raises:
        InputError: the graphs write others.
    """

    def __init__(self, run: ExportedRun, vocabulary: int | None = None):
        self._encode, self._step = run.graph("encode"), _Stepper(run.graph("step"))
        self._step.check(run, vocabulary)
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
            copies = len(limits) // len(source)
            if copies > 1:
                states, memory = ([np.repeat(each, copies, axis=0) for each in parts] for parts in (states, memory))
            tokens, scores = greedy_search(self._stepped, states, memory, limits, select, search.scored, **how)
            lengths = np.count_nonzero(tokens, axis=1).astype(np.float32)
            return tokens[:, None], (scores / np.maximum(lengths, 1) ** np.float32(search.length_penalty))[:, None]

        return found

    def forced_graph(self, attended: bool = False) -> Callable:
        """See `seq2seq.inference.compiled_text.forced_graph`: here it goes step by step."""

        def read(source, labels):
            states, memory = self._encoded(source)
            log_probabilities, seen = np.zeros(labels.shape, np.float32), []
            alive = Sentences.begin(states, memory, np.ones(len(labels), np.int32))
            for t in range(labels.shape[1]):
                also = ("weights",) if attended else ()
                said = self._step(alive, self._named(memory), 1, True, True, also)
                said, weights = said if attended else (said, None)
                there = np.take_along_axis(said.logits, labels[:, t : t + 1], 1)[:, 0] - said.normalizers
                log_probabilities[:, t] = np.where(labels[:, t] == PAD, 0.0, there)
                seen.append(weights)
                alive = replace(alive, states=said.states, last=labels[:, t : t + 1])
            return (log_probabilities, np.concatenate(seen, axis=1)) if attended else (log_probabilities,)

        return read

    def _encoded(self, source):
        """The states `(batch, units)` and the memory of source tokens `(batch, steps)`."""
        # Each part is as wide as its longest row: rows come sorted by length.
        ends = np.count_nonzero(source, axis=1)
        parts = [slice(start, start + AT_ONCE) for start in range(0, len(source), AT_ONCE)]
        encoded = [self._encode(source=source[part, : ends[part].max()]) for part in parts]
        named = zip(self._encode.outputs, zip(*encoded, strict=True), strict=True)
        found = {name: _joined(each, source.shape[1] if name in self._memory else None) for name, each in named}
        states = [found[name] for name in self._step.widths]
        memory = [found[name] for name in self._memory]
        return states, [*memory, (source != PAD)] if memory else []

    def _stepped(self, alive, *how):
        return self._step(alive, self._named(alive.memory), *how)

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
    """Prompts in, texts that go on from them out; arguments as for `ExportedTranslator`."""

    def __init__(self, run: ExportedRun, vocabulary: int | None = None):
        self._read, self._step = run.graph("read"), _Stepper(run.graph("step"))
        self._step.check(run, vocabulary)

    def write_graph(self, sampling: Any) -> Callable:
        """See `seq2seq.inference.compiled_text.write_graph`; all prompts are of one length here."""

        def write(prompts, limits, streams):
            states = [np.zeros((len(prompts), width), np.float32) for width in self._step.widths.values()]
            if prompts.shape[1] > 1:
                states = self._read(tokens=prompts[:, :-1], **dict(zip(self._step.widths, states, strict=True)))
            waiting = [prompts[:, -1:]]  # in place of the first token, BOS, the prompt's last one is read

            def step(alive, *how):
                return self._step(replace(alive, last=waiting.pop()) if waiting else alive, {}, *how)

            select = None if sampling is None else drawing.selector(sampling, streams)
            return greedy_search(step, states, (), limits, select, scored=False)

        return write

    def nats(self, tokens: np.ndarray) -> float:
        """What a token takes on average, nats, of texts, int32 `(texts, steps)`, given those before it; tokens that are
        never written are read only."""
        states = [np.zeros((len(tokens), width), np.float32) for width in self._step.widths.values()]
        alive = Sentences.begin(states, (), np.ones(len(tokens), np.int32))
        total = count = 0
        for last, following in zip(tokens.T[:-1], tokens.T[1:], strict=True):
            said = self._step(replace(alive, last=last[:, None]), {}, 1, True, True)
            written, alive = following > EOS, replace(alive, states=said.states)
            chosen = np.take_along_axis(said.logits, following[:, None], 1)[:, 0]
            total, count = total + (said.normalizers - chosen)[written].sum(), count + written.sum()
        return float(total / max(count, 1))
