"""What the commands that read pairs for a trained run are told about them; as in its training, unless given."""

from pathlib import Path
from typing import Annotated

from typer import Option

from seq2seq.cli.options.run import data_of

DATA = "Data"

Source = Annotated[
    str | None,
    Option(
        help="Suffix of the source file, column of a TSV (name, or number from 1), or feature of a data set.",
        show_default="the run's",
        rich_help_panel=DATA,
    ),
]
Target = Annotated[str | None, Option(help="The same for the target.", show_default="the run's", rich_help_panel=DATA)]
Header = Annotated[
    bool | None,
    Option(
        "--header/--no-header",
        help="Whether the first row of a TSV names its columns.",
        show_default="as in training; with --source or --target, found out",
        rich_help_panel=DATA,
    ),
]
Swap = Annotated[
    bool | None,
    Option(
        "--swap/--no-swap",
        help="Translate the other way: target to source.",
        show_default="as in training",
        rich_help_panel=DATA,
    ),
]


def files_of(data: str | None, source: str | None, target: str | None, run: Path) -> list[Path]:
    """The files that pairs are read from, where there are any: those of the prefix `data`, or itself."""
    own = data_of(run)
    sides = (source or own.get("source"), target or own.get("target"))
    names = [f"{data}.{side}{packed}" for side in sides for packed in ("", ".gz")]
    return [path for path in map(Path, [data, *names] if data else []) if path.is_file()]
