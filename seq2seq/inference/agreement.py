"""What runs on numbers must have in common to answer as one."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from seq2seq.config import SeriesDataConfig
from seq2seq.errors import InputError
from seq2seq.run import Run
from seq2seq.series.series import listed

# What makes other numbers of the same rows. Where rows come from, how a file is written, and units are of each run.
_READ_ALIKE = ("group", "time_zone", "duplicates", "step", "gaps", "rhythm", "missing", "rows", "categorical")
_READ_ALIKE += ("missing_values",)


def check_columns(both: str, what: str, first: Sequence[str], other: Sequence[str]) -> None:
    """Check that two runs have the same columns, in whatever order.

    Args:
        both: str. The runs and what they cannot do, as the message begins.
        what: str. What the columns are to them, such as `"forecast"`.
        first, other: sequences of str.

    Raises:
        InputError: a column is one of one run alone.
    """
    if lone := sorted({*first} ^ {*other}):
        raise InputError(f"{both}: only one of them has {listed(lone, 6)} among the columns that are {what}.")


def check_settings(both: str, first: Mapping[str, Any], other: Mapping[str, Any], remedy: str = "") -> None:
    """Check that two runs have the same settings; arguments as of `check_columns`, those of `other` are told first.

    `remedy` ends what is told where they differ. None is what is chosen where nobody sets one.

    Raises:
        InputError: a setting differs.
    """
    for name, value in first.items():
        if other[name] != value:
            here, there = ("left open" if each is None else repr(each) for each in (other[name], value))
            raise InputError(f"{both}: {name} is {here} in the first and {there} in the second{remedy}.")


def read_alike(data: SeriesDataConfig) -> dict[str, Any]:
    """The settings of `data` that must be the same where runs are to take the same rows for the same numbers."""
    return {f"data.{name}": getattr(data, name) for name in _READ_ALIKE}


@contextmanager
def naming(run: Run | None) -> Iterator[None]:
    """Put the folder of a run, if there is one, before what is wrong with its part of the work."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{run.path}: {error}" if run else str(error)) from error
