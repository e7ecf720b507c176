"""Numbers as people write them: 1,234.5 and 1.234,5 and 1 234,5; which of the two marks is decimal; what is missing."""

import re
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from seq2seq.errors import InputError

MARKS = ".,"
# What stands for a value that is missing, in any case of letters.
MISSING = (
    *("", "na", "n/a", "#n/a", "#n/a n/a", "#na", "<na>", "n.a.", "nan", "-nan", "nat", "null", "none"),
    *("-1.#ind", "1.#ind", "-1.#qnan", "1.#qnan", "?", "-", "--", "---"),
)
_GROUPS = r" '\u2019\u00a0\u2009\u202f"  # what separates thousands beside the mark that is not decimal
_SIGN, _EXPONENT = r"[-+\u2212]?", r"(?:[eE][-+]?\d+)?"


def _number(decimal: str) -> str:
    """The pattern of a number with this decimal mark."""
    other, mark = re.escape(MARKS.replace(decimal, "")), re.escape(decimal)
    whole = rf"(?:[1-9]\d{{0,2}}(?:(?P<group>[{_GROUPS}{other}])\d{{3}})(?:(?P=group)\d{{3}})*|\d+)"
    return rf"{_SIGN}(?:{whole}(?:{mark}\d*)?|{mark}\d+){_EXPONENT}"


_NUMBER = {mark: re.compile(_number(mark)) for mark in MARKS}
_INFINITE = re.compile(r"[-+]?inf(?:inity)?", re.IGNORECASE)
_SAMPLE = 1000  # different texts that tell whether a column is one of numbers
_SIGN_OF_UNIT = r"[%\u2030$\u00a2-\u00a5\u20a0-\u20cf]"  # percent, per mille, currencies
_WITH_SIGN = re.compile(rf"(?P<first>{_SIGN})\s?{_SIGN_OF_UNIT}\s?(?P<after>.+)|(?P<before>.+?)\s?{_SIGN_OF_UNIT}")
_MAY_BE_THOUSANDS = re.compile(rf"{_SIGN}[1-9]\d{{0,2}}\.\d{{3}}")
_PLAIN = re.compile(rf"{_SIGN}(?:\d+\.?\d*|\.\d+){_EXPONENT}")


def looks_like_number(cell: str) -> bool:
    """Whether a cell is a number in some way of writing."""
    return any(number.fullmatch(cell) for number in (_PLAIN, *_NUMBER.values(), _INFINITE))


def is_missing(cell: str) -> bool:
    """Whether a cell says that its value is missing."""
    return cell.lower() in MISSING


def is_identifier(cells: Iterable[str]) -> bool:
    """Whether cells are codes and no numbers: digits alone, some with zeros before them that a number would lose.

    Two digits are none, as they are hours or months.

    >>> is_identifier(["00060", "12030"]), is_identifier(["01", "12"]), is_identifier(["0.5", "007"])
    (True, False, False)
    """
    there = [cell for cell in cells if not is_missing(cell)]
    zeros = any(len(cell) > 2 and cell.startswith("0") for cell in there)
    return zeros and all(cell.isdecimal() for cell in there)


def has_sign(cell: str) -> bool:
    """Whether a cell is a number beside a percent sign or that of a currency.

    >>> has_sign("12.5 %"), has_sign("-$1,200.00"), has_sign("$"), has_sign("7")
    (True, True, False, False)
    """
    match = _WITH_SIGN.fullmatch(cell.strip())
    return match is not None and looks_like_number(match["before"] or f"{match['first']}{match['after']}")


def may_be_thousands(cells: Iterable[str]) -> bool:
    """Whether each cell has one point, and it may be decimal or stand between thousands, as in 1.234."""
    there = [cell for cell in cells if not is_missing(cell)]
    return bool(there) and all(_MAY_BE_THOUSANDS.fullmatch(cell) for cell in there)


def is_marked(texts: pd.Series, decimal: str | None = None) -> bool:
    """Whether texts are numbers with a decimal comma or a mark between thousands; where `decimal` is a comma, any."""
    unique = _written(texts)
    if sum(map(looks_like_number, unique[:_SAMPLE])) * 2 < len(unique[:_SAMPLE]):
        return False
    return any((decimal == "," or not _PLAIN.fullmatch(text)) and looks_like_number(text) for text in unique)


def has_thousands(texts: pd.Series, decimal: str) -> bool:
    """Whether some of texts are numbers with this decimal mark and the other one between thousands."""
    other = MARKS.replace(decimal, "")
    return any(other in text and _NUMBER[decimal].fullmatch(text) for text in _written(texts))


def _fitting(text: str) -> list[str]:
    """The decimal marks with which a text is a number."""
    return [mark for mark in MARKS if _NUMBER[mark].fullmatch(text)]


