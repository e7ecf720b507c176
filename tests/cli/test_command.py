"""How commands end."""

import errno

import pytest
import typer
from typer.testing import CliRunner

from seq2seq.cli.app import app as seq2seq_app
from seq2seq.cli.command import SETTINGS, Command, Tasks
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
        (
            OSError(errno.ENOSPC, "No space left on device", "out"),
            2,
            "Error: out cannot be written (No space left on device): make room; what fitted is in FILE.partial.\n",
        ),
    ],
)
def test_an_expected_end_is_one_line_and_an_exit_code(error, code, line):
    result = ended(error)
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", line)


def test_a_bug_is_not_hidden():
    error = ValueError("bug")
    assert ended(error).exception is error


def test_an_option_of_other_commands_names_these():
    result = CliRunner().invoke(seq2seq_app, ["generate", "runs/a", "--with", "runs/b"])
    assert result.exit_code == 2 and len(result.stderr.splitlines()) == 1
    assert "generate has no option --with; " in result.stderr and "translate" in result.stderr
    assert "evaluate" in result.stderr and "batch translate" in result.stderr


def test_an_option_without_its_value_is_not_one_of_others():
    result = CliRunner().invoke(seq2seq_app, ["forecast", "runs/a", "--baseline"])
    assert result.exit_code == 2
    assert "has no option" not in result.stderr and "requires an argument" in result.stderr


def test_an_option_without_its_task_is_told_what_it_lacks():
    app = typer.Typer(cls=Tasks, **SETTINGS)

    @app.command("numbers", cls=Command)
    def numbers(data: str):
        raise AssertionError

    @app.command("words", cls=Command)
    def words(data: str):
        raise AssertionError

    result = CliRunner().invoke(app, ["--data", "x"])
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: --data needs a task before it (numbers, words), such as: ")
    assert result.stderr.endswith("numbers --data x\n")


def test_every_command_answers_both_forms_of_help():
    for command in typer.main.get_command(seq2seq_app).commands.values():
        assert command.context_settings["help_option_names"] == ["-h", "--help"]
