"""Figures of anomalies that last: how much of each was found, and how well where borders are not known to the step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seq2seq.evaluation.detection import f1_of, runs

THRESHOLDS = 250  # as in the code of that paper: of the scores in their order, so many, evenly spaced


@dataclass(frozen=True)
class Volume:
    """What `volume_under_surface` gives.

    Attributes:
        pr: float. Volume below precision over recall; by chance about the share of what is labelled.
        roc: float. Volume below the true over the false positive rate; by chance about a half.
        buffer: int. Steps of the longest buffer.
    """

    pr: float
    roc: float
    buffer: int


def range_scores(alarms: Sequence[np.ndarray], labels: Sequence[np.ndarray]) -> dict[str, float | None]:
    """Hold runs of alarms against labelled stretches of steps, each of which counts the same, however long it is.

    The recall of a stretch is the share of its steps that are alarms, over the number of runs that these are in: an
    anomaly is to be one alarm. The precision of a run is likewise the share of its steps that are labelled, over the
    number of stretches that it meets (Tatbul et al. 2018: without a reward for existence, cardinality 1/x, flat bias).

    Args:
        alarms: of each series a bool array, `(steps,)`.
        labels: likewise; True = anomaly.

    Returns:
        dict of `range_precision`, `range_recall`, their means over the runs and the stretches, None where there are
        none, and `range_f1`, see `f1_of`.

    >>> alarms, labels = np.array([0, 1, 1, 1, 1, 0, 0], bool), np.array([0, 0, 1, 1, 1, 1, 1], bool)
    >>> range_scores([alarms], [labels])
    {'range_precision': 0.75, 'range_recall': 0.6, 'range_f1': 0.6666666666666665}
    """
    precision, recall = _shares(alarms, labels), _shares(labels, alarms)
    return {"range_precision": precision, "range_recall": recall, "range_f1": f1_of(precision, recall)}


def _shares(of, by):
    """The mean over the runs of `of` of the share of each that `by` covers, over the number of its runs there."""
    shares = []
    for flags, covered in zip(of, by, strict=True):
        for first, last in runs(flags):
            here = np.asarray(covered[first : last + 1], bool)
            shares.append(here.mean() / max(len(runs(here)), 1))
    return float(np.mean(shares)) if shares else None


def labels_with_scores(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Labels without the stretches none of whose steps has a score: as of events, such an anomaly counts in nothing."""
    kept = np.array(labels, bool)
    for first, last in runs(kept):
        kept[first : last + 1] = not np.isnan(scores[first : last + 1]).all()
    return kept


def volume_under_surface(
    scores: Sequence[np.ndarray], labels: Sequence[np.ndarray], buffer: int | None = None
) -> Volume | None:
    """Hold the scores of steps against labelled stretches of steps, over all thresholds and lengths of the buffer.

    A labelled stretch goes on, at both ends, for up to half a buffer, with labels that fall from 1, so that alarms near
    it count in part. The area below a curve is of one length of the buffer; the volume is the mean over all lengths
    from 0 on, and so none has to be chosen but the longest (Paparrizos et al. 2022).

    Args:
        scores: of each series a float array, `(steps,)`; higher = more anomalous, NaN = not scored.
        labels: of each series a bool array, `(steps,)`; True = anomaly.
        buffer: int. The longest buffer, in steps; default: the median length of the labelled stretches with a score.

    Returns:
        A `Volume`; None where only one of the two, normal or labelled, was scored. A stretch without any score counts
        in nothing.

    >>> scores, labels = np.array([0.1, 0.2, 0.9, 0.3, 0.1]), np.array([False, True, False, False, False])
    >>> round(volume_under_surface([scores], [labels], buffer=0).pr, 4)
    0.1667
    """
    labels = list(map(labels_with_scores, labels, scores))
    stretches = [runs(each) for each in labels]
    lengths = [last - first + 1 for each in stretches for first, last in each]
    values, known = np.concatenate(scores), np.concatenate(labels).astype(bool)
    there = ~np.isnan(values)
    if len({*known[there].tolist()}) < 2:
        return None
    buffer = int(np.median(lengths)) if buffer is None else buffer
    surface = _Surface(values, known, there, np.cumsum([0, *map(len, scores)]), stretches)
    areas = np.array([surface.areas(length) for length in range(buffer + 1)])
    pr, roc = areas.mean(axis=0).tolist()
    return Volume(pr, roc, buffer)


