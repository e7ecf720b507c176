"""Characters that no text holds: some of Unicode's noncharacters, U+FDD0 to U+FDEF, meant for use within a program.

Where they stand for something, texts are rid of them first, so that nothing of a text is taken for one.
"""

import re

# SentencePiece drops or misreads these characters: tab, its sign of a blank, its sign of an unknown one.
ESCAPES = {"\t": "\ufdd0", "\u2581": "\ufdd1", "\u2585": "\ufdd2"}
# Nothing is between what begins or ends with it and the word on that side.
JOINER = "\ufdd3"
# What stands for a text that is to come through unchanged.
PLACEHOLDERS = tuple(map(chr, range(0xFDE0, 0xFDF0)))
PLACEHOLDER = re.compile(f"([{PLACEHOLDERS[0]}-{PLACEHOLDERS[-1]}])")

_RESERVED = re.compile("[\ufdd0-\ufdef]")
_SHOWN = {" ": "\u2423", "\ufdd0": "\u21e5", "\t": "\u21e5", "\ufdd1": "\u2581", "\ufdd2": "\u2585", JOINER: "\u2040"}
_SHOWN |= {character: f"\u27e8{number}\u27e9" for number, character in enumerate(PLACEHOLDERS, 1)}


def without_reserved(text: str) -> str:
    """Return the text with U+FFFD, the replacement character, for each noncharacter that is used here."""
    return text if text.isascii() else _RESERVED.sub("\ufffd", text)


def shown(symbol: str) -> str:
    """Return a symbol so that it can be seen in a picture: blanks, tabs and placeholders as signs."""
    if symbol.isprintable() and " " not in symbol:
        return symbol
    return "".join(_SHOWN.get(c) or (c if c.isprintable() else f"U+{ord(c):04X}") for c in symbol)
