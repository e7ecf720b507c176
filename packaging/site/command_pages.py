"""A page for each command, from what its `--help` knows."""

import re
from collections.abc import Iterator

import typer
from prose import code, prose, table
from typer.core import TyperCommand, TyperGroup

from seq2seq.cli import app


def commands() -> Iterator[tuple[str, TyperCommand]]:
    """The name of each command, such as `train translation`, and the command."""
    yield from _below(typer.main.get_command(app), ())


def command_page(name: str, command: TyperCommand) -> str:
    """The page of one command: how it is called, what it does, examples, and its options in the groups of its help."""
    context = command.context_class(command, info_name=f"seq2seq {name}")
    written = [f"# {name}\n", f"```\n{command.get_usage(context).removeprefix('Usage: ')}\n```\n"]
    written += [f"{prose(part)}\n" for part in command.help.split("\n\n")]
    written.append(f"## Examples\n\n```\n{_examples(command.epilog)}\n```\n")
    groups = {}
    for parameter in command.params:
        title = parameter.rich_help_panel or ("Arguments" if not parameter.opts[0].startswith("-") else "Options")
        groups.setdefault(title, []).append(_row(parameter, context))
    for title, rows in groups.items():
        written.append(f"## {title}\n\n{table('options', ('option', 'meaning'), rows)}")
    return "\n".join(written)


def _below(command, path):
    if not isinstance(command, TyperGroup):
        yield " ".join(path), command
        return
    for name, each in command.commands.items():
        yield from _below(each, (*path, name))


def _row(parameter, context):
    written, text = parameter.get_help_record(context)
    text, _, extra = text.partition("  [")
    default = re.search(r"default: ([^;\]]*)", extra)
    said = [f"Default: {default[1].strip('()')}."] if default else []
    if any(each == "required" for each in re.split(r"[;\]] ?", extra)):
        said.append("Required.")
    if bounds := re.search(r"[-\d.]*(?:<=?)?x[<>]=?[-\d.]+", extra):
        said.append(f"Bounds: {bounds[0]}.")
    return code(written), " ".join([prose(text), *(f"*{prose(each)}*" for each in said)])


def _examples(epilog):
    """The lines of an epilog, without the markup of a terminal and the blank lines that keep them apart in it."""
    lines = re.sub(r"\[/?bold\]", "", epilog).strip().split("\n")
    return "\n".join(line.strip() if not line.startswith("    ") else line[2:] for line in lines[1:] if line.strip())
