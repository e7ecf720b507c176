"""How settings come about: lists of them."""

import json
from dataclasses import dataclass, field

import pytest

from seq2seq.config import TranslationConfig, from_mapping, from_stored, resolve, to_mapping
from seq2seq.config.names import Names
from seq2seq.errors import InputError


@dataclass(frozen=True)
class _Section:
    names: tuple[str, ...] = ()
    sizes: tuple[int, ...] | None = None
    columns: Names | None = None
    retired = ("gone",)


@dataclass(frozen=True)
class _Config:
    part: _Section = field(default_factory=_Section)


def test_settings_may_be_lists(tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("[part]\nnames = ['a', '\\d+']\nsizes = [1]\n")
    assert resolve(_Config, recipe).part == _Section(("a", r"\d+"), (1,))
    settings = ["part.names=['<[^>]+>', \"b, c\"]", "part.sizes=none"]
    assert resolve(_Config, recipe, settings).part == _Section(("<[^>]+>", "b, c"), None)
    assert resolve(_Config, settings=["part.names=[]"]).part == _Section()


def test_lists_outlive_json():
    config = _Config(_Section(("a", "b"), (1, 2)))
    assert from_mapping(_Config, json.loads(json.dumps(to_mapping(config)))) == config


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("part.names=a", r"part\.names='a': expected a list, such as part\.names=\['one', 'two'\]"),
        ('part.names=["\\d"]', "single quotes: a backslash is itself"),  # no TOML
        ("part.names=['a', 3]", r"part\.names\[2\]=3: expected str, got int"),
        ("part.sizes=[true]", r"part\.sizes\[1\]=True: expected int, got bool"),
    ],
)
def test_what_is_no_list_of_these_is_refused(setting, message):
    with pytest.raises(InputError, match=message):
        resolve(_Config, settings=[setting])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a,b", ("a", "b")),
        (" a , b,, ", ("a", "b")),
        ('"Temp, C",flow (m3/h)', ("Temp, C", "flow (m3/h)")),
        ('flow, "Temp, C"', ("flow", "Temp, C")),
        ('say ""hm""', ('say ""hm""',)),
        ("none", None),
    ],
)
def test_a_text_of_names_is_read_as_a_line_of_csv(text, names):
    assert resolve(_Config, part__columns=text).part.columns == names
    assert from_stored(_Config, {"part": {"columns": text}}).part.columns == names
    if names:
        assert from_stored(_Config, {"part": {"columns": list(names)}}).part.columns == names


@pytest.mark.parametrize("text", ["", " , ", '"Temp, C', '"a"b,c'])
def test_a_text_without_names_is_refused(text):
    with pytest.raises(InputError, match=r"part\.columns=.*expected names with commas between"):
        resolve(_Config, part__columns=text)


def test_retired_settings_are_passed_over_in_a_run_and_nowhere_else():
    tree = {"part": {"gone": 3, "names": ["a"]}}
    assert from_stored(_Config, tree).part == _Section(("a",))
    with pytest.raises(InputError, match=r"part\.gone is not a setting"):
        from_mapping(_Config, tree)
    with pytest.raises(InputError, match=r"part\.going is not a setting"):
        from_stored(_Config, {"part": {"going": 3}})


def test_a_folder_with_the_name_of_a_recipe_does_not_hide_it(tmp_path, monkeypatch):
    expected = resolve(TranslationConfig, "g2p", data__train="words.tsv")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "g2p").mkdir()
    assert resolve(TranslationConfig, "g2p", data__train="words.tsv") == expected
