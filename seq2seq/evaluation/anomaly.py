"""From the errors of a model to anomaly scores, and the baseline and the labels to hold them against."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from seq2seq.errors import InputError

ERROR_KINDS = ("absolute", "squared", "mahalanobis")
FEWEST_TOGETHER = 2  # steps with all features observed that correlations are told from
LEAST_ERROR = 1e-3  # of a unit: smaller errors are the rounding of numbers, or of no interest


@dataclass(frozen=True)
class ErrorModel:
    """What errors are usual, and so how unusual others are.

    The score of a step is the mean over its observed features of

    * `"absolute"`: the absolute errors;
    * `"squared"`: the squared errors;
    * `"mahalanobis"`: the squared errors after the mean, the spread and the correlations of usual errors are taken
      out of them, so about 1 for a usual step: the squared Mahalanobis distance over the number of features. Errors
      in features that usually err together then count less, errors against the habit more. The covariance is
      shrunk (Ledoit and Wolf 2004), so that few steps suffice for it. Features that are never observed together are
      taken one by one, as if they had no correlation.

    Attributes:
        kind: str. One of these.
        center: float64 array, `(features,)`. Mean of the usual errors; 0 for the first two kinds.
        scale: float64 array, `(features,)`. Their standard deviation, or a thousandth of a unit if that is more, the
            unit itself of a feature that was never observed; 1 for the first two kinds.
        covariance: float64 array, `(features, features)`. Of errors less `center`, over `scale`; else the identity.

    >>> model = ErrorModel.fit("absolute", np.zeros((5, 2)))
    >>> model.scores(np.array([1.0, -3.0])).tolist(), model.parts(np.array([1.0, -3.0])).tolist()
    (2.0, [0.5, 1.5])
    """

    kind: str
    center: np.ndarray
    scale: np.ndarray
    covariance: np.ndarray

    @classmethod
    def fit(
        cls,
        kind: str,
        errors: np.ndarray,
        units: np.ndarray | float = 1.0,
        independent: int | None = None,
        correlations: bool = True,
    ) -> "ErrorModel":
        """Learn from the errors on normal data that trained nothing: on the training part they are too small.

        Args:
            kind: str. `"absolute"`, `"squared"` or `"mahalanobis"`.
            errors: float array, `(..., features)`, actual less reconstructed; NaN = not observed. Only
                `"mahalanobis"` learns from them; correlations only from steps with all features observed.
            units: float, or array `(features,)`: the usual spread of each feature itself. A model that is never off,
                as by a column that was constant, is not taken to be exact to the last digit.
            independent: int. How many different steps the errors are of: those that overlapping windows tell of again
                and again are no more than that to the shrinkage. Default: as many as there are errors.
            correlations: bool. Whether to learn them; without them features are taken one by one.

        Returns:
            An `ErrorModel`.

        Raises:
            InputError: if the kind is unknown.
        """
        if kind not in ERROR_KINDS:
            raise InputError(f"The kind of error is {kind!r}; pass one of {', '.join(ERROR_KINDS)}.")
        errors = np.asarray(errors, dtype=np.float64)
        features = errors.shape[-1]
        if kind != "mahalanobis":
            return cls(kind, np.zeros(features), np.ones(features), np.eye(features))
        errors = errors.reshape(-1, features)
        whole = errors[~np.isnan(errors).any(axis=1)]
        units = np.broadcast_to(units, features)
        center, scale = _moments(errors)
        scale = np.where(np.isnan(errors).all(axis=0), units, np.maximum(scale, LEAST_ERROR * units))
        if not correlations or len(whole) < FEWEST_TOGETHER:
            return cls(kind, center, scale, np.eye(features))
        from sklearn.covariance import empirical_covariance, ledoit_wolf_shrinkage, shrunk_covariance

        # Standardised first, as the shrinkage draws towards equal variances, which features of their own units lack; by
        # themselves, as few steps with all features observed tell how these go together, but not how large they are.
        own_center, own_scale = _moments(whole)
        standard = (whole - own_center) / np.maximum(own_scale, LEAST_ERROR * units)
        shrinkage = ledoit_wolf_shrinkage(standard, assume_centered=True) * len(whole) / (independent or len(whole))
        covariance = shrunk_covariance(empirical_covariance(standard, assume_centered=True), min(shrinkage, 1.0))
        return cls(kind, center, scale, covariance)

    def scores(self, errors: np.ndarray) -> np.ndarray:
        """Score steps; higher = more anomalous.

        Args:
            errors: float array, `(..., features)`, actual less reconstructed; NaN = not observed.

        Returns:
            float64 array, `(...)`; NaN where no feature was observed.
        """
        return observed_mean(self._contributions(errors))

    def parts(self, errors: np.ndarray) -> np.ndarray:
        """Share each score out among the features.

        For `"mahalanobis"` a feature's part is its squared error after decorrelation that stays as close as it can
        to the features (Garthwaite and Koch 2016); the parts add up to the distance and none is negative.

        Args:
            errors: float array, `(..., features)`, as for `scores`.

        Returns:
            float64 array, `(..., features)`, that adds up to `scores` over the last axis; NaN where not observed.
        """
        parts = self._contributions(errors)
        return parts / np.maximum(np.sum(~np.isnan(parts), axis=-1, keepdims=True), 1)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return arrays without objects, for `np.savez`, or with `tolist()` for JSON."""
        return {
            "kind": np.array(self.kind),
            "center": self.center,
            "scale": self.scale,
            "covariance": self.covariance,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "ErrorModel":
        """Return what `to_arrays` was called on."""
        numbers = {name: np.asarray(arrays[name], dtype=np.float64) for name in ("center", "scale", "covariance")}
        return cls(kind=str(arrays["kind"]), **numbers)

    @cached_property
    def _inverse_root(self) -> np.ndarray:
        return _inverse_root(self.covariance)

    def _contributions(self, errors: np.ndarray) -> np.ndarray:
        errors = np.asarray(errors, dtype=np.float64)
        if errors.shape[-1:] != self.center.shape:
            raise InputError(f"Errors of shape {errors.shape} were passed; the last axis must be {len(self.center)}.")
        if self.kind == "absolute":
            return np.abs(errors)
        if self.kind == "squared":
            return np.square(errors)
        flat = ((errors - self.center) / self.scale).reshape(-1, len(self.center))
        observed = ~np.isnan(flat)
        if observed.all():
            return np.square(flat @ self._inverse_root).reshape(errors.shape)
        # The distance among the observed features alone, for each set of them that occurs.
        parts = np.full(flat.shape, np.nan)
        for pattern in np.unique(observed, axis=0):
            rows, there = np.flatnonzero((observed == pattern).all(axis=1))[:, None], np.flatnonzero(pattern)
            parts[rows, there] = np.square(flat[rows, there] @ _inverse_root(self.covariance[np.ix_(there, there)]))
        return parts.reshape(errors.shape)


class PCABaseline:
    """Reconstruction by the principal components of windows: what an autoencoder of that latent size should beat.

    Args:
        components: int. Components kept; fewer where the data have fewer. Equal to `latent_dim` to be fair.

    >>> line = np.outer(np.arange(5.0), [1.0, 2.0])
    >>> np.abs(PCABaseline(1).fit(line).errors(np.array([[1.0, 2.0], [2.0, 0.0]]))).round(6).tolist()
    [[0.0, 0.0], [1.6, 0.8]]
    """

    def __init__(self, components: int):
        if components < 1:
            raise InputError(f"{components} components were asked for; pass at least 1.")
        self.components = components

    def fit(self, windows: np.ndarray) -> "PCABaseline":
        """Learn the components of normal windows, float array, `(windows, ...)`; NaN counts as the usual value."""
        flat = _flat(windows)
        self._usual = np.nan_to_num(observed_mean(flat.T))
        flat = np.where(np.isnan(flat), self._usual, flat)
        from sklearn.decomposition import PCA

        fitted = PCA(min(self.components, *flat.shape), svd_solver="full").fit(flat)
        self._center, self._axes = fitted.mean_, fitted.components_
        return self

    def errors(self, windows: np.ndarray) -> np.ndarray:
        """Return windows less their reconstruction, float64, in the shape of `windows`; NaN where not observed."""
        flat = _flat(windows)
        filled = np.where(np.isnan(flat), self._usual, flat)
        reconstructed = self._center + (filled - self._center) @ self._axes.T @ self._axes
        return (flat - reconstructed).reshape(np.shape(windows))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return what `fit` learned as arrays, for `np.savez`."""
        return {"usual": self._usual, "center": self._center, "axes": self._axes}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "PCABaseline":
        """Return what `to_arrays` was called on."""
        axes = np.asarray(arrays["axes"], dtype=np.float64)
        baseline = cls(len(axes))
        baseline._usual, baseline._center, baseline._axes = arrays["usual"], arrays["center"], axes
        return baseline


def observed_mean(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is not NaN; NaN, without a warning, where there is nothing."""
    observed = ~np.isnan(values)
    count = observed.sum(axis=-1)
    total = np.where(observed, values, 0.0).sum(axis=-1)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)[()]


def _moments(errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each feature, `(steps, features)`, where it is observed; 0 where it never is."""
    center = np.nan_to_num(observed_mean(errors.T))
    return center, np.sqrt(np.nan_to_num(observed_mean(np.square(errors - center).T)))


def _flat(windows: np.ndarray) -> np.ndarray:
    windows = np.asarray(windows, dtype=np.float64)
    return windows.reshape(len(windows), -1)


def _inverse_root(covariance: np.ndarray) -> np.ndarray:
    """The symmetric inverse square root, which decorrelates while it turns the features as little as it can."""
    if not len(covariance):
        return covariance
    values, vectors = np.linalg.eigh(covariance)
    # A feature whose usual errors are all alike leaves an eigenvalue of about 0, and would take all the blame.
    return (vectors / np.sqrt(np.maximum(values, 1e-6))) @ vectors.T
