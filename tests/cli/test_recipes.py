"""`seq2seq recipes` lists what is shipped and prints one as it is."""

import tomllib

import pytest

from seq2seq.config.recipes import RECIPES, load_recipe, purpose_of, shipped_recipes
from tests.cli.running import run


def test_each_recipe_has_a_line_that_says_what_it_is_for():
    lines = run("recipes").stdout.splitlines()
    assert lines[0].split(maxsplit=1) == ["recipe", "what for"]
    told = {name: purpose for name, purpose in (line.split(maxsplit=1) for line in lines[1:])}
    assert told == {name: purpose_of(file) for name, file in shipped_recipes().items()}
    assert set(told) == {file.stem for file in RECIPES.glob("*.toml")}


@pytest.mark.parametrize("name", shipped_recipes())
def test_the_first_line_of_a_recipe_is_a_sentence(name):
    first, second, *_ = shipped_recipes()[name].read_text(encoding="utf-8").splitlines()
    assert first.startswith("# ") and first.endswith(".") and second.startswith("# ")


def test_a_recipe_is_printed_as_it_is_and_can_be_given_back(tmp_path):
    printed = run("recipes", "multi30k").stdout
    assert printed == (RECIPES / "multi30k.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(printed, encoding="utf-8")
    assert load_recipe(tmp_path / "mine.toml") == load_recipe("multi30k") == tomllib.loads(printed)


@pytest.mark.parametrize(
    ("name", "words"), [("airlin", "did you mean airline?"), ("x", "shipped recipes are airline, demo")]
)
def test_another_name_is_refused_in_a_line(name, words):
    said = run("recipes", name, code=2).stderr
    assert words in said and said.count("\n") == 1
