"""The kinds of phrases and sentences of the corpus: each function draws one of its kind."""

from dataclasses import replace
from random import Random

from .counting import date_combinations, draw_day, english_date, english_day, french_date, french_day
from .grammar import (
    HE_AND_SHE,
    I_AND_WE,
    PEOPLE,
    PLURAL,
    SINGULAR,
    SPEAKER,
    SPEAKERS,
    Phrase,
    be,
    belonging,
    english_verb,
    fitting_adjectives,
    french_verb,
    join,
    noun_phrase,
    participle,
    spell_english,
    spell_french,
    where,
)
from .lexicon import ADJECTIVES, VERBS, Verb

KINDS = ("person", "kin", "animal", "food", "text", "thing", "furniture", "landmark", "place", "eye")
PLACED = ("food", "text", "thing")
ASKED_FOR = ("person", "kin", "animal", "food", "text", "thing", "place")
# What is got, and what is done with it then.
GETTING = ("buy", "take", "find", "choose", "receive")
USING = ("sell", "hide", "lose", "clean", "eat", "read", "paint")
OPENERS = {
    "present": [("every day,", "chaque jour,"), ("in winter,", "en hiver,"), ("on Sundays,", "le dimanche,")],
    "past": [("yesterday,", "hier,"), ("last year,", "l'année dernière,"), ("this morning,", "ce matin,")],
    "future": [("tomorrow,", "demain,"), ("next week,", "la semaine prochaine,"), ("on Monday,", "lundi,")],
}


def sentence(phrase: Phrase, mark: str = ".") -> tuple[str, str, frozenset]:
    """Spell a phrase as a sentence, with capital and full stop or question mark."""
    english, french, combinations = plain(phrase)
    english, french = english[0].upper() + english[1:], french[0].upper() + french[1:]
    return english + mark, french + (" ?" if mark == "?" else mark), combinations


def plain(phrase: Phrase) -> tuple[str, str, frozenset]:
    """Spell a phrase; return English, French and combinations."""
    return spell_english(phrase.en), spell_french(phrase.fr), phrase.combinations


def draw_tense(rng: Random, verb: Verb) -> tuple[str, str]:
    """Draw a tense that the verb has, and a negation (mostly "") that goes with it."""
    tense = rng.choice(["present", "present", "future", "imperfect", *["past", "past"] * bool(verb.past)])
    negations = {"present": ["not", "never", "no longer"], "imperfect": ["not"] * bool(verb.ing)}
    negations = negations.get(tense, ["not", "never"])
    return tense, rng.choice(negations) if negations and rng.random() < 0.3 else ""


def draw_subject(rng: Random, verb: Verb, tense: str, definite: bool = False) -> Phrase:
    """Draw a noun phrase or a pronoun; no "I" or "we" where its gender would show."""
    if rng.random() < 0.35:
        shows_gender = tense == "past" and verb.auxiliary == "être"
        return rng.choice(HE_AND_SHE if shows_gender else HE_AND_SHE + I_AND_WE)
    return noun_phrase(rng, verb.subjects.split(), definite=definite, described=0.25, largest=12)


def possessive(subject: Phrase) -> str:
    """Return the possessive of what is the subject's; "" for an animal (its)."""
    if subject.noun and subject.noun.kind == "animal" and subject.person == SINGULAR:
        return ""
    own = "her" if subject.gender == "f" else "his"
    return {SPEAKER: "my", SPEAKERS: "our", PLURAL: "their", SINGULAR: own}[subject.person]


def acting(subject: Phrase, verb: Verb) -> set[tuple]:
    """Return the combination of a subject with its verb, where the subject is a noun."""
    return {("subject", subject.noun.index, verb.index)} if subject.noun else set()


def draw_object(rng: Random, verb: Verb, **options) -> Phrase:
    """Draw an object of a verb, in French with its preposition; `options` as for `noun_phrase`."""
    if verb.link:  # "de" and "des" do not go together
        options |= {"definite": True, "plural": rng.random() < 0.2}
    phrase = noun_phrase(rng, verb.objects.split(), **options)
    return replace(phrase, fr=f"{verb.link} {phrase.fr}")


def predicate(rng: Random, subject: Phrase, verb: Verb, tense: str, negation: str = "", described=0.3) -> Phrase:
    """Return verb and object for a subject."""
    definite, owner = bool(negation and not verb.any), possessive(subject)
    thing = draw_object(rng, verb, negated=bool(negation), definite=definite, owner=owner, described=described)
    english = f"{english_verb(verb, subject.person, tense, negation)} {thing.en}"
    french = f"{french_verb(verb, subject, tense, negation)} {thing.fr}"
    return join(english, french, thing, more=acting(subject, verb))


def action(rng):
    """The young woman did not sell her horses."""
    verb = rng.choice(VERBS)
    tense, negation = draw_tense(rng, verb)
    subject = draw_subject(rng, verb, tense, definite=bool(negation))
    rest = predicate(rng, subject, verb, tense, negation)
    return sentence(join(f"{subject.en} {rest.en}", f"{subject.fr} {rest.fr}", subject, rest))


