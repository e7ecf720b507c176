"""Columns of a table: numbers as they are, categories as one feature for each value, and what is left out and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from seq2seq.errors import InputError
from seq2seq.report import counted
from seq2seq.series.numerals import (
    decimal_mark,
    has_sign,
    has_thousands,
    is_marked,
    is_missing,
    other_decimal_mark,
    parsed,
)
from seq2seq.series.patterns import looks_like_date
from seq2seq.series.raw import RawTable
from seq2seq.series.reading import Reading, category_of
from seq2seq.series.series import column_positions, listed
from seq2seq.series.values import code_note, without_codes

MOST_VALUES = 100  # of a category
SHOWN = 100  # cells by which it is told that numbers have signs
_WHOLE = 2.0**53  # from here on not every whole number is a float


@dataclass(frozen=True)
class Features:
    """Columns as numbers.

    Attributes:
        values: float64 array, `(rows, features)`, NaN where a value is missing.
        names: tuple of str.
        notes: tuple of str. What was left out, or looks wrong.
        reading: `Reading`, with what was decided.
    """

    values: np.ndarray
    names: tuple[str, ...]
    notes: tuple[str, ...]
    reading: Reading


def features_of(table: RawTable, rows: pd.Index, names: Sequence[str], reading: Reading, chosen: bool) -> Features:
    """Read columns of a table, the values of categories after them where they are not named.

    Args:
        table: `RawTable`.
        rows: labels of its rows that are read.
        names: of the columns; `season=winter` is a value of the category `season`, and `season` all of its values.
        reading: `Reading`.
        chosen: bool. Somebody has named the columns: each must be one of numbers. Otherwise what is none is left out.

    Raises:
        InputError: no such column, a text among numbers, no column of numbers, a decimal mark that cannot be told.
    """
    categories = reading.categorical or ()
    learned = [name for name in names if name not in categories and category_of(name, categories)]
    known = {category_of(name, categories) for name in learned}
    if known:  # decided in training: what is not among them is not read
        categories = [each for each in categories if each in known]
    open_ = [each for each in categories if each not in known]
    plain = [name for name in names if name not in (*learned, *categories)]
    column_positions([*plain, *categories], table.frame.columns, table.name)
    frame, reading, notes = _with_decimal(table, rows, plain, reading)
    found = {}
    for name in (*names, *(each for each in open_ if each not in names)):
        if name in plain:
            numbers, said = _numbers(table, frame[name], reading, chosen)
            found |= {} if numbers is None else {name: numbers}
            notes += said
        elif name in open_:
            found |= _one_hot(table, frame[name])
        elif name in learned:
            category = category_of(name, categories)
            found[name] = _is_value(frame[category], name[len(category) + 1 :])
    if twice := [name for name in found if name in table.frame.columns and name not in plain]:
        raise InputError(
            f"{table.name} has a column {twice[0]!r}, and so is the feature of a value of "
            f"{category_of(twice[0], categories)!r} called: rename the column, or take the other out of the categories"
        )
    for category in categories:
        notes += _category_notes(frame[category], [name for name in found if category_of(name, categories) == category])
    if not found:
        others = listed(names) or "none that is no group or time"
        raise InputError(f"{table.name} has no column of numbers; its columns: {others}")
    return Features(np.stack(list(found.values()), axis=1), tuple(found), tuple(notes), reading)


def _with_decimal(table, rows, names, reading):
    """The rows as a frame whose numbers are read with the right decimal mark; `reading` with that; and notes."""
    frame, decimal, notes = _rows(table.frame, rows), reading.decimal, []
    later = reading.thousands is not None  # how numbers are written was decided in training
    marked = any(_is_text(frame[name]) and is_marked(frame[name], decimal) for name in names)
    if marked and (later or not decimal):
        texts = _rows(table.again(None), rows) if table.again else frame
        texts = {name: texts[name] for name in names if _is_text(texts[name])}
        if later:
            decimal = other_decimal_mark(texts, table.name, decimal, reading.thousands)
            notes += [_other_mark_note(table, decimal)] * (decimal != (reading.decimal or decimal))
        else:
            decimal = decimal_mark(texts, table.name)
        frame = _rows(table.again(decimal), rows) if table.again else frame
    decimal = decimal or _point(frame, names)
    if decimal == "." and reading.decimal is None:
        notes += _thousands_note(table, frame, names)
    if not later:
        texts = (frame[name] for name in names if _is_text(frame[name]))
        reading = replace(reading, thousands=any(has_thousands(each, decimal or ".") for each in texts))
    return frame, replace(reading, decimal=decimal), notes


def _other_mark_note(table, decimal):
    has, had = ("comma", "point") if decimal == "," else ("point", "comma")
    return f"numbers of {table.name} have a decimal {has}, and are read so; those of the training have a {had}"


def _rows(frame, labels):
    return frame if len(labels) == len(frame) else frame.loc[labels]


def _point(frame, names):
    """A point, where numbers have shown that it is decimal."""
    heads = (frame[name].head(1000) for name in names if pd.api.types.is_float_dtype(frame[name]))
    return "." if any((head % 1 > 0).any() for head in heads) else None


def _thousands_note(table, frame, names):
    """A note where all points in numbers may stand between thousands."""
    parts = {name: frame[name].dropna() for name in names if pd.api.types.is_float_dtype(frame[name])}
    parts = {name: part for name, part in parts.items() if (part % 1 > 0).any()}
    if not parts or not all(name in table.dotted and _may_be_thousands(part) for name, part in parts.items()):
        return []
    name, part = next(iter(parts.items()))
    return [
        f"column {name!r} has three digits after each point, as in {part.iloc[0]:.3f}: the point is taken as decimal; "
        "if it stands between thousands, give --decimal ,"
    ]


def _may_be_thousands(numbers):
    scaled = numbers.abs() * 1000
    return bool(((scaled - scaled.round()).abs() < 1e-6).all() and numbers.abs().between(1, 1000).all())


def _numbers(table, column, reading, chosen):
    """A column as float64 array with notes; None where it is left out."""
    numbers = _as_numbers(column, reading.decimal)
    texts = np.isnan(numbers) & column.notna().to_numpy()
    if texts.any() and _is_text(column):
        missing = {*map(str.lower, reading.missing_values or ())}
        texts &= ~column.map(lambda cell: is_missing(str(cell)) or str(cell).lower() in missing).to_numpy(bool)
    if not chosen and (why := _left_out(table, column, numbers, texts)):
        return None, [f"column {column.name!r} {why}"]
    if texts.any():
        first = int(texts.argmax())
        cell = str(column.iloc[first])[:60]
        mend = (
            "write numbers without it"
            if has_sign(cell)
            else f"mend it; if that stands for a missing value, leave the cell empty or give --missing-values {cell!r}"
        )
        raise InputError(
            f"{table.row(column.index[first])}, column {column.name!r}: {cell!r} "
            f"{'has a sign' if has_sign(cell) else 'is not a number'}: {mend}, or choose other columns"
        )
    numbers = without_codes(numbers, reading.missing_values)
    return numbers, code_note(numbers, column.name)


def _left_out(table, column, numbers, texts):
    """Why a column that nobody has chosen is no feature; empty if it is one."""
    if np.isnan(numbers).all():
        if not texts.any():
            return "holds nothing and was left out"
        cell = str(column[texts].iloc[0])[:60]
        if looks_like_date(cell):
            return (
                f"holds {cell!r}, a date of no known form, and was left out: --time {listed([column.name])} and "
                "--time-format, such as %d.%m.%y or '%Y-%m-%d %H:%M EST', read it as the times"
            )
        if _is_text(column) and all(map(has_sign, map(str, column[texts].head(SHOWN)))):
            return f"was left out: its numbers have a sign, as in {cell!r}; write them without it"
        few = _is_text(column) and column.nunique() <= MOST_VALUES
        return "holds no numbers and was left out" + ": --categorical makes its values features" * few
    if pd.api.types.infer_dtype(column, skipna=True) == "boolean":
        return "holds true and false and was left out: --columns takes them as 1 and 0"
    if column.name in table.identifiers or _WHOLE <= np.fmin.reduce(numbers) < np.inf:
        return "holds identifiers and was left out: --columns takes it as numbers all the same"
    return ""


def _as_numbers(column, decimal):
    if pd.api.types.is_datetime64_any_dtype(column):
        return np.full(len(column), np.nan)
    if _is_text(column) and is_marked(column, decimal):
        return parsed(column, decimal or ".")
    try:
        numbers = pd.to_numeric(column, errors="coerce")
    except TypeError:  # cells that are lists or the like
        return np.full(len(column), np.nan)
    return numbers.to_numpy(np.float64, na_value=np.nan)


def _is_text(column):
    return pd.api.types.is_string_dtype(column) or pd.api.types.is_object_dtype(column)


def _texts(column):
    """What the cells of a category say; whole numbers without a point, NaN where there is nothing."""
    if pd.api.types.is_float_dtype(column) and not (column.dropna() % 1).any():
        column = column.astype("Int64")
    return column.astype("string").str.strip().replace("", pd.NA)


def _one_hot(table, column) -> dict[str, np.ndarray]:
    """A feature for each value of a category, in order."""
    texts = _texts(column)
    values = sorted(texts.dropna().unique())
    if not 0 < len(values) <= MOST_VALUES:
        raise InputError(
            f"{table.name}: column {column.name!r} has {len(values):,} values, each would be a feature: expected "
            f"1 to {MOST_VALUES}"
        )
    return {f"{column.name}={value}": _is_value(column, value) for value in values}


def _is_value(column, value):
    return (_texts(column) == value).fillna(False).to_numpy(np.float64)


def _category_notes(column, features) -> Iterator[str]:
    """What a category holds that no feature stands for."""
    texts = _texts(column)
    known = {feature[len(column.name) + 1 :] for feature in features}
    unseen = texts[texts.notna() & ~texts.isin(known)]
    if len(unseen):
        values = ", ".join(map(repr, sorted(unseen.unique())[:6])) + ", …" * (unseen.nunique() > 6)
        yield f"column {column.name!r} has values that training had not, in {counted(len(unseen), 'row')}: {values}"
    if empty := int(texts.isna().sum()):
        yield f"column {column.name!r} is empty in {counted(empty, 'row')}: none of its values is there"
