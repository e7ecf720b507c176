"""How settings come about: lists of them."""

import json
from dataclasses import dataclass, field

import pytest

from seq2seq.config import from_mapping, resolve, to_mapping
from seq2seq.errors import InputError


@dataclass(frozen=True)
class _Section:
    names: tuple[str, ...] = ()
    sizes: tuple[int, ...] | None = None


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
