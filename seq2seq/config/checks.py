"""Checks of single values, with the error that says what to do. None is left open, and passes."""

import re
from collections.abc import Sequence
from math import inf

from seq2seq.errors import InputError


def check_at_least(name: str, value: float | None, least: float) -> None:
    if value is not None and not value >= least:
        raise InputError(f"{name}={value}: expected at least {least}.")


def check_range(name: str, value: float | None, low: float, high: float, open_ends: bool = False) -> None:
    if value is None:
        return
    inside = low < value < high if open_ends else low <= value <= high
    if not inside:
        expected = f"between {low} and {high}" if open_ends else f"from {low} to {high}"
        expected = f"above {low}" if high == inf else expected
        raise InputError(f"{name}={value}: expected a value {expected}.")


def check_patterns(name: str, patterns: Sequence[str]) -> None:
    """Each must be a regular expression that matches one character at least; together they are joined by `|`."""
    for number, pattern in enumerate(patterns, 1):
        try:
            found = re.compile(pattern)
            re.compile("|".join(["x", *patterns[:number]]))
        except re.error as error:
            raise InputError(f"{name}: {pattern!r} is no regular expression that goes with others: {error}.") from error
        if re.search(r"\\[1-9]|\(\?P=|\(\?\(", pattern):
            raise InputError(f"{name}: {pattern!r} refers back to a group, whose number the others change: do without.")
        if found.match(""):
            raise InputError(f"{name}: {pattern!r} matches the empty text: ask for one character at least.")
