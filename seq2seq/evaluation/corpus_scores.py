"""The scores of sacrebleu, each with the signature that makes it comparable.

References come in the columns that sacrebleu reads, one for each reference of a source, with None where a source has
fewer of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sacrebleu.metrics import BLEU, CHRF, TER

from seq2seq.evaluation.moses import MosesRules
from seq2seq.evaluation.scripts import SPACED, token_splitter

Columns = Sequence[Sequence[str | None]]


class Score(NamedTuple):
    """A score in percent, and its signature. BLEU and chrF go from 0 to 100, the edit rate TER may exceed that."""

    value: float
    signature: str


def reference_columns(references: Sequence[Sequence[str]]) -> list[list[str | None]]:
    """Turn references by source into columns."""
    return [
        [texts[column] if column < len(texts) else None for texts in references]
        for column in range(max(len(texts) for texts in references))
    ]


def bleu(
    hypotheses: Sequence[str],
    references: Columns,
    tokenizer: str = "13a",
    *,
    lowercase: bool = False,
    warn: bool = False,
    **signature: str,
) -> Score:
    """Return corpus BLEU.

    It counts n-grams of up to four tokens. Where no reference has four, nothing could reach a score above 0; there it
    counts n-grams as long as the longest reference, and says so in the signature: `order:2`.

    Args:
        hypotheses: sequence of str.
        references: in columns.
        tokenizer: str. One of sacrebleu.
        lowercase: bool. Without regard to case.
        warn: bool. Let sacrebleu log that text looks tokenised.
        **signature: what else to say in the signature.
    """
    metric = BLEU(tokenize=tokenizer, lowercase=lowercase, force=not warn)
    longest = max(len(metric.tokenizer(text).split()) for column in references for text in column if text is not None)
    if longest < metric.max_ngram_order:
        metric.max_ngram_order = max(longest, 1)
        signature = {"order": str(metric.max_ngram_order), **signature}
    return _scored(metric, hypotheses, references, **signature)


def moses_bleu(hypotheses: Sequence[str], references: Columns, language: str) -> Score:
    """Return corpus BLEU of lower-cased text in the tokens of Moses; `language` as for `MosesRules`."""
    rules = MosesRules(language)
    hypotheses, *references = _mapped(rules, [hypotheses, *references])
    return bleu(hypotheses, references, "none", lowercase=True, **rules.signature)


def chrf(hypotheses: Sequence[str], references: Columns) -> Score:
    """Return corpus chrF2, cased. It ignores white space."""
    return _scored(CHRF(), hypotheses, references)


def ter(hypotheses: Sequence[str], references: Columns, tokenizer: str = "13a") -> Score:
    """Return the translation edit rate, which ignores case; lower is better, and it can exceed 100.

    It counts words between white space, or where `tokenizer` is for a script without blanks, its tokens: those of
    Chinese as sacrebleu has them for this score, others with the tokenizer.
    """
    if tokenizer == "zh":
        return _scored(TER(normalized=True, asian_support=True), hypotheses, references)
    if tokenizer in SPACED:
        return _scored(TER(), hypotheses, references)
    split = token_splitter(tokenizer)
    hypotheses, *references = _mapped(lambda text: " ".join(split(text)), [hypotheses, *references])
    return _scored(TER(), hypotheses, references, tok=tokenizer)


def _mapped(function, columns):
    return [[None if text is None else function(text) for text in column] for column in columns]


def _scored(metric, hypotheses, references, **additions) -> Score:
    value = metric.corpus_score(hypotheses, references).score
    signature = metric.get_signature()
    for name, said in additions.items():
        signature.update(name, said)
    return Score(value, str(signature))
