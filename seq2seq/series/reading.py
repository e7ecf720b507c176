"""How numbers are read: decided once for the life of a run, never anew for each file."""

from collections.abc import Sequence
from dataclasses import dataclass

from seq2seq.errors import InputError

_CHOICES = {
    "missing": ("error", "interpolate", "mask"),
    "rows": ("auto", "steps", "samples"),
    "decimal": (None, ".", ","),
}


@dataclass(frozen=True)
class Reading:
    """What is told about data, and what `read_series` decides from them where that leaves it open.

    The series that are read carry it as it was decided. Whoever reads other data with that one reads them alike: what
    was inferred from the first file is not inferred again.

    Attributes:
        array: str. Key of the array in an NPZ file, or the TFDS feature.
        keep: str. Rows (of arrays: entries of the first axis) to keep, as `KEY OP NUMBER`, say `y_train==1`: KEY is
            a column, or another array of the file with a number for each entry; OP one of == != < <= > >=.
            As a column it is no feature unless chosen.
        columns: tuple of str. The features, in this order. None takes all columns of numbers.
        group: str. Column of a table whose values name the series; their rows may be mixed.
        time: str. Column with the times of the rows, dates or numbers. None takes the first that holds dates.
        missing: str. What to do with missing values: `"error"`; `"interpolate"`, in a straight line over the
            steps between the neighbours, the nearest value at the ends; or `"mask"`, which leaves them NaN.
        rows: str. `"steps"`: a row is a step of all features. `"samples"`: a row is a sequence of one feature.
            `"auto"`: steps in tables, samples in arrays.
        limit: int. Only so many steps from the start of each series, or samples. None takes all.
        categorical: tuple of str. Columns whose values are names: each value that training saw becomes a feature,
            `season=winter`, 1 where it is there and 0 elsewhere. Those are in `columns` once they are decided.
        decimal: str. The decimal mark of numbers in text, `"."` or `","`; the other one, blanks and apostrophes may
            stand between thousands. None tells it from the file.
        missing_values: tuple of str. What stands for a missing value, beside empty cells, `NA`, `null`, `?`, `-` and
            the like: numbers such as `-200`, texts.
        encoding: str. Of a file of text that is neither UTF-8 nor UTF-16.

    Raises:
        InputError: a choice that there is not.
    """

    array: str | None = None
    keep: str | None = None
    columns: Sequence[str] | None = None
    group: str | None = None
    time: str | None = None
    missing: str = "error"
    rows: str = "auto"
    limit: int | None = None
    categorical: Sequence[str] | None = None
    decimal: str | None = None
    missing_values: Sequence[str] | None = None
    encoding: str | None = None

    def __post_init__(self):
        for name in ("columns", "categorical", "missing_values"):
            given = getattr(self, name)
            given = (given,) if isinstance(given, str) else given
            object.__setattr__(self, name, tuple(each.strip() for each in given) if given else None)
        for name in ("group", "time"):
            if getattr(self, name):  # blanks around a name come and go with the kind of file
                object.__setattr__(self, name, getattr(self, name).strip())
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise InputError(f"{name} must be one of {', '.join(choices)}, got {getattr(self, name)!r}")


def category_of(feature: str, categories: Sequence[str] | None) -> str | None:
    """The category of which a feature is one value, or that it is itself; None for any other column.

    >>> category_of("season=winter", ["season"]), category_of("speed", ["season"])
    ('season', None)
    """
    return next((name for name in categories or () if feature == name or feature.startswith(f"{name}=")), None)
