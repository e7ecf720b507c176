"""Settings that follow the size of a corpus: only those that nobody set, all of them, sensibly from size to size."""

import math
from dataclasses import replace

import pytest

from seq2seq.config import TranslationConfig, resolve
from seq2seq.config.fitting import COUNTED, OPEN, CorpusSize, fitted
from seq2seq.config.inheriting import inherited
from seq2seq.config.recipes import RECIPES
from seq2seq.config.resolving import settings_of, to_mapping

PAIRS = [2, 60, 300, 1_000, 3_000, 10_000, 29_000, 60_000, 140_000, COUNTED]
SIZES = [CorpusSize(pairs, 62 * pairs, min(80, 31 * pairs)) for pairs in PAIRS]


def suited(size, *settings):
    return fitted(resolve(TranslationConfig, settings=settings), size)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    "settings",
    [
        [],
        ["text.tokenizer=char"],
        ["batching.batch_tokens=2048", "training.accumulate_batches=4"],
        ["training.epochs=1"],
        ["model.word_dropout=0.25", "batching.batch_sentences=7"],
    ],
    ids=" ".join,
)
def test_what_is_open_gets_a_value_and_what_was_set_keeps_its_own(size, settings):
    config, rows = suited(size, *settings)
    values, given = settings_of(to_mapping(config)), [setting.partition("=")[0] for setting in settings]
    assert all(values[name] is not None for name in OPEN)
    silent = {"batching.batch_sentences"} if config.batching.batch_tokens else set()
    assert sorted(name for name, _, _ in rows) == sorted(set(OPEN) - set(given) - silent)
    for setting in settings:
        name, _, value = setting.partition("=")
        assert str(values[name]) == value
    assert fitted(config, SIZES[0]) == (config, [])


def test_settings_go_one_way_as_a_corpus_grows():
    found = [settings_of(to_mapping(suited(size)[0])) for size in SIZES]
    for name in ("text.vocabulary_size", "batching.batch_sentences"):
        values = [each[name] for each in found]
        assert values == sorted(values), name
    for name in ("training.epochs", "model.output_dropout"):
        values = [each[name] for each in found]
        assert values == sorted(values, reverse=True), name


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("epochs", ["none", "1", "3"])
def test_the_ramp_is_a_small_part_of_the_training(size, epochs):
    config, _ = suited(size, f"training.epochs={epochs}")
    updates = config.training.epochs * math.ceil(size.pairs / config.batching.batch_sentences)
    assert config.training.lr_ramp_steps <= max(updates / 16, 1)


def test_an_alphabet_of_thousands_has_room_in_the_vocabulary():
    size = CorpusSize(pairs=1_000, characters=20_000, alphabet=1_400)
    assert suited(size)[0].text.vocabulary_size >= 2_800
    assert suited(size, "text.byte_fallback=true")[0].text.vocabulary_size >= 2_800 + 256


def test_a_model_that_is_given_has_its_own_vocabulary():
    config, rows = suited(SIZES[3], "text.model=pieces.model")
    assert config.text.tokenizer is None is config.text.vocabulary_size
    assert not {"text.tokenizer", "text.vocabulary_size"} & {name for name, _, _ in rows}


def test_a_share_is_held_out_where_no_validation_part_is_given():
    asked = resolve(TranslationConfig)
    assert fitted(asked, SIZES[2])[0].data.valid_share > fitted(asked, SIZES[-1])[0].data.valid_share > 0
    assert fitted(asked, replace(SIZES[2], valid=500))[0].data.valid_share is None


def test_few_validation_pairs_given_or_held_out_leave_the_choice_to_the_loss():
    for size, monitor in (
        (replace(SIZES[2], valid=5), "loss"),
        (replace(SIZES[2], valid=100), "bleu"),
        (replace(SIZES[2], pairs=300), "loss"),
        (replace(SIZES[2], pairs=3_000), "bleu"),
    ):
        assert suited(size)[0].training.monitor == monitor


def test_recipes_leave_nothing_to_the_corpus():
    for recipe in RECIPES.glob("*.toml"):
        if "seq2seq train translation" in recipe.read_text():
            values = settings_of(to_mapping(resolve(TranslationConfig, recipe)))
            assert {name for name in OPEN if values[name] is None} <= {"data.valid_share"}, recipe.stem


def test_a_tuning_has_its_parents_settings_and_a_ramp_of_its_own():
    parent = suited(SIZES[6])[0]
    config, rows = fitted(inherited(parent), replace(SIZES[1], valid=500))
    assert [name for name, _, _ in rows] == ["training.lr_ramp_steps"]
    assert config.training.epochs == parent.training.epochs
    assert config.training.lr_ramp_steps < parent.training.lr_ramp_steps


def test_what_follows_the_corpus_is_open_by_default():
    values = settings_of(to_mapping(TranslationConfig()))
    assert [name for name in OPEN if values[name] is not None] == []
