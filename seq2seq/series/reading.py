"""How numbers are read: decided once for the life of a run, never anew for each file."""

from collections.abc import Sequence
from dataclasses import dataclass

from seq2seq.errors import InputError

_CHOICES = {"missing": ("error", "interpolate", "mask"), "rows": ("auto", "steps", "samples")}


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

    def __post_init__(self):
        columns = (self.columns,) if isinstance(self.columns, str) else self.columns
        object.__setattr__(self, "columns", tuple(columns) if columns else None)
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise InputError(f"{name} must be one of {', '.join(choices)}, got {getattr(self, name)!r}")
