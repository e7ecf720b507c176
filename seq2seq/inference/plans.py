"""What is known about the steps ahead, joined to what is to be forecast: by series and time, never by place."""

import glob
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seq2seq.errors import InputError
from seq2seq.report import counted
from seq2seq.series.clock import Clock, time_text
from seq2seq.series.joining import rows_at
from seq2seq.series.series import Series, listed
from seq2seq.sources import InMemory

LISTED = 3  # of what is missing


def pattern_of(location: str) -> str:
    """`location`, or of a folder the pattern of all files in it."""
    if isinstance(location, InMemory):
        return location
    return str(Path(glob.escape(location)) / "**" / "*") if Path(location).is_dir() else location


def join_plans(
    plans: Series | None,
    names: Sequence[str],
    times: Sequence[np.ndarray] | None,
    steps: int,
    columns: Sequence[str],
    clock: Clock | None = None,
    called: Sequence[str] = (),
) -> list[np.ndarray]:
    """The columns known ahead for the steps to forecast.

    Plans may begin earlier and end later, have other series besides, and list them in any order. Where the history has
    no times, the first step of a series in the plans is the first one to forecast.

    Args:
        plans: `Series` with the known columns, in the user's units.
        names: of the series to forecast.
        times: of each of them, the times of its steps ahead, at least `steps`; None where the history has none.
        steps: int. How many must be known.
        columns: the known columns.
        clock: that the times are by.
        called: the names of these columns in the table, where a category is one column, and not one for each value.

    Returns:
        For each series a float64 array `(steps, columns)`.

    Raises:
        InputError: series, times or values are missing (names the first), or only one side has times.
    """
    what = listed(called or columns)
    if plans is None:
        raise InputError(f"{what} must be known for the {counted(steps, 'step')} ahead: give them with --known FILE.")
    plans = plans.select(columns)
    if (plans.times is None) != (times is None):
        lacking, other = ("file of --known", "history") if plans.times is None else ("history", "file of --known")
        raise InputError(
            f"the {lacking} has no times, but the {other} has: {what} must be joined by time; add the column of times."
        )
    joined, missing = [], []
    for number, name in enumerate(names):
        wanted = None if times is None else times[number][:steps]
        found = _first_rows(plans, name, steps) if times is None else rows_at(plans, name, wanted, clock or Clock())
        missing += [(name, step, wanted) for step in np.flatnonzero(np.isnan(found).any(axis=1))]
        joined.append(found)
    if missing:
        places = "; ".join(_place(*place) for place in missing[:LISTED]) + "; …" * (len(missing) > LISTED)
        raise InputError(
            f"{what} must be known for the {counted(steps, 'step')} ahead: --known lacks {len(missing):,} of "
            f"{len(names) * steps:,} ({places}). Add rows for them, or forecast fewer --steps."
        )
    return joined


def _first_rows(plans, name, steps):
    """The first rows of a series; NaN where there are none."""
    rows = np.full((steps, len(plans.columns)), np.nan)
    if name in plans.names:
        values = plans.values[plans.names.index(name)][:steps]
        rows[: len(values)] = values
    return rows


def _place(name, step, wanted):
    when = f"step {step + 1}" if wanted is None else time_text(wanted[step])
    return f"{name} {when}" if name else when
