"""Texts in memory are read as those of files are."""

import pytest

from seq2seq.errors import InputError
from seq2seq.sources import InMemory
from seq2seq.text.corpus import corpus_files, read_pairs
from seq2seq.text.in_memory import pairs_at, text_at
from seq2seq.text.plain import read_text
from seq2seq.text.table import is_table

SOURCES, TARGETS = ["a  b", "", "d\te"], ["A", "B", "C\u00a0D "]


def test_pairs_are_read_as_their_files(tmp_path):
    for suffix, lines in (("x", SOURCES), ("y", TARGETS)):
        (tmp_path / f"a.{suffix}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    place = pairs_at((SOURCES, TARGETS))
    assert read_pairs(place) == read_pairs(tmp_path / "a", "x", "y")
    assert len(read_pairs(place, limit=1)) == 1
    assert corpus_files(place) == [place] and not is_table(place)


def test_a_line_break_within_a_text_is_a_space():
    assert read_pairs(pairs_at((["a\nb"], ["c\r\nd"]))).source == ["a b"]


def test_sides_may_be_any_iterables():
    assert read_pairs(pairs_at((iter("ab"), (text for text in "cd")))).target == ["c", "d"]


@pytest.mark.parametrize(
    "pairs, message",
    [
        ((["a"], ["b", "c"]), "memory:pairs has 1 sources but 2 targets"),
        (([], []), "memory:pairs is empty"),
        ((["a", " "], ["", "b"]), "memory:pairs has no pair with text on both sides in its 2 lines"),
        ((["a", None], ["b", "c"]), "source 1 should be a string, got None"),
        ((["a"], [1]), "target 0 should be a string, got 1"),
        (("a", "b"), r"expected two lists of strings, \(sources, targets\)"),
        ((["a"],), "expected two lists"),
        (7, "expected two lists"),
    ],
)
def test_pairs_that_cannot_be_used_are_named(pairs, message):
    with pytest.raises(InputError, match=message):
        read_pairs(pairs_at(pairs))


def test_the_checksum_is_of_all_texts_and_where_they_end():
    places = [(["a", "b"], ["c", "d"]), (["ab", ""], ["c", "d"]), (["a", "b"], ["d", "c"]), (["c", "d"], ["a", "b"])]
    assert len({pairs_at(each).digest for each in places}) == 4
    assert pairs_at(places[0]).digest == pairs_at(([*"ab"], [*"cd"])).digest


def test_a_text_is_itself():
    text = "a\r\n  b\u2028"
    assert read_text(text_at(text)) == text and isinstance(text_at(text), InMemory)
    assert text_at("a").digest != text_at("b").digest


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "memory:text is empty: give some text"),
        ("a\0", "holds NUL bytes"),
        ("a\ud800", r"character 1, '\\ud800', is no text"),
        (b"a", "expected a string, the text itself, got bytes"),
    ],
)
def test_a_text_that_cannot_be_used_is_named(text, message):
    with pytest.raises(InputError, match=message):
        read_text(text_at(text))