class _Surface:
    """The curves of all lengths of the buffer: what does not depend on that is worked out once."""

    def __init__(self, values, known, there, bounds, stretches):
        self.known, self.there, self.bounds, self.stretches = known, there, bounds, stretches
        ordered = np.sort(values[there])
        picked = np.linspace(0, len(ordered) - 1, THRESHOLDS, dtype=np.int64)
        thresholds = ordered[::-1][picked]  # from the highest score on
        # The first threshold that a step is an alarm at: score >= threshold.
        self.values, self.alarm_from = values, np.searchsorted(-thresholds, -values, side="left")
        self.thresholds, self.alarms = thresholds, len(ordered) - np.searchsorted(ordered, thresholds, side="left")
        self.found = self._below(np.flatnonzero(known & there))

    def areas(self, buffer):
        """Below precision over recall, and below the true over the false positive rate."""
        at, weights = self._slopes(buffer)
        found = self.found + self._below(at, weights)
        labelled = float(self.known[self.there].sum()) + weights.sum() / 2  # the mean of the labels with and without
        there = int(self.there.sum())
        recall = np.minimum(found / labelled, 1.0) * self._met(at)
        false = np.minimum((self.alarms - found) / (there - labelled), 1.0)
        precision = np.append(1.0, found / self.alarms)
        recall, false = np.append(0.0, recall), np.append(0.0, false)
        pr = np.sum(np.diff(recall) * (precision[1:] + precision[:-1]) / 2)
        recall, false = np.append(recall, 1.0), np.append(false, 1.0)
        return pr, np.sum(np.diff(false) * (recall[1:] + recall[:-1]) / 2)

    def _slopes(self, buffer):
        """Which scored steps beside labelled ones are labelled in part, and how much."""
        if buffer < 2:
            return np.zeros(0, np.int64), np.zeros(0)
        away = np.arange(1, buffer // 2 + 1)
        fall = np.sqrt(1 - away / buffer)
        at, weights = [], []
        for begin, end, stretches in zip(self.bounds[:-1], self.bounds[1:], self.stretches, strict=True):
            for first, last in stretches:
                before, after = begin + first - away, (begin + last + away)[:-1]
                for steps, falling in ((before, fall), (after, fall[:-1])):
                    inside = (steps >= begin) & (steps < end)
                    at.append(steps[inside])
                    weights.append(falling[inside])
        where, which = np.unique(np.concatenate(at), return_inverse=True)
        sums = np.minimum(np.bincount(which, np.concatenate(weights), len(where)), 1.0)
        beside = self.there[where] & ~self.known[where]
        return where[beside], sums[beside]

    def _below(self, at, weights=None):
        """The sum of the weights of the steps `at` that are alarms, at each threshold."""
        return np.bincount(self.alarm_from[at], weights, THRESHOLDS + 1)[:THRESHOLDS].cumsum()

    def _met(self, slopes):
        """The share of the stretches, grown by their slopes, that have an alarm, at each threshold."""
        grown = self.known & self.there
        grown[slopes] = True
        highest = [
            np.max(self.values[begin + first : begin + last + 1])
            for begin, end in zip(self.bounds[:-1], self.bounds[1:], strict=True)
            for first, last in runs(grown[begin:end])
        ]
        return (np.array(highest)[:, None] >= self.thresholds).mean(axis=0)
