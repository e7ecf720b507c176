"""Noun phrases, verbs and their agreement in English and French, side by side."""

import re
from dataclasses import dataclass, field, replace
from random import Random

from .counting import english_number, french_number, number_combinations
from .lexicon import ADJECTIVES, NOUNS, Adjective, Noun, Verb, plural_of

SPEAKER, SINGULAR, SPEAKERS, PLURAL = range(4)  # persons of a verb; nobody is spoken to, as "you" is tu or vous
PEOPLE = ("person", "kin")
NEGATIONS = {"not": "pas", "never": "jamais", "no longer": "plus"}

_ELIDED = {"le", "la", "je", "ne", "de", "que"}
_BEFORE_VOWEL = {"ma": "mon", "sa": "son", "ce": "cet"}
_CONTRACTED = {"à le ": "au ", "à les ": "aux ", "de le ": "du ", "de les ": "des "}
# Words that begin with a consonant as far as elision goes (h aspiré, and the numbers).
_ASPIRATED = {"hibou", "hiboux", "hache", "haches", "haricot", "haricots", "héros", "huit", "onze"}

# English: French for a masculine, a feminine, a plural noun.
DETERMINERS = {
    "the": ("le", "la", "les"),
    "this": ("ce", "cette", ""),
    "these": ("", "", "ces"),
    "a": ("un", "une", ""),
    "some": ("", "", "des"),
    "any": ("de", "de", "de"),  # under negation, and "a" too
    "my": ("mon", "ma", "mes"),
    "his": ("son", "sa", "ses"),
    "her": ("son", "sa", "ses"),
    "our": ("notre", "notre", "nos"),
    "their": ("leur", "leur", "leurs"),
}
_AUXILIARIES = {"avoir": ("ai", "a", "avons", "ont"), "être": ("suis", "est", "sommes", "sont")}
_IMPERFECT = ("ais", "ait", "ions", "aient")
_FUTURE = ("ai", "a", "ons", "ont")

OWNED = ("animal", "text", "thing", "furniture", "landmark", "kin")
PREPOSITIONS = (
    ("in front of", "devant", ("furniture", "landmark", "place")),
    ("behind", "derrière", ("furniture", "landmark", "place")),
    ("near", "près de", ("furniture", "landmark", "place")),
    ("beside", "à côté de", ("furniture", "landmark", "place")),
    ("on", "sur", ("furniture",)),
    ("under", "sous", ("furniture",)),
    ("in", "dans", ("landmark", "place")),
)


@dataclass(frozen=True)
class Phrase:
    """A piece of a sentence in both languages, before `spell_english` and `spell_french`.

    Attributes:
        en, fr: str.
        combinations: frozenset of tuples, what of it may be held out.
        person, gender: what agrees with it.
        noun: its Noun; None for a pronoun.
    """

    en: str
    fr: str
    combinations: frozenset = field(default_factory=frozenset)
    person: int = SINGULAR
    gender: str = "m"
    noun: Noun | None = None


I_AND_WE = (Phrase("I", "je", person=SPEAKER), Phrase("we", "nous", person=SPEAKERS))
HE_AND_SHE = (Phrase("he", "il"), Phrase("she", "elle", gender="f"))


def starts_with_vowel(word: str) -> bool:
    """Whether a French word makes the word before it elide: a vowel or a mute h."""
    return bool(word) and word not in _ASPIRATED and word[0].lower() in "aeiouhyàâéèêëîïôûœ"


def spell_french(text: str) -> str:
    """Apply elision (l'homme, cet arbre, son amie) and contraction (au, du, des) to a text of separate words.

    >>> spell_french("je ne aime que le œuf de le roi")
    "je n'aime que l'œuf du roi"
    """
    words = text.split()
    for i in range(len(words) - 1):
        if starts_with_vowel(words[i + 1]):
            word = words[i]
            words[i] = f"{word[:-1]}'" if word.lower() in _ELIDED else _BEFORE_VOWEL.get(word, word)
    text = " ".join(words).replace("' ", "'")
    return re.sub(r"\b(?:à|de) les? ", lambda match: _CONTRACTED[match[0]], text)


def spell_english(text: str) -> str:
    """Write "an" before a vowel."""
    return re.sub(r"\ba (?=[aeiou])", "an ", text)


