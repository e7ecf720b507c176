"""Checks of single values, with the error that says what to do."""

from seq2seq.errors import InputError


def check_at_least(name: str, value: float, least: float) -> None:
    if not value >= least:
        raise InputError(f"{name}={value}: expected at least {least}.")


def check_range(name: str, value: float, low: float, high: float, open_ends: bool = False) -> None:
    inside = low < value < high if open_ends else low <= value <= high
    if not inside:
        expected = f"between {low} and {high}" if open_ends else f"from {low} to {high}"
        raise InputError(f"{name}={value}: expected a value {expected}.")
