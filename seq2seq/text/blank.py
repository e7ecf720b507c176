"""What counts as no text."""

import unicodedata

# White space and line ends, control characters, and those of zero width, such as U+200B, U+2060 and U+FEFF.
_UNSEEN_KINDS = {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"}
# Letters and marks that Unicode wants shown as nothing, or that look it: fillers, joiners, an empty Braille cell.
_FILLERS = set("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def is_blank(text: str) -> bool:
    r"""Return whether there is nothing to see in `text`: it is empty, or all white space and characters of no width.

    >>> is_blank(" \t\u200b\ufeff"), is_blank("\u200bno")
    (True, False)
    """
    return not any(map(_is_seen, text))


def _is_seen(character):
    if "!" <= character <= "~":  # most texts are told by their first character
        return True
    if "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":  # variants of a character before
        return False
    return unicodedata.category(character) not in _UNSEEN_KINDS and character not in _FILLERS
