"""How well anomalies were found, against labels. Raw: a whole anomaly is never credited for one step of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seq2seq.errors import InputError

WEEK = np.timedelta64(7, "D")

Window = tuple[np.datetime64, np.datetime64]


@dataclass(frozen=True)
class Labels:
    """What is known to be anomalous.

    Attributes:
        values: bool array, `(scores,)`, one for each score that is judged.
        windows: for each series its labelled windows, or None where the labels are single ones.
    """

    values: np.ndarray
    windows: tuple[tuple[Window, ...], ...] | None = None

    def of_series(self, lengths: np.ndarray) -> list[np.ndarray]:
        """The labels of steps, for each series of these lengths an array."""
        return np.split(self.values, np.cumsum(lengths)[:-1])


def detection_scores(scores: np.ndarray, labels: np.ndarray, threshold: float) -> dict[str, float | int | None]:
    """Measure scores, and the decisions `score > threshold`, against labels.

    Args:
        scores: float array of any shape; higher = more anomalous, NaN = not scored.
        labels: bool or 0/1 array of the same shape; 1 = anomaly.
        threshold: float, from `fit_threshold`.

    Returns:
        dict of
        `roc_auc`: chance that an anomaly scores above a normal one; None where only one of the two was scored;
        `pr_auc`: average precision, whose value by chance is the share of anomalies; None likewise;
        `precision`, `recall`, `f1`: of the anomalies; None where nobody can know: precision without alarms, recall and
            F1 without anomalies;
        `accuracy`: share of right decisions;
        `scored`, `anomalies`, `alarms`, `unscored`: int, how many of each; `unscored` are in none of the scores.

    Raises:
        InputError: if the shapes differ, a label is neither 0 nor 1, or nothing was scored.
    """
    scores, labels = np.asarray(scores, dtype=np.float64), np.asarray(labels)
    if scores.shape != labels.shape:
        raise InputError(f"Labels have shape {labels.shape}, the scores {scores.shape}; pass one label for each score.")
    if not np.isin(labels, (0, 1)).all():
        strange = labels[~np.isin(labels, (0, 1))].flat[0]
        raise InputError(f"A label is {strange}; pass 1 for an anomaly and 0 for what is normal.")
    there = ~np.isnan(scores)
    if not there.any():
        raise InputError(f"None of {scores.size} steps has a score; pass series at least as long as a window.")
    scores, labels, unscored = scores[there], labels[there].astype(bool), int(np.sum(~there))
    alarms = scores > threshold
    hits, raised, real = int(np.sum(alarms & labels)), int(alarms.sum()), int(labels.sum())
    roc_auc, pr_auc = _areas(scores, labels) if 0 < real < len(labels) else (None, None)
    precision, recall = hits / raised if raised else None, hits / real if real else None
    return {
        "roc_auc": roc_auc,
        "pr_auc": pr_auc,
        "precision": precision,
        "recall": recall,
        "f1": f1_of(precision, recall),
        "accuracy": float(np.mean(alarms == labels)),
        "scored": len(scores),
        "anomalies": real,
        "alarms": raised,
        "unscored": unscored,
    }


def f1_of(precision: float | None, recall: float | None) -> float | None:
    """The harmonic mean of both; None without a recall, as nothing is labelled. Without alarms, which have no
    precision, all is missed: 0.

    >>> f1_of(0.5, 1.0), f1_of(None, 0.0), f1_of(0.0, None)
    (0.6666666666666666, 0.0, None)
    """
    if recall is None:
        return None
    precision = precision or 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _areas(scores, labels):
    """The area below the ROC curve and the average precision; there are so many series that each must be quick."""
    _, which = np.unique(scores, return_inverse=True)
    real, usual = np.bincount(which, labels), np.bincount(which, ~labels)  # of each score, from the lowest on
    below = np.cumsum(usual) - usual / 2  # of equal scores one half
    found, raised = np.cumsum(real[::-1]), np.cumsum((real + usual)[::-1])  # by thresholds from the highest score on
    precision = np.sum(real[::-1] * found / raised) / real.sum()
    return float(np.sum(real * below) / (real.sum() * usual.sum())), float(precision)


def window_labels(times: np.ndarray, windows: Sequence[Window]) -> np.ndarray:
    """Label the steps inside labelled windows, their ends included.

    Args:
        times: datetime64 array, `(steps,)`.
        windows: sequence of `(start, end)`, datetime64, as from `read_windows`.

    Returns:
        bool array, `(steps,)`; True = anomaly.
    """
    times = np.asarray(times)
    if times.dtype.kind != "M":
        raise InputError(f"Labelled windows are dates, but the times are {times.dtype}; pass data with a date column.")
    labels = np.zeros(times.shape, dtype=bool)
    for start, end in windows:
        labels |= (times >= start) & (times <= end)
    return labels


def durations(times: np.ndarray) -> np.ndarray:
    """How long each step lasts: until the next one. Over a gap nobody watches: the last step before it, as the last of
    all, lasts as long as one usually does. A gap is over twice as long as nine in ten of the steps.

    Args:
        times: datetime64 array, `(steps,)`, increasing.

    Returns:
        timedelta64[ns] array, `(steps,)`.

    >>> hours = np.array(["2024-05-01T00", "2024-05-01T01", "2024-05-01T02", "2024-05-01T20"], "datetime64[ns]")
    >>> durations(hours).astype("timedelta64[h]").astype(int).tolist()
    [1, 1, 1, 1]
    """
    steps = np.diff(times).astype("timedelta64[ns]").astype(np.int64)
    if not len(steps):
        return np.zeros(len(times), "timedelta64[ns]")
    usual = np.quantile(steps, 0.5, method="lower")
    steps = np.where(steps > 2 * np.quantile(steps, 0.9, method="lower"), usual, steps)
    return np.append(steps, usual).astype("timedelta64[ns]")


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """First and last position of each run of True in a bool array.

    >>> runs(np.array([False, True, True, False, True]))
    [(1, 2), (4, 4)]
    """
    edges = np.diff(np.concatenate(([0], np.asarray(flags, np.int8), [0])))
    return list(zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True))


def window_hits(
    scores: np.ndarray, times: np.ndarray, threshold: float, windows: Sequence[Window]
) -> dict[str, float | int | None]:
    """Count labelled windows that were found and alarms that were raised for nothing.

    Args:
        scores: float array, `(steps,)`; NaN = not scored.
        times: datetime64 array, `(steps,)`, increasing.
        threshold: float. A step with `score > threshold` raises an alarm.
        windows: sequence of `(start, end)`, datetime64, both inside the window.

    Returns:
        dict of
        `windows`: int, those with at least one scored step;
        `hit`: int, those of them with an alarm;
        `false_alarms`: int, runs of alarms that meet no window; a run is one alarm however long it lasts, and one that
            began before its window was early, not false;
        `weeks`: float, time scored outside all windows, by the clock: see `durations`;
        `false_alarms_per_week`: float; None where there was no such time.
    """
    scores, times = np.asarray(scores, dtype=np.float64), np.asarray(times)
    labels = window_labels(times, windows)
    scored = ~np.isnan(scores)
    alarms = scores > threshold  # NaN: no alarm
    inside = [window_labels(times, [window]) for window in windows]
    inside = [steps for steps in inside if (steps & scored).any()]
    false = sum(not labels[first : last + 1].any() for first, last in runs(alarms))
    weeks = float(durations(times)[scored & ~labels].sum() / WEEK)
    return {
        "windows": len(inside),
        "hit": sum(bool((steps & alarms).any()) for steps in inside),
        "false_alarms": false,
        "weeks": weeks,
        "false_alarms_per_week": false / weeks if weeks > 0 else None,
    }
