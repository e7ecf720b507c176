"""How high the scores of each series usually are, where each has its own units."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from seq2seq.config import DetectionConfig

FEWEST_SCORES = 50  # held-out scores that tell the level of one series


def levels_of_series(
    settings: DetectionConfig, names: Sequence[str], steps: Sequence[np.ndarray], look_back: int, parts: int
) -> tuple[dict[str, float], list[np.ndarray]]:
    """How high the usual scores of each series are, over those of all: of a quantile, since alarms are made of it.

    Args:
        settings: `DetectionConfig`.
        names: sequence of str. Of each held-out series, or stretch of one.
        steps: of each, float64 array `(steps,)` of held-out scores, NaN where there is none.
        look_back: int. Steps of a window, by whose errors a step is scored.
        parts: int. Of the scores of a series, each in units of what the others tell.

    Returns:
        Name of each series that has scores enough → its level; and, for the series in their order, float64 arrays
        `(steps,)` of what it is by the other parts of the series.
    """
    share = settings.value if settings.threshold == "quantile" else 0.99
    of_series: dict[str, list] = {}
    for name, scores in zip(names, steps, strict=True):
        of_series.setdefault(name, []).append(scores)
    together = {name: np.concatenate(pieces) for name, pieces in of_series.items()}
    high = {name: _high(scores, share) for name, scores in together.items()}
    usual = np.nanquantile(np.concatenate(list(together.values())), share)
    levels = {name: float(value / usual) for name, value in high.items() if value > 0}
    crossed = {name: np.ones(len(scores)) for name, scores in together.items()}
    for name, level in levels.items():
        scores = together[name]
        bounds = np.arange(parts + 1) * len(scores) // parts
        for first, end in pairwise(bounds):
            apart = np.append(scores[: max(first - look_back + 1, 0)], scores[end + look_back - 1 :])
            crossed[name][first:end] = _high(apart, share) / usual or level
    begin, each = dict.fromkeys(together, 0), []
    for name, scores in zip(names, steps, strict=True):
        each.append(crossed[name][begin[name] : begin[name] + len(scores)])
        begin[name] += len(scores)
    return levels, each


def _high(scores, share):
    """The quantile of scores; 0 where they are too few to tell it."""
    scores = scores[~np.isnan(scores)]
    return float(np.quantile(scores, share)) if len(scores) >= FEWEST_SCORES else 0.0
