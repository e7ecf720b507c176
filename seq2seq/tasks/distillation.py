"""What a student learns from: the references of its training pairs, and what its teachers wrote for the same sources.

Kim and Rush (2016), "Sequence-Level Knowledge Distillation", train on the translations of a teacher alone: the best of
a beam, or the one nearest to the reference. Freitag, Al-Onaizan and Sankaran (2017), "Ensemble Distillation for Neural
Machine Translation", train on those of an ensemble beside the references. Here each pair draws one of the two, so that
an epoch is as long as without teachers.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from seq2seq.config import TranslationConfig
from seq2seq.errors import InputError
from seq2seq.report import Report
from seq2seq.tasks.translation_corpus import TrainingText
from seq2seq.text.cleaning import Cleaning
from seq2seq.text.protection import Protection
from seq2seq.text.tokenizer import resample

_DRAWN = 7_368_787  # parts the draws of an epoch from its other random choices


def distilled(
    text: TrainingText, translations: Sequence[str | None], config: TranslationConfig, report: Report
) -> TrainingText:
    """Return the training text of a student, whose pairs learn from what their teachers wrote, too.

    Args:
        text: `TrainingText` without teachers, with its texts in memory.
        translations: of the source of each pair what was chosen, or None.
        config: `TranslationConfig`.
        report: `Report`, told how many translations cannot be used, and why.

    Raises:
        InputError: none can be used.
    """
    sources, targets = text.texts.source, text.texts.target
    written = ["" if translation is None else translation for translation in translations]
    cleaning, taught = Cleaning(config.data.max_characters, config.data.max_ratio), np.zeros(len(sources), bool)
    taught[cleaning.kept(sources, written)] = True
    if not taught.any():
        raise InputError("The teachers wrote nothing that a student could learn from: choose others.")
    protection = Protection(config.text.keep, config.text.lowers)
    own = protection.pairs(sources, targets)
    # A pair that has no translation stands here with its reference.
    theirs = protection.pairs(
        sources, [other if use else target for target, other, use in zip(targets, written, taught, strict=True)]
    )
    rows = [tokenizer.encode(side) for tokenizer, side in zip(text.tokenizers, theirs, strict=True)]
    short = np.maximum(rows[0].lengths, rows[1].lengths) <= config.batching.max_tokens
    dropped = cleaning.report().dropped | {"too many tokens": np.count_nonzero(taught & ~short)}
    taught &= short
    _tell(taught, dropped, config.distillation, report)
    numbers = np.arange(len(sources))
    taught = np.where(taught, numbers + len(sources), numbers)
    kept: Sequence[Any] = text.rows  # in memory, as all corpora that teachers read
    both = [first.followed_by(second) for first, second in zip(kept, rows, strict=True)]
    texts = [[*first, *second] for first, second in zip(own, theirs, strict=True)]
    references, sampling = config.distillation.references, config.text.subword_sampling

    def drawn(seed):
        of_reference = np.random.default_rng((seed, _DRAWN)).random(len(sources)) < references
        chosen = np.where(of_reference, numbers, taught)
        if not sampling:
            return tuple(side.take(chosen) for side in both)
        return tuple(
            resample(tokenizer, [side[row] for row in chosen], sampling, seed)
            for tokenizer, side in zip(text.tokenizers, texts, strict=True)
        )

    first = tuple(side.take(taught) for side in both) if not references else text.rows
    return replace(text, rows=first, resampled=drawn if references or sampling else None)


def _tell(taught, dropped, settings, report):
    count, names = np.count_nonzero(taught), {"empty side": "none that is whole"}
    reasons = ", ".join(f"{names.get(reason, reason)} {number:,}" for reason, number in dropped.items() if number)
    left = f"; {len(taught) - count:,} keep their reference alone: {reasons}" if reasons else ""
    report.say(f"{count:,} of {len(taught):,} training pairs have a translation of the teachers{left}")
    if settings.references:
        report.say(
            f"{settings.references:.0%} of the pairs, drawn anew each epoch, learn from their reference, the others "
            "from that translation"
        )
