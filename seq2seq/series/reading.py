"""How numbers are read: decided once for the life of a run, never anew for each file."""

from collections.abc import Sequence
from dataclasses import dataclass

from seq2seq.errors import InputError
from seq2seq.series.clock import check_pattern
from seq2seq.series.rhythm import length_of

_CHOICES = {
    "missing": ("error", "interpolate", "mask"),
    "rows": ("auto", "steps", "samples"),
    "duplicates": ("error", "first", "mean"),
    "gaps": ("split", "fill", None),
    "decimal": (None, ".", ","),
}


@dataclass(frozen=True)
class Reading:
    """What is told about data, and what `read_series` decides from them where that leaves it open.

    The series that are read carry it as it was decided. Whoever reads other data with that one reads them alike: what
    was inferred from the first file is not inferred again.

    Attributes:
        array: str. Key of the array in an NPZ file, or the feature of a data set.
        keep: str. Rows (of arrays: entries of the first axis) to keep, as `KEY OP NUMBER`, say `y_train==1`: KEY is
            a column, or another array of the file with a number for each entry; OP one of == != < <= > >=.
            As a column it is no feature unless chosen.
        columns: tuple of str. The features, in this order. None takes all columns of numbers.
        group: str. Column of a table whose values name the series; their rows may be mixed.
        time: tuple of str. Column with the times of the rows, dates or numbers, or the columns of which a date is put
            together. None takes the first that holds dates, or else what is a clock: Unix time, YYYYMMDD, or year,
            month and day; empty: there are no times.
        time_format: str. A pattern of strptime, `"ISO8601"`, or the unit of Unix time, `"s"`, `"ms"`, `"us"` or `"ns"`.
            None decides from the whole column.
        day_first: bool. Whether 1/2/2024 is the 1st of February. None decides by what orders the column.
        time_zone: str. Of the IANA data base, Europe/Berlin: where local times are from, and the calendar's.
        zoned: bool. Whether the times tell their zone or offset. Those of other data are refused if they do not do
            likewise, unless `time_zone` says what is meant. None takes both.
        duplicates: str. Rows of one time: `"error"`; keep the `"first"`; or take their `"mean"`.
        step: str. A length of time, `"1h"`, over which rows are averaged; None takes them as they are.
        gaps: str. `"split"`: no window runs across a gap; `"fill"`: steps without rows are missing values. None, as in
            runs of earlier versions: steps are taken as equal, and each file by itself tells how its dates are written.
        rhythm: str. Of the times, as `rhythm.parsed` reads it. None recognises it.
        missing: str. What to do with missing values: `"error"`; `"interpolate"`, in a straight line over the
            steps between the neighbours, the nearest value at the ends and at gaps in time; or `"mask"`, which leaves
            them NaN.
        rows: str. `"steps"`: a row is a step of all features. `"samples"`: a row is a sequence of one feature.
            `"auto"`: steps in tables, samples in arrays.
        limit: int. Only so many steps from the start of each series, or samples. None takes all.
        categorical: tuple of str. Columns whose values are names: each value that training saw becomes a feature,
            `season=winter`, 1 where it is there and 0 elsewhere. Those are in `columns` once they are decided.
        decimal: str. The decimal mark of numbers in text, `"."` or `","`; the other one, blanks and apostrophes may
            stand between thousands. None tells it from the file.
        thousands: bool. Whether a point or a comma stands between thousands. None takes it to be so where `decimal`
            says so, and tells it from the file. Once it is decided, other data have the decimal mark that their numbers
            show, `decimal` where they show none; False refuses them where `1,234` may have either.
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
    time: Sequence[str] | None = None
    time_format: str | None = None
    day_first: bool | None = None
    time_zone: str | None = None
    zoned: bool | None = None
    duplicates: str = "error"
    step: str | None = None
    gaps: str | None = "split"
    rhythm: str | None = None
    missing: str = "error"
    rows: str = "auto"
    limit: int | None = None
    categorical: Sequence[str] | None = None
    decimal: str | None = None
    thousands: bool | None = None
    missing_values: Sequence[str] | None = None
    encoding: str | None = None

    def __post_init__(self):
        for name in ("columns", "time", "categorical", "missing_values"):
            given = getattr(self, name)
            given = (given,) if isinstance(given, str) else given
            # Blanks around a name come and go with the kind of file. No column of times is a decision: ().
            stripped = given if given is None else tuple(each.strip() for each in given)
            object.__setattr__(self, name, stripped if name == "time" else stripped or None)
        if self.group:
            object.__setattr__(self, "group", self.group.strip())
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise InputError(
                    f"{name} must be one of {', '.join(filter(None, choices))}, got {getattr(self, name)!r}"
                )
        if self.time_format is not None:
            check_pattern(self.time_format, "time_format")
        if self.step is not None:
            _check_step(self.step)


def _check_step(step):
    try:
        good = float(step) > 0 if step.replace(".", "", 1).isdigit() else length_of(step)
    except ValueError:
        good = False
    if not good:
        raise InputError(
            f"step={step!r}: expected a length of time, such as 15min, 1h or 7D; a number where times are numbers"
        )


def category_of(feature: str, categories: Sequence[str] | None) -> str | None:
    """The category of which a feature is one value, or that it is itself; None for any other column.

    >>> category_of("season=winter", ["season"]), category_of("speed", ["season"])
    ('season', None)
    """
    return next((name for name in categories or () if feature == name or feature.startswith(f"{name}=")), None)
