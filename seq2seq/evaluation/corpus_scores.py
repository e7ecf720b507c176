"""The scores of sacrebleu, each with the signature that makes it comparable.

References come in the columns that sacrebleu reads, one for each reference of a source, with None where a source has
fewer of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from sacrebleu.metrics import BLEU, CHRF, TER

from seq2seq.evaluation.moses import MosesRules
from seq2seq.evaluation.scripts import SPACED, token_splitter

Columns = Sequence[Sequence[str | None]]


class Score(NamedTuple):
    """A score in percent, and its signature. BLEU and chrF go from 0 to 100, the edit rate TER may exceed that."""

    value: float
    signature: str


@dataclass(frozen=True)
class Measure:
    """A score of sacrebleu and what is done to texts before it.

    Attributes:
        metric: metric of sacrebleu.
        prepare: function of a text, or None: texts stay as they are.
        said: what else there is to say in the signature.
    """

    metric: Any
    prepare: Callable[[str], str] | None = None
    said: Mapping[str, str] = field(default_factory=dict)

    def score(self, hypotheses: Sequence[str], references: Columns) -> Score:
        """Score a corpus."""
        value = self.metric.corpus_score(*self._prepared(hypotheses, references)).score
        signature = self.metric.get_signature()
        for name, said in self.said.items():
            signature.update(name, said)
        return Score(value, str(signature))

    def statistics(self, hypotheses: Sequence[str], references: Columns) -> np.ndarray:
        """Return float64 `(hypotheses, numbers)`: what each hypothesis adds to the numbers that a score is made of."""
        return np.array(self.metric._extract_corpus_statistics(*self._prepared(hypotheses, references)), np.float64)

    def of_sum(self, statistics: np.ndarray) -> float:
        """Return the score, percent, of a corpus whose statistics add up to these."""
        return self.metric._compute_score_from_stats(statistics.tolist()).score

    def _prepared(self, hypotheses, references):
        if self.prepare is None:
            return hypotheses, references
        hypotheses, *references = (
            [None if text is None else self.prepare(text) for text in column] for column in (hypotheses, *references)
        )
        return hypotheses, references


def reference_columns(references: Sequence[Sequence[str]]) -> list[list[str | None]]:
    """Turn references by source into columns."""
    return [
        [texts[column] if column < len(texts) else None for texts in references]
        for column in range(max(len(texts) for texts in references))
    ]


def bleu(hypotheses: Sequence[str], references: Columns, tokenizer: str = "13a") -> Score:
    """Return corpus BLEU, cased; see `bleu_measure`."""
    return bleu_measure(references, tokenizer).score(hypotheses, references)


def chrf(hypotheses: Sequence[str], references: Columns) -> Score:
    """Return corpus chrF2, cased. It ignores white space."""
    return Measure(CHRF()).score(hypotheses, references)


def bleu_measure(
    references: Columns,
    tokenizer: str = "13a",
    *,
    lowercase: bool = False,
    warn: bool = False,
    prepare: Callable[[str], str] | None = None,
    **said: str,
) -> Measure:
    """Return corpus BLEU as a `Measure`.

    It counts n-grams of up to four tokens. Where no reference has four, nothing could reach a score above 0; there it
    counts n-grams as long as the longest reference, and says so in the signature: `order:2`.

    Args:
        references: in columns.
        tokenizer: str. One of sacrebleu.
        lowercase: bool. Without regard to case.
        warn: bool. Let sacrebleu log that text looks tokenised.
        prepare: function of a text that comes first.
        **said: what else to say in the signature.
    """
    metric = BLEU(tokenize=tokenizer, lowercase=lowercase, force=not warn)
    texts = (text for column in references for text in column if text is not None)
    longest = max(len(metric.tokenizer(prepare(text) if prepare else text).split()) for text in texts)
    if longest < metric.max_ngram_order:
        metric.max_ngram_order = max(longest, 1)
        said = {"order": str(metric.max_ngram_order), **said}
    return Measure(metric, prepare, said)


def _moses_bleu(references: Columns, language: str) -> Measure:
    """Corpus BLEU of lower-cased text in the tokens of Moses; `language` as for `MosesRules`."""
    rules = MosesRules(language)
    return bleu_measure(references, "none", lowercase=True, prepare=rules, **rules.signature)


def _ter(tokenizer: str) -> Measure:
    """The translation edit rate, which ignores case; lower is better, and it can exceed 100.

    It counts words between white space, or where `tokenizer` is for a script without blanks, its tokens: those of
    Chinese as sacrebleu has them for this score, others with the tokenizer.
    """
    if tokenizer == "zh":
        return Measure(TER(normalized=True, asian_support=True))
    if tokenizer in SPACED:
        return Measure(TER())
    split = token_splitter(tokenizer)
    return Measure(TER(), lambda text: " ".join(split(text)), {"tok": tokenizer})


def measures(
    references: Columns, tokenizer: str = "13a", language: str | None = None, lowercase: bool = False
) -> dict[str, Measure]:
    """Return all scores by name.

    Args:
        references: in columns.
        tokenizer: str. What BLEU counts, a tokenizer of sacrebleu.
        language: str or None. The language of the references, for BLEU in tokens of Moses.
        lowercase: bool. All without regard to case.
    """
    found = {
        # Only the first one may warn that the text looks tokenised: the others would say the same again.
        "bleu": bleu_measure(references, tokenizer, lowercase=lowercase, warn=True),
        "bleu_lowercased": bleu_measure(references, tokenizer, lowercase=True),
        "chrf": Measure(CHRF(lowercase=lowercase)),
        "ter": _ter(tokenizer),
    }
    return found | ({"bleu_moses": _moses_bleu(references, language)} if language and tokenizer in SPACED else {})
