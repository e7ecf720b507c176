"""Whether the first row of a table of texts names its columns."""

import re
from collections.abc import Sequence

_ENOUGH = 20  # rows below that must all look otherwise before a first row is suspected
_NAME = re.compile(r"[^\W\d]\w*(?:[ ._-]\w+){0,2}")


def _listed(words):
    return words.split()


_ROLES = _listed(
    """
    id ids index key number source src target tgt trg input output text texts sentence sentences translation
    translations reference references original word words spelling phones phonemes pronunciation question answer query
    response score scores url link license licence attribution comment comments note notes label language lang lemma
    form clean noisy normalized
    """
)
_LANGUAGES = _listed(
    """
    afrikaans albanian amharic arabic armenian basque belarusian bengali bosnian bulgarian catalan chinese croatian
    czech danish dutch english esperanto estonian finnish french galician georgian german greek gujarati hebrew hindi
    hungarian icelandic indonesian irish italian japanese kannada kazakh khmer korean latin latvian lithuanian
    macedonian malay maltese marathi mongolian nepali norwegian persian polish portuguese punjabi romanian russian
    serbian slovak slovenian somali spanish swahili swedish tamil telugu thai turkish ukrainian urdu uzbek vietnamese
    welsh xhosa yoruba zulu
    """
)
_CODES = _listed(
    """
    ar bg ca cs cy da de el en eo es et eu fa fi fr ga gl he hi hr hu hy id is it ja ka kk ko lt lv mk mn ms nb nl nn
    no pl pt ro ru sk sl sq sr sv sw ta th tr uk ur uz vi zh ara bul cat ces cmn dan deu ell eng epo est eus fas fin
    fra gle heb hin hrv hun hye ind isl ita jpn kat kor lat lav lit nld nno nob nor pol por ron rus slk slv spa srp
    swe tur ukr urd vie zho
    """
)
_KNOWN = {*_ROLES, *_LANGUAGES, *_CODES}
# Among other words, these are still no words of a vocabulary.
_TECHNICAL = {*_LANGUAGES, *_listed("id ids src tgt trg source target phones phonemes lemma lang url")}
_SOURCES, _TARGETS = _listed("source src input question query"), _listed("target tgt trg output answer response")


def is_name(cell: str) -> bool:
    """Return whether a cell could be the name of a column: a word or up to three, without punctuation."""
    return _NAME.fullmatch(cell) is not None


def could_be_header(first: Sequence[str], rest: Sequence[Sequence[str]], are_values: Sequence[bool]) -> bool | None:
    """Return whether the first row of a table names its columns: True, False, or None where it may.

    It does if its cells are names, and nothing but numbers, ids or their like stands below one of them, or all of them
    are words for what texts are, or for languages. If they are just names, unlike those in all rows below, it may; so
    it may where they are such words, and rows below are words, too.

    Args:
        first: its cells, stripped.
        rest: the rows below.
        are_values: for each column whether those below are numbers, ids or their like.

    >>> could_be_header(["english", "french"], [["Hello!", "Bonjour !"]], [False, False])
    True
    >>> could_be_header(["Go.", "Va !"], [["Hello!", "Bonjour !"]], [False, False])
    False
    """
    columns = list(zip(first, are_values, strict=False))
    if len(first) < 2 or not rest or len(set(first)) < len(first):
        return False
    if not all(is_name(cell) or (value and not cell) for cell, value in columns):  # pandas names no index
        return False
    if any(value and not re.search(r"\d", cell) for cell, value in columns):
        return True
    below = [[cell.strip() for cell in row if cell.strip()] for row in rest]
    words = [row for row in below if len(row) > 1 and all(map(is_name, row))]
    if all(map(_is_known, first)):
        return True if _is_clear(first, words) else None
    return None if not words and len(rest) >= _ENOUGH else False


def sides_named(names: Sequence[str]) -> tuple[int, int] | None:
    """Return the places of the one column named as a source and the one named as a target; None where they are not so.

    >>> sides_named(["id", "target", "source"]), sides_named(["english", "french"])
    ((2, 1), None)
    """
    found = [[place for place, name in enumerate(names) if name.casefold() in side] for side in (_SOURCES, _TARGETS)]
    return (found[0][0], found[1][0]) if len(found[0]) == len(found[1]) == 1 else None


def _is_known(cell):
    words = re.split(r"[ ._-]", cell.casefold())
    return all(word.rstrip("0123456789") in _KNOWN or word.isdecimal() for word in words)


def _is_clear(names, words):
    """Whether known names are names indeed, although they could be among the rows of `words`: "is" and "es" could."""
    if not words:
        return True
    clear = any(name.casefold() in _TECHNICAL or re.search(r"[\d_]", name) for name in names)
    return clear and not any(all(map(_is_known, row)) for row in words)
