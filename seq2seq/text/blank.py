"""Which texts have nothing in them to read."""

import unicodedata

# White space and other separators, control and format characters (zero-width spaces, byte order marks), surrogates.
_NOTHING = {"Zs", "Zl", "Zp", "Cc", "Cf", "Cs"}


def is_blank(text: str) -> bool:
    """Return whether `text` has nothing but white space and characters that are not seen.

    >>> is_blank(" \\u200b\\t\\ufeff"), is_blank("\\u200ba")
    (True, False)
    """
    return all(unicodedata.category(character) in _NOTHING for character in text)