def decimal_mark(columns: Mapping[str, pd.Series], name: str) -> str:
    """Tell from columns of texts which mark is decimal.

    `1,5` can only have a decimal comma, `1,234.5` and `1,234,567` only a decimal point; `1,234` may have either.

    Args:
        columns: from the name of each column to its texts.
        name: the table.

    Raises:
        InputError: nothing tells, or both are there.
    """
    seen, either = _evidence(columns, ".")
    if all(seen.values()):
        (one, point), (other, comma) = seen.values()
        raise InputError(
            f"{name} has {point!r} in column {one!r} and {comma!r} in column {other!r}: say which mark is decimal with "
            "--decimal, and leave out the columns that are written otherwise"
        )
    if either and not any(seen.values()):
        column, text = either
        raise InputError(
            f"{name}, column {column!r}: {text!r} may be a whole number or have a decimal comma, and nothing tells: "
            "give --decimal . or --decimal ,"
        )
    return next((mark for mark, found in seen.items() if found), ".")


def other_decimal_mark(columns: Mapping[str, pd.Series], name: str, decimal: str | None, thousands: bool) -> str:
    """Tell which mark is decimal in data that come after those of a training.

    It is that of the training where any number shows it, or none shows another.

    Args:
        columns: from the name of each column to its texts.
        name: the table.
        decimal: str. The mark that the training had; None where all numbers were whole.
        thousands: bool. Whether it had marks between thousands.

    Raises:
        InputError: numbers may have the one mark or the other, and the training had none between thousands.
    """
    usual = decimal or "."
    seen, either = _evidence(columns, usual)
    other = MARKS.replace(usual, "")
    if seen[usual] or not (seen[other] or either):
        return usual
    if seen[other]:
        return other
    if not thousands:
        column, text = either
        raise InputError(f"{name}, column {column!r}: {doubt(text, decimal)}")
    return usual


def doubt(text: str, decimal: str | None) -> str:
    """What is said of a number with one mark, `1,234`, where the training had none between thousands."""
    usual = decimal or "."
    marks = {".": "point", ",": "comma"}
    other = MARKS.replace(usual, "")
    had = f"a decimal {marks[decimal]} and no marks between thousands" if decimal else "whole numbers without marks"
    return (
        f"{text!r} may be a whole number or have a decimal {marks[other]}, and nothing tells; the data of the training "
        f"have {had}: write {text.replace(other, '')} or {text.replace(other, usual)}"
    )


def may_be_either(cell: str, decimal: str | None) -> bool:
    """Whether a cell is a number with this decimal mark only if the other one stands between thousands, and not surely.

    >>> may_be_either("17,304", "."), may_be_either("17,304.5", "."), may_be_either("17.304", ".")
    (True, False, False)
    """
    return MARKS.replace(decimal or ".", "") in cell and len(_fitting(cell)) == 2


def _written(texts):
    """The different texts of a column, which may hold numbers too: those show no way of writing."""
    return [text.strip() for text in texts.dropna().unique() if isinstance(text, str)]


def _as_float(cell):
    try:
        return float(cell)
    except (TypeError, ValueError):  # a date, or a list
        return np.nan


def _evidence(columns, usual):
    """For each mark the first column and text that shows it to be decimal, and the first that is open to both.

    A text that has the `usual` mark alone is not open.
    """
    seen, either = dict.fromkeys(MARKS), None
    for column, texts in columns.items():
        for text in _written(texts):
            fits = _fitting(text)
            if len(fits) == 1 and any(mark in text for mark in MARKS):
                seen[fits[0]] = seen[fits[0]] or (column, text)
            elif fits and may_be_either(text, usual):
                either = either or (column, text)
    return seen, either


def parsed(texts: pd.Series, decimal: str) -> np.ndarray:
    """Read a column of texts as numbers with this decimal mark; what is a number already, as a sheet has them, stays.

    Returns:
        float64 array, `(rows,)`, NaN where a text is no such number.
    """
    codes, unique = pd.factorize(texts)
    values = [_value(cell.strip(), decimal) if isinstance(cell, str) else _as_float(cell) for cell in unique]
    numbers = np.array([*values, np.nan])
    return numbers[codes]  # a missing cell has the code -1


def number_of(
    cell: str,
    decimal: str | None = None,
    missing_values: Iterable[str] | None = None,
    thousands: bool | None = None,
) -> float:
    """The number that one cell is, as in a table; NaN where it says that its value is missing.

    Raises:
        InputError: it is no number, or an infinite one; or, unless `thousands` may have marks, of which it is not sure
            whether they are decimal.
    """
    cell = cell.strip()
    if thousands is False and may_be_either(cell, decimal):
        raise InputError(doubt(cell, decimal))
    if is_missing(cell) or cell.lower() in map(str.lower, missing_values or ()):
        return np.nan
    value = _value(cell, decimal or ".")
    if not np.isfinite(value):
        raise InputError(f"{cell[:60]!r} is {'not a number' if np.isnan(value) else 'infinite'}")
    return value


def _value(text, decimal):
    if _NUMBER[decimal].fullmatch(text):
        text = re.sub(f"[{_GROUPS}{MARKS.replace(decimal, '')}]", "", text).replace(decimal, ".").replace("\u2212", "-")
    elif not (_INFINITE.fullmatch(text) or (decimal == "." and _PLAIN.fullmatch(text))):
        return np.nan
    return float(text)
