"""Every section refuses what no training can use, and names the setting; its defaults can be used."""

import dataclasses
import math
import typing

import pytest

from seq2seq.config import (
    AutoencoderConfig,
    ForecasterConfig,
    LanguageConfig,
    TranslationConfig,
    from_mapping,
    resolve,
    to_mapping,
)
from seq2seq.config.recipes import RECIPES
from seq2seq.errors import InputError

KINDS = [AutoencoderConfig, ForecasterConfig, LanguageConfig, TranslationConfig]


def settings_of(kind):
    """Section, name and type of every setting."""
    for section, section_kind in typing.get_type_hints(kind).items():
        if dataclasses.is_dataclass(section_kind):
            yield from ((section, name, hint) for name, hint in typing.get_type_hints(section_kind).items())


@pytest.mark.parametrize("kind", KINDS)
def test_a_configuration_is_read_back_from_its_mapping(kind):
    config = resolve(kind, settings=["model.kind=stateful"] if kind is ForecasterConfig else ())
    assert from_mapping(kind, to_mapping(config)) == config


@pytest.mark.parametrize("kind", KINDS)
def test_no_number_may_be_none_at_all(kind):
    """NaN is no value of any setting, and a number far below zero none of any but those that may be negative."""
    for section, name, hint in settings_of(kind):
        if float in (hint, *typing.get_args(hint)):
            with pytest.raises(InputError, match=rf"{section}\.{name}"):
                from_mapping(kind, {section: {name: math.nan}})
        if int in (hint, *typing.get_args(hint)) and hint is not bool:
            with pytest.raises(InputError, match=rf"{section}\.{name}"):
                from_mapping(kind, {section: {name: -5}})


@pytest.mark.parametrize("recipe", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_fits_a_kind(recipe):
    def fits(kind):
        try:
            return bool(resolve(kind, recipe))
        except InputError:
            return False

    assert any(map(fits, KINDS))
