"""How much the columns of series vary: whether at all, and whether one series so much more than another."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from seq2seq.errors import InputError
from seq2seq.series.figures import cell
from seq2seq.series.series import some_of

CONSTANT_UNIT = 0.02  # of its magnitude: the unit of a column that was constant, so that a tenth of it is five units
ROUNDING = 1e-9  # of a column's magnitude: what varies by less varies by the rounding of its numbers alone
FEWEST_STEPS = 20  # observed values that a unit of a group is measured on
_LAST_BITS = 1e-13  # of it: what the rounding of floats amounts to
_SINGLE = 1e-5  # of it: in 32 bits, which keep seven figures, smaller changes are steps or nothing
EXTREME = 3.0  # times what nearly all values span is the spread that a few make alone
DIFFERENT = 3.0  # times the usual spread in a group is the spread of all where groups are of different size


class Scaling(Protocol):
    """What is known of how columns are scaled, as a `Scaler` knows it."""

    kind: str
    columns: tuple[str, ...]
    plain: tuple[str, ...]
    log: bool
    center: np.ndarray
    scale: np.ndarray
    groups: Mapping[str, tuple[np.ndarray, np.ndarray]]

    def logarithms(self, values: np.ndarray) -> np.ndarray:
        """Values `(rows, features)`, as logarithms where those are scaled."""


def sizes_differ(scaler: Scaling, values: Sequence[np.ndarray], names: Sequence[str]) -> str | None:
    """The first column in which series are of so different size that one unit of all hides what happens in the smaller.

    It is so where the spread of all is many times that of one series in ten. Series of few values have no say, nor have
    those that do not vary.

    Args:
        scaler: `Scaler` of the columns.
        values: sequence of float arrays, each `(steps, features)`.
        names: sequence of str. Of each the series that it is of.
    """
    of_series = by_name([scaler.logarithms(part) for part in values], names)
    for feature, column in enumerate(scaler.columns):
        if column in scaler.plain:
            continue
        parts = [np.concatenate(observed(each, feature) or [np.empty(0)]) for each in of_series.values()]
        parts = [part for part in parts if part.size >= FEWEST_STEPS and not is_constant(*ends([part]), scaler.log)]
        if len(parts) > 1 and np.std(np.concatenate(parts)) > DIFFERENT * np.quantile(list(map(np.std, parts)), 0.1):
            return column
    return None


def standing_still(scaler: Scaling, values: Sequence[np.ndarray], names: Sequence[str]) -> dict[str, list[int]]:
    """Name of each series that does not vary in columns in which others do → the places of these columns.

    A series of few values has no say. The arguments are those of `sizes_differ`.
    """
    still: dict[str, list[int]] = {}
    of_series = by_name([scaler.logarithms(part) for part in values], names)
    for feature in (number for number, name in enumerate(scaler.columns) if name not in scaler.plain):
        parts = {name: observed(each, feature) for name, each in of_series.items()}
        parts = {name: each for name, each in parts.items() if sum(map(len, each)) >= FEWEST_STEPS}
        constant = [name for name, each in parts.items() if is_constant(*ends(each), scaler.log)]
        if len(constant) < len(parts):
            for name in constant:
                still.setdefault(name, []).append(feature)
    return still


def without(values: Sequence[np.ndarray], names: Sequence[str], still: Mapping[str, list[int]]) -> list[np.ndarray]:
    """`values` of the series `names`, NaN in those columns in which one stands still."""
    found = []
    for name, part in zip(names, values, strict=True):
        if name in still:
            part = part.copy()
            part[:, still[name]] = np.nan
        found.append(part)
    return found


def still_notes(scaler: Scaling, values: Sequence[np.ndarray], names: Sequence[str]) -> list[str]:
    """What to tell of them: of each column a list of series, those apart that vary by rounding."""
    notes, still, of_series = [], standing_still(scaler, values, names), by_name(values, names)
    for feature, column in enumerate(scaler.columns):
        alike: dict[bool, list[str]] = {}
        for name in (name for name, features in still.items() if feature in features):
            low, high = ends(observed(of_series[name], feature))
            alike.setdefault(high - low <= _LAST_BITS * max(abs(low), abs(high)), []).append(name)
        for exactly, those in alike.items():
            known = "constant in the training part,"
            if not exactly:
                known = (
                    "varies by less than a billionth in the training part, taken for the rounding of its numbers and"
                )
            mend = "" if exactly else "; if it is more, subtract an offset"
            notes.append(f"column {column!r} of {some_of(those)}: {known} left out of the unit of the others{mend}")
    return notes


def by_name(values: Sequence[np.ndarray], names: Sequence[str]) -> Mapping[str, list[np.ndarray]]:
    """Name of each series → its arrays."""
    of_series: dict[str, list[np.ndarray]] = {}
    for name, part in zip(names, values, strict=True):
        of_series.setdefault(name, []).append(part)
    return of_series


def observed(values: Sequence[np.ndarray], feature: int) -> list[np.ndarray]:
    """The observed values of one column of arrays `(steps, features)`: 1-D arrays, none of them empty."""
    parts = [part[:, feature] for part in values]
    return [part for part in (part[~np.isnan(part)] for part in parts) if part.size]


def ends(parts: Sequence[np.ndarray]) -> tuple[float, float]:
    """The lowest and the highest value of 1-D arrays."""
    return min(map(np.min, parts)), max(map(np.max, parts))


def is_constant(low: float, high: float, log: bool) -> bool:
    """Whether what is left between two values (logarithms if `log`) is the rounding of numbers of their magnitude.

    Whole numbers, as identifiers and counters are, are not rounded unless floats have no room for them.
    """
    whole = not log and float(low).is_integer() and float(high).is_integer()
    size = 1.0 if log else max(abs(low), abs(high))
    return high - low <= (_LAST_BITS if whole else ROUNDING) * size < np.inf


def constant_columns(values: Sequence[np.ndarray], columns: Sequence[str], logged: np.ndarray) -> tuple[str, ...]:
    """Names of the columns that do not vary.

    Args:
        values: sequence of float arrays, each `(steps, features)`: logarithms of the columns that are `logged`.
        columns: their names.
        logged: bool array `(features,)`.
    """
    parts = [observed(values, feature) for feature in range(len(columns))]
    found = zip(columns, parts, logged, strict=True)
    return tuple(name for name, each, log in found if each and is_constant(*ends(each), log))


def constant_units(scaler: Scaling, logged: np.ndarray) -> tuple[str, ...]:
    """The same where nothing but the units of standardised columns is known: those that `measure` gives these."""
    units = np.where(logged, CONSTANT_UNIT, CONSTANT_UNIT * np.abs(scaler.center))
    alike = (scaler.scale == np.where(units > 0, units, 1.0)).tolist()
    return tuple(name for name, same in zip(scaler.columns, alike, strict=True) if same and name not in scaler.plain)


def measure(kind: str, parts: Sequence[np.ndarray], name: str, log: bool) -> tuple[float, float]:
    """Center and scale of the column `name` from its observed values, 1-D arrays (logarithms if `log`).

    Raises:
        InputError: there is none, or they have no such scale.
    """
    if not parts:
        raise InputError(f"column {name!r} has no value in the training part: leave it out, or train on more of it")
    low, high = ends(parts)
    if is_constant(low, high, log):  # what is left would be scaled up to a spread of 1
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


def column_notes(scaler: Scaling, values: Sequence[np.ndarray], names: Sequence[str] = ()) -> list[str]:
    """What to tell of columns whose changes no model sees.

    Args:
        scaler: `Scaler` of the columns.
        values: sequence of float arrays, each `(steps, features)`.
        names: sequence of str. Of each the series that it is of, where series have units of their own.
    """
    found = []
    # Series with units of their own may be of very different size together.
    of_series = by_name(values, names) if scaler.groups else {"": values}
    for feature, column in enumerate(scaler.columns):
        if parts := observed(values, feature):
            found.append(_unseen_note(column, *ends(parts), scaler.kind))
        if not scaler.log or column in scaler.plain:
            of_each = ((name, observed(each, feature)) for name, each in of_series.items())
            told = (_extreme_note(column, each, name) for name, each in of_each if each)
            found.append(next(filter(None, told), ""))
    return [note for note in found if note]


def _unseen_note(name: str, low: float, high: float, kind: str) -> str:
    """What to tell of a column between two values, scaled by `kind`, of whose changes a model sees nothing; or ""."""
    size, spread = max(abs(low), abs(high)), high - low
    if not is_constant(low, high, log=False):
        if kind != "none" or spread >= _SINGLE * size:
            return ""
        return (
            f"the column {name!r} varies by {spread:.3g} about {cell(low)}, of which nothing is left in 32 bits: leave "
            "--set data.scaling=none, or subtract an offset from the column"
        )
    if spread <= _LAST_BITS * size:
        return f"the column {name!r} is constant ({cell(low)}) in the training part: it tells nothing"
    return (
        f"the column {name!r} varies by {spread:.3g} about {cell(low)} in the training part, which is taken for the "
        "rounding of its numbers: if it is more, subtract an offset from the column"
    )


def _extreme_note(name: str, parts: Sequence[np.ndarray], series: str = "") -> str:
    """What to tell of a column whose unit is made by a few values, so far off that nothing shows of the others; or "".

    Nearly all values are those without a two hundredth at either end, and one at least.

    Args:
        name: str.
        parts: 1-D arrays, its observed values.
        series: str. Of which they are; empty for all.
    """
    values = np.concatenate(parts)
    cut = max(len(values) // 200, 1)
    if len(values) < FEWEST_STEPS:
        return ""
    low, high = np.partition(values, (cut, len(values) - 1 - cut))[[cut, -1 - cut]]
    span = high - low
    if is_constant(low, high, log=False) or not EXTREME * span < np.std(values):
        return ""
    distance = np.maximum(low - values, values - high)
    few, far = int((distance > EXTREME * span).sum()), cell(values[distance.argmax()])
    of = f" of series {series!r}" * bool(series)
    return (
        f"the column {name!r}{of} has {far} in the training part, and lies between {cell(low)} and {cell(high)} "
        f"but for {few:,} of {len(values):,} values: its unit is so large by that, that nothing shows of the others. "
        f"Mend what is wrong, or take it for missing, --missing-values {far}"
    )