def action_in_time(rng):
    """Yesterday, the queen came from the harbour. On 3 March 1987, …"""
    tense = rng.choice(list(OPENERS))
    verb = rng.choice([verb for verb in VERBS if verb.ing and verb.past])
    subject = draw_subject(rng, verb, tense)
    rest = predicate(rng, subject, verb, tense, described=0.15)
    opener, combinations = rng.choice(OPENERS[tense]), set()
    if tense == "past" and rng.random() < 0.5:
        day = draw_day(rng)
        opener = f"on {english_date(day)} {day.year},", f"le {french_date(day)} {day.year},"
        combinations = date_combinations(day)
    english, french = f"{opener[0]} {subject.en} {rest.en}", f"{opener[1]} {subject.fr} {rest.fr}"
    return sentence(join(english, french, subject, rest, more=combinations))


def life(rng):
    """The queen was born on 3 March 1987."""
    subject = rng.choice([*HE_AND_SHE, *(noun_phrase(rng, PEOPLE, definite=True, described=0.2) for _ in range(4))])
    day = draw_day(rng)
    many = subject.person == PLURAL
    english, form = rng.choice([("were born" if many else "was born", "né"), ("died", "mort")])
    french = f"{'sont' if many else 'est'} {participle(form, subject)}"
    english, french, more = rng.choice(
        [
            (f"{english} on {english_date(day)} {day.year}", f"{french} le {french_date(day)} {day.year}", True),
            (f"{english} on the {english_day(day)}", f"{french} le {french_day(day)}", True),
            (f"{english} in {day.year}", f"{french} en {day.year}", False),
        ]
    )
    combinations = date_combinations(day) if more else ()
    return sentence(join(f"{subject.en} {english}", f"{subject.fr} {french}", subject, more=combinations))


def quality(rng, subject=None, tenses=("present", "imperfect", "future")):
    """The old house was not very expensive. The king's eyes are blue."""
    if subject is None:
        options = {"definite": True, "described": 0.2}
        subject = belonging(rng) if rng.random() < 0.3 else noun_phrase(rng, [rng.choice(KINDS)], **options)
    if subject.noun.kind == "eye":
        tenses = ("present",)
    words = subject.en.split()
    said = {adjective.position for adjective in ADJECTIVES if adjective.english in words}
    fitting = [adjective for adjective in fitting_adjectives(subject.noun) if adjective.english not in words]
    # The red hat is heavy, not blue.
    adjective = rng.choice([adjective for adjective in fitting if adjective.position not in said] or fitting)
    form = adjective.agree(subject.gender, subject.person == PLURAL)
    english, french = be(subject, rng.choice(tenses), rng.choice(["", "", "", "not"]))
    very, tres = ("very ", "très ") if adjective.position != "colour" and rng.random() < 0.25 else ("", "")
    english = f"{subject.en} {english} {very}{adjective.english}"
    french = f"{subject.fr} {french} {tres}{form}"
    return sentence(join(english, french, subject, more={("adjective", adjective.index, subject.noun.index)}))


def likeness(rng):
    """The cow is as strong as the horses."""
    kinds = [rng.choice(("person", "animal", "text", "thing", "place"))]
    one, other = (noun_phrase(rng, kinds, definite=True, described=0) for _ in range(2))
    if one.noun == other.noun:
        return likeness(rng)
    adjective = rng.choice([a for a in fitting_adjectives(one.noun) if a.position != "colour"])
    english, french = be(one, rng.choice(["present", "imperfect"]), rng.choice(["", "", "not"]))
    english = f"{one.en} {english} as {adjective.english} as {other.en}"
    french = f"{one.fr} {french} aussi {adjective.agree(one.gender, one.person == PLURAL)} que {other.fr}"
    return sentence(join(english, french, one, other, more={("adjective", adjective.index, one.noun.index)}))


def place(rng):
    """The keys are under the table."""
    subject, position = noun_phrase(rng, PLACED, definite=True, described=0.25), where(rng)
    english, french = be(subject, rng.choice(["present", "present", "imperfect"]))
    english, french = f"{subject.en} {english} {position.en}", f"{subject.fr} {french} {position.fr}"
    return sentence(join(english, french, subject, position))


def who(rng):
    """The men who sell the horses are rich."""
    verb = rng.choice(VERBS)
    subject = noun_phrase(rng, ["person"], definite=True, described=0)
    tense = rng.choice(["present", "future", *["past"] * bool(verb.past)])
    rest = predicate(rng, subject, verb, tense, described=0.1)
    english, french = f"{subject.en} who {rest.en}", f"{subject.fr} qui {rest.fr}"
    subject = replace(subject, en=english, fr=french, combinations=subject.combinations | rest.combinations)
    return quality(rng, subject, ("present", "imperfect") if tense == "past" else ("present",))


