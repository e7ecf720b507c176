"""Texts that are to come through a translation unchanged: placeholders, tags, addresses of the web."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from seq2seq.text.reserved import PLACEHOLDER, PLACEHOLDERS, without_reserved


@dataclass(frozen=True)
class Kept:
    """The protected texts of one line.

    Attributes:
        texts: tuple of str, all different. Placeholder `k` stands for the `k`-th.
        counts: tuple of int. How often each is in the line.
        plain: int. How many different ones had no placeholder left and stay in the line as they are.
    """

    texts: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    plain: int = 0


class Protection:
    r"""Regular expressions; a placeholder, one symbol of the vocabulary, stands for what one of them matches.

    Equal texts of a line have the same placeholder, so the sides of a pair are aligned by what their matches say: one
    that is found on one side only stays plain text. At translation every match of the source has one.

    Args:
        patterns: sequence of str, regular expressions, none of which matches the empty text. Without any, nothing is
            protected and texts stay as they are.
        lower: bool. Whether all else of a text is read and written in lower case.

    >>> protection = Protection([r"\{\w+\}", "<[^>]+>"])
    >>> text, kept = protection.source("<b>{name}</b> of <b>{town}</b>")
    >>> len(text), kept.texts, kept.counts
    (10, ('<b>', '{name}', '</b>', '{town}'), (2, 1, 2, 1))
    >>> protection.restore(text[::-1], kept)
    ('</b>{town}<b> fo </b>{name}<b>', 0, 0)
    """

    def __init__(self, patterns: Sequence[str], lower: bool = False):
        self._pattern = re.compile("|".join(patterns)) if patterns else None
        self._lower = lower

    def __bool__(self):
        return self._pattern is not None

    def source(self, text: str) -> tuple[str, Kept]:
        """Return a source with placeholders, and what they stand for."""
        if self._pattern is None:
            return self.cased(text), _NOTHING
        text = without_reserved(text)
        found = [match[0] for match in self._pattern.finditer(text)]
        if not found:
            return self.cased(text), _NOTHING
        texts = tuple(dict.fromkeys(found))
        marked = texts[: len(PLACEHOLDERS)]
        kept = Kept(marked, tuple(map(found.count, marked)), len(texts) - len(marked))
        return self._marked(text, marked), kept

    def pair(self, source: str, target: str) -> tuple[str, str]:
        """Return the sides of a pair, equal matches with the same placeholder; as texts to train on and to score."""
        if self._pattern is None:
            return self.cased(source), self.cased(target)
        source, target = without_reserved(source), without_reserved(target)
        common = {match[0] for match in self._pattern.finditer(target)}
        found = dict.fromkeys(match[0] for match in self._pattern.finditer(source))
        marked = [text for text in found if text in common][: len(PLACEHOLDERS)]
        return self._marked(source, marked), self._marked(target, marked)

    def pairs(self, sources: Sequence[str], targets: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return both sides of many pairs; see `pair`."""
        if self._pattern is None and not self._lower:
            return list(sources), list(targets)
        pairs = [self.pair(source, target) for source, target in zip(sources, targets, strict=True)]
        return [source for source, _ in pairs], [target for _, target in pairs]

    def cased(self, text: str) -> str:
        """Return a text that holds nothing to protect in the case that is read."""
        return text.lower() if self._lower else text

    def restore(self, text: str, kept: Kept) -> tuple[str, int, int]:
        """Return a translation with the protected texts of its source, each as often as it is there.

        Of a placeholder that the translation has too often, or that its source has not, the later ones go, with a blank
        before them unless it parts two words. What it left out is put behind its end.

        Returns:
            The text, how many protected texts were put behind it, and how many placeholders went.
        """
        filling = _Filling(kept)
        restored = _BLANK_AND_PLACEHOLDER.sub(filling, text)
        if filling.gone and not text.startswith(" "):  # what followed a blank behind what went begins the text now
            restored = restored.removeprefix(" ")
        missing = [known for known, count in zip(kept.texts, filling.left, strict=True) for _ in range(count)]
        return " ".join([restored, *missing] if restored else missing), len(missing), filling.gone

    def spelling(self, parts: Sequence[str], kept: Kept) -> list[str]:
        """Return what tokens add to a text, see `Tokenizer.spelling`, once `restore` has filled their placeholders."""
        filling = _Filling(kept)
        return [_BLANK_AND_PLACEHOLDER.sub(filling, part) for part in parts] if self else list(parts)

    def _marked(self, text, marked):
        signs = dict(zip(marked, PLACEHOLDERS, strict=False))
        return self.cased(self._pattern.sub(lambda match: signs.get(match[0], match[0]), text) if signs else text)


class _Filling:
    """Gives each placeholder of a text, one after the other, the protected text that it stands for.

    Attributes:
        left: list of int. How often each protected text is still to come.
        gone: int. How many placeholders stood for nothing.
    """

    def __init__(self, kept):
        self._texts, self.left, self.gone = kept.texts, list(kept.counts), 0

    def __call__(self, match):
        number = ord(match[2]) - ord(PLACEHOLDERS[0])
        if number < len(self.left) and self.left[number]:
            self.left[number] -= 1
            return match[1] + self._texts[number]
        self.gone += 1
        behind = match.string[match.end() : match.end() + 1]
        return match[1] if behind.isalnum() else ""  # words on both sides stay apart


_NOTHING = Kept()
_BLANK_AND_PLACEHOLDER = re.compile(f"( ?){PLACEHOLDER.pattern}")
