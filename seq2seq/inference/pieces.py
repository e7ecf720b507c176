"""Series cut into what an autoencoder reads at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from seq2seq.series.table import Series
from seq2seq.series.windows import sliding_windows

PIECES_AT_ONCE = 256
RECONSTRUCTION, PREDICTION = "reconstruction", "prediction"  # kinds of error


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


Errors = tuple[Pieces, np.ndarray]  # pieces, and errors like their values


def cut(
    scaled: Sequence[np.ndarray], look_back: int, stride: int = 1, gaps: Sequence[np.ndarray] | None = None
) -> Iterator[Pieces]:
    """Cut series into windows, series after series, or batch whole ones by length where `look_back` is 0.

    Windows of short series are given together. The last window of a series ends at its end, whatever the stride. A
    series shorter than a window gives none. With `gaps`, as `gaps_of` finds them, each stretch between them is cut as a
    series is.
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
    held: list[Pieces] = []
    for pieces in _windows(scaled, look_back, stride, gaps):
        if held and sum(len(each.first) for each in [*held, pieces]) > PIECES_AT_ONCE:
            yield _together(held)
            held = []
        held.append(pieces)
    if held:
        yield _together(held)


def _windows(scaled, look_back, stride, gaps):
    """Pieces of one series at a time."""
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


def _together(held):
    if len(held) == 1:
        return held[0]
    return Pieces(*(np.concatenate([getattr(each, name) for each in held]) for name in ("values", "series", "first")))


def pieces_after(
    pieces: Pieces, scaled: Sequence[np.ndarray], steps: int, gaps: Sequence[np.ndarray] | None = None
) -> tuple[np.ndarray, Pieces]:
    """So many steps after each of some windows of series.

    Args:
        pieces: `Pieces` that `cut` made of these series, with these `gaps`.
        scaled, gaps: as of `cut`.
        steps: int.

    Returns:
        int array, which of the pieces are followed by all of these steps before the end of their series, or a gap; and
        `Pieces` of what follows them.
    """
    first = pieces.first + pieces.values.shape[1]
    ends = np.array([len(values) for values in scaled])[pieces.series]
    if gaps is not None:
        bounds = [np.append(each, len(values)) for each, values in zip(gaps, scaled, strict=True)]
        places = zip(pieces.series, first - 1, strict=True)
        ends = np.array([bounds[row][np.searchsorted(bounds[row], last, side="right")] for row, last in places], int)
    rows = np.flatnonzero(first + steps <= ends)
    series, first = pieces.series[rows], first[rows]
    values = [scaled[row][at : at + steps] for row, at in zip(series, first, strict=True)]
    return rows, Pieces(np.stack(values) if values else pieces.values[:0, :1].repeat(steps, axis=1), series, first)


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
