"""Defaults < recipe < command line: how a configuration comes about. Unknown names and wrong types are errors that name
the near match.

A changed setting that cannot change anything beside the others is idle; sections and configurations name theirs, with
the reason, in a method `idle`. On the command line it is refused; in a recipe, which serves many trainings, it is told
and passed over; in the configuration of a run, which an earlier version may have accepted, it is passed over. Not idle
are a value that asks for what is so in any case (a dropout of 0), what lies beyond the end of the training (more
patience than epochs: a recipe can be tried for one epoch), and what later commands take from the run (all of
`decoding`). What depends on the data, and not on settings alone, is told by the training that sees them.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from seq2seq.config.recipes import load_recipe
from seq2seq.errors import InputError
from seq2seq.report import Report

Config = TypeVar("Config")


def resolve(
    kind: type[Config],
    recipe: str | Path | None = None,
    settings: Iterable[str] = (),
    report: Report | None = None,
    base: Config | None = None,
    **given: Any,
) -> Config:
    """Build a configuration: defaults < recipe < `--set` < options of the command line.

    Args:
        kind: the dataclass to build, `TranslationConfig`.
        recipe: a TOML file, or the name of a recipe shipped with the package (`"multi30k"`).
        settings: strings `"section.name=value"`; the value is read as TOML, or else taken as a string.
        report: `Report` that hears of settings of the recipe that do nothing beside the others.
        base: configuration that takes the place of the defaults.
        **given: `section__name=value`; `None` means not given.

    Raises:
        InputError: for an unknown name (with the near match), a wrong type, a value out of range, or a setting of the
            command line that does nothing beside the others.
    """
    if isinstance(settings, str):
        raise InputError(f"settings={settings!r}: expected a list of such strings, [{settings!r}].")
    tree, own = to_mapping(base) if base else {}, set()
    if recipe:
        _put_all(tree, load_recipe(recipe))
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name.strip():
            raise InputError(f"--set {setting}: expected section.name=value, such as --set model.units=512.")
        _put(tree, name.strip().split("."), _parse_value(value.strip()))
        own.add(name.strip())
    for name, value in given.items():
        if value is not None:
            _put(tree, name.split("__"), value)
            own.add(name.replace("__", "."))
    config = from_mapping(kind, tree)
    for name, value, _, reason in _idle(config):
        if name in own:
            raise InputError(f"{name}={value} does nothing {reason}")
        if not base or value != settings_of(to_mapping(base))[name]:  # what another run had is no news
            why = reason.partition(": ")[0]
            (report or Report()).say(f"{name}={value} of the recipe is passed over: it does nothing {why}")
    return _without_idle(config)


def from_mapping(kind: type[Config], tree: Mapping[str, Any], place: str = "") -> Config:
    """Build the dataclass `kind` from nested mappings, checking every name and type."""
    hints = typing.get_type_hints(kind, include_extras=True)
    values = {}
    for name, value in tree.items():
        full_name = f"{place}{name}"
        if name not in hints:
            raise InputError(f"{full_name} is not a setting{_elsewhere(full_name)}: {_near_match(name, kind, place)}")
        if dataclasses.is_dataclass(hints[name]):
            if not isinstance(value, Mapping):
                raise InputError(f"{full_name} is a section: set {full_name}.NAME, not {full_name}={value!r}.")
            values[name] = from_mapping(hints[name], value, f"{full_name}.")
        else:
            values[name] = _typed(value, hints[name], full_name)
    return kind(**values)


def from_stored(kind: type[Config], tree: Mapping[str, Any]) -> Config:
    """Build the dataclass `kind` from the configuration of a run, which an earlier version may have written.

    What did nothing is passed over: settings that a class calls `retired`, which are no more, and those that are idle.
    """
    return _without_idle(from_mapping(kind, _without_retired(kind, tree)))


def _idle(config):
    """Name, value, default and reason of each setting that was changed, and does nothing beside the others."""
    for part in (config, *vars(config).values()):
        for name, reason in part.idle().items() if hasattr(part, "idle") else ():
            section, setting = name.split(".")
            section = getattr(config, section)
            value = getattr(section, setting)
            default = next(field.default for field in dataclasses.fields(section) if field.name == setting)
            if value != default:
                yield name, value, default, reason


def _without_idle(config):
    """The same with the default of each setting that does nothing."""
    for name, _, default, _ in list(_idle(config)):
        section, setting = name.split(".")
        changed = dataclasses.replace(getattr(config, section), **{setting: default})
        config = dataclasses.replace(config, **{section: changed})
    return config


def _without_retired(kind, tree):
    hints = typing.get_type_hints(kind)
    kept = {name: value for name, value in tree.items() if name not in getattr(kind, "retired", ())}
    return {
        name: _without_retired(hints[name], value)
        if dataclasses.is_dataclass(hints.get(name)) and isinstance(value, Mapping)
        else value
        for name, value in kept.items()
    }


def to_mapping(config: Any) -> dict[str, Any]:
    """The tree of plain values that `from_mapping` reads back."""
    return dataclasses.asdict(config)


def settings_of(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in the tree of a configuration by their names, `section.name`; lists, as of JSON, as tuples."""
    found = {}
    for section, settings in tree.items():
        if isinstance(settings, Mapping):
            found |= {f"{section}.{name}": value for name, value in settings.items()}
        else:
            found[section] = settings
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}


