"""The tokens of Moses, in which most papers on small corpora such as Multi30k count BLEU."""

import re
from importlib.metadata import version

from sacremoses import MosesPunctNormalizer, MosesTokenizer
from sacremoses.corpus import NonbreakingPrefixes

from seq2seq.errors import InputError

LANGUAGES = tuple(sorted(set(NonbreakingPrefixes().available_langs.values())))


def language_of(*names: str | None) -> str | None:
    """Return the first of some suffixes of files that is a language with rules of its own, or None.

    >>> language_of("fr"), language_of("lc.norm.pt-BR"), language_of(None, "ref0", "de"), language_of("tgt")
    ('fr', 'pt', 'de', None)
    """
    codes = (re.split("[-_]", (name or "").rpartition(".")[2])[0].lower() for name in names)
    return next((code for code in codes if code in LANGUAGES), None)


def check_language(language: str) -> None:
    """Refuse a language without rules.

    Raises:
        InputError: says which have.
    """
    if language not in LANGUAGES:
        raise InputError(f"Moses has no rules for the language {language!r}, but for {', '.join(LANGUAGES)}.")


class MosesRules:
    """A function of a text that gives it lower-cased, with normalised punctuation, and blanks between its tokens.

    In the order of the scripts that made the tokenised Multi30k: lower case, punctuation, tokens. Hyphens split
    nothing.

    Args:
        language: str. Code of a language of `LANGUAGES`: apostrophes and abbreviations have rules by language.

    Raises:
        InputError: another language.

    >>> MosesRules("fr")("L'herbe, aujourd'hui"), MosesRules("de")("Gib's auf!")
    ("l' herbe , aujourd' hui", "gib ' s auf !")
    """

    def __init__(self, language: str):
        check_language(language)
        self.signature = {"tok": f"moses-{language}", "norm": "moses", "sacremoses": version("sacremoses")}
        self._normalizer, self._tokenizer = MosesPunctNormalizer(language), MosesTokenizer(language)

    def __call__(self, text: str) -> str:
        normalized = self._normalizer.normalize(text.lower())
        return self._tokenizer.tokenize(normalized, return_str=True, escape=False)
