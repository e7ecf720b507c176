"""Measure a translator on a test set."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Unpack

from seq2seq.batches.pairs import PairBatches
from seq2seq.errors import InputError
from seq2seq.evaluation.moses import check_language, language_of
from seq2seq.evaluation.scripts import SPACED, check_tokenizer, choose_tokenizer
from seq2seq.evaluation.translation import Example, TranslationScores, examples, in_case, score_translations
from seq2seq.inference.hypothesis import NOTHING, Hypothesis
from seq2seq.inference.search import Search, SearchOptions
from seq2seq.inference.translation_columns import given_columns
from seq2seq.inference.translator import Translator
from seq2seq.report import Report
from seq2seq.sources import InMemory
from seq2seq.text.blank import is_blank
from seq2seq.text.corpus import ParallelText, normalize, read_pairs
from seq2seq.text.in_memory import Pairs, pairs_at
from seq2seq.text.splitting import read_lines
from seq2seq.training.metrics import TeacherForcedScorer


@dataclass(frozen=True)
class TranslationEvaluation:
    """What a translator reaches on a test set."""

    scores: TranslationScores
    teacher_forced: dict[str, float]  # loss (nats per token), perplexity, accuracy
    seconds: float  # translating, model loaded, tracing included
    hypotheses: list[Hypothesis]  # of every pair that was read, also of those that are not scored
    examples: list[Example]
    texts: list[str]  # of the pairs that are scored, in the case that they are scored in
    scored: ParallelText  # these pairs, their references in that case
    scoring: dict[str, Any]  # what `score_translations` was told

    def as_dict(self) -> dict:
        """JSON-ready."""
        speed = {
            "seconds": round(self.seconds, 3),
            "sentences_per_second": round(len(self.hypotheses) / self.seconds, 1),
        }
        return {**self.scores.as_dict(), **self.teacher_forced, **speed}

    def rows(self) -> list[tuple]:
        """For a table: metric, value, signature or definition."""
        definitions = {
            "loss": "cross-entropy, nats per target token, teacher forcing",
            "perplexity": "exp of the loss",
            "accuracy": "share of target tokens predicted, teacher forcing",
        }
        return [
            *self.scores.rows(),
            *((name, f"{value:.4f}", definitions[name]) for name, value in self.teacher_forced.items()),
            (
                "sentences per second",
                f"{len(self.hypotheses) / self.seconds:.0f}",
                "model loaded, first trace included",
            ),
        ]


def evaluate(
    translator: Translator,
    data: str | Pairs,
    search: Search | None = None,
    *,
    source: str | None = None,
    target: str | None = None,
    header: bool | None = None,
    swap: bool | None = None,
    limit: int | None = None,
    references: Sequence[str | Path] = (),
    bleu_tokenizer: str | None = None,
    language: str | None = None,
    num_examples: int = 3,
    report: Report | None = None,
    **options: Unpack[SearchOptions],
) -> TranslationEvaluation:
    """Translate a test set and score it.

    Args:
        translator: `Translator`.
        data: file prefix, TSV or data set, as for training; or a list of sources and one of their targets, or a
            `datasets.Dataset`.
        search: `Search`, by default as the run's `decoding` section says.
        source: suffix, column or feature of the source side; default of this and of the next three: as in training.
        target: the same of the target side.
        header: bool. Whether the first row of a TSV names its columns.
        swap: bool. Second column to first.
        limit: int. Only the first lines.
        references: files of further references, line n of each for pair n; the first reference is the target in
            `data`. A blank line gives none.
        bleu_tokenizer: str. What BLEU counts, see `score_translations`; default: as in training.
        language: str. Of the target, for BLEU in tokens of Moses; default: the suffix of the target, where that is
            one of its languages.
        num_examples: int. Examples of the worst, and as many random ones.
        report: `Report`.
        **options: fields of the `Search`, as for `Translator.translate`.

    Returns:
        `TranslationEvaluation`: scores of the pairs without a blank side, and a hypothesis for each pair.

    Raises:
        InputError: data or references that cannot be used, or a search, a tokenizer or a language that does not go with
            them.
    """
    report = report or Report()
    trained = translator.config.data
    if not isinstance(data, str | Path):
        data = pairs_at(data, source=source or trained.source, target=target or trained.target)
    translator.settled(search, **options | {"scored": False})  # the figures, which show no scores, go by all else
    if swap and trained.extra_columns == "references":
        report.warn("with --swap the further columns are references of no side: they are left out")
    pairs = read_pairs(
        data,
        source or trained.source,
        target or trained.target,
        columns=given_columns(data, trained, source, target, header, report),
        swap=(trained.swap and not isinstance(data, InMemory)) if swap is None else swap,
        split="test",
        extra_columns=trained.extra_columns,
        limit=limit,
        keep_white_space=translator.config.text.keeps_white_space,
    )
    pairs = _with_references(pairs, references, limit, translator.config.text.keeps_white_space)
    scoring = _scoring(translator.config, pairs, bleu_tokenizer, language, target, report)
    start = time.perf_counter()
    hypotheses = [found[0] if found else NOTHING for found in translator.stream(pairs.source, search, **options)]
    seconds = time.perf_counter() - start
    whole = [
        row for row, sides in enumerate(zip(pairs.source, pairs.target, strict=True)) if not any(map(is_blank, sides))
    ]
    if left_out := len(pairs) - len(whole):
        report.warn(f"{left_out:,} test pairs have an empty side: they are translated, not scored")
    scored, of_scored = pairs.take(whole), [hypotheses[row] for row in whole]
    texts = [hypothesis.text for hypothesis in of_scored]
    texts, seen = in_case(texts, scored.references, scoring["lowercase"])
    scored = replace(scored, references=seen)
    rows = translator.encode_pairs(scored.source, scored.target)
    return TranslationEvaluation(
        score_translations(texts, scored.references, **scoring),
        TeacherForcedScorer(translator.model)(PairBatches(*rows).epoch()),
        seconds,
        hypotheses,
        examples(
            scored.source,
            texts,
            scored.references,
            scores=[hypothesis.score for hypothesis in of_scored],
            worst=num_examples,
            random=num_examples,
        ),
        texts,
        scored,
        scoring,
    )


def _with_references(
    pairs: ParallelText, files: Sequence[str | Path], limit: int | None, keep_white_space: bool
) -> ParallelText:
    """The pairs with a further reference from each file, where its line is not blank."""
    references = [list(texts) for texts in pairs.references]
    for file in files:
        read = islice(read_lines(file), limit)
        lines = [normalize(line, keep_white_space=keep_white_space) for line in read]
        if len(lines) != len(pairs):
            raise InputError(
                f"--references {file} has {len(lines):,} lines for {len(pairs):,} pairs of --data: "
                "line n of it must translate source n."
            )
        for texts, line in zip(references, lines, strict=True):
            if not is_blank(line):
                texts.append(line)
    return ParallelText(pairs.source, pairs.target, references)


def _scoring(config, pairs, tokenizer, language, target, report):
    """What BLEU counts, and whose rules Moses follows: as asked, as in training, or else found and told."""
    if not tokenizer:
        tokenizer, (fitting, reason) = config.training.bleu_tokenizer, choose_tokenizer(pairs.references)
        if tokenizer != "auto" and tokenizer in SPACED and fitting not in SPACED:
            report.warn(f"BLEU counts tokens of {tokenizer}, as in training, but {reason}: --bleu-tokenizer {fitting}")
    if tokenizer == "auto":
        tokenizer, reason = choose_tokenizer(pairs.references)
        report.say(f"BLEU counts tokens of {tokenizer}: {reason}")
    check_tokenizer(tokenizer)
    if language and tokenizer not in SPACED:
        raise InputError(f"--language is for the tokens of Moses, which need blanks; BLEU counts those of {tokenizer}.")
    if language:
        check_language(language)
    trained = config.data.source if config.data.swap else config.data.target
    language = language or language_of(trained, target)
    if not language and tokenizer in SPACED:
        report.say(
            "BLEU in tokens of Moses, as many papers give it, needs the target's language: --language CODE, such as de"
        )
    lowercase = config.text.lowers
    if lowercase:
        report.say("all scores are of lower-cased text, as the run was trained on (text.case=lower)")
    return {"tokenizer": tokenizer, "language": language if tokenizer in SPACED else None, "lowercase": lowercase}
