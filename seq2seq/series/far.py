"""Values far from all that a training has seen, of which a model has learned nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from seq2seq.series.figures import cell
from seq2seq.series.scaling import Scaler

_FAR = {"standard": 30.0, "minmax": 10.0}  # about ten times the range of the training, in units of the scaler


def far_notes(values: np.ndarray, columns: Sequence[str], scaler: Scaler, series: str = "") -> dict[str, str]:
    """What to tell about each of the columns that has such a value; nothing for runs of earlier versions on raw values.

    Args:
        values: float array `(steps, columns)`, in the user's units.
        columns: sequence of str, of those of the scaler.
        scaler: `Scaler` of the series.
        series: str. The name of it, where it has one.
    """
    kind = scaler.kind
    if kind == "none" and scaler.seen is not None:  # looked at as if they had been scaled
        center, scale = scaler.seen
        kind, scale = "standard", np.where(scale > 0, scale, np.finfo(np.float64).max)
        scaler = replace(scaler, center=center, scale=scale)
    if kind not in _FAR or not len(values):
        return {}
    at = [scaler.columns.index(name) for name in columns]
    rows = np.full((len(values), len(scaler.columns)), np.nan)
    rows[:, at] = values
    middle = 0.5 if kind == "minmax" else 0.0
    scaled = (scaler.logarithms(rows) - scaler.center) / scaler.scale
    away, of = np.nan_to_num(np.abs(scaled[:, at] - middle)), f" of series {series!r}" * bool(series)
    with np.errstate(over="ignore"):  # of a column that was never observed
        low, high = scaler.inverse(np.array([[middle * 2 - 1.0], [1.0]]) * np.ones(len(at)), columns)
    return {
        name: f"column {name!r}{of} has the value {_told(values[away[:, k].argmax(), k])}, far from those of the "
        f"training, most of them around {_told(low[k])} to {_told(high[k])}: what the model makes of it is a guess"
        for k, name in enumerate(columns)
        if away[:, k].max() > _FAR[kind]
    }


def far_in_any(parts: Iterable[tuple[np.ndarray, Sequence[str], Scaler, str]]) -> list[str]:
    """`far_notes` of many series, whose arguments these are: once for each column, of the first series that has any."""
    far: dict[str, str] = {}
    for part in parts:
        far = far_notes(*part) | far
    return list(far.values())


def _told(value):
    """Six figures; more of large numbers, whose changes are small beside them."""
    return cell(value) if abs(value) >= 1e5 else f"{value:g}"