def _elsewhere(full_name: str) -> str:
    """Of which trainings it is one, if it is of some: what to say after "is not a setting"."""
    from seq2seq import config  # which imports this module

    tasks = {"translation": "Translation", "language-model": "Language", "autoencoder": "Autoencoder"}
    tasks |= {"forecaster": "Forecaster"}
    found = [task for task, kind in tasks.items() if _has(getattr(config, f"{kind}Config"), full_name.split("."))]
    return f" here, only of train {' and '.join(found)}" if found else ""


def _has(kind, names):
    """Whether there is a setting of this name in a dataclass."""
    hints = typing.get_type_hints(kind) if dataclasses.is_dataclass(kind) else {}
    return names[0] in hints and (len(names) == 1 or _has(hints[names[0]], names[1:]))


def _near_match(name: str, kind: type, place: str) -> str:
    siblings = [f.name for f in dataclasses.fields(kind)]
    near = difflib.get_close_matches(name, siblings, n=1)
    if near:
        return f"did you mean {place}{near[0]}?"
    return f"{'the settings here' if place else 'the sections'} are {', '.join(siblings)}."


def _typed(value: Any, hint: Any, name: str) -> Any:
    """`value` as `hint` wants it: an int is a float too, nothing else is converted."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        choices = typing.get_args(hint)
        if value in (None, "none") and type(None) in choices:  # TOML has no word for None
            return None
        return _typed(value, next(c for c in choices if c is not type(None)), name)
    if typing.get_origin(hint) is Annotated:  # with a function that reads it from a text
        hint, from_text = typing.get_args(hint)
        if isinstance(value, int | float) and not isinstance(value, bool):  # a single name may be a number: columns=3
            value = str(value)
        return _typed(from_text(value, name) if isinstance(value, str) else value, hint, name)
    if typing.get_origin(hint) is Literal:
        allowed = typing.get_args(hint)
        if value not in allowed:
            raise InputError(f"{name}={value!r}: expected one of {', '.join(map(str, allowed))}.")
        return value
    if typing.get_origin(hint) is tuple:  # tuple[str, ...]; JSON and TOML have lists
        return _listed(value, typing.get_args(hint)[0], name)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise InputError(f"{name}={value!r}: expected {hint.__name__}, got {type(value).__name__}.")
    return value


def _listed(value: Any, hint: Any, name: str) -> tuple:
    if not isinstance(value, list | tuple):
        raise InputError(
            f"{name}={value!r}: expected a list, such as {name}=['one', 'two'] (single quotes: a backslash is itself)."
        )
    return tuple(_typed(item, hint, f"{name}[{number}]") for number, item in enumerate(value, 1))


def _parse_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _put_all(tree: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Put the settings of a tree into another one, section by section."""
    for name, value in other.items():
        if isinstance(value, Mapping) and isinstance(tree.get(name, {}), Mapping):
            _put_all(tree.setdefault(name, {}), value)
        else:
            tree[name] = value


def _put(tree: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
        if not isinstance(tree, dict):
            raise InputError(f"{'.'.join(path)} is not a setting: {name} is no section.")
    tree[path[-1]] = value
