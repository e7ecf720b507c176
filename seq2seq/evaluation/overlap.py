"""Overlapping windows → one value for each step."""

from collections.abc import Sequence

import numpy as np

from seq2seq.errors import InputError


class StepMeans:
    """The mean, at each step of each series, of all windows that cover it. Windows come a batch at a time.

    Args:
        lengths: sequence of int. Steps of each series.
        width: tuple of int. Shape of one step's value.

    >>> means = StepMeans([4])
    >>> means.add(np.array([[1.0, 2.0], [4.0, 8.0]]), [0, 0], [0, 1])
    >>> means.result()[0].tolist()
    [1.0, 3.0, 8.0, nan]
    """

    def __init__(self, lengths: Sequence[int], width: tuple[int, ...] = ()):
        self._lengths = np.asarray(lengths, dtype=np.int64)
        self._ends = np.cumsum(self._lengths)
        steps = int(self._lengths.sum())
        self._total, self._count = np.zeros((steps, *width)), np.zeros((steps, *width), dtype=np.int32)

    def add(self, values: np.ndarray, series_index: np.ndarray, first_step: np.ndarray) -> None:
        """Count windows in.

        Args:
            values: float array, `(windows, steps)` and the shape of a step's value; NaN is skipped.
            series_index: int array, `(windows,)`. Which series a window is from.
            first_step: int array, `(windows,)`. The step of that series at which it begins.

        Raises:
            InputError: a window has a value beyond the end of its series.
        """
        values = np.asarray(values, dtype=np.float64)
        ends = self._ends[series_index]
        starts = ends - self._lengths[series_index] + first_step  # in all series laid end to end
        for offset in range(values.shape[1]):  # one step of all windows at a time: no copy of all windows
            observed = ~np.isnan(values[:, offset])
            inside = starts + offset < ends
            if observed[~inside].any():
                raise InputError(
                    f"A window of {values.shape[1]} steps goes beyond its series; pass the lengths of these series."
                )
            steps = (starts + offset)[inside]
            np.add.at(self._total, steps, np.where(observed, values[:, offset], 0.0)[inside])
            np.add.at(self._count, steps, observed[inside])

    def result(self) -> list[np.ndarray]:
        """For each series a float64 array, `(steps, …)`; NaN where no window has a value."""
        means = np.divide(self._total, self._count, out=np.full(self._total.shape, np.nan), where=self._count > 0)
        return np.split(means, self._ends[:-1])
