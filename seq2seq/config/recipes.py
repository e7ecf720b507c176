"""The recipes that come with the package: TOML files of settings, each for one work.

The first line of a recipe is a comment that says what it is for; those behind it show how it is run, and what it
reaches.
"""

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seq2seq.errors import InputError

RECIPES = Path(__file__).parents[1] / "recipes"


def shipped_recipes() -> Mapping[str, Path]:
    """The file of each shipped recipe by its name, in the order of the names."""
    return {file.stem: file for file in sorted(RECIPES.glob("*.toml"))}


def shipped_recipe(name: str) -> Path:
    """The file of a shipped recipe.

    Raises:
        InputError: there is none of this name; says which there are, and which is like it.
    """
    shipped = shipped_recipes()
    if name not in shipped:
        near = difflib.get_close_matches(name, shipped, n=1)
        advice = f"did you mean {near[0]}?" if near else f"shipped recipes are {', '.join(shipped)}."
        raise InputError(f"{name} is not a shipped recipe: {advice}")
    return shipped[name]


def purpose_of(recipe: Path) -> str:
    """What a recipe is for: its first line."""
    with open(recipe, encoding="utf-8") as file:
        return file.readline().removeprefix("#").strip()


def load_recipe(recipe: str | Path) -> dict[str, Any]:
    """Read a recipe file, or a shipped recipe by its name, into a tree of plain values."""
    path = Path(recipe)
    if not path.is_file():
        shipped = shipped_recipes()
        if str(recipe) not in shipped:
            raise InputError(f"--recipe {recipe}: no such file; shipped recipes are {', '.join(shipped)}.")
        path = shipped[str(recipe)]
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InputError(f"{path} is not a TOML file that can be read: {error}.") from error
