import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.text.headers import could_be_header, sides_named

SENTENCES = [[f"The {word} is here.", f"{word}, le voilà !"] for word in map(str, range(40))]
WORDS = [[f"word{letter}", f"mot{letter}"] for letter in map(chr, range(97, 123))]
NUMBERS = [[str(number), f"number of {number} things in all"] for number in range(30)]
TEXT, VALUES = [False, False], [True, False]


@pytest.mark.parametrize(
    ("first", "rest", "values", "expected"),
    [
        (["english", "french"], SENTENCES, TEXT, True),
        (["English", "German"], WORDS, TEXT, True),
        (["source_text", "target_text"], SENTENCES, TEXT, True),
        (["sentence1", "sentence2"], SENTENCES, TEXT, True),
        (["en", "fr"], SENTENCES, TEXT, True),
        (["word", "phones"], [["cat", "K AE T"], ["aardvark", "AA R D V AA R K"]], TEXT, True),
        (["digits", "in letters"], NUMBERS, VALUES, True),
        (["", "text"], NUMBERS, VALUES, True),
        (["is", "es"], WORDS, TEXT, None),  # codes of languages, or two words
        (["answer", "response"], WORDS, TEXT, None),
        (["answer", "response"], SENTENCES, TEXT, True),
        (["source", "target"], WORDS, TEXT, True),
        (["English", "German"], [["French", "Spanish"], *WORDS], TEXT, None),  # a list of languages, perhaps
        (["anglais", "français"], SENTENCES, TEXT, None),
        (["Hello", "Bonjour"], SENTENCES, TEXT, None),
        (["Hello", "Bonjour"], SENTENCES[:5], TEXT, False),  # too few to tell
        (["hello", "bonjour"], WORDS, TEXT, False),
        (["Go.", "Va !"], SENTENCES, TEXT, False),
        (["910", "nine hundred and ten"], NUMBERS, VALUES, False),
        (["aardvark", "AA R D V AA R K"], [["abacus", "AE B AH K AH S"]] * 30, TEXT, False),
        (["text", "text"], SENTENCES, TEXT, False),
        (["A man on a horse", "Ein Mann auf einem Pferd"], SENTENCES, TEXT, False),
        (["english", "french"], [], [], False),
        (["english"], [["one"]], [False], False),
        ([], [], [], False),
    ],
)
def test_headers_are_told_from_pairs(first, rest, values, expected):
    assert could_be_header(first, rest, values) is expected


@given(st.lists(st.text(max_size=9), max_size=4), st.lists(st.lists(st.text(max_size=9), max_size=4), max_size=30))
def test_no_row_is_beyond_telling(first, rest):
    assert could_be_header(first, rest, [False] * len(first)) in (True, False, None)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["source", "target"], (0, 1)),
        (["id", "Target", "SRC"], (2, 1)),
        (["source", "src", "target"], None),
        (["english", "target"], None),
        ([], None),
    ],
)
def test_sides_are_told_by_their_names(names, expected):
    assert sides_named(names) == expected
