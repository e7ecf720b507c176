"""What all commands share: how they end when something goes wrong."""

import errno
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from seq2seq.cli.options.device import device_option
from seq2seq.errors import InputError

# A traceback is for a bug: shown whole and plain, it can be pasted into a report.
SETTINGS: dict[str, Any] = {
    "no_args_is_help": True,
    "rich_markup_mode": "rich",
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}

# The device that is written to has no room, or fails.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)


class Command(TyperCommand):
    """A command that says in one line what is wrong with its input.

    It leaves with exit code 2 for an `InputError`, and when it is interrupted with the `exit_code` of the exception or
    130. A command that keeps something then raises `KeyboardInterrupt("what is kept, and how to go on")`.
    """

    def __init__(self, *args, context_settings=None, **kwargs):
        # A command does not inherit them when it runs as a program of its own.
        super().__init__(*args, context_settings=SETTINGS["context_settings"] | (context_settings or {}), **kwargs)
        self.params.append(device_option())

    def parse_args(self, ctx, args):
        try:
            rest = super().parse_args(ctx, list(args))
        except InputError as error:
            _end(f"Error: {error}", 2)
        except Exception as error:
            option = getattr(error, "option_name", None)  # that there is not, or that was given without its value
            if option in _options_of(self):
                raise
            _explain_hyphen(args, option)
            if others := option and _commands_with(option, ctx.find_root().command):
                _end(f"Error: {ctx.command_path} has no option {option}; {', '.join(others)} have it.", 2)
            raise
        _refuse_empty_paths(args, ctx.params)
        return rest

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except InputError as error:
            _end(f"Error: {error}", 2)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            with suppress(OSError):  # what standard output still holds would fail again at the end
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            what = error.filename or "the output"
            _end(f"Error: {what} cannot be written ({error.strerror}): make room; what fitted is in FILE.partial.", 2)
        except KeyboardInterrupt as stop:
            _end(f"Interrupted. {stop}".strip(), getattr(stop, "exit_code", 130))


class Tasks(TyperGroup):
    """Commands under one name, one for each task; options given without a task are told what they lack."""

    def parse_args(self, ctx, args):
        if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            tasks = self.list_commands(ctx)
            line = " ".join([ctx.command_path, tasks[0], *args])
            _end(f"Error: {args[0]} needs a task before it ({', '.join(tasks)}), such as: {line}", 2)
        return super().parse_args(ctx, args)


def _commands_with(option, command, path=""):
    """The names of the commands that have an option, of `command` and those below it."""
    if isinstance(command, TyperGroup):
        return [
            found for name, each in command.commands.items() for found in _commands_with(option, each, f"{path} {name}")
        ]
    return [path.strip()] if option in _options_of(command) else []


def _options_of(command):
    return {option for each in command.params for option in (*each.opts, *each.secondary_opts)}


def _refuse_empty_paths(args, values):
    """End where a path was given as an empty text, such as an unset variable leaves: it stands for the current folder
    then, which nobody meant."""
    if not any(text == "" or (text.startswith("--") and text.endswith("=")) for text in args) or "." in args:
        return
    for name, value in values.items():
        if Path() in (value if isinstance(value, list | tuple) else [value]):
            _end(f"Error: the path of {name.rstrip('_')} is empty: name a file or a folder, or . for this one.", 2)


def _explain_hyphen(args, option):
    """End with advice where what is taken for `option` has what no option has, a blank or a digit at the beginning."""
    for text in args[: args.index("--")] if "--" in args else args:
        if option and text.startswith(option) and re.match(r"-\d|-.*\s", text):
            advice = f'to pass it as a text write -- "{text}" behind all options'
            _end(f"Error: {text} begins with a hyphen, as options do: {advice}.", 2)


def _end(line: str, code: int) -> None:
    # Not through rich: brackets of the message are not its markup, and a path stays in one piece.
    typer.echo(" ".join(line.split("\n")), err=True)
    raise typer.Exit(code) from None
