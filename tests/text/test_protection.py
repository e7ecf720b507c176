"""Texts that come through unchanged: marked, aligned, restored."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.text.protection import Protection
from seq2seq.text.reserved import PLACEHOLDERS
from seq2seq.text.tokenizer import train_tokenizer

PATTERNS = [r"\{[a-z]+\}", "<[^>]+>", r"https?://\S+"]
PROTECTION = Protection(PATTERNS)
TEXTS = st.lists(
    st.sampled_from(
        ["{name}", "{town}", "<b>", "</b>", "http://a.b/c?d=e", "word", ",", " ", "\ufde0", "\ufde3", "\u00e9"]
    )
).map("".join)


def found(text):
    return Counter(match[0] for match in re.finditer("|".join(PATTERNS), text))


@given(TEXTS)
def test_marked_and_restored_is_the_text(text):
    marked, kept = PROTECTION.source(text)
    assert not found(marked)
    clean = text.replace("\ufde0", "\ufffd").replace("\ufde3", "\ufffd")
    assert PROTECTION.restore(marked, kept) == (clean, 0, 0)
    assert PROTECTION.source(text)[0] == PROTECTION.pair(text, text)[0] == PROTECTION.pair(text, text)[1]


@given(TEXTS, st.lists(st.sampled_from([*PLACEHOLDERS[:6], "word", " "])))
def test_tokens_spell_what_is_restored(text, tokens):
    """But for what the model left out, which is put behind, and what it wrote too often."""
    _, kept = PROTECTION.source(text)
    spelled = "".join(PROTECTION.spelling(tokens, kept))
    restored, added, gone = PROTECTION.restore("".join(tokens), kept)
    if not added and not gone:
        assert spelled.split() == restored.split()


@given(TEXTS, st.lists(st.sampled_from([*PLACEHOLDERS[:6], "word", " "])).map("".join))
def test_whatever_the_model_writes_each_comes_out_as_often_as_it_went_in(text, written):
    _, kept = PROTECTION.source(text)
    restored, added, gone = PROTECTION.restore(written, kept)
    assert not set(restored) & set(PLACEHOLDERS)
    for match, count in zip(kept.texts, kept.counts, strict=True):
        assert restored.count(match) >= count
    used = sum(written.count(sign) for sign in PLACEHOLDERS)
    assert sum(kept.counts) == used - gone + added


def test_only_what_both_sides_have_is_marked():
    source, target = PROTECTION.pair("<b>{name}</b> in {town}", "{town}: <b>x</b>, <i>{town}</i>")
    first, second, third = PLACEHOLDERS[:3]
    assert source == f"{first}{{name}}{second} in {third}"
    assert target == f"{third}: {first}x{second}, <i>{third}</i>"
    assert PROTECTION.pairs(["{a}"], ["{b}"]) == (["{a}"], ["{b}"])


def test_what_is_left_out_is_put_behind_and_what_is_too_much_goes():
    _, kept = PROTECTION.source("{a} and {b}")
    first, second, third = PLACEHOLDERS[:3]
    assert PROTECTION.restore(f"so {second} {second}, {third}.", kept) == ("so {b},. {a}", 1, 2)
    assert PROTECTION.restore(f"{third} {second} so {first}", kept) == ("{b} so {a}", 0, 1)
    assert PROTECTION.restore("", kept) == ("{a} {b}", 2, 0)


def test_only_so_many_are_marked():
    names = [f"{{{'x' * n}}}" for n in range(1, len(PLACEHOLDERS) + 3)]
    marked, kept = PROTECTION.source(" ".join(names))
    assert kept.texts == tuple(names[:-2]) and kept.plain == 2
    assert marked == " ".join([*PLACEHOLDERS, *names[-2:]])
    assert PROTECTION.restore(marked, kept)[0] == " ".join(names)


def test_without_patterns_nothing_changes():
    nothing = Protection(())
    assert not nothing and nothing.pair("\ufde0 a", "<b>") == ("\ufde0 a", "<b>")
    text, kept = nothing.source("\ufde0 {a}")
    assert text == "\ufde0 {a}" and nothing.restore("x\ufde0", kept) == ("x", 0, 1)


@pytest.mark.parametrize("kind", ["unigram", "bpe", "char", "word"])
def test_placeholders_are_tokens_in_every_tokenizer(kind, tmp_path):
    plain = ["see {a}, {b}.", "<b>{a}</b>, (see) a b"] * 9
    marked = [PROTECTION.source(text)[0] for text in plain]
    tokenizer = train_tokenizer(kind, marked, vocabulary_size=99, placeholders=True)
    text = "{c},{d} <i>see {e}</i>, (see) <x>{f}"
    marked, kept = PROTECTION.source(text)
    rows = tokenizer.encode([marked])
    assert not tokenizer.unknown(marked)
    assert PROTECTION.restore(tokenizer.decode(rows)[0], kept) == (text, 0, 0)
    shown = "".join(tokenizer.pieces(rows[0]))
    assert all(f"\u27e8{k}\u27e9" in shown for k in range(1, 8))
    for sign in PLACEHOLDERS:  # those that were never seen, too
        (row,) = tokenizer.encode([sign])
        assert tokenizer.decode([row]) == [sign] and tokenizer.unknown(sign) == []


@given(st.lists(st.sampled_from(["{name}", "<b>", "</b>", "http://a.b", "word", ",", " ", "  "])).map("".join))
def test_words_stay_words_beside_placeholders(text):
    text = " ".join(text.split())
    tokenizer = train_tokenizer("word", ["word , ,word word, ,,"] * 2, placeholders=True)
    marked, kept = PROTECTION.source(text)
    decoded = tokenizer.decode(tokenizer.encode([marked]))[0]
    unknown = tokenizer.unknown(marked)
    assert not {"word", ","} & set(unknown) and all(set(word) <= set("word,") for word in unknown)
    if not unknown:
        assert PROTECTION.restore(decoded, kept) == (text, 0, 0)
