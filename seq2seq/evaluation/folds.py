"""Ridge regressions of windows, judged where they were not fitted: in blocks of the training part left out in turn."""

from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy.optimize import nnls

PENALTIES = (1e2, 1e1, 1.0, 1e-1, 1e-2, 1e-3)  # of the mean square of a step
BLOCKS = 4  # of the training part, each forecast by what was fitted to the others; none of a short one
LEAST_WINDOWS = 8  # observed as a whole, to fit a regression to, and where it is judged
EXACT = 1e-14  # of the mean square: what single precision leaves of a squared error is as good as none
NO_WEIGHT = 1e-6  # a weight that is as good as none
EVEN, KNOWN = 0.1, 90  # how far weights are drawn to even ones, and from how many horizons on they are less


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

    def products(self, kernels):
        """Mean products `(kernels, kernels)` of the errors of two kernels, over all steps; NaN without windows."""
        if not self.count:
            return np.full((len(kernels), len(kernels)), np.nan)
        along = np.array([np.vdot(kernel, self.xy) for kernel in kernels])
        made = [self.xx @ kernel for kernel in kernels]
        both = np.array([[np.vdot(mine, theirs) for theirs in made] for mine in kernels])
        none = EXACT * (self.yy.sum() + 1e-9) * np.eye(len(kernels))
        return (self.yy.sum() - along - along[:, None] + both + none) / self.count

    def regressions(self, base, reading, kernels):
        """Write `base` to the first of `kernels`, to the others with what regressions of the rest on the window add.

        Args:
            base: `(look_back + 1, horizon)`.
            reading: what the regressions read of a window, `(features + 1, look_back + 1)` with the bias last.
            kernels: `(1 + penalties, look_back + 1, horizon)`, to be written.
        """
        kernels[:] = base
        if self.count < LEAST_WINDOWS:
            return
        size = len(reading) - 1
        products = reading @ self.xx @ reading.T
        rest = reading @ (self.xy - self.xx @ base)
        # As if windows were reduced by their means: the bias is not kept small.
        means, middle = products[-1, :-1] / self.count, rest[-1] / self.count
        covariance = products[:-1, :-1] / self.count - np.outer(means, means)
        along = rest[:-1] / self.count - np.outer(means, middle)
        unit = max(np.trace(covariance), EXACT * (size + np.trace(products[:-1, :-1]) / self.count)) / size
        for penalty, kernel in zip(PENALTIES, kernels[1:], strict=True):
            slopes = np.linalg.solve(covariance + penalty * unit * np.eye(size), along)
            kernel += reading.T @ np.concatenate((slopes, middle[None] - means[None] @ slopes))


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
    def of(cls, train, valid, gap):
        """Of windows as they are read and what came, of both parts; for `gap` see `blocks_of`."""
        return cls(
            Moments.of(*train), tuple(Moments.of(*block) for block in blocks_of(*train, gap)), Moments.of(*valid)
        )

    def __add__(self, other):
        blocks = tuple(mine.plus(theirs) for mine, theirs in zip(self.blocks, other.blocks, strict=True))
        return Folds(self.train.plus(other.train), blocks, self.valid.plus(other.valid))

    @property
    def whole(self):
        """Whether there are enough windows that were observed as a whole."""
        judged = self.valid.count + sum(block.count for block in self.blocks)
        return min(self.train.count, judged) >= LEAST_WINDOWS

    def with_ridge(self, base, reading):
        """The candidate of `base` with a ridge regression of the rest, each step with the penalty that suits it.

        For `base` and `reading` see `Moments.regressions`.
        """
        together = reduce(Moments.plus, self.blocks) if self.blocks else None
        parts = [*(together.plus(block, -1) for block in self.blocks), self.train]
        fits = np.empty((len(parts), 1 + len(PENALTIES), *base.shape))
        for part, kernels in zip(parts, fits, strict=True):
            part.regressions(base, reading, kernels)
        chosen = np.array([self._errors(each) for each in fits.swapaxes(0, 1)]).argmin(axis=0)  # of equals `base`
        candidate = fits[:, 0].copy()
        for penalty in range(1, 1 + len(PENALTIES)):
            np.copyto(candidate, fits[:, penalty], where=chosen == penalty)
        return candidate

    def error(self, candidate):
        """The error of a candidate, over all steps."""
        return float(self._errors(candidate).sum())

    def mixed(self, candidates):
        """The mean of candidates, with the weights by which it errs least, which sum up to 1 and are never negative.

        This is stacking (Breiman 1996, "Stacked regressions"); weights are drawn a little to even ones, which are hard
        to beat where little is known (Stock and Watson 2004, "Combination forecasts of output growth"): the less, the
        more windows there are that do not overlap.
        """
        every = [block.products([each[fold] for each in candidates]) for fold, block in enumerate(self.blocks)]
        products = weighed(every, self.valid.products([each[-1] for each in candidates]), self.valid.count)
        even = EVEN * min(1.0, KNOWN * self.train.xy.shape[1] / self.train.count)
        products += even * max(products.diagonal().min(), 0.0) * np.eye(len(products))
        # The least of v'Pv + (1'v - 1)², divided by its sum, is the least of w'Pw of those whose sum is 1. What was
        # forecast exactly has rounding errors for products, of either sign.
        values, vectors = np.linalg.eigh(products / (products.diagonal().max() or 1.0))
        rows = np.sqrt(np.maximum(values, EXACT))[:, None] * vectors.T
        weights, _ = nnls(np.concatenate((rows, np.ones((1, len(rows))))), np.eye(len(rows) + 1)[-1])
        weights[weights < NO_WEIGHT * weights.sum()] = 0.0  # so that what is forecast exactly is
        return sum(weight * each for weight, each in zip(weights / weights.sum(), candidates, strict=True))

    def _errors(self, candidate):
        blocks = [block.errors(kernel) for block, kernel in zip(self.blocks, candidate, strict=False)]
        return weighed(blocks, self.valid.errors(candidate[-1]), self.valid.count)


