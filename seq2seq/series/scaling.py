"""Units: from the user's to numbers about 0 that a network likes, and back."""

import copy
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from seq2seq.errors import InputError
from seq2seq.series.series import Series, column_positions, unnamed
from seq2seq.series.sizes import (
    FEWEST_STEPS,
    by_name,
    constant_columns,
    constant_units,
    ends,
    is_constant,
    measure,
    observed,
    standing_still,
    without,
)
from seq2seq.series.values import by_feature, refuse_column
from seq2seq.storage import replacing

KINDS = ("standard", "minmax", "none")


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
        plain: tuple of str. The columns that stay as they are, also where `log`: of categories, 0 and 1.
        plus_one: bool. With `log`: the logarithm is that of the value + 1, for counts, which may be 0; back from it
            nothing is below 0.
        groups: mapping from the name of a series to the center and the scale of it alone, where series are of
            different size; see `of`.
        still: likewise of series that stand still, while others vary, at a value that these never have.
        seen: where `kind` is `"none"`, what `"standard"` would have: mean and standard deviation of each feature in
            training, by which values far from it are told; 0 for a feature that was never observed. None in runs of
            earlier versions.
        constant: tuple of str. The columns that were constant in training, but for the rounding of their numbers: they
            told nothing.

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
    plain: tuple[str, ...] = ()
    plus_one: bool = False
    groups: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    seen: tuple[np.ndarray, np.ndarray] | None = None
    still: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    constant: tuple[str, ...] = ()
    _logged = cached_property(lambda self: np.array([self.log and name not in self.plain for name in self.columns]))

    def __post_init__(self):
        if self.kind not in KINDS:
            raise InputError(f"the scaling must be one of {', '.join(KINDS)}, got {self.kind!r}")
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "plain", tuple(self.plain))
        object.__setattr__(self, "constant", tuple(self.constant))
        for name, numbers in zip(("center", "scale"), self._checked(self.center, self.scale), strict=True):
            object.__setattr__(self, name, numbers)
        if self.seen is not None:
            object.__setattr__(self, "seen", tuple(np.asarray(part, np.float64) for part in self.seen))
            if any(part.shape != (len(self.columns),) or not np.isfinite(part).all() for part in self.seen):
                raise InputError(f"what a scaling has seen must be two finite numbers for each column, got {self.seen}")
        for own in ("groups", "still"):
            object.__setattr__(self, own, {name: self._checked(*each) for name, each in getattr(self, own).items()})

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
        plain: Sequence[str] = (),
        plus_one: bool = False,
        names: Sequence[str] = (),
    ) -> "Scaler":
        """Measure the training part.

        Args:
            kind: str. `"standard"`, `"minmax"` or `"none"`.
            values: sequence of float arrays, each `(…, steps, features)`: the training part of every series.
            columns: sequence of str. Names of the features.
            log: bool. Scale the logarithm: for quantities that grow by a share rather than by an amount.
            plain: sequence of str. Columns that stay as they are.
            plus_one: bool. With `log`: of the value + 1.
            names: sequence of str. Of each of `values` the series that it is of: those that stand still in a column in
                which others vary are left out of its unit. Without names all are taken.

        Raises:
            InputError: a column without any value, with an infinite one, or one that has no such logarithm.
        """
        columns = tuple(columns)
        features = len(columns)
        unscaled = cls(kind, np.zeros(features), np.ones(features), columns, log, tuple(plain), plus_one=plus_one)
        still = standing_still(unscaled, values, names) if names else {}
        values = [unscaled.logarithms(part) for part in values]
        unscaled = replace(unscaled, constant=constant_columns(values, columns, unscaled._logged))
        if kind == "none":
            return replace(unscaled, seen=unscaled._spread(values))
        varying = without(values, names, still) if still else values
        measured = [unscaled._measured(varying, feature) for feature in range(features)]
        scaler = replace(unscaled, center=[center for center, _ in measured], scale=[scale for _, scale in measured])
        return replace(scaler, still=scaler._levels(still, by_name(values, names), varying)) if still else scaler

    def by_series(self, values: Sequence[np.ndarray], names: Sequence[str]) -> "Scaler":
        """The same with units of each series beside those of all.

        Args:
            values: sequence of float arrays, each `(steps, features)`.
            names: sequence of str. Of each the series that it is of.
        """
        of_series = by_name([self.logarithms(part) for part in values], names)
        return replace(self, groups={name: self._own(parts) for name, parts in of_series.items()}, still={})

    def with_more_series(self, values: Sequence[np.ndarray], names: Sequence[str]) -> "Scaler":
        """The same with units of those series, too, that have none of their own yet; arguments as of `by_series`."""
        added = self.by_series(values, names).groups
        return replace(self, groups={**added, **self.groups}) if added.keys() - self.groups.keys() else self

    def of(self, name: str, values: np.ndarray | None = None) -> "Scaler":
        """The scaler of one series.

        Args:
            name: str. Of the series.
            values: float array `(steps, features)`, in the user's units: the series, from which the units are measured
                where it was not there in training. Without it they are those of all.

        Returns:
            A `Scaler` without groups; `self` where there are none.
        """
        known = self.groups or self.still
        if not known:
            return self
        center, scale = known.get(name, (self.center, self.scale))
        if self.groups and name not in known and values is not None:
            center, scale = self._own([self.logarithms(values)])
        # Of numbers that were checked: without doing so again for each of many series.
        alone = copy.copy(self)
        for field_, value in (("center", center), ("scale", scale), ("groups", {}), ("still", {})):
            object.__setattr__(alone, field_, value)
        return alone

    def of_each(self, series: Series) -> list["Scaler"]:
        """The scaler of each of `series`, whose columns are in its order."""
        return [self.of(*each) for each in zip(series.names, series.values, strict=True)]

    def _own(self, values):
        """Center and scale of a series; those of all in columns of which it tells too little."""
        centers, scales = self.center.copy(), self.scale.copy()
        for feature in range(len(self.columns)):
            parts = observed(values, feature)
            if sum(map(len, parts)) >= FEWEST_STEPS:
                center, scale = self._measured(values, feature)
                centers[feature] = center
                if center or not is_constant(*ends(parts), self._logged[feature]):
                    scales[feature] = scale
        return centers, scales

    def _levels(self, still, of_series, varying):
        """Center and scale of series that stand still, of their own where that is out of the range of the others."""
        bounds = [ends(observed(varying, feature) or [np.zeros(1)]) for feature in range(len(self.columns))]
        levels = {}
        for name, features in still.items():
            own, shared = np.array(self._own(of_series[name])), np.array((self.center, self.scale))
            away = [feature for feature in features if not bounds[feature][0] <= own[0, feature] <= bounds[feature][1]]
            shared[:, away] = own[:, away]
            if away:
                levels[name] = tuple(shared)
        return levels

    def _measured(self, values, feature):
        """Center and scale of a column of values whose logarithms were taken."""
        name = self.columns[feature]
        if name in self.plain:
            return 0.0, 1.0
        return measure(self.kind, observed(values, feature), name, self._logged[feature])

    def _spread(self, values):
        """What `seen` is, of values whose logarithms were taken."""
        standard, found = replace(self, kind="standard"), np.zeros((len(self.columns), 2))
        for feature in range(len(self.columns)):
            with suppress(InputError):  # none observed, or too large to be told apart
                found[feature] = standard._measured(values, feature)
        return tuple(found.T)

    def new(self, names: Iterable[str]) -> list[str]:
        """Those of some series that were not there in training, where each has units of its own."""
        return [name for name in dict.fromkeys(names) if name not in self.groups] if self.groups else []

    def sizes(self) -> list[tuple[float, float]]:
        """Of each column the magnitude, and the spread, 0 where it is not known, in the user's units."""
        center, scale = self.center, self.scale
        if self.kind == "none":
            center, scale = self.seen or (0.0 * center, 0.0 * scale)
        with np.errstate(over="ignore", invalid="ignore"):  # of columns that are no logarithms
            size = np.where(self._logged, np.exp(center), np.abs(center))
            spread = np.where(self._logged, size * np.expm1(scale), scale)
        return list(zip(size.tolist(), spread.tolist(), strict=True))

    def logarithms(self, values: np.ndarray) -> np.ndarray:
        """Float64 `(rows, features)` of values `(…, features)`: the logarithms of those that are scaled by them.

        Raises:
            InputError: another number of features, or a value that is not above 0 where `log`.
        """
        values = by_feature(values, self.columns)
        if not self.log:
            return values
        if self.plus_one:
            wrong, why = values < 0, "a value below 0, which log1p is not for: train without it"
        else:
            wrong, why = values <= 0, "a value that is not above 0, which has no logarithm: train with log1p or without"
        refuse_column(wrong & self._logged, self.columns, why)
        logarithm = np.log1p if self.plus_one else np.log
        return np.where(self._logged, logarithm(np.where(self._logged, values, 1.0)), values)

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Scale float values `(…, features)` of the columns `self.columns` in their order; returns float32.

        Raises:
            InputError: another number of features, an infinite value, or one that is not above 0 where `log`.
        """
        shape = np.shape(values)
        flat = self.logarithms(values)
        with np.errstate(over="ignore"):
            scaled = ((flat - self.center) / self.scale).astype(np.float32)
        refuse_column(np.isinf(scaled), self.columns, "an infinite value, or one far from all of the training data")
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
        if not self.log:
            return restored
        logged = self._logged[at]
        powers = np.where(logged, restored, 0.0)
        return np.where(logged, np.maximum(np.expm1(powers), 0.0) if self.plus_one else np.exp(powers), restored)

    def match(self, series: Series) -> Series:
        """Return `series` with the columns of this scaler in its order, matched by name; others are dropped.

        Where the columns of one side have no names (an array, a file without a header: they are called "0", "1"…)
        and both sides have as many, they are taken in their order.

        Raises:
            InputError: a column is missing (names the near match).
        """
        # Beside a column of times the others of a file without a header are called "1", "2".
        numbered = all(map(str.isdecimal, series.columns)) and not any(map(str.isdecimal, self.columns))
        if len(series.columns) == len(self.columns) and (numbered or unnamed(series.columns) or unnamed(self.columns)):
            return series.select(series.columns, names=self.columns)
        return series.select(self.columns)

    def save(self, path: str | Path) -> None:
        """Write the scaler as JSON."""
        path = Path(path)
        content = {"kind": self.kind, "center": self.center.tolist(), "scale": self.scale.tolist()}
        content |= {"columns": self.columns, "log": self.log, "plain": self.plain, "plus_one": self.plus_one}
        content["constant"] = self.constant
        if self.seen is not None:
            content["seen"] = [part.tolist() for part in self.seen]
        for own in (own for own in ("groups", "still") if getattr(self, own)):
            content[own] = {name: [part.tolist() for part in each] for name, each in getattr(self, own).items()}
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
            scaler = cls(**content)
            known = "constant" in content or scaler.kind != "standard"
            return scaler if known else replace(scaler, constant=constant_units(scaler, scaler._logged))
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
