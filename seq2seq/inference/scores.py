"""Anomaly scores of series: of steps, of windows, of whole sequences."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seq2seq.evaluation.anomaly import observed_mean


@dataclass(frozen=True)
class Scores:
    """Anomaly scores of series; higher is more anomalous, NaN is not scored.

    Attributes:
        steps: tuple of float64 arrays, `(steps,)` each: the mean over all windows that cover a step.
        blame: tuple of float64 arrays, `(steps, features)`: a step's score shared out among the features.
        samples: float64 array, `(series,)`, the mean of the steps, where whole sequences are scored; else None.
        windows: tuple of float64 arrays, `(steps,)`: the score of the window that ends at the step, all that is known
            when it comes in; None where whole sequences are scored.
        reach: int. Steps that tell of the score of a window, those before it included that it is smoothed with; 0 where
            whole sequences are scored.
    """

    steps: tuple[np.ndarray, ...]
    blame: tuple[np.ndarray, ...]
    samples: np.ndarray | None = None
    windows: tuple[np.ndarray, ...] | None = None
    reach: int = 0

    @property
    def judged(self) -> np.ndarray:
        """The scores that alarms are made of, `(scores,)`: of the samples, or of all steps end to end."""
        return np.concatenate(self.steps) if self.samples is None else self.samples

    def at(self, places: Sequence[slice]) -> "Scores":
        """The scores of some steps of each series."""
        if self.samples is not None:
            return self
        return self._each(lambda of: tuple(one[place] for one, place in zip(of, places, strict=True)))

    def over(self, levels: Sequence[float]) -> "Scores":
        """The scores of each series divided by its level; those of windows."""
        return self._each(lambda of: tuple(map(np.divide, of, levels)))

    def labels_of_windows(self, labels: np.ndarray) -> np.ndarray:
        """bool array, one for each step of all series: whether a step of the window that ends there is labelled."""
        parts = np.split(np.asarray(labels, bool), np.cumsum([len(steps) for steps in self.steps])[:-1])
        return np.concatenate([label_of_windows(part, self.reach) for part in parts])

    def smoothed(self, width: int, gaps: Sequence[np.ndarray] | None = None) -> "Scores":
        """Means of so many neighbouring scores: of steps about each, of windows up to each, none across a gap in time.

        Args:
            width: int. Steps.
            gaps: of each series an int array, the steps after gaps.
        """
        if width == 1 or self.windows is None:
            return self
        stretches = [
            np.searchsorted(() if gaps is None else gaps[number], np.arange(len(steps)), side="right")
            for number, steps in enumerate(self.steps)
        ]
        before = width // 2

        def means(of, before, after):
            return tuple(running_mean(*each, before, after) for each in zip(of, stretches, strict=True))

        steps, blame = (means(each, before, width - 1 - before) for each in (self.steps, self.blame))
        return Scores(steps, blame, None, means(self.windows, width - 1, 0), self.reach + width - 1)

    def _each(self, change):
        return replace(self, **{name: change(getattr(self, name)) for name in ("steps", "blame", "windows")})


def joined(of_errors: Sequence[Scores], weights: Sequence[float]) -> Scores:
    """The means of scores by several kinds of error, each times its weight; by some where others do not score."""
    if len(of_errors) == 1:
        return of_errors[0]

    def means(name):
        each = zip(*(getattr(scores, name) for scores in of_errors), strict=True)
        return tuple(
            observed_mean(np.stack([weight * x for weight, x in zip(weights, of, strict=True)], -1)) for of in each
        )

    return Scores(means("steps"), means("blame"), None, means("windows"), max(scores.reach for scores in of_errors))


def running_mean(values: np.ndarray, stretches: np.ndarray, before: int, after: int) -> np.ndarray:
    """The mean over a step, so many before it and so many after it, where these have a value and are of its stretch.

    Args:
        values: float array, `(steps, …)`; NaN stays NaN.
        stretches: int array, `(steps,)`. Which stretch a step is of.
        before, after: int.

    >>> running_mean(np.array([0.0, 4.0, 8.0, np.nan, 2.0, 6.0]), np.array([0, 0, 0, 0, 0, 1]), 1, 1).tolist()
    [2.0, 4.0, 6.0, nan, 2.0, 6.0]
    """
    total, count, steps = np.zeros(values.shape), np.zeros(values.shape, np.int64), np.arange(len(values))
    for offset in range(-min(before, len(values)), min(after, len(values)) + 1):
        here = steps[max(-offset, 0) : len(steps) - max(offset, 0)]
        here = here[stretches[here] == stretches[here + offset]]
        there = ~np.isnan(values[here + offset])
        total[here] += np.where(there, values[here + offset], 0.0)
        count[here] += there
    scored = ~np.isnan(values)
    return np.divide(total, count, out=np.full(values.shape, np.nan), where=scored & (count > 0))


def label_of_windows(labels: np.ndarray, reach: int) -> np.ndarray:
    """bool array, one for each step of a series: whether it, or one of the `reach` - 1 before it, is labelled."""
    sums = np.concatenate((np.zeros(reach, np.int64), np.cumsum(labels)))
    return sums[reach:] > sums[:-reach]
