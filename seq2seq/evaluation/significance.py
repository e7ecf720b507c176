"""How much of a difference is luck of the test set: bootstrap samples of its sources (Koehn 2004)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

SAMPLES = 1000
FEWEST = 10  # rows, or what is drawn together: samples of fewer are nearly all alike
LUCK = 0.05  # of p: a difference that comes as often by the choice of the rows is none to go by
_SEED = 12345  # as sacrebleu has it: the same test set has the same samples


@dataclass(frozen=True)
class Difference:
    """A score of two systems on the same sources.

    Attributes:
        first, second: float. Their scores.
        interval: tuple of floats. Where the difference, first - second, is on 95 % of the samples.
        p: float. How often a difference as large comes by the choice of the rows alone; None of too few rows to tell.
    """

    first: float
    second: float
    interval: tuple[float, float]
    p: float | None

    @property
    def said(self) -> tuple[str, str]:
        """The interval and p, in words."""
        low, high = self.interval
        return f"{low:+.3g} to {high:+.3g}", "too few to tell" if self.p is None else f"{self.p:.3f}"

    def verdict(self, what: str, first: str, second: str, least: bool = False) -> str:
        """Which of two systems is better, in a sentence.

        Args:
            what: the score.
            first, second: what the systems are called.
            least: bool. Whether less is better.
        """
        if self.p is None:
            return f"too few to tell which is better in {what}"
        if self.p >= LUCK:
            return f"neither is better in {what}: a difference as large comes by luck in {self.p:.0%} of samples"
        return f"{first if (self.difference > 0) != least else second} is better in {what} (p = {self.p:.3f})"

    @property
    def difference(self) -> float:
        """First - second."""
        return self.first - self.second


def interval(statistics: np.ndarray, of_sum: Callable[[np.ndarray], float]) -> tuple[float, float]:
    """Where a score lies on 95 % of samples of the rows, as many as there are, drawn with replacement.

    Args:
        statistics: float array `(rows, numbers)`.
        of_sum: function of the sum over rows, `(numbers,)`, that gives the score.

    >>> interval(np.repeat([0.0, 1.0], 50)[:, None], lambda total: total[0])
    (41.0, 60.0)
    """
    return _middle([of_sum(counts @ statistics) for counts in _samples(np.arange(len(statistics)))])


def paired(
    first: np.ndarray,
    second: np.ndarray,
    of_sum: Callable[[np.ndarray], float],
    units: Sequence[int] | np.ndarray | None = None,
) -> Difference:
    """Compare a score of two systems on the same samples of the rows.

    Args:
        first: float array `(rows, numbers)`, of one system.
        second: the same of the other.
        of_sum: as for `interval`.
        units: of each row the number, from 0, of what is drawn with it: rows that are like their neighbours tell
            less than as many others. Default: each row by itself.
    """
    units = np.arange(len(first)) if units is None else np.asarray(units)
    scores = [of_sum(first.sum(axis=0)), of_sum(second.sum(axis=0))]
    sampled = np.array([[of_sum(counts @ each) for each in (first, second)] for counts in _samples(units)])
    differences = sampled[:, 0] - sampled[:, 1]
    # As sacrebleu and Moses count: moved to where there is no difference, how often is it as large as the one found?
    size = np.abs(differences)
    as_large = np.count_nonzero(size - size.mean() > abs(scores[0] - scores[1]))
    p = 1.0 if scores[0] == scores[1] else (as_large + 1) / (SAMPLES + 1)
    return Difference(*scores, _middle(differences), p if units.max() + 1 >= FEWEST else None)


def _samples(units) -> Iterator[np.ndarray]:
    """Of each sample, how often each row is in it."""
    generator, count = np.random.default_rng(_SEED), int(units.max()) + 1
    for _ in range(SAMPLES):
        yield np.bincount(generator.integers(count, size=count), minlength=count)[units].astype(np.float64)


def _middle(values):
    """The ends of the middle 95 % of some values."""
    values = np.sort(values)
    cut = len(values) // 40
    return float(values[cut]), float(values[-1 - cut])
