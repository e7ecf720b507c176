"""The words of the corpus, as three tables beside this file: nouns, adjectives and verbs."""

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Noun:
    """A row of `nouns.tsv`. `index` is its row; `plural` is empty for what there is one of."""

    index: int
    english: str
    plural: str
    french: str
    pluriel: str
    gender: str
    kind: str


@dataclass(frozen=True)
class Adjective:
    """A row of `adjectives.tsv`. `position`: before or after the French noun; `colour` goes after.

    `unfit`: nouns that it does not fit in spite of their kind.
    """

    index: int
    english: str
    masculine: str
    feminine: str
    before_vowel: str
    plural: str
    position: str
    kinds: str
    unfit: str

    def fits(self, noun: Noun) -> bool:
        """Whether it makes sense with the noun."""
        return noun.kind in self.kinds.split() and noun.english not in self.unfit.split()

    def agree(self, gender: str, plural: bool) -> str:
        """Return the French form."""
        if not plural:
            return self.feminine if gender == "f" else self.masculine
        if self.plural and (gender == "m" or self.plural == self.masculine):  # irregular, or without any forms
            return self.plural
        return plural_of(self.feminine if gender == "f" else self.masculine)


@dataclass(frozen=True)
class Verb:
    """A row of `verbs.tsv`: English forms, French stems, and what it takes as subject and object.

    `past` and `ing` are empty where English prefers "used to"; `link` is the French preposition before the
    object; `any` allows an indefinite object under negation.
    """

    index: int
    english: str
    third: str
    past: str
    ing: str
    je: str
    il: str
    nous: str
    ils: str
    participle: str
    future: str
    auxiliary: str
    link: str
    subjects: str
    objects: str
    any: str


def plural_of(word: str) -> str:
    """Return the regular plural of a French adjective or participle."""
    return word if word[-1] in "sx" else f"{word}s"


def _read(name, row_class):
    with open(Path(__file__).parent / name, encoding="utf-8", newline="") as file:
        return [row_class(index, **row) for index, row in enumerate(csv.DictReader(file, delimiter="\t"))]


NOUNS = _read("nouns.tsv", Noun)
ADJECTIVES = _read("adjectives.tsv", Adjective)
VERBS = _read("verbs.tsv", Verb)
