"""`seq2seq recipes`: the settings that come with the package."""

from pathlib import Path
from typing import Annotated

from typer import Argument

from seq2seq.cli.console import ConsoleReport
from seq2seq.cli.options.training import recipes_like
from seq2seq.cli.outputs import write_text

EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq recipes

  seq2seq recipes multi30k

  seq2seq recipes multi30k > mine.toml
"""


def recipes(
    name: Annotated[
        str | None,
        Argument(
            metavar="NAME",
            help="The recipe to print, whole.",
            show_default="a table of all",
            autocompletion=recipes_like,
        ),
    ] = None,
) -> None:
    """List the shipped recipes, or print one: its settings, with the commands that train and measure it.

    To train one give its name to --recipe; to change one print it into a file and give that.
    """
    from seq2seq.config.recipes import purpose_of, shipped_recipe, shipped_recipes

    if name:
        write_text(Path("-"), shipped_recipe(name).read_text(encoding="utf-8"))
    else:
        rows = [(each, purpose_of(file)) for each, file in shipped_recipes().items()]
        ConsoleReport().table("", ("recipe", "what for"), rows)
