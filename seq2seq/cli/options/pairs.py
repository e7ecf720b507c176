"""What the commands that read pairs for a trained run are told about them; as in its training, unless given."""

from typing import Annotated

from typer import Option

DATA = "Data"

Source = Annotated[
    str | None,
    Option(
        help="Suffix of the source file, column of a TSV (name, or number from 1), or TFDS feature.",
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
