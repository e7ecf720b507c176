"""Which source token, and which source word, each of the target comes from."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Link(NamedTuple):
    """A target position, the source position that it attends to most, and that one's share of its attention."""

    source: int
    target: int
    probability: float


@dataclass(frozen=True)
class Alignment:
    """Links of a translation, one for each target position, in their order, counted from 0.

    Attributes:
        tokens: list of `Link`, between tokens without EOS.
        words: list of `Link`, between what stands between spaces.
    """

    tokens: list[Link]
    words: list[Link]


def align(weights: np.ndarray, source_words: np.ndarray, target_words: np.ndarray) -> Alignment:
    """Link each target position to the source position of the largest weight.

    A word attends to a word as much as its tokens do on average, to all tokens of that word together. Weight on the
    source's EOS counts for no position, so that a target that comes from nothing has a link of small probability.

    Args:
        weights: float array, `(target_tokens, source_tokens or more)`, what each target token attends to.
        source_words: int array, `(source_tokens,)`, at least one. The word of each, see `word_numbers`.
        target_words: int array, `(target_tokens,)`.
    """
    weights = weights[:, : len(source_words)].astype(np.float64)
    by_words = weights @ _belonging(source_words)  # (target tokens, source words)
    belonging = _belonging(target_words)
    counts = belonging.sum(axis=0)
    means = belonging.T @ by_words / np.maximum(counts, 1.0)[:, None]
    return Alignment(_links(weights, range(len(weights))), _links(means, np.flatnonzero(counts)))


def _belonging(words):
    """float64 `(tokens, words)`: 1 where a token belongs to a word."""
    return (words[:, None] == np.arange(words.max(initial=-1) + 1)).astype(np.float64)


def _links(weights, targets):
    if not weights.size:
        return []
    best = weights.argmax(axis=1)
    return [Link(int(best[t]), int(t), float(weights[t, best[t]])) for t in targets]