def gap_between(count: int, overlap: int, horizon: int) -> int:
    """How many of `count` windows are left out between two blocks.

    So many that no step is in two of them, which are `overlap`. Where that leaves too little, so many that no step that
    is forecast is in two: enough for what is fitted to changes, of which the errors hardly hang together (Bergmeir,
    Hyndman and Koo 2018, "A note on the validity of cross-validation for evaluating autoregressive time series
    prediction"), not for what is fitted to levels, which those on both sides tell.
    """
    return overlap if (count - (BLOCKS - 1) * overlap) // BLOCKS > overlap else horizon - 1


def blocks_of(x, y, gap):
    """Windows and what came, in blocks with `gap` windows between them.

    Args:
        x, y: arrays of windows, oldest first.
        gap: int. See `gap_between`.

    Returns:
        A list of pairs `(x, y)`; an empty one where blocks would have no more windows than lie between them.
    """
    size = (len(x) - (BLOCKS - 1) * gap) // BLOCKS
    begins = [number * (size + gap) for number in range(BLOCKS if size > gap else 0)]
    return [(x[begin : begin + size], y[begin : begin + size]) for begin in begins]


def weighed(blocks, valid, windows):
    """Errors of blocks of the training part, and of the validation part, of what there is of them.

    The validation part counts as much as all blocks together, less where it has fewer than `LEAST_WINDOWS` `windows`.
    """
    if not blocks:
        return np.nan_to_num(valid)
    of_blocks, share = _mean(blocks), min(windows / LEAST_WINDOWS, 1.0) * ~np.isnan(valid)
    return np.nan_to_num(np.where(np.isnan(of_blocks), valid, (of_blocks + share * np.nan_to_num(valid)) / (1 + share)))


def _mean(parts):
    """The mean over the first axis of what is not NaN; NaN where all is."""
    parts = np.array(parts)
    seen = ~np.isnan(parts)
    return np.where(seen, parts, 0.0).sum(axis=0) / np.where(seen.any(axis=0), seen.sum(axis=0), np.nan)
