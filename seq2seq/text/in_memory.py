"""Texts that a program has at hand, for the readers that know those of files."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from seq2seq.errors import InputError
from seq2seq.hugging_face import is_dataset
from seq2seq.sources import MEMORY, InMemory
from seq2seq.text.data_sets import sides_of

# Two lists of as many strings: the sources, and the target of each.
Pairs = tuple[Iterable[str], Iterable[str]]


def pairs_at(data: Pairs | Any, name: str = "pairs", source: str | None = None, target: str | None = None) -> InMemory:
    """Return where `read_pairs` finds pairs of texts.

    Args:
        data: two lists of as many strings, or other iterables of them: the sources, and the target of each; or a
            `datasets.Dataset` of Hugging Face.
        name: what messages call them.
        source: the column of a data set with the sources.
        target: that with the targets.

    Raises:
        InputError: something else.
    """
    called = MEMORY + name
    if is_dataset(data, called):
        data = sides_of(data, source, target, called)
    sides = data if isinstance(data, tuple | list) else ()
    if len(sides) != 2 or any(isinstance(side, str) or not isinstance(side, Iterable) for side in sides):
        raise InputError(
            f"{called}: expected two lists of strings, (sources, targets), or a datasets.Dataset, got "
            f"{type(data).__name__} {' '.join(repr(data).split()):.40}."
        )
    sources, targets = ([*side] for side in sides)
    hasher, size = blake2b(digest_size=16), 0
    for which, side in (("source", sources), ("target", targets)):
        hasher.update(f"{len(side)}\0".encode())
        for number, text in enumerate(side):
            if not isinstance(text, str):
                raise InputError(f"{called}: {which} {number} should be a string, got {text!r:.60}.")
            content = text.encode("utf-8", "surrogatepass")
            hasher.update(len(content).to_bytes(8, "little") + content)
            size += len(content)
    if len(sources) != len(targets):
        raise InputError(
            f"{called} has {len(sources):,} sources but {len(targets):,} targets: target n must be the translation of "
            "source n"
        )
    return InMemory(name, (sources, targets), hasher.hexdigest(), size)


def text_at(data: str | Any, name: str = "text") -> InMemory:
    """Return where `read_text` finds a text.

    Raises:
        InputError: no string, or one with halves of characters (surrogates), which are no text.
    """
    if not isinstance(data, str):
        raise InputError(f"{MEMORY}{name}: expected a string, the text itself, got {type(data).__name__} {data!r:.40}.")
    try:
        content = data.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(f"{MEMORY}{name}: character {error.start:,}, {data[error.start]!r}, is no text.") from error
    return InMemory(name, data, blake2b(content, digest_size=16).hexdigest(), len(content))
