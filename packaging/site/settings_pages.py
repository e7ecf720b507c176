"""A page of settings for each kind of run, from the dataclasses of `seq2seq.config` and the comments in them."""

import ast
import dataclasses
import inspect
import io
import tokenize
import types
import typing
from collections.abc import Iterator

from prose import code, prose, table

from seq2seq.config import AutoencoderConfig, ForecasterConfig, LanguageConfig, TranslationConfig
from seq2seq.config.fitting import OPEN
from seq2seq.config.recipes import shipped_recipes

KINDS = (TranslationConfig, AutoencoderConfig, ForecasterConfig, LanguageConfig)


@dataclasses.dataclass(frozen=True)
class Setting:
    """One setting of a kind of run: its full name, its type and default as people write them, and what it means."""

    name: str
    kind: str
    default: str
    meaning: str


def sections(config: type) -> Iterator[tuple[str, str, list[Setting]]]:
    """Name, docstring and settings of each section of a configuration; those that stand alone have the name "".

    Args:
        config: a configuration such as `TranslationConfig`.
    """
    hints, alone = typing.get_type_hints(config), []
    for field in dataclasses.fields(config):
        section = hints[field.name]
        if dataclasses.is_dataclass(section):
            yield field.name, inspect.getdoc(section), _settings(section, f"{field.name}.", dataclasses.fields(section))
        else:
            alone.append(field)
    yield "", "", _settings(config, "", alone)


def settings_page(config: type) -> str:
    """The page of one kind of run."""
    task = config.task
    written = [
        f"# Settings of {task}\n",
        f"`seq2seq train {task} … --set NAME=VALUE` sets one of them, `--recipe FILE.toml` many; what is not set has "
        f"its default. `seq2seq train {task} --help` has the options that are shorter to write.\n",
    ]
    for name, about, settings in sections(config):
        rows = [(code(each.name), each.kind, each.default, each.meaning) for each in settings]
        written += [f"## {name or 'Of the whole run'}\n", *([f"{prose(about)}\n"] if about else [])]
        written.append(table("settings", ("setting", "type", "default", "meaning"), rows))
    return "\n".join(written)


def recipes_page() -> str:
    """The page of the recipes that the package has."""
    written = [
        "# Recipes\n",
        "Settings for one piece of work, with where its data are from, what it reaches and in what time. "
        "`--recipe NAME` trains with one; a file of your own is `--recipe FILE.toml`.\n",
    ]
    for file in shipped_recipes().values():
        written.append(f"## {file.stem}\n\n```toml\n{file.read_text(encoding='utf-8').strip()}\n```\n")
    return "\n".join(written)


def _settings(section, place, fields):
    hints = typing.get_type_hints(section, include_extras=True)
    comments = _comments(section)
    found = []
    for field in fields:
        name = f"{place}{field.name}"
        meaning = prose(comments.get(field.name, ""))
        if section.__module__.startswith("seq2seq.config.translation") and name in OPEN and field.default is None:
            meaning += f"{';' if meaning else ''} none: by the size of the corpus"
        found.append(Setting(name, _kind(hints[field.name]), _value(field.default), meaning.strip()))
    return found


def _comments(section):
    """Name → comment of each setting: beside it, or above it; what a class does not say, those before it do."""
    comments = {}
    for kind in reversed(section.__mro__):
        if not dataclasses.is_dataclass(kind):
            continue
        source = inspect.cleandoc(inspect.getsource(kind))
        lines = source.split("\n")
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        beside = {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}
        for node in ast.parse(source).body[0].body:
            if not isinstance(node, ast.AnnAssign):
                continue
            said = [beside[line] for line in range(node.lineno, node.end_lineno + 1) if line in beside]
            if not said:
                above = node.lineno - 1
                while lines[above - 1].strip().startswith("#"):
                    above -= 1
                said = [line for line in lines[above : node.lineno - 1]]
            if said:
                comments[node.target.id] = " ".join(line.strip().removeprefix("#").strip() for line in said)
    return comments


def _kind(hint):
    """A type, as somebody who sets it needs it."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return "names"
    if origin is typing.Literal:
        return " ".join(code(each) for each in inner)
    if origin in (typing.Union, types.UnionType):
        return _kind(inner[0])  # or None, which says that it is not set
    if origin is tuple:
        return "list of texts"
    return {bool: "true or false", int: "int", float: "float", str: "text"}[hint]


def _value(default):
    if default is None or default == ():
        return "none"
    if isinstance(default, bool):
        return code(str(default).lower())
    return code(f'"{default}"' if default == "" else f"{default:g}" if isinstance(default, float) else str(default))
