"""How long translations become: a line above the lengths of the training pairs."""

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np

OUTLIERS = 0.001  # share of the pairs that may be longer: an aligner's mistakes would make every search slow
HEAD_ROOM = 1.25, 5  # what comes later may be longer than all that was seen: times the first, plus the second
_PAIRS_AT_ONCE = 1_000_000


def length_limit(source_lengths: np.ndarray, target_lengths: np.ndarray) -> tuple[float, int]:
    """Return `ratio` and `extra`, so that hardly a translation needs more tokens than `ratio · source length + extra`.

    Of all lines that lie above the pairs, and rise with the source at least as the targets do on the whole, it is the
    lowest one at the mean source length, and then some head-room. Of a thousand pairs the one that is longest for its
    source does not count.

    Args:
        source_lengths: int array, `(pairs,)`, at least one. Source tokens, without EOS.
        target_lengths: int array, `(pairs,)`. Target tokens, without EOS; the limit has room for it.

    >>> length_limit(np.array([1, 2, 3, 3]), np.array([5, 9, 16, 30]))
    (12.5, 7)
    """
    counts = _counted(source_lengths, target_lengths)
    mean = float(np.mean(source_lengths))
    longest = {0: 1}  # by the source length; and an empty source would have an EOS
    for (source, target), _ in _without_outliers(counts):
        longest[source] = max(longest.get(source, 0), target + 1)
    corners = _upper_hull(sorted(longest.items()))
    end = next((k for k, (x, _) in enumerate(corners) if x >= mean and k), len(corners) - 1)
    (x1, y1), (x2, y2) = corners[end - 1], corners[end]
    rise = (y2 - y1) / (x2 - x1) if end else 0.0  # Sources without a token make one corner.
    # Pairs of about one length give a flat line: what comes later may be longer, and then so is its translation.
    ratio = max(float(np.mean(target_lengths)) / max(mean, 1.0), rise)
    extra = max(y - ratio * x for x, y in corners)
    factor, more = HEAD_ROOM
    return math.ceil(round(100 * factor * ratio, 6)) / 100, math.ceil(round(factor * extra, 6)) + more


def _counted(source_lengths, target_lengths) -> Mapping[tuple[int, int], int]:
    """How many pairs there are of each two lengths; of millions of pairs some thousands differ in them."""
    counts = Counter()
    for start in range(0, len(source_lengths), _PAIRS_AT_ONCE):
        block = slice(start, start + _PAIRS_AT_ONCE)
        codes = source_lengths[block].astype(np.int64) << 32 | target_lengths[block].astype(np.int64)
        counts.update(dict(zip(*(part.tolist() for part in np.unique(codes, return_counts=True)), strict=True)))
    return {(code >> 32, code & 0xFFFFFFFF): count for code, count in counts.items()}


def _without_outliers(counts):
    """What is left of `counts` without the pairs that are longest for their source."""
    more = HEAD_ROOM[1]  # one token of source and three of target are no outlier
    ranked = sorted(counts.items(), key=lambda item: (item[0][1] + more) / (item[0][0] + more), reverse=True)
    may_go = int(OUTLIERS * sum(counts.values()))
    while ranked[0][1] <= may_go:
        may_go -= ranked.pop(0)[1]
    return ranked


def _upper_hull(points):
    """The corners of the upper convex hull of points in order of x."""
    corners = []
    for x, y in points:
        while len(corners) > 1:
            (x1, y1), (x2, y2) = corners[-2:]
            if (y2 - y1) * (x - x1) > (y - y1) * (x2 - x1):  # it is above the line between its neighbours
                break
            corners.pop()
        corners.append((x, y))
    return corners