def that(rng):
    """The apples that the girl bought are red."""
    verb = rng.choice([verb for verb in VERBS if not verb.link])
    kinds = set(verb.objects.split()) - {"kin"}
    thing = noun_phrase(rng, kinds, definite=True, owner=None, described=0)
    tense = rng.choice(["present", "future", *["past", "past"] * bool(verb.past)])
    subject = draw_subject(rng, verb, tense, definite=True)
    that = "whom" if thing.noun.kind == "person" else "that"
    english = f"{thing.en} {that} {subject.en} {english_verb(verb, subject.person, tense)}"
    french = f"{thing.fr} que {subject.fr} {french_verb(verb, subject, tense, agree=thing)}"
    combinations = thing.combinations | subject.combinations | acting(subject, verb)
    thing = replace(thing, en=english, fr=french, combinations=combinations)
    return quality(rng, thing, ("present", "imperfect") if tense == "past" else ("present",))


def pronoun(rng):
    """We do not hear them. She spoke to him."""
    verb = rng.choice([verb for verb in VERBS if "person" in verb.objects.split()])
    tense, negation = draw_tense(rng, verb)
    subject = draw_subject(rng, verb, tense, definite=bool(negation))
    # English, direct and indirect; "them" has a gender where the participle would show it.
    persons = [("him", "le", "lui"), ("her", "la", "lui"), ("them", "les", "leur")]
    english, direct, indirect = rng.choice(persons[:2] if tense == "past" and not verb.link else persons)
    clitic = indirect if verb.link else direct
    agree = None if verb.link else Phrase(english, direct, gender="f" if english == "her" else "m")
    english = f"{subject.en} {english_verb(verb, subject.person, tense, negation)} {english}"
    french = f"{subject.fr} {french_verb(verb, subject, tense, negation, clitic, agree)}"
    return sentence(join(english, french, subject, more=acting(subject, verb)))


def two_actions(rng):
    """The boy took the apple and ate it."""
    tense = rng.choice(["present", "past", "past", "future"])
    first = rng.choice([verb for verb in VERBS if verb.english in GETTING])
    things = set(first.objects.split()) - {"person"}
    verbs = [verb for verb in VERBS if verb.english in USING and things & set(verb.objects.split())]
    second = rng.choice([verb for verb in verbs if verb.past or tense != "past"])
    someone = noun_phrase(rng, PEOPLE, described=0.2, largest=12)
    subject = rng.choice([someone, someone, someone, rng.choice(HE_AND_SHE + I_AND_WE)])
    thing = noun_phrase(rng, things & set(second.objects.split()), owner=possessive(subject), described=0.15)
    it, clitic = ("them", "les") if thing.person == PLURAL else ("it", "la" if thing.gender == "f" else "le")
    then = second.english if tense == "future" else english_verb(second, subject.person, tense)
    english = f"{subject.en} {english_verb(first, subject.person, tense)} {thing.en} and {then} {it}"
    puis = french_verb(second, subject, tense, clitic=clitic, agree=thing)
    french = f"{subject.fr} {french_verb(first, subject, tense)} {thing.fr} et {puis}"
    return sentence(join(english, french, subject, thing, more=acting(subject, first) | acting(subject, second)))


def question(rng):
    """Where is the key? Who sells the apples? Did the boy eat the cake?"""
    kind = rng.choice(["where", "who", "does", "does"])
    if kind == "where":
        options = {"definite": True, "described": 0.3}
        thing = belonging(rng, eyes=False) if rng.random() < 0.4 else noun_phrase(rng, ASKED_FOR, **options)
        english, french = be(thing)
        return sentence(join(f"where {english} {thing.en}", f"où {french} {thing.fr}", thing), "?")
    verb = rng.choice(VERBS)
    tense = rng.choice(["present", "future", *["past"] * bool(verb.past)])
    if kind == "who":
        rest = predicate(rng, Phrase("who", "qui"), verb, tense)
        return sentence(join(f"who {rest.en}", f"qui {rest.fr}", rest), "?")
    subject = draw_subject(rng, verb, tense, definite=True)
    thing = draw_object(rng, verb, definite=True, owner=possessive(subject), described=0.2)
    do = {"past": "did", "future": "will"}.get(tense, "does" if subject.person == SINGULAR else "do")
    english = f"{do} {subject.en} {verb.english} {thing.en}"
    french = f"est-ce que {subject.fr} {french_verb(verb, subject, tense)} {thing.fr}"
    return sentence(join(english, french, subject, thing, more=acting(subject, verb)), "?")


def short_phrase(rng):
    """the old man, two hundred and one white horses, the queen's hat, behind the church"""
    kind = rng.choice(["noun", "noun", "noun", "belonging", "where"])
    if kind == "belonging":
        return plain(belonging(rng))
    return plain(where(rng) if kind == "where" else noun_phrase(rng, KINDS, described=0.75))


# What is drawn, with its weight.
SENTENCES = {
    action: 8,
    action_in_time: 3,
    quality: 4,
    that: 3,
    who: 2,
    pronoun: 2,
    two_actions: 2,
    question: 3,
    place: 2,
    life: 1,
    likeness: 1,
}


def any_sentence(rng: Random) -> tuple[str, str, frozenset]:
    """Draw a sentence of any kind: English, French and what may be held out."""
    return rng.choices(list(SENTENCES), list(SENTENCES.values()))[0](rng)
