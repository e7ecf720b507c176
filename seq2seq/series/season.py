"""The season of series, told from the values themselves."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

LEAST_STRENGTH = 0.3  # correlation of neighbouring seasons from which on there is one
MOST_STEPS, MOST_SERIES = 20_000, 50  # that are looked at: the last ones; bounds time
CYCLES = 3  # a season is one that has come back at least so often, less one
NEAR = 0.05  # a shorter season is taken unless the longer one is stronger by this


class Season(NamedTuple):
    """Steps of a season, 0 for none, and the correlation of values a season apart, about their moving mean."""

    steps: int
    strength: float


def find_seasons(values: Sequence[np.ndarray], expected: Sequence[int] = ()) -> list[Season]:
    """Find seasons by the autocorrelation of series, each about its own moving mean over one season.

    A series without season, be it noise or a random walk, has next to no correlation so; a trend does not count.

    Args:
        values: float arrays `(steps, features)`, the training part of every series; NaN = not observed.
        expected: ints. Steps that the calendar suggests; beside them the peaks of the autocorrelation are looked at.

    Returns:
        The seasons, the strongest first, each of a strength of at least 0.3, and more where it came back a few times.

    >>> choose_season(find_seasons([np.sin(np.arange(100.0) * 2 * np.pi / 5)[:, None]])).steps
    5
    """
    lines = [line for part in values[:MOST_SERIES] for line in part[-MOST_STEPS:].T]
    lines = [line for line in map(_filled, lines) if line is not None]
    longest = max(map(len, lines), default=0) // CYCLES
    steps = sorted({*expected, *(peak for line in lines for peak in _peaks(line))})
    found = []
    for lag in (lag for lag in steps if 2 <= lag <= longest):
        strength = _strength(lines, lag)
        # A walk that turns around a few times looks like a season: what has come back less often must be clearer.
        doubt = (1.0 if lag in expected else 2.0) / np.sqrt(longest * CYCLES / lag)
        if strength >= max(LEAST_STRENGTH, doubt):
            found.append(Season(int(lag), strength))
    return sorted(found, key=lambda season: -season.strength)


def choose_season(seasons: Sequence[Season], most: int | None = None) -> Season:
    """The one to forecast by: the shortest of those that are about as strong as the strongest.

    Args:
        seasons: as `find_seasons` gives them.
        most: int. Steps that a window holds: one that fits goes before one that does not.
    """
    fitting = [season for season in seasons if most is None or season.steps <= most] or list(seasons)
    near = [season for season in fitting if season.strength >= fitting[0].strength - NEAR]
    # A neighbour of 24 is nearly as strong as 24: of about the same length the strongest.
    alike = [season for season in near if season.steps < 1.5 * min(near).steps]
    return max(alike, key=lambda season: season.strength, default=Season(0, 0.0))


def _filled(line):
    """The line with straight lines over its gaps; None where there is nothing to see."""
    seen = np.flatnonzero(~np.isnan(line))
    if len(seen) < max(2 * CYCLES, len(line) // 2) or np.ptp(line[seen]) == 0:
        return None
    return np.interp(np.arange(len(line)), seen, line[seen])


def _peaks(line, most=6):
    """Where the autocorrelation is highest, of the differences and about a straight line: without trend and drift."""
    steps = np.arange(len(line))
    straight = np.polynomial.Polynomial.fit(steps, line, 1)(steps)
    found = set()
    for part in (np.diff(line), line - straight):
        correlation = _autocorrelation(part - part.mean(), len(line) // CYCLES + 1)
        inner = correlation[2:-1]
        top = np.flatnonzero((inner >= correlation[1:-2]) & (inner > correlation[3:]) & (inner > 0.1)) + 2
        if len(top):
            highest = correlation[top].max()
            # Multiples of a season are peaks as well: the first ones, and the highest.
            found |= {*top[correlation[top] >= 0.5 * highest][:most].tolist(), int(top[correlation[top].argmax()])}
    return found


def _strength(lines, lag):
    """Mean correlation of values `lag` steps apart, each about the mean of the `lag` steps around it."""
    found = [_correlation(line, lag) for line in lines if len(line) >= CYCLES * lag]
    return float(np.mean(found)) if found else 0.0


def _correlation(line, lag):
    kernel = np.full(lag, 1.0 / lag) if lag % 2 else np.r_[0.5, np.ones(lag - 1), 0.5] / lag
    half = len(kernel) // 2
    rest = line[half : len(line) - half] - np.convolve(line - line[0], kernel, mode="valid") - line[0]
    if len(rest) < lag + 2 or np.mean(rest**2) <= 1e-12 * np.var(line):
        return 0.0
    correlation = _autocorrelation(rest, lag + 1)
    # Of a curved trend it only falls: in a season there are steps that are less alike than those a season apart.
    return float(correlation[lag]) if correlation[lag] - correlation[1:lag].min() >= LEAST_STRENGTH else 0.0


def _autocorrelation(values, lags):
    """Of `values` about 0, at the lags from 0 on; each a mean over the pairs that there are."""
    power = np.abs(np.fft.rfft(values, 2 * len(values))) ** 2
    products = np.fft.irfft(power)[:lags] / (len(values) - np.arange(lags))
    return products / products[0] if products[0] > 0 else np.zeros(lags)
