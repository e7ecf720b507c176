"""Where the level of a series shifts, as after a change of the sensor or of the tariff."""

from typing import NamedTuple

import numpy as np

FAR = 1.0  # standard deviations of what is known, at least
LEAST = 12  # steps of a level: the mean of fewer is moved by a peak
MOST = 200_000  # steps of either part that are looked at, next to where one ends and the other begins; bounds memory
TIMES = 2.0  # as far as it ever moved there; of exchange rates, loads and temperatures the most was 1 to 2


class Shift(NamedTuple):
    """The first step on a new level, and how far from the old one it is, in standard deviations of what is known."""

    step: int
    size: float


def level_shift(known: np.ndarray, after: np.ndarray, length: int) -> Shift | None:
    """Where the mean of `length` steps moves farther, within `after` or where that begins, than ever in `known`.

    A trend, a season or a walk moves it as far in what is known; so does a peak that is shorter than `length`.

    Args:
        known: float array `(steps,)`, NaN = not observed; the last 200,000 steps count.
        after: likewise, what follows; the first 200,000 count.
        length: int. Steps whose mean is the level, at least 12; a season is a good choice, or several.

    Returns:
        `Shift`, whose step is one of `after`; None where nothing of the kind is there, or too little is known to tell.

    >>> walk = np.sin(np.arange(100.0))
    >>> level_shift(walk, np.r_[walk[:20], 9 + walk[20:40]], length=12).step
    20
    """
    length = max(length, LEAST)
    known, after = known[-MOST:], after[:MOST]
    before, now = _moves(known, length), _moves(np.concatenate((known[-length:], after)), length)
    spread = np.nanstd(known) if np.isfinite(known).any() else 0.0
    if len(before) < 2 * length or np.isnan(before).all() or np.isnan(now).all() or not spread:
        return None
    step = int(np.nanargmax(np.abs(now)))
    size = float(now[step] / spread)
    enough = max(FAR, TIMES * float(np.nanmax(np.abs(before))) / spread)
    return Shift(step, size) if abs(size) > enough else None


def _moves(values, length):
    """How far the mean of the next `length` steps is from that of the `length` before, from step `length` on.

    NaN where less than half of one of both was observed.
    """
    seen = ~np.isnan(values)
    total = np.cumsum(np.concatenate(([0.0], np.where(seen, values, 0.0))))
    count = np.cumsum(np.concatenate(([0], seen)))
    counts = count[length:] - count[:-length]
    means = np.where(2 * counts >= length, (total[length:] - total[:-length]) / np.maximum(counts, 1), np.nan)
    return means[length:] - means[:-length]
