"""What all commands share: how they end when something goes wrong."""

from typing import Any

import typer
from typer.core import TyperCommand

from seq2seq.errors import InputError

# A traceback is for a bug: shown whole and plain, it can be pasted into a report.
SETTINGS: dict[str, Any] = {
    "no_args_is_help": True,
    "add_completion": False,
    "rich_markup_mode": "rich",
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


class Command(TyperCommand):
    """A command that says in one line what is wrong with its input.

    It leaves with exit code 2 for an `InputError`, and with 130 when it is interrupted. A command that keeps something
    when interrupted raises `KeyboardInterrupt("what is kept, and how to go on")`.
    """

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except InputError as error:
            _end(f"Error: {error}", 2)
        except KeyboardInterrupt as stop:
            _end(f"Interrupted. {stop}".strip(), 130)


def _end(line: str, code: int) -> None:
    # Not through rich: brackets of the message are not its markup, and a path stays in one piece.
    typer.echo(" ".join(line.split("\n")), err=True)
    raise typer.Exit(code) from None
