"""What the front door shows has types: as a checker reads them, and in every signature that a user can call.

`make lint` has mypy check `public_types.py`, which uses each name as a user's program would.
"""

import ast
import functools
import inspect
import typing
from pathlib import Path

import pytest

import seq2seq

ROOT = Path(__file__).resolve().parents[1]


def names_for_checkers():
    """Name → where it is from, of the block that type checkers read."""
    tree = ast.parse((ROOT / "seq2seq/__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
    found = {}
    for node in block.body:
        if isinstance(node, ast.ImportFrom):
            found |= {alias.asname: f"{node.module}:{alias.name}" for alias in node.names}
        else:  # train_x = _train_x.train, whose module was imported under that name
            module = found.pop(node.value.value.id)
            found[node.targets[0].id] = f"{module.replace(':', '.')}:{node.value.attr}"
    return found


def test_a_checker_sees_the_names_that_a_program_finds_from_the_same_places():
    homes = {name: home if ":" in home else f"{home}:{name}" for name, home in seq2seq._HOMES.items()}
    assert names_for_checkers() == homes


def test_the_program_that_lint_checks_uses_every_name():
    source = (ROOT / "tests/public_types.py").read_text(encoding="utf-8")
    body = source.partition("\ndef ")[2]
    assert [name for name in seq2seq.__all__ if name not in body] == []


def functions_of(thing):
    """What a user can call of a public function or class, however it is wrapped."""
    if inspect.isfunction(thing):
        yield thing
        return
    for base in inspect.getmro(thing):
        for name, value in vars(base).items() if base.__module__.startswith("seq2seq.") else ():
            if isinstance(value, classmethod | staticmethod):
                value = value.__func__
            elif isinstance(value, property | functools.cached_property):
                value = value.fget if isinstance(value, property) else value.func
            ours = inspect.isfunction(value) and value.__module__.startswith("seq2seq.")
            if ours and (not name.startswith("_") or name in ("__init__", "__call__")):
                yield value


def classes_in(hint):
    """The classes of this package that a hint names."""
    for part in typing.get_args(hint):
        yield from classes_in(part)
    kind = typing.get_origin(hint) or hint
    if inspect.isclass(kind) and kind.__module__.startswith("seq2seq."):
        yield kind


def exposed():
    """All that is at the front door, and the classes that its signatures and attributes name."""
    found, waiting = [], [getattr(seq2seq, name) for name in seq2seq.__all__]
    while waiting:
        if (thing := waiting.pop()) in found:
            continue
        found.append(thing)
        for each in (*functions_of(thing), *([thing] if inspect.isclass(thing) else [])):
            try:
                hints = typing.get_type_hints(each)
            except NameError:  # of a class that is imported for checkers alone
                continue
            waiting += [kind for hint in hints.values() for kind in classes_in(hint)]
    return found


def untyped(function):
    """The parameters without a type, and "return" where that has none."""
    signature = inspect.signature(function)
    first, *rest = [*signature.parameters.values(), None]
    parameters = rest if first is not None and first.name in ("self", "cls") else [first, *rest]
    found = [each.name for each in parameters if each is not None and each.annotation is each.empty]
    return found + ["return"] * (signature.return_annotation is signature.empty and function.__name__ != "__init__")


def test_what_has_no_type_is_found():
    def partly(self, a: int, b, *more, c=1, **others):
        pass

    def wholly(a: int) -> None:
        pass

    assert untyped(partly) == ["b", "more", "c", "others", "return"] and untyped(wholly) == []


def test_every_public_signature_is_typed():
    found = exposed()
    assert len(found) > len(seq2seq.__all__)
    wanting = {each.__qualname__: untyped(each) for thing in found for each in functions_of(thing) if untyped(each)}
    assert wanting == {}


@pytest.mark.slow
def test_mypy_has_nothing_to_say_of_the_package_and_of_a_users_program():
    api = pytest.importorskip("mypy.api")
    said, wrong, code = api.run(["--config-file", str(ROOT / "pyproject.toml")])
    assert code == 0, said + wrong
