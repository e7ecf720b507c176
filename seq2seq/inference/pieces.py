"""Series cut into what an autoencoder reads at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from seq2seq.series.table import Series
from seq2seq.series.windows import sliding_windows

PIECES_AT_ONCE = 256


@dataclass(frozen=True)
class Pieces:
    """What the model reads at once: windows, or whole sequences of about one length.

    Attributes:
        values: float32 array, `(pieces, steps, features)`, scaled; NaN after the end of a shorter sequence.
        series: int array, `(pieces,)`. Which series a piece is from.
        first: int array, `(pieces,)`. The step of that series at which it begins.
    """

    values: np.ndarray
    series: np.ndarray
    first: np.ndarray


def cut(
    scaled: Sequence[np.ndarray], look_back: int, stride: int = 1, gaps: Sequence[np.ndarray] | None = None
) -> Iterator[Pieces]:
    """Cut series into windows, series after series, or batch whole ones by length where `look_back` is 0.

    The last window of a series ends at its end, whatever the stride. A series shorter than a window gives none. With
    `gaps`, as `gaps_of` finds them, each stretch between them is cut as a series is.
    """
    if not look_back:
        lengths = np.array([len(values) for values in scaled])
        order = np.argsort(lengths, kind="stable")
        order = order[lengths[order] > 0]
        for rows in np.split(order, range(PIECES_AT_ONCE, len(order), PIECES_AT_ONCE)):
            values = np.full((len(rows), lengths[rows].max(), scaled[0].shape[1]), np.nan, np.float32)
            for place, row in enumerate(rows):
                values[place, : lengths[row]] = scaled[row]
            yield Pieces(values, rows, np.zeros(len(rows), np.int64))
        return
    for number, values in enumerate(scaled):
        if len(values) < look_back:
            continue
        windows, _ = sliding_windows(values, look_back, horizon=0)
        bounds = [0, *(gaps[number].tolist() if gaps else ()), len(values)]
        starts = [_starts(*stretch, look_back, stride) for stretch in pairwise(bounds)]
        first = np.concatenate(starts)
        for begins in np.split(first, range(PIECES_AT_ONCE, len(first), PIECES_AT_ONCE)):
            if len(begins):
                yield Pieces(windows[begins], np.full(len(begins), number), begins)


def _starts(first, end, look_back, stride):
    """Where windows begin in a stretch of steps."""
    last = end - look_back
    return np.unique(np.append(np.arange(first, last, stride), last)) if last >= first else np.zeros(0, np.int64)


def num_pieces(lengths: np.ndarray, look_back: int) -> int:
    """How many pieces `cut` makes of series of these lengths, with a stride of 1."""
    return int(np.maximum(lengths - look_back + 1, 0).sum()) if look_back else int(np.sum(lengths > 0))


def as_pieces(series: Series, look_back: int) -> Series:
    """`series` as an autoencoder takes them: without windows each one is a sample, and there must be several.

    Raises:
        InputError: one long series and no windows.
    """
    if look_back or series.whole:
        return series
    return replace(series, whole=True)
