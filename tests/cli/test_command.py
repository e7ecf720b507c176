"""How commands end."""

import pytest
import typer
from typer.testing import CliRunner

from seq2seq.cli.command import SETTINGS, Command
from seq2seq.errors import InputError


def ended(error):
    app = typer.Typer(**{**SETTINGS, "no_args_is_help": False})

    @app.command(cls=Command)
    def command():
        raise error

    return CliRunner().invoke(app, [])


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (InputError("[bold]x[/] is no file: ünknown"), 2, "Error: [bold]x[/] is no file: ünknown\n"),
        (InputError("a name\nof two lines"), 2, "Error: a name of two lines\n"),
        (KeyboardInterrupt("All is kept."), 130, "Interrupted. All is kept.\n"),
        (KeyboardInterrupt(), 130, "Interrupted.\n"),
    ],
)
def test_an_expected_end_is_one_line_and_an_exit_code(error, code, line):
    result = ended(error)
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", line)


def test_a_bug_is_not_hidden():
    error = ValueError("bug")
    assert ended(error).exception is error
