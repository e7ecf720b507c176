"""Scores of translations and of any other text made from text."""

from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from sacrebleu.metrics import CHRF

from seq2seq.errors import InputError
from seq2seq.evaluation.corpus_scores import bleu, measures, reference_columns
from seq2seq.evaluation.scripts import check_tokenizer, choose_tokenizer, token_splitter
from seq2seq.evaluation.significance import SAMPLES, interval


@dataclass(frozen=True)
class TranslationScores:
    """How close hypotheses are to their references.

    The scores of sacrebleu run from 0 to 100 and come with the signature that makes them comparable; the
    others are shares, with 1.0 for all. Text is compared as it is: white space counts in `exact_match` and
    `character_error_rate`; the other scores see what is between it.

    In the pronunciation (grapheme-to-phoneme) field, **word error rate = 1 - `exact_match`**: the share of words
    with a wrong pronunciation, `pronunciation_word_error_rate` here; its phone error rate is `token_error_rate`.
    In speech recognition, word error rate is `token_error_rate`.

    Attributes:
        sentences: int. Number of hypotheses scored.
        bleu: float, percent. Corpus BLEU, cased, on plain text. Where no reference has four tokens it counts
            n-grams as long as the longest reference, and has their length in its signature (`order:2`).
        bleu_interval: tuple of floats, percent. Where `bleu` is on 95 % of samples of the sources, see `interval`.
        bleu_lowercased: float, percent. The same without regard to case.
        bleu_moses: float, percent, or None where the language is not known or its script has no blanks. The same
            without regard to case in the tokens of Moses, as most Multi30k figures are published.
        chrf: float, percent. Corpus chrF2, cased.
        ter: float, percent of the reference length; lower is better, and it can exceed 100. In the default
            setting of sacrebleu, which ignores case, or for a script without blanks in its tokens.
        exact_match: float, share of the hypotheses that equal one of their references.
        token_error_rate: float. Insertions, deletions and substitutions of tokens that turn the hypotheses into
            their closest references, divided by the tokens of those references. Tokens are between white space,
            or where the tokenizer of BLEU is for a script without blanks, those of BLEU.
        character_error_rate: float. The same for characters, blanks included.
        signatures: dict of name of the attribute above to the signature of sacrebleu.
    """

    sentences: int
    bleu: float
    bleu_interval: tuple[float, float]
    bleu_lowercased: float
    bleu_moses: float | None
    chrf: float
    ter: float
    exact_match: float
    token_error_rate: float
    character_error_rate: float
    signatures: dict[str, str]

    @property
    def pronunciation_word_error_rate(self) -> float:
        """Share of the sources, each one word, whose pronunciation equals no reference: `1 - exact_match`."""
        return 1.0 - self.exact_match

    def as_dict(self) -> dict:
        """Return all scores and signatures as plain types, ready for JSON."""
        own = {"bleu_interval": list(self.bleu_interval)}
        return asdict(self) | own | {"pronunciation_word_error_rate": self.pronunciation_word_error_rate}

    def rows(self) -> list[tuple[str, float | str, str]]:
        """Return a table of `(metric, value in percent, signature or definition)`."""
        low, high = self.bleu_interval
        names = {
            "bleu": "BLEU",
            "bleu_lowercased": "BLEU, lower-cased",
            "bleu_moses": "BLEU, lower-cased, Moses",
            "chrf": "chrF2",
            "ter": "TER",
        }
        short = {name: " (no reference has 4 tokens)" * ("|order:" in text) for name, text in self.signatures.items()}
        return [
            *(
                (names[name], getattr(self, name), self.signatures[name] + short[name])
                for name in names
                if name in short
            ),
            ("BLEU, 95 %", f"{low:.2f} to {high:.2f}", f"of {SAMPLES:,} samples of the lines (bootstrap, Koehn 2004)"),
            (
                "Exact match",
                100 * self.exact_match,
                "lines equal to a reference; 100 - WER of pronunciations",
            ),
            ("Token error rate", 100 * self.token_error_rate, "edits / reference tokens; phone error rate"),
            ("Character error rate", 100 * self.character_error_rate, "edits / reference characters"),
        ]


@dataclass(frozen=True)
class Example:
    """One source beside its hypothesis and its references.

    Attributes:
        index: int. Position of the source in the input, from 0.
        source: str.
        hypothesis: str.
        references: tuple of str.
        chrf: float, percent. chrF2 of this sentence alone.
        score: float or None. The model's own score of the hypothesis, in nats, where given.
        chosen: str. `"worst"` or `"random"`: why this example was picked.
    """

    index: int
    source: str
    hypothesis: str
    references: tuple[str, ...]
    chrf: float
    score: float | None
    chosen: str


def score_translations(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    tokenizer: str = "auto",
    language: str | None = None,
    lowercase: bool = False,
) -> TranslationScores:
    """Score hypotheses against one or several references for each source.

    Args:
        hypotheses: sequence of str, one for each source: plain, detokenized text. May be blank.
        references: for each source a sequence of one or more str; their number may vary.
        tokenizer: str. What BLEU counts: a tokenizer of sacrebleu, or `"auto"`, chosen by `choose_tokenizer`.
        language: str or None. The language of the references, `"fr"`, for BLEU in tokens of Moses.
        lowercase: bool. Score all without regard to case.

    Returns:
        A `TranslationScores`.

    Raises:
        InputError: if there is nothing to score, the numbers differ, a source has no or an empty reference, or the
            tokenizer or language is not known.

    >>> scores = score_translations(["AH B AE D IY", "AE B IY"], [["AH B AE D IY"], ["AE B IY Z", "AH B IY Z"]])
    >>> scores.exact_match, round(scores.token_error_rate, 3)
    (0.5, 0.111)
    """
    _check_aligned(hypotheses, references)
    tokenizer = _tokenizer(tokenizer, references)
    hypotheses, references = in_case(hypotheses, references, lowercase)
    columns = reference_columns(references)
    found = measures(columns, tokenizer, language, lowercase)
    scores = {name: measure.score(hypotheses, columns) for name, measure in found.items()}
    split = token_splitter(tokenizer)
    return TranslationScores(
        sentences=len(hypotheses),
        **({"bleu_moses": None} | {name: score.value for name, score in scores.items()}),
        bleu_interval=interval(found["bleu"].statistics(hypotheses, columns), found["bleu"].of_sum),
        exact_match=exact_match(hypotheses, references),
        token_error_rate=_error_rate(
            [split(text) for text in hypotheses], [[split(text) for text in texts] for texts in references]
        ),
        character_error_rate=_error_rate(hypotheses, references),
        signatures={name: score.signature for name, score in scores.items()},
    )


