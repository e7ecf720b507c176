"""Word vectors are read from every form of text that they come in, and nothing else."""

import gzip

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.text.vectors import read_vectors, vector_dimension

VECTORS = {"the": [0.5, -1.0, 2e-3], "dog": [1.0, 2.0, 3.0], "Äpfel": [0.0, 0.25, -0.25]}
LINES = "".join(f"{word} {' '.join(map(str, vector))}\n" for word, vector in VECTORS.items())


@pytest.fixture
def file(tmp_path):
    """A function that writes a text, or bytes, into a file."""

    def written(content, name="vectors.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


@pytest.mark.parametrize(
    "content",
    [
        LINES,  # GloVe
        f"3 3\n{LINES}",  # word2vec
        f"3 3\n{LINES}".replace("\n", " \n"),  # fastText ends its lines with a space
        LINES.replace(" ", "\t"),
        LINES.replace("\n", "\r\n"),
        f"\ufeff{LINES}",
        LINES.removesuffix("\n"),
        f"{LINES}dog 7 7 7\n",  # a word that comes again
        f"{LINES}. . . 1 2 3\nthe dog 1 2 3\n\n  1 2 3\n\x85 1 2 3\n\u00a0 1 2 3\n",  # oddities are no words
        f". . 1 2 3\n{LINES}",
        f"1990 1 2 3\n{LINES}",
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_all_forms_say_the_same(file, content, packed):
    path = file(gzip.compress(content.encode()), "vectors.gz") if packed else file(content)
    assert vector_dimension(path) == 3
    found = read_vectors(path, {*VECTORS, "cat", "D"})
    assert found.keys() == VECTORS.keys()
    for word, vector in VECTORS.items():
        assert found[word].dtype == np.float32
        np.testing.assert_array_equal(found[word], np.float32(vector))


def test_only_what_is_asked_for_is_kept_and_looked_into(file):
    path = file(f"{LINES}broken 1 2\nworse 1 2 x\n")
    assert list(read_vectors(path, {"dog"})) == ["dog"]
    assert read_vectors(path, set()) == {}


@pytest.mark.parametrize("line", ["cat 1 2", "cat 1 2 x", "cat 1 2 nan", "cat", "cat 1 2 1e999"])
def test_a_line_that_is_not_whole_is_refused_with_its_number(file, line):
    with pytest.raises(InputError, match=r"vectors\.txt, line 4: expected a token and 3 numbers"):
        read_vectors(file(f"{LINES}{line}\n"), {"cat"})


@pytest.mark.parametrize("content", ["", "\n", "once upon a time\n", "1.5\n", "2 0\n", b"\x80\x02}q\x00"])
def test_what_holds_no_vectors_is_refused(file, content):
    with pytest.raises(InputError, match=r"vectors\.txt holds no word vectors"):
        vector_dimension(file(content))


def test_files_that_cannot_be_read_are_refused_in_one_line(file, tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        vector_dimension(tmp_path / "none")
    with pytest.raises(InputError, match="not a whole gzip file"):
        read_vectors(file(gzip.compress(LINES.encode() * 99)[:-20], "cut.gz"), {"dog"})
    assert vector_dimension(file(LINES, "plain.gz")) == 3
