"""A page for each group of public names of `seq2seq`, with signatures and docstrings."""

import dataclasses
import inspect
import re
from pathlib import Path

from prose import docstring
from settings_pages import KINDS

import seq2seq


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
    written = [f"# {title}\n", f"```python\nfrom seq2seq import {', '.join(names)}\n```\n"]
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
    """How it is called, as code; nothing for a property, and for what does not tell."""
    if isinstance(member, property):
        return ""
    try:
        signature = inspect.signature(getattr(member, "__func__", member))
    except ValueError:
        return ""
    parameters = [each for each in signature.parameters.values() if each.name not in ("self", "cls")]
    line = f"{name}{signature.replace(parameters=parameters)}"
    if len(_plain(line)) > 80 and parameters:
        written = [str(each) for each in parameters]
        kinds = [each.kind for each in parameters]
        if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
            written.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
        returned = str(signature.replace(parameters=[]))[1:]
        line = f"{name}(\n" + "".join(f"    {each},\n" for each in written) + returned
    return f"```\n{_plain(line)}\n```\n"


def _plain(line):
    """A signature whose types have their own names alone, as they are read: `Path`, not `pathlib.Path`."""
    return re.sub(r"'([\w.]+)'", _type, re.sub(r"\b(?:[a-z_]\w*\.)+(?=[A-Z]|ndarray)", "", line))


def _type(found):
    return found[1] if found[1][:1].isupper() else found[0]
