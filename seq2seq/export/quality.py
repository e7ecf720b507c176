"""What int8 costs: how good an export is with it and without, on validation data, and how long it takes."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from seq2seq.evaluation.corpus_scores import bleu, chrf
from seq2seq.export import numbers, texts
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.loaded import graphs_of
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.inference.translator import Translator
from seq2seq.inference.writer import Writer

POINTS = 0.5  # of BLEU and chrF, that int8 may cost; trainings from other seeds differ by more
SHARE = 0.01  # of an error, or of nats per character
ROWS = 1000  # of validation data


@dataclass(frozen=True)
class Cost:
    """A figure of validation data.

    Attributes:
        what: str.
        exact: float. In float32.
        small: float. In int8.
        worse: float. What int8 costs: points of a score, or a share of an error.
        most: float. What it may cost.
    """

    what: str
    exact: float
    small: float
    worse: float
    most: float

    @property
    def is_small(self) -> bool:
        """Whether int8 costs no more than it may."""
        return self.worse <= self.most

    def __str__(self):
        return f"{self.what} {self.small:.4g} (float32: {self.exact:.4g})"


def costs(own: Any, exact: Any, small: Any, sample: Any) -> tuple[list[Cost], float]:
    """What int8 costs and saves.

    Args:
        own: the loaded run.
        exact: its loaded export in float32.
        small: its loaded export in int8.
        sample: what the export is held against.

    Returns:
        The costs, and the rate: how many times as much int8 gets done in a second of processor time.
    """
    measures = {
        Translator: _of_translators,
        Writer: _of_writers,
        Reconstructor: _of_reconstructors,
        Forecaster: _of_forecasters,
    }
    measure, most = measures[type(own)](own, sample)
    # In turn, and the quicker of two: the first one of each reads its graphs.
    turns = [[_timed(measure, side) for side in (exact, small)] for _ in range(2)]
    (exact_figures, _), (small_figures, _) = turns[0]
    exact_seconds, small_seconds = (min(turn[side][1] for turn in turns) for side in range(2))
    found = []
    for what, figure in exact_figures.items():
        other = small_figures[what]
        worse = figure - other if most == POINTS else (other - figure) / max(figure, np.finfo(np.float32).tiny)
        found.append(Cost(what, figure, other, worse, most))
    return found, exact_seconds / small_seconds


def _timed(measure, side):
    begun = time.process_time()
    return measure(side), time.process_time() - begun


def _of_translators(own, sample) -> tuple[Callable, float]:
    """BLEU and chrF of greedy translations."""
    scores = {"BLEU": partial(bleu, tokenizer=own.config.training.bleu_tokenizer), "chrF": chrf}

    def measure(side):
        found = side.translate(sample.sources, beam_size=1)
        return {
            f"{name} of {len(found):,} translations": score(found, [sample.references]).value
            for name, score in scores.items()
        }

    return measure, POINTS


def _of_writers(own, sample):
    """Nats that a character of the validation text takes."""
    ids = own.tokenizer.encode([sample])[0][: ROWS * texts.LENGTH]
    rows = np.resize(ids, (-(-len(ids) // texts.LENGTH), texts.LENGTH)).astype(np.int32)
    return lambda side: {f"nats per character of {len(ids):,}": side.model.nats(rows)}, SHARE


def _of_reconstructors(own, sample):
    """Root of the mean squared error of sequences, scaled."""
    pieces = [each.values for each in numbers.sequences(own, sample, ROWS)]

    def measure(side):
        squares = [(graphs_of(side.model).reconstruct(x) - x) ** 2 for x in pieces]
        error = np.sqrt(np.nanmean(np.concatenate([each.ravel() for each in squares])))
        return {f"root mean squared error of {sum(map(len, pieces)):,} sequences": float(error)}

    return measure, SHARE


def _of_forecasters(own, sample):
    """Mean absolute error of forecasts, scaled."""
    inputs, origins = numbers.histories(own, sample, ROWS)
    ahead = np.arange(own.horizon)
    truth = np.concatenate([values[at[:, None] + ahead] for values, at in zip(inputs, origins, strict=True)])
    truth = truth[..., list(own.columns.target_columns)]

    def measure(side):
        forecasts = side.core.point(side.core.rolling(inputs, origins))
        return {f"mean absolute error of {len(truth):,} forecasts": float(np.nanmean(np.abs(forecasts - truth)))}

    return measure, SHARE