def validation_bleu(hypotheses: Sequence[str], references: Sequence[Sequence[str]], tokenizer: str = "auto") -> float:
    """Return the `bleu` of `score_translations` alone, in percent, fast and silent enough for every epoch."""
    _check_aligned(hypotheses, references)
    columns = reference_columns(references)
    return bleu(hypotheses, columns, _tokenizer(tokenizer, references)).value


def in_case(
    hypotheses: Sequence[str], references: Sequence[Sequence[str]], lowercase: bool
) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Return both in lower case, or as they are."""
    if not lowercase:
        return hypotheses, references
    return [text.lower() for text in hypotheses], [[text.lower() for text in texts] for texts in references]


def exact_match(hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Return the share of the hypotheses that equal one of their references, white space and all."""
    return sum(text in texts for text, texts in zip(hypotheses, references, strict=True)) / len(hypotheses)


def examples(
    sources: Sequence[str],
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    scores: Sequence[float] | None = None,
    worst: int = 3,
    random: int = 3,
    seed: int = 0,
) -> list[Example]:
    """Pick the hypotheses with the lowest chrF, then some of the others at random, to be read side by side.

    Args:
        sources: sequence of str.
        hypotheses: sequence of str, one for each source.
        references: for each source a sequence of one or more str.
        scores: optional sequence of float, the model's score of each hypothesis, in nats.
        worst: int. How many of the worst, worst first.
        random: int. How many of the rest, in the order of the input.
        seed: int. The same seed picks the same examples.

    Returns:
        A list of `Example`: `worst + random` of them, fewer where there are not as many sources.

    Raises:
        InputError: as `score_translations`; also if the number of sources or scores differs.
    """
    _check_aligned(hypotheses, references)
    for name, values in (("sources", sources), ("scores", scores)):
        if values is not None and len(values) != len(hypotheses):
            raise InputError(f"{len(values)} {name} for {len(hypotheses)} hypotheses; pass one for each.")
    metric = CHRF()
    chrf = [metric.sentence_score(text, list(texts)).score for text, texts in zip(hypotheses, references, strict=True)]
    order = np.argsort(chrf, kind="stable")
    rest = np.sort(np.random.default_rng(seed).permutation(order[worst:])[:random])
    picked = [(index, "worst") for index in order[:worst].tolist()] + [(index, "random") for index in rest.tolist()]
    return [
        Example(
            index=index,
            source=sources[index],
            hypothesis=hypotheses[index],
            references=tuple(references[index]),
            chrf=chrf[index],
            score=None if scores is None else float(scores[index]),
            chosen=chosen,
        )
        for index, chosen in picked
    ]


def edit_distance(first: Sequence[Hashable], second: Sequence[Hashable]) -> int:
    """Return how many insertions, deletions and substitutions turn one sequence into the other (Levenshtein).

    >>> edit_distance("kitten", "sitting"), edit_distance("AH B IY".split(), "AE B IY Z".split())
    (3, 2)
    """
    ids = {symbol: column for column, symbol in enumerate(second)}
    columns = np.array([ids[symbol] for symbol in second], dtype=np.int64)
    offsets = np.arange(len(second) + 1)
    row = offsets  # row[j]: distance between the part of `first` read so far and second[:j]
    for length, symbol in enumerate(first, start=1):
        substituted = row[:-1] + (columns != ids.get(symbol, -1))
        deleted = row[1:] + 1
        row = np.concatenate(([length], np.minimum(substituted, deleted)))
        # Insertions run along the row, j from the best start i: min over i <= j of row[i] + (j - i).
        row = np.minimum.accumulate(row - offsets) + offsets
    return int(row[-1])


def _error_rate(hypotheses: Sequence[Sequence], references: Sequence[Sequence[Sequence]]) -> float:
    """Edits to the closest references by the length of those references; of equally close ones the longest."""
    edits = length = 0
    for hypothesis, choices in zip(hypotheses, references, strict=True):
        distance, negative_length = min((edit_distance(hypothesis, choice), -len(choice)) for choice in choices)
        edits += distance
        length -= negative_length
    return edits / length if length else float(edits > 0)  # references of nothing but white space have no tokens


def _tokenizer(name, references):
    if name == "auto":
        return choose_tokenizer(references)[0]
    check_tokenizer(name)
    return name


def _check_aligned(hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    if len(hypotheses) != len(references):
        raise InputError(
            f"{len(hypotheses)} hypotheses for {len(references)} lists of references; pass one of each for a source."
        )
    if not hypotheses:
        raise InputError("There are no hypotheses to score; pass at least one with its references.")
    for number, texts in enumerate(references, start=1):
        if isinstance(texts, str):
            raise InputError(f"The references of source {number} are a str; pass a list of str, [text] for one.")
        if not texts or not all(texts):
            raise InputError(f"Source {number} has no reference or an empty one; mend it or leave that source out.")
