"""Options of the commands that read numbers."""

from typing import Annotated, Any

from typer import Option

from seq2seq.config import SeriesDataConfig
from seq2seq.errors import InputError

DATA = "Data"

Array = Annotated[
    str | None,
    Option(
        help="Array of an NPZ file, or feature of a TFDS data set.", show_default="the only one", rich_help_panel=DATA
    ),
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
    Option(help="Column of times.", show_default="the first that holds dates", rich_help_panel=DATA),
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


def position_of(series: Any, name: str | None) -> int:
    """Where in a `Series` the one called `name` is, which `--show` asks for; without a name the first.

    Raises:
        InputError: there is none of that name (lists those that there are).
    """
    if name is None:
        return 0
    if name not in series.names:
        listed = ", ".join(series.names[:6]) + ", …" * (len(series.names) > 6)
        raise InputError(f"--show {name}: there is no such series; there are {listed}.")
    return series.names.index(name)
