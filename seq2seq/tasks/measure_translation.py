"""Measure a translator on a test set."""

import time
from dataclasses import dataclass

from seq2seq.batches.pairs import PairBatches
from seq2seq.evaluation.translation import Example, TranslationScores, examples, score_translations
from seq2seq.inference.translator import Hypothesis, Translator
from seq2seq.report import Report
from seq2seq.text.cleaning import clean
from seq2seq.text.corpus import read_pairs
from seq2seq.training.metrics import TeacherForcedScorer


@dataclass(frozen=True)
class TranslationEvaluation:
    """What a run reaches on a test set."""

    scores: TranslationScores
    teacher_forced: dict[str, float]  # loss (nats per token), perplexity, accuracy
    seconds: float  # translating, model loaded, tracing included
    hypotheses: list[Hypothesis]
    examples: list[Example]

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
    data: str,
    *,
    source: str | None = None,
    target: str | None = None,
    swap: bool | None = None,
    limit: int | None = None,
    num_examples: int = 3,
    report: Report | None = None,
    **search,
) -> TranslationEvaluation:
    """Translate a test set and score it.

    Args:
        translator: `Translator`.
        data: file prefix, TSV or TFDS data set, as for training.
        source: suffix or feature of the source side; default of this and of the next two: as in training.
        target: the same of the target side.
        swap: bool. Second column to first.
        limit: int. Only the first lines.
        num_examples: int. Examples of the worst, and as many random ones.
        report: `Report`.
        **search: as for `Translator.stream`.
    """
    trained = translator.config.data
    pairs = read_pairs(
        data,
        source or trained.source,
        target or trained.target,
        swap=trained.swap if swap is None else swap,
        split="test",
        extra_columns=trained.extra_columns,
        limit=limit,
        keep_white_space=translator.config.text.keeps_white_space,
    )
    pairs, cleaning = clean(pairs, max_characters=None, max_ratio=None)
    if cleaning.kept < cleaning.read:
        (report or Report()).warn(f"{cleaning.read - cleaning.kept:,} test pairs have an empty side and are left out")
    start = time.perf_counter()
    hypotheses = [found[0] for found in translator.stream(pairs.source, **search)]
    seconds = time.perf_counter() - start
    texts = [hypothesis.text for hypothesis in hypotheses]
    rows = translator.encode_pairs(pairs.source, pairs.target)
    return TranslationEvaluation(
        score_translations(texts, pairs.references),
        TeacherForcedScorer(translator.model)(PairBatches(*rows).epoch()),
        seconds,
        hypotheses,
        examples(
            pairs.source,
            texts,
            pairs.references,
            scores=[hypothesis.score for hypothesis in hypotheses],
            worst=num_examples,
            random=num_examples,
        ),
    )
