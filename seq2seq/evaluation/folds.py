"""Ridge regressions of windows, judged where they were not fitted: in blocks of the training part left out in turn."""

from dataclasses import dataclass
from functools import reduce

import numpy as np

PENALTIES = (1e2, 1e1, 1.0, 1e-1, 1e-2, 1e-3)  # of the mean square of a step
BLOCKS = 4  # of the training part, each forecast by what was fitted to the others; none of a short one
LEAST_WINDOWS = 8  # observed as a whole, in the training and in the validation part, for a regression
EXACT = 1e-9  # of the mean square: a lower error is as good as none


@dataclass(frozen=True)
class Moments:
    """Sums over windows that were observed as a whole, of which a regression and its errors are made.

    Attributes:
        count: int. Windows.
        xx: `(look_back + 1, look_back + 1)`; xy: `(look_back + 1, horizon)`; yy: `(horizon,)`. Sums of products.
    """

    count: int
    xx: np.ndarray
    xy: np.ndarray
    yy: np.ndarray

    @classmethod
    def of(cls, x, y):
        whole = ~np.isnan(y).any(axis=1)
        x, y = x[whole], y[whole]
        return cls(len(x), x.T @ x, x.T @ y, np.square(y).sum(axis=0))

    def plus(self, other, sign=1):
        """Of both together, or with −1 of the first without the second."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Moments(*(mine + sign * theirs for mine, theirs in pairs))

    def errors(self, kernel):
        """Mean squared errors `(horizon,)` of a kernel; NaN without windows."""
        if not self.count:
            return np.full(self.yy.shape, np.nan)
        squares = self.yy - 2 * (kernel * self.xy).sum(axis=0) + (kernel * (self.xx @ kernel)).sum(axis=0)
        return np.maximum(squares, EXACT * (self.yy + 1e-9)) / self.count

    def regressions(self, base, changes):
        """Kernels `(1 + penalties, …)`: `base`, and with what regressions of the rest on the window add to it."""
        if self.count < LEAST_WINDOWS:
            return np.repeat(base[None], 1 + len(PENALTIES), axis=0)
        size = len(base) - 1
        seen_as = np.eye(size + 1)  # what the regression reads of a window
        if changes:
            seen_as[:size, size - 1] -= 1.0
        products = seen_as @ self.xx @ seen_as.T
        rest = seen_as @ (self.xy - self.xx @ base)
        # As if windows were reduced by their means: the bias is not kept small.
        means, middle = products[-1, :-1] / self.count, rest[-1] / self.count
        covariance = products[:-1, :-1] / self.count - np.outer(means, means)
        along = rest[:-1] / self.count - np.outer(means, middle)
        unit, kernels = max(np.trace(covariance) / size, EXACT), [base]
        for penalty in PENALTIES:
            kernel = np.linalg.solve(covariance + penalty * unit * np.eye(size), along)
            kernels.append(base + seen_as.T @ np.concatenate((kernel, middle[None] - means[None] @ kernel)))
        return np.array(kernels)


@dataclass(frozen=True)
class Folds:
    """The training part, blocks of it, and the validation part.

    A candidate is an array of kernels: for each block that which was fitted to the other blocks, and the last, which
    was fitted to the whole training part and is for the validation part.
    """

    train: Moments
    blocks: tuple[Moments, ...]
    valid: Moments

    @classmethod
    def of(cls, train, valid, overlap):
        """Of windows as they are read and what came, of both parts; for `overlap` see `blocks_of`."""
        blocks = tuple(Moments.of(*block) for block in blocks_of(*train, overlap))
        return cls(Moments.of(*train), blocks, Moments.of(*valid))

    def __add__(self, other):
        blocks = tuple(mine.plus(theirs) for mine, theirs in zip(self.blocks, other.blocks, strict=True))
        return Folds(self.train.plus(other.train), blocks, self.valid.plus(other.valid))

    @property
    def whole(self):
        """Whether there are enough windows that were observed as a whole."""
        return min(self.train.count, self.valid.count) >= LEAST_WINDOWS

    def with_ridge(self, base, changes):
        """The candidate of `base` with a ridge regression of the rest, each step with the penalty that suits it."""
        together = reduce(Moments.plus, self.blocks) if self.blocks else None
        fits = [together.plus(block, -1).regressions(base, changes) for block in self.blocks]
        fits = np.array([*fits, self.train.regressions(base, changes)])  # (folds, penalties, look_back + 1, horizon)
        errors = np.array([self._errors(fits[:, number]) for number in range(fits.shape[1])])
        chosen = errors.argmin(axis=0)  # the first of those that are equal: `base`
        return np.moveaxis(fits, 1, 2)[:, :, chosen, np.arange(len(chosen))]

    def error(self, candidate):
        """The error of a candidate, over all steps."""
        return float(self._errors(candidate).sum())

    def _errors(self, candidate):
        blocks = [block.errors(kernel) for block, kernel in zip(self.blocks, candidate, strict=False)]
        return weighed(blocks, self.valid.errors(candidate[-1]))


def blocks_of(x, y, overlap):
    """Windows and what came, in blocks between which so many are left out that no step is in two of them.

    Args:
        x, y: arrays of windows, oldest first.
        overlap: int. How many windows after one have steps with it in common.

    Returns:
        A list of pairs `(x, y)`; an empty one where blocks would have fewer windows than lie between them.
    """
    size = (len(x) - (BLOCKS - 1) * overlap) // BLOCKS
    begins = [number * (size + overlap) for number in range(BLOCKS if size > overlap else 0)]
    return [(x[begin : begin + size], y[begin : begin + size]) for begin in begins]


def weighed(blocks, valid):
    """Errors of the blocks, half, and of the validation part, half, of what there is of them."""
    return np.nan_to_num(_mean([_mean(blocks), valid] if blocks else [valid]))


def _mean(parts):
    """The mean over the first axis of what is not NaN; NaN where all is."""
    parts = np.array(parts)
    seen = ~np.isnan(parts)
    return np.where(seen, parts, 0.0).sum(axis=0) / np.where(seen.any(axis=0), seen.sum(axis=0), np.nan)
