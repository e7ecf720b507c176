"""A page for each group of public names of `seq2seq`, with signatures and docstrings."""

import dataclasses
import inspect
import re
from pathlib import Path

import seq2seq
from prose import docstring
from settings_pages import KINDS


def groups() -> dict[str, list[str]]:
    """Title → names, as the comments in the front door of the package group them."""
    found, names = {}, None
    for line in Path(seq2seq.__file__).read_text(encoding="utf-8").split("_HOMES = {")[1].split("\n}")[0].split("\n"):
        if title := re.fullmatch(r"\s*# (.*)\.", line):
            names = found.setdefault(title[1], [])
        elif name := re.match(r'\s*"(\w+)":', line):
            names.append(name[1])
    return found


def python_page(title: str, names: list[str]) -> str:
    """The page of one group of names."""
    written = [f"# {title}\n", f"```python\nfrom seq2seq import {', '.join(names)}\n```\n".replace(", ", ", ")]
    for name in names:
        member = getattr(seq2seq, name)
        written += [f"## {name}\n", _signature(name, member), docstring(inspect.getdoc(member) or "")]
        if member in KINDS:
            page = f"settings_{member.task.replace('-', '_')}.md"
            written.append(f"Its sections and their settings: [settings of {member.task}]({page}).\n")
        if inspect.isclass(member):
            for inner, each in _members(member):
                written += [f"### {name}.{inner}\n", _signature(inner, each), docstring(inspect.getdoc(each) or "")]
    return "\n".join(written)


def _members(kind):
    """Public members that classes of the package define; not what they only fill in of Keras, such as `build`."""
    fields = {field.name for field in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else set()
    ours = [each for each in kind.__mro__ if each.__module__.startswith("seq2seq.")]
    others = [each for each in kind.__mro__ if each not in ours]
    found = {}
    for name, member in ((name, member) for each in ours for name, member in vars(each).items()):
        plain = getattr(member, "__func__", member)
        if name.startswith("_") or name in found or name in fields:
            continue
        if not (inspect.isfunction(plain) or isinstance(member, property)):
            continue
        if plain.__doc__ or not any(name in vars(other) for other in others):
            found[name] = member
    return found.items()


def _signature(name, member):
    if isinstance(member, property):
        return ""
    plain = getattr(member, "__func__", member)
    try:
        signature = inspect.signature(plain)
    except ValueError:
        return ""
    parameters = [each for each in signature.parameters.values() if each.name not in ("self", "cls")]
    line = f"{name}{signature.replace(parameters=parameters)}"
    if len(line) > 80 and parameters:
        bare = signature.replace(parameters=[])
        stars = {inspect.Parameter.KEYWORD_ONLY: "*"}
        written, starred = [], False
        for each in parameters:
            if each.kind is inspect.Parameter.VAR_POSITIONAL:
                starred = True
            if each.kind in stars and not starred:
                written.append("*")
                starred = True
            written.append(str(each))
        line = f"{name}(\n" + "".join(f"    {each},\n" for each in written) + str(bare)[1:]
    return f"```python\n{line}\n```\n"
