"""Anomaly scores of series: of steps, of windows, of whole sequences."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Scores:
    """Anomaly scores of series; higher is more anomalous, NaN is not scored.

    Attributes:
        steps: tuple of float64 arrays, `(steps,)` each: the mean over all windows that cover a step.
        blame: tuple of float64 arrays, `(steps, features)`: a step's score shared out among the features.
        samples: float64 array, `(series,)`, the mean of the steps, where whole sequences are scored; else None.
        windows: tuple of float64 arrays, `(steps,)`: the score of the window that ends at the step, all that is known
            when it comes in; None where whole sequences are scored.
        look_back: int. Steps of a window; 0 where whole sequences are scored.
    """

    steps: tuple[np.ndarray, ...]
    blame: tuple[np.ndarray, ...]
    samples: np.ndarray | None = None
    windows: tuple[np.ndarray, ...] | None = None
    look_back: int = 0

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
        return np.concatenate([label_of_windows(part, self.look_back) for part in parts])

    def _each(self, change):
        return replace(self, **{name: change(getattr(self, name)) for name in ("steps", "blame", "windows")})


def label_of_windows(labels: np.ndarray, look_back: int) -> np.ndarray:
    """bool array, one for each step of a series: whether a step of the window that ends there is labelled."""
    sums = np.concatenate((np.zeros(look_back, np.int64), np.cumsum(labels)))
    return sums[look_back:] > sums[:-look_back]
