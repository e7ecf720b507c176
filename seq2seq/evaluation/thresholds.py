"""Where an anomaly begins: thresholds fitted on held-out normal scores, never on what is scored."""

import math

import numpy as np

from seq2seq.errors import InputError
from seq2seq.report import counted

THRESHOLD_KINDS = ("quantile", "sigma", "pot", "f_beta")

# Peaks over threshold: the scores beyond the 98 % quantile (Siffer et al. 2017), and at least so many.
TAIL_SHARE = 0.02
FEWEST_PEAKS = 10
MOST_OF_TAIL = 0.2  # share of all scores: more of them are no tail


def fit_threshold(kind: str, scores: np.ndarray, value: float, labels: np.ndarray | None = None) -> float:
    """Fit the threshold above which, `score > threshold`, something is called an anomaly.

    Args:
        kind: str. What `value` means:
            `"quantile"`: the share of normal scores below the threshold, for example 0.99;
            `"sigma"`: standard deviations above the mean, for example 3;
            `"pot"`: the probability that a normal score exceeds the threshold, for example 1e-3, even beyond all
            that were seen: a generalised Pareto tail is fitted to the peaks (Siffer et al. 2017, static);
            `"f_beta"`: the beta of the F-score to be highest: 1 for F1, above 1 where a miss costs more than a false
            alarm. It needs labels.
        scores: float array of held-out scores, of any shape; NaN is skipped. Normal ones, except for `"f_beta"`.
        value: float.
        labels: bool or 0/1 array of the shape of `scores`, 1 = anomaly. For `"f_beta"` only, and of held-out data.

    Returns:
        float.

    Raises:
        InputError: if the value does not fit the kind, there are too few scores, or labels are missing or of no use.

    >>> fit_threshold("quantile", np.arange(101.0), 0.95)
    95.0
    """
    if kind not in THRESHOLD_KINDS:
        raise InputError(f"The kind of threshold is {kind!r}; pass one of {', '.join(THRESHOLD_KINDS)}.")
    if (labels is not None) != (kind == "f_beta"):
        mend = (
            "pass labels of held-out data" if labels is None else "leave the labels out, it is fitted on normal scores"
        )
        raise InputError(
            f"A threshold of kind {kind} was asked for {'without' if labels is None else 'with'} labels; {mend}."
        )
    highest = {"quantile": 1.0, "pot": 1.0}.get(kind, np.inf)
    if not 0 < value < highest:
        below = "" if highest == np.inf else f" and below {highest:g}"
        raise InputError(f"The {kind} threshold was given {value:g}; pass a number above 0{below}.")
    scores = np.asarray(scores, dtype=np.float64)
    observed = ~np.isnan(scores)
    if not observed.any():
        raise InputError("There is no held-out score to fit a threshold on; hold out more data.")
    if not np.isfinite(scores[observed]).all():
        raise InputError("A held-out score is infinite; check the data and the learning rate of the training.")
    if kind == "f_beta":
        return _highest_f(scores[observed], np.asarray(labels).astype(bool)[observed], value)
    fitted = {"quantile": _quantile, "sigma": _sigma, "pot": _peaks_over_threshold}[kind](scores[observed], value)
    if not np.isfinite(fitted):
        raise InputError(f"The threshold {kind}={value:g} is above any score; pass another value.")
    return fitted


def beyond_held_out(kind: str, value: float, count: int, more: str = "hold out more") -> str | None:
    """What is to be said where so few held-out scores do not tell a threshold.

    Args:
        kind, value: as for `fit_threshold`.
        count: int. Held-out scores.
        more: str. What gives more of them, in words.
    """
    no_tail = count * MOST_OF_TAIL < FEWEST_PEAKS
    if kind == "quantile" and count < (needed := math.ceil(1 / (1 - value) - 1e-6)):  # 1 - 0.9 is not quite 0.1
        return (
            f"{counted(count, 'held-out score does', 'held-out scores do')} not tell the quantile {value:g}, which "
            f"takes {needed:,}: the threshold is about the highest of them; {more}, or take a lower quantile"
            f"{'' if no_tail else ', or pot'}"
        )
    if kind == "pot" and no_tail:
        return (
            f"pot goes on beyond the highest {FEWEST_PEAKS} scores, and {counted(count, 'is', 'are')} held out: "
            f"what so many of them have in common is no tail, and the threshold is a guess; {more}"
        )
    return None


def _quantile(scores: np.ndarray, share: float) -> float:
    return float(np.quantile(scores, share))


def _sigma(scores: np.ndarray, deviations: float) -> float:
    with np.errstate(over="ignore"):
        return float(scores.mean() + deviations * scores.std())


def _peaks_over_threshold(scores: np.ndarray, risk: float) -> float:
    """`P(score > t + x) = P(score > t) · (1 + shape · x / scale)^(-1 / shape)`, solved for the risk."""
    start = np.quantile(scores, 1 - max(TAIL_SHARE, min(FEWEST_PEAKS / len(scores), 1)))
    peaks = scores[scores > start] - start
    if len(peaks) < FEWEST_PEAKS // 2:
        raise InputError(
            f"{len(scores)} held-out scores leave {len(peaks)} peaks to fit a tail to, which takes "
            f"{FEWEST_PEAKS // 2}; hold out more data or use a quantile."
        )
    share = len(peaks) / len(scores)
    if risk >= share:  # not in the tail: seen often enough to be counted
        return _quantile(scores, 1 - risk)
    from scipy.stats import genpareto

    shape, _, scale = genpareto.fit(peaks, floc=0)
    return float(start + genpareto.isf(risk / share, shape, scale=scale))


def _highest_f(scores: np.ndarray, labels: np.ndarray, beta: float) -> float:
    if labels.all() or not labels.any():
        raise InputError("All held-out labels are the same; an F-score needs normal and anomalous ones.")
    from sklearn.metrics import precision_recall_curve

    precision, recall, candidates = precision_recall_curve(labels, scores)
    weighted = beta**2 * precision + recall
    f_scores = np.divide((1 + beta**2) * precision * recall, weighted, out=np.zeros_like(weighted), where=weighted > 0)
    best = int(np.argmax(f_scores[:-1]))  # the last point of the curve has no threshold
    # These say score >= candidate; between it and the next lower score, > says the same.
    lower = scores[scores < candidates[best]].max(initial=-np.inf)
    return float(np.nextafter(candidates[best], -np.inf) if lower == -np.inf else (candidates[best] + lower) / 2)
