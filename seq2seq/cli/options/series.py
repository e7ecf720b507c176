"""Options of the commands that read numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from typer import Option

from seq2seq.cli.options.run import data_of
from seq2seq.config import SeriesDataConfig
from seq2seq.errors import InputError

DATA, PICTURE = "Data", "Picture"

Array = Annotated[
    str | None,
    Option(help="Array of an NPZ file, or feature of a data set.", show_default="the only one", rich_help_panel=DATA),
]
Keep = Annotated[
    str | None,
    Option(
        metavar="KEY OP NUMBER",
        help="Only rows where this holds, such as y_train==1: KEY is a column, or another array of the file.",
        show_default="all",
        rich_help_panel=DATA,
    ),
]
Columns = Annotated[
    str | None,
    Option(
        help="Columns to use: pressure,temperature. A name with a comma stands in double quotes.",
        show_default="all columns of numbers",
        rich_help_panel=DATA,
    ),
]
Group = Annotated[
    str | None,
    Option(
        help="Column whose values name the series: many tanks in one table.", show_default="none", rich_help_panel=DATA
    ),
]
Time = Annotated[
    str | None,
    Option(
        help="Column of times, or columns that make a date together: year,month,day,hour.",
        show_default="the first that holds dates, else Unix time and the like",
        rich_help_panel=DATA,
    ),
]
TimeFormat = Annotated[
    str | None,
    Option(
        metavar="PATTERN",
        help="How dates are written: %d.%m.%Y %H:%M, ISO8601; Unix time: s, ms, us or ns.",
        show_default="decided from the whole column",
        rich_help_panel=DATA,
    ),
]
DayFirst = Annotated[
    bool | None,
    Option(
        "--day-first/--month-first",
        help="Whether 1/2/2024 is in February or in January.",
        show_default="as the order of the rows says",
        rich_help_panel=DATA,
    ),
]
TimeZone = Annotated[
    str | None,
    Option(
        metavar="AREA/CITY",
        help="Where local times are from, and the calendar's: Europe/Berlin.",
        show_default="as the times say",
        rich_help_panel=DATA,
    ),
]
Duplicates = Annotated[
    str | None,
    Option(
        help="Rows that repeat a time: error, first, or mean.",
        show_default=f"{SeriesDataConfig.duplicates}, or the recipe's",
        rich_help_panel=DATA,
    ),
]
Step = Annotated[
    str | None,
    Option(
        help="Take means over steps of this length: 15min, 1h, 1D.",
        show_default="the rows as they are",
        rich_help_panel=DATA,
    ),
]
Gaps = Annotated[
    str | None,
    Option(
        help="Steps without rows: split, no window runs across them; fill, they are missing values.",
        show_default="split, or the recipe's",
        rich_help_panel=DATA,
    ),
]
Missing = Annotated[
    str | None,
    Option(
        help="Missing values: error, interpolate, or mask, which leaves them out.",
        show_default=f"{SeriesDataConfig.missing}, or the recipe's",
        rich_help_panel=DATA,
    ),
]
Limit = Annotated[
    int | None,
    Option(help="Read only the first steps of each series.", show_default="all", rich_help_panel=DATA),
]
Categorical = Annotated[
    str | None,
    Option(
        help="Columns whose values are names: season,weather. Each value becomes a feature of 0 and 1.",
        show_default="none",
        rich_help_panel=DATA,
    ),
]
Decimal = Annotated[
    str | None,
    Option(
        help="Decimal mark of numbers in text, a point or a comma.",
        show_default="told from the file",
        rich_help_panel=DATA,
    ),
]
MissingValues = Annotated[
    str | None,
    Option(
        help="What stands for a missing value beside NA, null, ? and the like: -200,unknown.",
        show_default="none",
        rich_help_panel=DATA,
    ),
]
Encoding = Annotated[
    str | None,
    Option(
        help="Encoding of text that is neither UTF-8 nor UTF-16, such as cp1252.",
        show_default="none",
        rich_help_panel=DATA,
    ),
]


# How data are read, as settings of the section `data` are called.
READING = {
    "array": Array,
    "keep": Keep,
    "columns": Columns,
    "group": Group,
    "time": Time,
    "time_format": TimeFormat,
    "day_first": DayFirst,
    "time_zone": TimeZone,
    "duplicates": Duplicates,
    "step": Step,
    "gaps": Gaps,
    "missing": Missing,
    "limit": Limit,
    "categorical": Categorical,
    "decimal": Decimal,
    "missing_values": MissingValues,
    "encoding": Encoding,
}

Show = Annotated[
    str | None,
    Option(
        help="Name of the series, or number of the sample, that the picture shows.",
        show_default="the first",
        rich_help_panel=PICTURE,
    ),
]
Column = Annotated[
    str | None,
    Option(help="Column that the picture shows.", show_default="the first", rich_help_panel=PICTURE),
]


def location_of(run: Path) -> str | None:
    """Where the data that a run on numbers was trained on come from, which some commands read by default."""
    return data_of(run).get("location")


def check_of_picture(plot: Path | None, option: str, value: str | None) -> None:
    """Raise `InputError` where an option says what a picture shows, and none is drawn."""
    if value is not None and plot is None:
        raise InputError(f"{option} {value} is of the picture: add --plot FILE.")


def drawn_column(column: str | None, columns: Sequence[str]) -> str:
    """The one of the forecast columns that `--column` asks for; without it the first.

    Raises:
        InputError: there is none of that name (lists those that there are).
    """
    from seq2seq.series.series import listed

    if column is not None and column not in columns:
        raise InputError(f"--column {column}: the forecast columns are {listed(columns)}.")
    return columns[0] if column is None else column


def picture_title(column: str, columns: Sequence[str], name: str, names: Sequence[str], group: str | None) -> str:
    """What a picture shows, where there may be more: a column of those that are forecast, and a series.

    Args:
        column: that is drawn.
        columns: all that could be.
        name: of the series that is drawn; empty where it has none.
        names: of all that could be.
        group: what the data call the names of series.

    >>> picture_title("sales", ["sales", "calls"], "north", ["north", "south"], "shop")
    'sales (one of 2 columns), shop north (one of 2)'
    >>> picture_title("sales", ["sales"], "", [""], None)
    'sales'
    """
    shown = f"column {column}" if column.isdecimal() else column
    shown += f" (one of {len(columns):,} columns)" * (len(columns) > 1)
    count = len(dict.fromkeys(names))
    return shown + (f", {group or 'series'} {name}" + f" (one of {count:,})" * (count > 1)) * bool(name)


def position_of(names: Sequence[str], name: str | None) -> int:
    """Where in the `names` of series the one is that `--show` asks for; without a name the first.

    Raises:
        InputError: there is none of that name (lists those that there are).
    """
    from seq2seq.series.series import listed

    if name is None:
        return 0
    if name not in names:
        there = f"there are {listed(names, 6)}" if any(names) else "there is a single one, without a name"
        raise InputError(f"--show {name}: there is no such series; {there}.")
    return names.index(name)