def draw_determiner(rng: Random, noun: Noun, plural: bool, negated: bool, definite: bool, owner: str | None) -> str:
    """Draw an English determiner (or "" for a number) that fits the noun; the arguments are `noun_phrase`'s."""
    if noun.kind in ("kin", "eye"):
        return rng.choice(["my", "our", owner or rng.choice(["his", "her"])])
    choices = ["the", "the", "the", "these" if plural else "this"]
    if owner is not None and noun.kind not in ("person", "place"):
        choices += ["my", "our", owner or "my"]
    if not definite and negated:
        choices += ["any", "any"] if plural else ["a", "a"]
    elif not definite:
        choices += ["some", "", "", ""] if plural else ["a", "a", "a"]
    return rng.choice(choices)


def draw_number(rng: Random, largest: int) -> int:
    """Draw a number to count things with: mostly small."""
    return rng.randint(2, min(largest, rng.choice([20, 20, 99, 999])))


def noun_phrase(
    rng: Random,
    kinds,
    *,
    plural: bool | None = None,
    negated: bool = False,
    definite: bool = False,
    owner: str | None = "",
    described: float = 0.35,
    largest: int = 999,
) -> Phrase:
    """Draw a noun with determiner and, with the probability `described`, an adjective or two.

    Args:
        rng: random.Random.
        kinds: the kinds of nouns that fit, a sequence of str.
        plural: bool. None for either.
        negated: bool. The object of a negated verb: an indefinite one takes `de` alone.
        definite: bool. Only "the", "this" and possessives.
        owner: str. Another possessive that fits: that of the subject, "his". None for no possessive at all.
        described: float.
        largest: int. The largest number of them.
    """
    noun = rng.choice([noun for noun in NOUNS if noun.kind in kinds])
    plural = bool(noun.plural) and (rng.random() < (0.85 if noun.kind == "eye" else 0.4) if plural is None else plural)
    chosen = draw_determiner(rng, noun, plural, negated, definite, owner)
    adjectives = draw_adjectives(rng, noun) if rng.random() < described else []
    if chosen:
        number, forms = 0, DETERMINERS["any" if negated and chosen == "a" else chosen]
        article = forms[2 if plural else noun.gender == "f"]
    else:
        number = draw_number(rng, largest)
        chosen, article = english_number(number), french_number(number, noun.gender)
        if number < 13 and rng.random() < 0.2:  # my two sisters
            first = rng.choice(["the", "these", "my", "our"])
            chosen, article = f"{first} {chosen}", f"{DETERMINERS[first][2]} {article}"
    return described_noun(noun, plural, adjectives, chosen, article, number_combinations(number))


def fitting_adjectives(noun: Noun) -> list[Adjective]:
    """Return the adjectives that make sense with the noun."""
    return [adjective for adjective in ADJECTIVES if adjective.fits(noun)]


def draw_adjectives(rng: Random, noun: Noun) -> list[Adjective]:
    """Draw an adjective that fits the noun; sometimes one before it and a colour."""
    fitting = fitting_adjectives(noun)
    chosen = [rng.choice(fitting)]
    colours = [adjective for adjective in fitting if adjective.position == "colour"]
    if chosen[0].position == "before" and colours and rng.random() < 0.2:
        chosen.append(rng.choice(colours))
    return chosen


def described_noun(noun, plural, adjectives, chosen, article, combinations=()) -> Phrase:
    """Put determiner, adjectives and noun in order, the adjectives agreeing with the noun."""
    name = noun.pluriel if plural else noun.french
    before, after = [], []
    for adjective in adjectives:
        form = adjective.agree(noun.gender, plural)
        if adjective.position != "before":
            after.append(form)
        elif not plural and noun.gender == "m" and adjective.before_vowel and starts_with_vowel(name):
            before.append(adjective.before_vowel)
        else:
            before.append(form)
    if before and article == "des":  # de vieux livres
        article = "de"
    english = [chosen, *(adjective.english for adjective in adjectives), noun.plural if plural else noun.english]
    combinations = {*combinations, *(("adjective", adjective.index, noun.index) for adjective in adjectives)}
    person = PLURAL if plural else SINGULAR
    french = " ".join([article, *before, name, *after])
    return Phrase(" ".join(english), french, frozenset(combinations), person, noun.gender, noun)


def join(english: str, french: str, *phrases: Phrase, more=()) -> Phrase:
    """Return a longer phrase that holds the combinations of its parts and some more."""
    return Phrase(english, french, frozenset(more).union(*(phrase.combinations for phrase in phrases)))


