"""How far the answers of an export are from those of its run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np

TOLERANCE = 1e-5  # of numbers about 1, as scaled ones are; of larger ones that share
ROWS = 64  # of a sample


@dataclass(frozen=True)
class Difference:
    """What was asked, of how many answers, and how far the two were apart at most.

    Attributes:
        what: str.
        answers: int. Numbers, or tokens, that were compared.
        largest: float. Absolute, or of numbers above 1 as a share; infinite where one side has no number, or where
            tokens differ.
    """

    what: str
    answers: int
    largest: float

    @property
    def is_small(self) -> bool:
        """Whether that is no more than rounding."""
        return self.largest <= TOLERANCE

    def __str__(self):
        return f"{self.what}: {self.answers:,} answers, at most {self.largest:.1e} apart"


def compared(what: str, own: np.ndarray, exported: np.ndarray, unit: float = 1.0) -> Difference:
    """The difference of two float arrays, in which NaN must be in the same places.

    Args:
        what: str.
        own: of the run.
        exported: of its export.
        unit: float. What numbers have the rounding of: they are some sum's, whose parts are of that size.
    """
    if own.shape != exported.shape or (np.isnan(own) != np.isnan(exported)).any():
        return Difference(what, own.size, np.inf)
    apart = np.abs(own - exported) / np.maximum(np.abs(own), unit)
    return Difference(what, own.size, float(np.nanmax(apart, initial=0.0)))


def compared_texts(what: str, own: Sequence, exported: Sequence) -> Difference:
    """The difference of two lists of lists of hypotheses: tokens are equal, or the texts are others."""
    pairs = [pair for sides in zip(own, exported, strict=True) for pair in zip_longest(*sides)]
    tokens = sum(len(one.tokens) for one, _ in pairs if one)
    if any(not (one and other) or _said(one) != _said(other) for one, other in pairs):
        return Difference(what, tokens, np.inf)
    scores = [(one.score, other.score) for one, other in pairs if one.score is not None]
    return replace(compared(what, *np.array(scores, np.float64).reshape(-1, 2).T), answers=tokens)


def _said(hypothesis):
    return hypothesis.text, list(hypothesis.tokens)


def with_missing(x: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Arrays `(rows, steps, features)` as they come, and with numbers missing in every way that files lack them."""
    yield "as they come", x
    yield "one alone", x[:1]
    some = x[:16]
    here_and_there = np.where(np.random.default_rng(0).random(some.shape) < 0.2, np.nan, some)
    yield "with values missing", here_and_there.astype(np.float32)
    for what, part in (("begin", slice(None, len(x[0]) // 3 + 1)), ("end", slice(-(len(x[0]) // 3) - 1, None))):
        cut = some.copy()
        cut[:, part] = np.nan
        yield f"without their {what}", cut
    yield "without any value", np.full_like(some, np.nan)
