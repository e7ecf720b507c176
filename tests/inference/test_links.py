"""On a learned reversal, attention is the reversal; and names that no training has seen come out."""

import random

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.inference.scorer import Scorer
from seq2seq.inference.translator import Translator
from seq2seq.tasks.train_translation import train
from seq2seq.text.tokens import UNKNOWN_TEXT
from tests.conftest import reversal_pairs, write_pairs


def named(count, seed):
    """Rows of letters, some of them names that stand nowhere else, and the rows reversed, word by word."""
    draw = random.Random(seed)
    pairs = []
    for number, (source, _) in enumerate(reversal_pairs(count, seed)):
        words = source.split()
        if number % 2:
            words[draw.randrange(len(words))] = f"Name{seed}-{number}"
        pairs.append((" ".join(words), " ".join(reversed(words))))
    draw.shuffle(pairs)
    return pairs


@pytest.fixture(scope="module")
def translator(tiny_config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("named")
    write_pairs(folder / "train", named(900, 1))
    write_pairs(folder / "valid", named(60, 2))
    settings = ["text.min_count=3", "training.epochs=6", "training.validate_bleu=false"]
    where = {"data__train": str(folder / "train"), "data__valid": str(folder / "valid")}
    train(tiny_config(*settings, **where), folder / "run")
    return Translator.load(folder / "run")


@pytest.fixture(scope="module")
def unseen():
    return named(80, 5)


@pytest.mark.slow
def test_an_alignment_of_reversals_is_the_reversal(translator, unseen):
    lines = [source for source, _ in unseen]
    found = Scorer(translator).explain(lines, list(translator.stream(lines)), aligned=True)
    right = [
        link.source == len(line.split()) - 1 - link.target
        for line, (best,) in zip(lines, found, strict=True)
        for link in best.alignment.words
    ]
    assert np.mean(right) > 0.85


@pytest.mark.slow
def test_names_that_training_has_not_seen_come_out(translator, unseen):
    lines = [source for source, _ in unseen]
    names = [next((word for word in line.split() if word.startswith("Name")), None) for line in lines]
    plain, copied = translator.translate(lines), translator.translate(lines, copy_unknown=True)
    told = [(name, text) for name, text in zip(names, copied, strict=True) if name]
    assert len(told) == 40 and np.mean([name in text.split() for name, text in told]) > 0.75
    assert not any(UNKNOWN_TEXT in text for text in copied)
    for before, after in zip(plain, copied, strict=True):
        assert len(before.split()) == len(after.split())  # a word for a word, and all others stay
        assert all(one in (other, UNKNOWN_TEXT) for one, other in zip(before.split(), after.split(), strict=True))


@pytest.mark.slow
def test_a_beginning_stays_as_it_was_given_beside_copies(translator, unseen):
    lines = [source for source, _ in unseen if "Name" in source]
    begun = translator.translate(lines, copy_unknown=True, prefix="Somebody a")
    assert all(text.startswith("Somebody a") and UNKNOWN_TEXT not in text for text in begun)
    assert any("Name" in text for text in begun)


@pytest.mark.slow
def test_copies_do_not_depend_on_who_is_translated_together(translator, unseen):
    lines = [source for source, _ in unseen[:6]]
    search = {"beam_size": 3, "n_best": 2, "copy_unknown": True}
    together = [[each.text for each in found] for found in translator.stream([*lines, ""], **search)]
    assert together[:-1] == [[each.text for each in next(translator.stream([line], **search))] for line in lines]


@pytest.mark.parametrize("settings", [["text.tokenizer=char"], ["model.attention=none"], ["text.target_tokenizer=bpe"]])
def test_only_words_that_attend_can_be_copied(tiny_config, settings):
    tiny_config(*settings)
    with pytest.raises(InputError, match="copy_unknown=true needs target tokens that are words and a model with"):
        tiny_config("decoding.copy_unknown=true", *settings)
