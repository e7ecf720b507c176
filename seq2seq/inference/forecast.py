"""What comes out of a forecaster."""

from dataclasses import dataclass, field

import numpy as np

from seq2seq.series.clock import Clock
from seq2seq.series.writing import Decimals


@dataclass(frozen=True)
class Forecast:
    """The next steps of each series, in the user's units.

    Attributes:
        columns: tuple of str. What is forecast.
        names: tuple of str. Of the series.
        times: tuple of arrays `(steps,)`, or None where the data have none.
        values: tuple of float64 arrays `(steps, targets)`.
        lower, upper: the ends of the prediction interval, like `values`; or None.
        level: float. The share of actual values that the interval is to hold; 0 without one.
        notes: tuple of str. What the user should be told: where an interval is empty (NaN), and why.
        decimals: of each series, of each column: how many a number that is written needs, None for nine figures.
        clock: `Clock`. That the times are by: of the data that are continued.
    """

    columns: tuple[str, ...]
    names: tuple[str, ...]
    times: tuple[np.ndarray, ...] | None
    values: tuple[np.ndarray, ...]
    decimals: Decimals
    lower: tuple[np.ndarray, ...] | None = None
    upper: tuple[np.ndarray, ...] | None = None
    level: float = 0.0
    clock: Clock = field(default_factory=Clock)
    notes: tuple[str, ...] = ()
