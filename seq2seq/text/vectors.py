"""Word vectors from text files, as word2vec, GloVe and fastText write them."""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from seq2seq.errors import InputError
from seq2seq.sources import opened

_EXPECTED = "expected text, a token and its numbers in each line, perhaps after a line with count and dimension"


def vector_dimension(path: str | Path) -> int:
    """How many numbers the vectors of a file have, by its first line.

    Args:
        path: a file, see `read_vectors`.

    Raises:
        InputError: the file cannot be read, or holds no vectors.
    """
    with opened(Path(path)) as stream:
        return _first_line(next(iter(stream), b""), path)[0]


def read_vectors(path: str | Path, words: Collection[str]) -> dict[str, np.ndarray]:
    """Stream a file of word vectors, and keep those of some words.

    A line holds a token and its numbers, with white space between; the first one may be the header of word2vec and
    fastText, the count of tokens and the dimension. What stands before the numbers is the token: one with spaces in it
    (GloVe has some) is read as such, and is no word. Of a word that comes twice the first vector counts, since files
    begin with what is frequent. Only lines of `words` are looked into.

    Args:
        path: a file, plain or gzip, whatever its name says.
        words: strings without white space.

    Returns:
        Word → float32 vector, `(dimension,)`, of the words found.

    Raises:
        InputError: the file cannot be read or holds no vectors, or the line of a word has not numbers enough.

    >>> Path("vectors.txt").write_text("2 3\\nthe 1 0 0\\ndog 0 1 .5\\n")  # doctest: +SKIP
    >>> read_vectors("vectors.txt", {"dog", "cat"})  # doctest: +SKIP
    {'dog': array([0. , 1. , 0.5], dtype=float32)}
    """
    wanted = {word.encode(errors="surrogatepass"): word for word in words}
    found = {}
    with opened(Path(path)) as stream:
        dimension, is_header = _first_line(next(iter(stream), b""), path)
        stream.seek(0)
        for number, line in enumerate(stream, 1):
            line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            token = line.split(None, 1)[:1]
            if not token or token[0] not in wanted or (is_header and number == 1):
                continue
            word, parts = wanted[token[0]], line.rsplit(None, dimension)
            if word in found or parts[0] != token[0]:  # its token goes on behind a space
                continue
            found[word] = _numbers(parts[1:], dimension, f"{path}, line {number}")
    return found


def _numbers(parts, dimension, where):
    try:
        vector = np.array([float(part) for part in parts], np.float32)
    except ValueError:
        vector = np.zeros(0, np.float32)
    if len(vector) != dimension or not np.isfinite(vector).all():
        raise InputError(f"{where}: expected a token and {dimension} numbers; is the file whole?")
    return vector


def _first_line(line, path):
    """The dimension, and whether the line is a header."""
    fields = line.removeprefix(b"\xef\xbb\xbf").split()
    if len(fields) == 2 and all(field.isdigit() for field in fields):
        dimension, is_header = int(fields[1]), True
    else:
        numbers = next((k for k, field in enumerate(reversed(fields)) if not _is_number(field)), len(fields))
        dimension, is_header = min(numbers, len(fields) - 1), False
    if dimension < 1:
        raise InputError(f"{path} holds no word vectors: {_EXPECTED}.")
    return dimension, is_header


def _is_number(field):
    try:
        float(field)
    except ValueError:
        return False
    return True
