"""What is wrong with the numbers of a table or an array: infinite ones refused, missing ones told of and filled in."""

from collections.abc import Callable, Sequence

import numpy as np

from seq2seq.errors import InputError


def refuse(bad: np.ndarray, place: Callable[[tuple[int, ...]], str], what: str) -> None:
    """Raise `InputError` at the first True of a bool array, which `place` names by its index; `what` is wrong there."""
    if bad.any():
        index = tuple(int(i) for i in np.unravel_index(int(bad.argmax()), bad.shape))
        raise InputError(f"{place(index)} {what}")


def missing_notes(
    values: np.ndarray, inside: np.ndarray | None, place: Callable[[tuple[int, ...]], str], missing: str
) -> tuple[str, ...]:
    """Refuse infinite and, unless told otherwise, missing values; return a note on how many were missing.

    Args:
        values: float array, `(…, features)`.
        inside: bool array that broadcasts to it, False where NaN is padding; None where there is none.
        place: function from an index of `values` to what an error shall call it.
        missing: str. As of `Reading`.
    """
    refuse(np.isinf(values), place, "is infinite: expected a number, or an empty cell or NaN if it is missing")
    absent = np.isnan(values) if inside is None else np.isnan(values) & inside
    if missing == "error":
        refuse(absent, place, "is missing: fill it in, or train with --missing interpolate or --missing mask")
    count = int(absent.sum())
    total = values.size if inside is None else int(inside.sum()) * values.shape[2]
    done = {"interpolate": "interpolated", "mask": "left out by mask"}.get(missing)
    return (f"{count:,} of {total:,} values were missing and were {done}",) if count else ()


def filled(values: np.ndarray, missing: str, columns: Sequence[str], name: str) -> np.ndarray:
    """Return the float values `(steps, features)` of the series `name`, interpolated over the steps if so wished."""
    if missing != "interpolate" or not np.isnan(values).any():
        return values
    values, steps = values.copy(), np.arange(len(values))
    for feature, column in enumerate(values.T):
        absent = np.isnan(column)
        if absent.all():
            where = f"of series {name!r} " if name else ""
            raise InputError(f"column {columns[feature]!r} {where}has no value to interpolate from: leave it out")
        column[absent] = np.interp(steps[absent], steps[~absent], column[~absent])
    return values
