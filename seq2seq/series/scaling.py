"""Units: from the user's to numbers about 0 that a network likes, and back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from seq2seq.errors import InputError
from seq2seq.series.series import Series, column_positions, unnamed
from seq2seq.storage import replacing

KINDS = ("standard", "minmax", "none")

ROUNDING = 1e-9  # of a column's magnitude: what varies by less varies by the rounding of its numbers alone
CONSTANT_UNIT = 0.02  # of its magnitude: the unit of a column that was constant, so that a tenth of it is five units
FEWEST_STEPS = 20  # observed values that a unit of a group is measured on
DIFFERENT = 3.0  # times the usual spread in a group is the spread of all where groups are of different size


@dataclass(frozen=True, eq=False)
class Scaler:
    """Scales each feature by itself: `(value - center) / scale`, of the natural logarithm of the value if `log`.

    Fit it on the training part only; a scaler that has seen the test part tells the model about it. NaN, a value
    that was not observed, stays NaN everywhere.

    Attributes:
        kind: str. `"standard"` (mean 0, standard deviation 1), `"minmax"` (0 to 1) or `"none"`.
        center: float64 array, `(features,)`, in the user's units (of their logarithms if `log`).
        scale: float64 array, `(features,)`, above 0. Of a column that was constant in training, but for the rounding of
            its numbers, a fiftieth of its magnitude (1 where that is 0): it becomes 0.
        columns: tuple of str. Names of the features.
        log: bool.
        groups: mapping from the name of a series to the center and the scale of it alone, where series are of
            different size; see `of`.

    >>> scaler = Scaler.fit("standard", [np.array([[1.0], [3.0]])], ["speed"])
    >>> scaler.transform(np.array([[2.0], [4.0]])).tolist()
    [[0.0], [2.0]]
    >>> scaler.inverse(np.array([[2.0]])).tolist()
    [[4.0]]
    """

    kind: str
    center: np.ndarray
    scale: np.ndarray
    columns: tuple[str, ...]
    log: bool = False
    groups: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def __post_init__(self):
        if self.kind not in KINDS:
            raise InputError(f"the scaling must be one of {', '.join(KINDS)}, got {self.kind!r}")
        object.__setattr__(self, "columns", tuple(self.columns))
        for name, numbers in zip(("center", "scale"), self._checked(self.center, self.scale), strict=True):
            object.__setattr__(self, name, numbers)
        object.__setattr__(self, "groups", {name: self._checked(*each) for name, each in self.groups.items()})

    def _checked(self, center, scale):
        center, scale = np.asarray(center, np.float64), np.asarray(scale, np.float64)
        for name, numbers in (("center", center), ("scale", scale)):
            if numbers.shape != (len(self.columns),) or not np.isfinite(numbers).all():
                raise InputError(
                    f"the {name} of a scaling must be one finite number for each of {len(self.columns)} columns, "
                    f"got {numbers}"
                )
        if not (scale > 0).all():
            raise InputError(f"the scale of every column must be above 0, got {scale}")
        return center, scale

    @classmethod
    def fit(
        cls,
        kind: str,
        values: Sequence[np.ndarray],
        columns: Sequence[str],
        log: bool = False,
        names: Sequence[str] | None = None,
    ) -> "Scaler":
        """Measure the training part.

        Args:
            kind: str. `"standard"`, `"minmax"` or `"none"`.
            values: sequence of float arrays, each `(…, steps, features)`: the training part of every series.
            columns: sequence of str. Names of the features.
            log: bool. Scale the logarithm: for quantities that grow by a share rather than by an amount.
            names: sequence of str. Of each of `values` the series that it is of, to measure each series too; by default
                all are measured as one.

        Raises:
            InputError: a column without any value, with an infinite one, or not above 0 where `log`.
        """
        columns = tuple(columns)
        values = [_by_feature(part, columns) for part in values]
        if log:
            values = [_logarithm(part, columns) for part in values]
        features = len(columns)
        scaler = cls(kind, np.zeros(features), np.ones(features), columns, log)
        if kind == "none":
            return scaler
        measured = [_measure(kind, _observed(values, feature), name, log) for feature, name in enumerate(columns)]
        scaler = replace(scaler, center=[center for center, _ in measured], scale=[scale for _, scale in measured])
        of_series = _by_name(values, names) if names else {}
        return replace(scaler, groups={name: scaler._own(parts) for name, parts in of_series.items()})

    def of(self, name: str, values: np.ndarray | None = None) -> "Scaler":
        """The scaler of one series.

        Args:
            name: str. Of the series.
            values: float array `(steps, features)`, in the user's units: the series, from which the units are measured
                where it was not there in training. Without it they are those of all.

        Returns:
            A `Scaler` without groups; `self` where there are none.
        """
        if not self.groups:
            return self
        center, scale = self.center, self.scale
        if name in self.groups:
            center, scale = self.groups[name]
        elif values is not None:
            flat = _by_feature(values, self.columns)
            center, scale = self._own([_logarithm(flat, self.columns) if self.log else flat])
        return replace(self, center=center, scale=scale, groups={})

    def _own(self, values):
        """Center and scale of a series; those of all in columns of which it tells too little."""
        centers, scales = self.center.copy(), self.scale.copy()
        for feature, name in enumerate(self.columns):
            parts = _observed(values, feature)
            if sum(map(len, parts)) >= FEWEST_STEPS:
                center, scale = _measure(self.kind, parts, name, self.log)
                centers[feature] = center
                if center or not _is_constant(*_ends(parts), self.log):
                    scales[feature] = scale
        return centers, scales

    def constants(self, values: Sequence[np.ndarray]) -> dict[str, float]:
        """The columns that do not vary in `values`, arrays `(steps, features)`, and the value that they have there."""
        columns = ((name, _observed(values, feature)) for feature, name in enumerate(self.columns))
        return {name: _ends(parts)[0] for name, parts in columns if parts and _is_constant(*_ends(parts), log=False)}

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Scale float values `(…, features)` of the columns `self.columns` in their order; returns float32.

        Raises:
            InputError: another number of features, an infinite value, or one that is not above 0 where `log`.
        """
        shape = np.shape(values)
        flat = _by_feature(values, self.columns)
        if self.log:
            flat = _logarithm(flat, self.columns)
        with np.errstate(over="ignore"):
            scaled = ((flat - self.center) / self.scale).astype(np.float32)
        _refuse_column(np.isinf(scaled), self.columns, "an infinite value, or one far from all of the training data")
        return scaled.reshape(shape)

    def inverse(self, values: np.ndarray, columns: Sequence[str] | None = None) -> np.ndarray:
        """Turn scaled values back into the user's units.

        Args:
            values: float array, `(…, features)`.
            columns: sequence of str. The columns of the last axis where they are not all of `self.columns`.

        Returns:
            float64 array of the same shape.
        """
        at = self._positions(columns)
        restored = self._of_these(values, at) * self.scale[at] + self.center[at]
        return np.exp(restored) if self.log else restored

    def match(self, series: Series) -> Series:
        """Return `series` with the columns of this scaler in its order, matched by name; others are dropped.

        Where the columns of one side have no names (an array, a file without a header: they are called "0", "1"…)
        and both sides have as many, they are taken in their order.

        Raises:
            InputError: a column is missing (names the near match).
        """
        if len(series.columns) == len(self.columns) and (unnamed(series.columns) or unnamed(self.columns)):
            return series.select(series.columns, names=self.columns)
        return series.select(self.columns)

    def save(self, path: str | Path) -> None:
        """Write the scaler as JSON."""
        path = Path(path)
        content = {"kind": self.kind, "center": self.center.tolist(), "scale": self.scale.tolist()}
        content |= {"columns": self.columns, "log": self.log}
        if self.groups:
            content["groups"] = {name: [part.tolist() for part in each] for name, each in self.groups.items()}
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> "Scaler":
        """Read a scaler that `save` wrote.

        Raises:
            InputError: the file is missing or damaged.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            if not (isinstance(content["log"], bool) and all(isinstance(name, str) for name in content["columns"])):
                raise TypeError("wrong types")
            return cls(**content)
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise InputError(f"{path} is not a whole scaler file ({error}): restore it or train again") from error

    def _positions(self, columns):
        return column_positions(self.columns if columns is None else columns, self.columns, "the scaler")

    @staticmethod
    def _of_these(values, positions):
        values = np.asarray(values, np.float64)
        if values.shape[-1:] != (len(positions),):
            raise InputError(f"expected values (…, {len(positions)}), features last; got the shape {values.shape}")
        return values


def _by_feature(values, columns):
    values = np.asarray(values, np.float64)
    if values.ndim < 2 or values.shape[-1] != len(columns):
        raise InputError(
            f"expected an array (…, steps, features) with {len(columns)} features ({', '.join(columns)}), "
            f"got the shape {values.shape}"
        )
    return values.reshape(-1, len(columns))


def _logarithm(values, columns):
    _refuse_column(values <= 0, columns, "a value that is not above 0, which has no logarithm: train without log")
    return np.log(values)


def _refuse_column(bad, columns, what):
    if bad.any():
        name = columns[int(bad.any(axis=0).argmax())]
        raise InputError(f"column {name!r} has {what}")


def sizes_differ(
    values: Sequence[np.ndarray], names: Sequence[str], columns: Sequence[str], log: bool = False
) -> str | None:
    """The first column in which series are of so different size that one unit of all hides what happens in the smaller.

    It is so where the spread of all is many times that of one series in ten. Series of few values have no say, nor have
    those that do not vary.

    Args:
        values: sequence of float arrays, each `(steps, features)`.
        names: sequence of str. Of each the series that it is of.
        columns: sequence of str.
        log: bool. Whether the logarithm is scaled.

    >>> big, small = np.arange(40.0)[:, None] * 100, np.arange(40.0)[:, None]
    >>> sizes_differ([big, small], ["a", "b"], ["sales"]), sizes_differ([big, big + 7], ["a", "b"], ["sales"])
    ('sales', None)
    """
    of_series = _by_name([_logarithm(part, columns) for part in values] if log else values, names)
    for feature, column in enumerate(columns):
        parts = [np.concatenate(_observed(each, feature) or [np.empty(0)]) for each in of_series.values()]
        parts = [part for part in parts if part.size >= FEWEST_STEPS and not _is_constant(*_ends([part]), log)]
        if len(parts) > 1 and np.std(np.concatenate(parts)) > DIFFERENT * np.quantile(list(map(np.std, parts)), 0.1):
            return column
    return None


def _by_name(values, names):
    """Name of each series → its arrays."""
    of_series = {}
    for name, part in zip(names, values, strict=True):
        of_series.setdefault(name, []).append(part)
    return of_series


def _observed(values, feature):
    """The observed values of one column, a list of 1-D arrays, none of them empty."""
    parts = [part[:, feature] for part in values]
    return [part for part in (part[~np.isnan(part)] for part in parts) if part.size]


def _ends(parts):
    return min(map(np.min, parts)), max(map(np.max, parts))


def _is_constant(low, high, log):
    """Whether what is left between two values is the rounding of numbers of their magnitude."""
    return high - low <= ROUNDING * (1.0 if log else max(abs(low), abs(high))) < np.inf


def _measure(kind, parts, name, log):
    """Center and scale of one column from its observed values, a list of 1-D arrays."""
    if not parts:
        raise InputError(f"column {name!r} has no value in the training part: leave it out, or train on more of it")
    low, high = _ends(parts)
    if _is_constant(low, high, log):  # what is left would be scaled up to a spread of 1
        center, scale = low, CONSTANT_UNIT * (1.0 if log else abs(low)) or 1.0
    elif kind == "minmax":
        center, scale = low, high - low
    else:
        count = sum(map(len, parts))
        center = sum(map(np.sum, parts)) / count
        with np.errstate(over="ignore", invalid="ignore"):
            scale = np.sqrt(sum(np.sum((part - center) ** 2) for part in parts) / count)
    if not (np.isfinite(center) and np.isfinite(scale) and scale > 0):
        raise InputError(f"column {name!r} has an infinite value or one too large to scale: mend or leave it out")
    return center, scale
