"""Answers about texts: translations, of which those that wait share batches, and texts that a language model writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seq2seq.decoding.sampling import Sampling
from seq2seq.errors import InputError
from seq2seq.inference.hypothesis import Attention, Hypothesis
from seq2seq.inference.search import Search
from seq2seq.inference.texts import Remarks
from seq2seq.inference.translator import Translator
from seq2seq.server.models import Model, Told
from seq2seq.server.queue import Alone, Kind
from seq2seq.server.requests import MOST_ATTENDED, MOST_WRITTEN, Generate, Translate


class Sources(list):
    """The texts of a request, with what there is to tell of them."""

    def __init__(self, texts: Sequence[str]):
        super().__init__(texts)
        self.remarks = Remarks()


@dataclass(frozen=True)
class Translating(Kind):
    """Texts that are translated alike: their batch holds as many tokens as the search takes.

    Args:
        translator: `Translator`.
        search: `Search`, settled.
    """

    translator: Translator
    search: Search

    @property
    def budget(self) -> int:
        return self.search.batch_tokens // self.search.beam_size

    def sizes(self, orders):
        texts = [text for sources in orders for text in sources]
        lengths = self.translator.texts.encode(texts, remarks := Remarks())[1].lengths
        told = bool(remarks.lines(self.search)) or lengths.max(initial=0) > self.search.max_source_tokens
        ends = np.cumsum([len(sources) for sources in orders])[:-1]
        for sources in orders if told else ():  # of whom it is told
            rows = self.translator.texts.encode(sources, sources.remarks)[1]
            self.translator.cut_sources(rows, self.search, sources.remarks)
        return [sizes.tolist() for sizes in np.split(np.minimum(lengths, self.search.max_source_tokens) + 1, ends)]

    def answer(self, items):
        return next(self.translator.stream_chunks([items], self.search, ahead=0, remarks=Remarks()))


def searched(model: Model, asked: Translate) -> Search:
    """The settled search of a request.

    Raises:
        InputError: it cannot be done.
    """
    wanted = {name: getattr(asked, name) for name in ("beam_size", "n_best", "length_penalty", "prefix")}
    search = model.loaded.settled(Search(**wanted, scored=asked.scores or asked.n_best > 1))
    if asked.attention:
        model.loaded.check_attention()
        if len(asked.texts) > MOST_ATTENDED:
            raise InputError(f"attention is told of at most {MOST_ATTENDED} texts, got {len(asked.texts):,}.")
    return search


def attending(model: Model, asked: Translate, search: Search, found: Sequence[list[Hypothesis]]) -> Alone:
    """A call that gives the `Attention` of the best that was `found` of each text, None of blank ones."""

    def attended():
        return [
            model.loaded.attention_of(text, hypotheses[0], search) if hypotheses else None
            for text, hypotheses in zip(asked.texts, found, strict=True)
        ]

    return Alone(attended)


def translated(
    asked: Translate,
    search: Search,
    sources: Sources,
    found: Sequence[list[Hypothesis]],
    seen: Sequence[Attention | None] | None = None,
) -> dict[str, Any]:
    """The answer to a request.

    Args:
        asked: `Translate`.
        search: `Search` that was done.
        sources: its texts, answered.
        found: of each text, its hypotheses.
        seen: of each text, its `Attention`; None where it was not asked for.
    """
    told = []
    for number, hypotheses in enumerate(found):
        best = hypotheses[0] if hypotheses else None
        one = {"text": best.text if best else ""}
        scored = asked.scores or asked.n_best > 1
        if scored:
            one["score"] = best and _score(best)
        one["cut"] = bool(best and best.is_cut)
        if asked.n_best > 1:
            one["n_best"] = [{"text": each.text, "score": _score(each)} for each in hypotheses]
        if seen is not None:
            one["attention"] = seen[number] and _attention(seen[number])
        told.append(one)
    sources.remarks.translations(len(found), sum(each[0].is_cut for each in found if each))
    return {"translations": told, "warnings": sources.remarks.lines(search)}


def _score(hypothesis):
    return round(hypothesis.score, 4)  # as the command writes it


def _attention(seen):
    weights = [[round(weight, 5) for weight in row] for row in seen.weights.tolist()]
    return {"source": seen.source_pieces, "target": seen.target_pieces, "weights": weights}


def writing(model: Model, asked: Generate) -> Alone:
    """A call that gives the answer to a request.

    Raises:
        InputError: options that do not go together, or too much to write.
    """
    if asked.length * asked.count > MOST_WRITTEN:
        raise InputError(f"length × count is at most {MOST_WRITTEN:,}, got {asked.length * asked.count:,}.")
    drawing = {name: getattr(asked, name) for name in ("top_k", "top_p", "seed") if getattr(asked, name) is not None}
    if drawing and not asked.temperature:
        names = ", ".join(drawing)
        raise InputError(f"{names} does nothing with a temperature of 0, which draws nothing: leave it out.")
    sampling = Sampling(asked.temperature, **drawing) if asked.temperature else None

    def written():
        model.loaded.report = told = Told()
        texts = model.loaded.write(asked.prompt, asked.length, sampling, asked.count)
        return {"texts": [asked.prompt + text for text in texts], "warnings": told.lines}

    return Alone(written)
