"""Lines of text on their way to a model: what is taken for one, and how many go together."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from seq2seq.errors import InputError

Line = TypeVar("Line")


def several(lines: Iterable[str]) -> Iterable[str]:
    """Return `lines`; raise InputError for a single text, whose characters would be taken for them."""
    if isinstance(lines, str | bytes) or not isinstance(lines, Iterable):
        raise InputError(f"expected a list of strings, got {_told(lines)}: write [text] for one text.")
    return lines


def check_strings(lines: Sequence[str], position: int = 0) -> None:
    """Raise InputError where one of `lines`, the first of which has number `position` of all, is no string."""
    for number, line in enumerate(lines, position):
        if not isinstance(line, str):
            advice = "decode it" if isinstance(line, bytes) else "leave it out, or make a string of it"
            raise InputError(f"expected strings, got {_told(line)} at position {number:,}, counted from 0: {advice}.")


def check_pairs(pairs: Sequence[tuple[str, str]], position: int = 0) -> None:
    """Raise InputError where one of `pairs`, the first of which has number `position` of all, is no two strings."""
    for number, pair in enumerate(pairs, position):
        if isinstance(pair, str | bytes) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise InputError(
                f"expected pairs of strings, got {_told(pair)} at position {number:,}, counted from 0: write (source, "
                "target)."
            )
        check_strings([text for text in pair if not isinstance(text, str)], number)


def full(lines: Iterable[Line], size: int) -> Iterator[list[Line]]:
    """Lists of `size` lines, or pairs of them. Those before one that cannot be read come first, then the exception."""
    found = []
    try:
        for line in lines:
            found.append(line)
            if len(found) == size:
                yield found
                found = []
    except Exception:
        if found:
            yield found
        raise
    if found:
        yield found


def _told(value):
    return f"{value!r:.60} ({type(value).__name__})"