def belonging(rng: Random, eyes: bool = True) -> Phrase:
    """Return a phrase like "the queen's white horses", and with `eyes`, "the cat's green eyes"."""
    owner = noun_phrase(rng, ("person", "kin", "animal") if eyes else PEOPLE, definite=True, described=0.1)
    kind = "eye" if owner.noun.kind == "animal" else rng.choice([*OWNED, *["eye"] * eyes])
    plural = True if kind == "eye" and owner.person == PLURAL else None
    thing = noun_phrase(rng, [kind], plural=plural, described=0)
    plural = thing.person == PLURAL
    suffix = "'" if owner.person == PLURAL and owner.en.endswith("s") else "'s"
    article = "les" if plural else "la" if thing.gender == "f" else "le"
    adjectives = draw_adjectives(rng, thing.noun) if rng.random() < 0.25 else []
    phrase = described_noun(thing.noun, plural, adjectives, owner.en + suffix, article)
    combinations = owner.combinations | phrase.combinations
    return replace(phrase, fr=f"{phrase.fr} de {owner.fr}", combinations=combinations)


def where(rng: Random) -> Phrase:
    """Return a phrase like "behind the old church"."""
    english, french, kinds = rng.choice(PREPOSITIONS)
    place = noun_phrase(rng, kinds, definite=True, plural=rng.random() < 0.15, described=0.3)
    return join(f"{english} {place.en}", f"{french} {place.fr}", place)


def english_verb(verb: Verb, person: int, tense: str, negation: str = "") -> str:
    """Conjugate: `present`, `past`, `imperfect` ("was reading", "used to love") or `future`."""
    if tense == "imperfect":
        was = "were" if person in (SPEAKERS, PLURAL) else "was"
        return " ".join(filter(None, [was, negation, verb.ing])) if verb.ing else f"used to {verb.english}"
    if tense == "future":
        return " ".join(filter(None, ["will", negation, verb.english]))
    if negation == "not":
        does = "did" if tense == "past" else "does" if person == SINGULAR else "do"
        return f"{does} not {verb.english}"
    form = verb.past if tense == "past" else verb.third if person == SINGULAR else verb.english
    return f"{negation} {form}".strip()


def french_verb(verb: Verb, subject: Phrase, tense: str, negation: str = "", clitic: str = "", agree=None) -> str:
    """Conjugate; `past` is the passé composé.

    Args:
        clitic: the object pronoun before the verb.
        agree: Phrase. The direct object where it comes before the verb: the participle agrees with it.
    """
    person, rest = subject.person, ""
    if tense == "past":
        form = _AUXILIARIES[verb.auxiliary][person]
        rest = participle(verb.participle, subject if verb.auxiliary == "être" else agree)
    elif tense == "future":
        form = verb.future + _FUTURE[person]
    elif tense == "imperfect":
        form = _imperfect(verb.nous.removesuffix("ons"), person)
    else:
        form = (verb.je, verb.il, verb.nous, verb.ils)[person]
    words = ["ne" if negation else "", clitic, form, NEGATIONS.get(negation, ""), rest]
    return " ".join(filter(None, words))


def _imperfect(stem, person):
    if stem.endswith("ge") and person == SPEAKERS:  # mangeait, but mangions
        stem = stem[:-1]
    return stem + _IMPERFECT[person]


def participle(form: str, agree: Phrase | None) -> str:
    """Return a past participle in agreement with a phrase; as it is with None."""
    if agree is None:
        return form
    form += "e" if agree.gender == "f" else ""
    return plural_of(form) if agree.person == PLURAL else form


def be(subject: Phrase, tense: str = "present", negation: str = "") -> tuple[str, str]:
    """Conjugate "be" (`present`, `imperfect`, `future`) in English and French."""
    many = subject.person in (SPEAKERS, PLURAL)
    if tense == "future":
        english, french = f"will {negation} be", "ser" + _FUTURE[subject.person]
    elif tense == "imperfect":
        english, french = f"{'were' if many else 'was'} {negation}", _imperfect("ét", subject.person)
    else:
        english = f"{'are' if many else 'am' if subject.person == SPEAKER else 'is'} {negation}"
        french = _AUXILIARIES["être"][subject.person]
    return " ".join(english.split()), " ".join(["ne", french, NEGATIONS[negation]] if negation else [french])
