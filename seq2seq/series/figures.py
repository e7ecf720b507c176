"""How many figures of numbers are written: nine, or as many as the changes of their column need."""

from typing import Any

import numpy as np

FIGURES = 9
_MILLION = 1e6  # a counter is large beside its changes, which nine figures would round away
_OF_CHANGES = 4  # figures that are left of what a column changes by
_OF_FLOATS = 16  # no float64 has more


def cell(value: Any, decimals: int | None = None) -> Any:
    """A number with nine figures, of millions and more with three decimals; empty for NaN; anything else as it is.

    Args:
        value: what to write.
        decimals: int. So many instead, if it is a number, as `decimals_of` has it.

    >>> cell(0.1 + 0.2), cell(1234567890.5), cell(1e15 + 3), cell(1e30)
    ('0.3', '1234567890.5', '1000000000000003', '1e+30')
    """
    if not isinstance(value, float | np.floating):
        return value
    if value != value:
        return ""
    # Above 2**53 floats have no fractions.
    if decimals is None and not _MILLION <= abs(value) < 2**53:
        text = f"{value:.{FIGURES}g}"
    else:
        text = f"{value:.{3 if decimals is None else decimals}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def column_cells(values: Any) -> list[Any]:
    """The cells of a column of numbers, whose changes are seen in them; of anything else, as it is.

    >>> column_cells(np.array([100000.00001, 100000.00002])), column_cells(np.array([0.25, np.nan]))
    (['100000.00001', '100000.00002'], ['0.25', ''])
    """
    decimals = decimals_in(values) if isinstance(values, np.ndarray) and values.dtype.kind == "f" else None
    return [cell(value, decimals) for value in values]


def decimals_in(values: np.ndarray) -> int | None:
    """How many decimals show the changes of a column of floats, of any shape; None where nine figures do."""
    seen = values[np.isfinite(values)]
    return decimals_of(float(np.abs(seen).max()), float(seen.max() - seen.min())) if seen.size else None


def decimals_of(magnitude: float, spread: float) -> int | None:
    """How many decimals show what numbers of a magnitude change by; None where nine figures do.

    >>> decimals_of(1e7, 1e-4), decimals_of(1013.0, 20.0)
    (7, None)
    """
    if not (0 < spread < magnitude < 2**53):
        return None
    size = int(np.floor(np.log10(magnitude)))
    usual = 3 if magnitude >= _MILLION else FIGURES - 1 - size
    needed = min(_OF_CHANGES - 1 - int(np.floor(np.log10(spread))), _OF_FLOATS - 1 - size)
    return needed if needed > usual else None
