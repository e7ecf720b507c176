"""Properties of the shipped data, read off the files: nothing here trusts what a generator says."""

import csv
import datetime
import json
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest

DATA = Path(__file__).parents[1] / "data"
CORPUS = DATA / "en-fr"
TANKS = DATA / "tanks"
HOUR = np.timedelta64(1, "h")
PARTS = ("train", "valid", "test")
MONTHS = "January February March April May June July August September October November December"
MONTH = "(" + MONTHS.replace(" ", "|") + ")"
ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth "
    "twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first"
)
ENGLISH_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
)
FRENCH_NUMBERS = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt trente "
    "quarante cinquante soixante"
)
ENGLISH_VALUES = dict(zip(ENGLISH_NUMBERS.split(), [*range(20), *range(20, 100, 10)], strict=True))
FRENCH_VALUES = dict(zip(FRENCH_NUMBERS.split(), [*range(17), 20, 30, 40, 50, 60], strict=True)) | {"une": 1}
ASPIRATED = "hibou|hache|haricot|héros|huit|onze"
VOWEL = f"(?!{ASPIRATED})[aeiouhyàâéèêëîïôûœ]"


@pytest.fixture(scope="module")
def counting():
    sys.path.insert(0, str(DATA))
    try:
        from english_french import counting
    finally:
        sys.path.remove(str(DATA))
    return counting


@pytest.fixture(scope="module")
def pairs():
    """Part: list of (English, French)."""
    return {part: list(zip(*(_lines(f"{part}.{side}") for side in ("en", "fr")), strict=True)) for part in PARTS}


def _lines(name):
    text = (CORPUS / name).read_text(encoding="utf-8")
    assert text.endswith("\n")
    return text.removesuffix("\n").split("\n")


def english_value(words):
    total = group = 0
    for word in words.replace("-", " ").split():
        if word == "thousand":
            total, group = group * 1000, 0
        elif word == "hundred":
            group *= 100
        elif word != "and":
            group += ENGLISH_VALUES[word]
    return total + group


def french_value(words):
    total = group = 0
    for word in re.sub("quatre-vingts?", "octante", words).replace("-", " ").split():
        if word == "mille":
            total, group = (group or 1) * 1000, 0
        elif word in ("cent", "cents"):
            group = (group or 1) * 100
        elif word != "et":
            group += 80 if word == "octante" else FRENCH_VALUES[word]
    return total + group


# What may be held out, as patterns over the English text.


def _lexicon(name):
    with open(DATA / "english_french" / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


NOUNS = {row[form]: row["english"] for row in _lexicon("nouns.tsv") for form in ("english", "plural") if row[form]}
ADJECTIVES = [row["english"] for row in _lexicon("adjectives.tsv")]
VERBS = {
    row[form]: row["english"]
    for row in _lexicon("verbs.tsv")
    for form in ("english", "third", "past", "ing")
    if row[form]
}


def _any_of(words):
    return f"({'|'.join(sorted(words, key=len, reverse=True))})"


NOUN, ADJECTIVE, VERB = map(_any_of, (NOUNS, ADJECTIVES, VERBS))
ATTRIBUTE = re.compile(rf"\b{ADJECTIVE} (?:(?:red|blue|green|white|black|brown) )?{NOUN}\b")
COLOUR = re.compile(rf"\b(red|blue|green|white|black|brown) {NOUN}\b")
PREDICATE = re.compile(
    rf"^.*?\b{NOUN}(?: (?:who|whom|that) .*)? (?:is|are|was|were|will)(?: not)?(?: be)?(?: very| as)? "
    rf"{ADJECTIVE}(?: as .*)?\.$"
)
AUXILIARY = "(?:does not|do not|did not|will not|will never|will|never|no longer|was not|were not|was|were|used to)"
SUBJECT = re.compile(rf"\b{NOUN}(?: who)? (?:{AUXILIARY} )?{VERB}\b")
SECOND_VERB = re.compile(rf"\band {VERB} (?:it|them)\.$")
NUMBER_WORD = rf"(?:{_any_of(ENGLISH_VALUES)}(?:-[a-z]+)?|hundred|thousand|and)"
NUMBER = re.compile(rf"\b{NUMBER_WORD}(?: {NUMBER_WORD})*\b", re.IGNORECASE)


def combinations(english):
    """Return everything in an English text that the corpus holds out in part."""
    found = {("adjective", *match) for match in ATTRIBUTE.findall(english) + COLOUR.findall(english)}
    found |= {("adjective", adjective, noun) for noun, adjective in PREDICATE.findall(english)}
    found = {(name, adjective, NOUNS[noun]) for name, adjective, noun in found}
    subjects = [(NOUNS[noun], VERBS[verb]) for noun, verb in SUBJECT.findall(english)]
    subjects += [(subjects[0][0], VERBS[verb]) for verb in SECOND_VERB.findall(english) if subjects]
    found |= {("subject", *subject) for subject in subjects}
    for words in (match[0].lower() for match in NUMBER.finditer(english) if re.search("hundred|thousand", match[0])):
        thousands, rest = divmod(english_value(words), 1000)
        found |= {("hundreds", *divmod(group, 100)) for group in (thousands, rest) if group >= 100}
        found |= {("thousands", thousands % 100, rest % 100)} if thousands else set()
    days = re.findall(rf"\b(\d+) {MONTH}\b", english)
    spoken = re.findall(rf"([\w-]+) of {MONTH}", english)
    days += [(str(ORDINALS.split().index(ordinal) + 1), month) for ordinal, month in spoken]
    return found | {("day", *day) for day in days}


def test_script_writes_the_shipped_files_byte_for_byte(tmp_path):
    environment = os.environ | {"PYTHONHASHSEED": "1987"}
    subprocess.run([sys.executable, str(DATA / "make_corpus.py"), str(tmp_path)], check=True, env=environment)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{p}.{s}" for p in PARTS for s in ("en", "fr"))
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (CORPUS / path.name).read_bytes(), path.name


def test_sources_are_distinct_over_all_parts(pairs):
    sources = [english for part in PARTS for english, _ in pairs[part]]
    assert len(set(sources)) == len(sources) >= 20_000


def test_texts_are_short_normalised_and_in_small_files(pairs):
    for part in PARTS:
        for text in (text for pair in pairs[part] for text in pair):
            assert text == " ".join(text.split()) == unicodedata.normalize("NFC", text)
            assert 1 <= len(text.split()) <= 14
    assert all(path.stat().st_size < 1_000_000 for path in CORPUS.iterdir())


@pytest.mark.parametrize("side", [0, 1])
def test_held_out_parts_have_no_word_that_training_has_not(pairs, side):
    known = {word for pair in pairs["train"] for word in pair[side].split()}
    for part in ("valid", "test"):
        assert {word for pair in pairs[part] for word in pair[side].split()} <= known


def test_every_held_out_pair_has_a_combination_never_seen_in_training(pairs):
    seen = set().union(*(combinations(english) for english, _ in pairs["train"]))
    assert {name for name, *_ in seen} == {"adjective", "subject", "hundreds", "thousands", "day"}
    new = {part: set() for part in PARTS}
    for part in ("valid", "test"):
        for english, _ in pairs[part]:
            unseen = combinations(english) - seen
            assert unseen, english
            new[part] |= unseen
    assert {name for name, *_ in new["test"]} == {name for name, *_ in new["valid"]} == {name for name, *_ in seen}


def test_number_words_mean_the_number(counting):
    for number in [*range(1100), *range(1100, 1_000_000, 487), 999_999]:
        assert english_value(counting.english_number(number)) == number
        for gender in ("m", "f"):
            assert french_value(counting.french_number(number, gender)) == number


def test_french_number_words_are_spelled_by_the_rules(counting):
    for number in [*range(1100), *range(1100, 1_000_000, 487)]:
        words, feminine = counting.french_number(number), counting.french_number(number, "f")
        # An s only at the end, and then a multiple: cents, quatre-vingts.
        assert not re.search(r"(cents|vingts) ", words) and "milles" not in words
        assert words.endswith("cents") == (number % 100 == 0 and number % 1000 > 100)
        assert words.endswith("quatre-vingts") == (number % 100 == 80)
        assert not re.search(r"^un (cent|mille)|mille un cent", words)
        assert set(re.findall(r"et (\w+)", words)) <= {"un", "onze"}
        assert not re.search(r"(?<!quatre-)(vingt|ante)-(un|onze)\b", words)
        assert feminine == re.sub("un$", "une", words)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zéro"),
        (16, "seize"),
        (17, "dix-sept"),
        (21, "vingt et un"),
        (61, "soixante et un"),
        (70, "soixante-dix"),
        (71, "soixante et onze"),
        (77, "soixante-dix-sept"),
        (80, "quatre-vingts"),
        (81, "quatre-vingt-un"),
        (91, "quatre-vingt-onze"),
        (100, "cent"),
        (101, "cent un"),
        (200, "deux cents"),
        (280, "deux cent quatre-vingts"),
        (1000, "mille"),
        (1987, "mille neuf cent quatre-vingt-sept"),
        (80_000, "quatre-vingt mille"),
        (200_000, "deux cent mille"),
        (200_200, "deux cent mille deux cents"),
        (21_021, "vingt et un mille vingt et un"),
        (999_999, "neuf cent quatre-vingt-dix-neuf mille neuf cent quatre-vingt-dix-neuf"),
    ],
)
def test_french_number_by_example(counting, number, words):
    assert counting.french_number(number) == words


def test_counted_nouns_make_one_agree(pairs):
    texts = [french for part in PARTS for _, french in pairs[part]]
    genders = {row["pluriel"]: row["gender"] for row in _lexicon("nouns.tsv") if row["pluriel"]}
    counted = re.findall(rf"(?:et |quatre-vingt-|cent )(une?) {_any_of(genders)}\b", "\n".join(texts))
    assert {one for one, _ in counted} == {"un", "une"}
    assert all((one == "une") == (genders[noun] == "f") for one, noun in counted if noun != "souris" or one == "une")


def test_french_elides_and_contracts(pairs):
    for english, french in ((english, french.lower()) for part in PARTS for english, french in pairs[part]):
        assert not re.search(rf"\b(?:le|la|je|ne|de|que|ma|sa|ce) {VOWEL}", french), french
        assert not re.search(rf"'(?!{VOWEL})(?!au\b)", french), french
        assert not re.search(r"\b(?:de|à) les? ", french), french
        assert not re.search(rf"\b(?:beau|nouveau|vieux) {VOWEL}[^ ]*[^sx .]\b", french), french
        if english.startswith("some "):  # elsewhere "des" may be "de les"
            assert not re.match("des (?:grand|petit|jeune|vieux|vieil|nouve|beau|bel|joli|bon|mauvais)", french), french


def test_dates_are_days_of_the_calendar(pairs):
    pattern = re.compile(rf"([A-Z]\w+day), (\d+) {MONTH} (\d+)$")
    dates = [match for part in PARTS for english, _ in pairs[part] if (match := pattern.search(english))]
    assert dates
    for weekday, day, month, year in (match.groups() for match in dates):
        date = datetime.date(int(year), MONTHS.split().index(month) + 1, int(day))
        assert date.strftime("%A") == weekday
    french = [french for part in PARTS for _, french in pairs[part]]
    months = "(?:janvier|mars|mai|octobre)"
    assert any(re.search(rf"\b(?:1er|premier) {months}\b", text) for text in french)
    assert not any(re.search(rf"\b1 {months}\b|(?<!et )\bun {months}\b", text) for text in french)


# The oil tanks.


@pytest.fixture(scope="module")
def tanks():
    """Part: dict from the name of a tank to its times, (hours,), and its pressure and temperature, (hours, 2)."""
    parts = {}
    for part in ("tanks", "test"):
        rows = list(csv.reader((TANKS / f"{part}.csv").read_text(encoding="utf-8").splitlines()))
        assert rows[0] == ["time", "tank", "pressure", "temperature"]
        series = {}
        for time, tank, *values in rows[1:]:
            series.setdefault(tank, []).append((time, *map(float, values)))
        split = lambda rows: (np.array([row[0] for row in rows], "datetime64[h]"), np.array([row[1:] for row in rows]))  # noqa: E731
        parts[part] = {tank: split(rows) for tank, rows in series.items()}
    return parts


@pytest.fixture(scope="module")
def faulty(tanks):
    """Name of a tank: for every hour of the test part, the number of its labelled window, and 0 outside of all."""
    marks = {tank: np.zeros(len(times), int) for tank, (times, _) in tanks["test"].items()}
    for tank, windows in json.loads((TANKS / "faults.json").read_text(encoding="utf-8")).items():
        times = tanks["test"][tank][0]
        for number, (first, last) in enumerate(windows, start=1):
            inside = (times >= np.datetime64(first)) & (times <= np.datetime64(last))
            assert inside.any() and not marks[tank][inside].any()
            marks[tank][inside] = number
    return marks


def test_tanks_script_writes_the_shipped_files_byte_for_byte(tmp_path):
    environment = os.environ | {"PYTHONHASHSEED": "1997"}
    subprocess.run([sys.executable, str(DATA / "make_tanks.py"), str(tmp_path)], check=True, env=environment)
    assert sorted(os.listdir(tmp_path)) == ["faults.json", "tanks.csv", "test.csv"]
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (TANKS / path.name).read_bytes(), path.name
        assert path.stat().st_size < 1_000_000


def test_every_tank_has_every_hour_and_the_test_part_follows(tanks):
    assert list(tanks["tanks"]) == list(tanks["test"]) == ["T1", "T2", "T3", "T4", "T5", "T6"]
    for tank, (times, values) in tanks["tanks"].items():
        later, faulty_values = tanks["test"][tank]
        assert (len(times), len(later)) == (120 * 24, 40 * 24)
        assert set(np.diff(np.concatenate([times, later]))) == {HOUR}
        assert np.isfinite(values).all() and np.isfinite(faulty_values).all()


def test_faults_are_in_the_test_part_and_one_tank_has_none(tanks, faulty):
    counts = {tank: marks.max() for tank, marks in faulty.items()}
    assert list(counts) == list(tanks["test"]) and counts["T6"] == 0
    assert all(counts[tank] for tank in counts if tank != "T6")
    # A sensor that says the same for six hours is stuck, and only a labelled one does.
    for part in tanks:
        for tank, (_, values) in tanks[part].items():
            same = np.lib.stride_tricks.sliding_window_view(np.diff(values, axis=0) == 0, 5, axis=0).all(-1).any(-1)
            stuck = np.flatnonzero(same) + 5
            assert part == "test" or not stuck.size
            assert part == "tanks" or faulty[tank][stuck].all()


def test_pressure_follows_temperature_and_both_follow_the_day(tanks):
    for _, values in tanks["tanks"].values():
        days = values.reshape(-1, 24, 2)
        by_hour, by_day = days.mean(axis=0), days.mean(axis=1)
        assert (np.ptp(by_hour, axis=0) > 2 * days.std(axis=0).mean(axis=0)).all()  # than one hour from day to day
        assert by_hour[:, 1].argmax() in range(13, 18) and by_hour[:, 1].argmin() in range(2, 7)
        assert np.corrcoef(by_day.T)[0, 1] > 0.5


def test_faults_do_not_show_in_single_values(tanks, faulty):
    outside, labelled = [], []
    for tank, (_, values) in tanks["test"].items():
        normal = tanks["tanks"][tank][1]
        outside += [((values < normal.min(axis=0)) | (values > normal.max(axis=0))).any(axis=1)]
        labelled += [faulty[tank] > 0]
    outside, labelled = np.concatenate(outside), np.concatenate(labelled)
    assert outside[labelled].mean() < 0.06
    assert outside[~labelled].mean() < 0.01


def test_faults_show_in_what_windows_of_a_day_have_in_common(tanks, faulty):
    every = np.concatenate([values for _, values in tanks["tanks"].values()])
    scaled = lambda values: (values - every.mean(axis=0)) / every.std(axis=0)  # noqa: E731
    windows = lambda values: np.lib.stride_tricks.sliding_window_view(scaled(values), 24, axis=0).reshape(-1, 48)  # noqa: E731
    normal = np.concatenate([windows(values)[::3] for _, values in tanks["tanks"].values()])
    common = np.linalg.eigh(np.cov(normal.T))[1][:, -4:]
    error = lambda rows: np.abs((rows - normal.mean(axis=0)) @ (np.eye(48) - common @ common.T)).mean(axis=-1)  # noqa: E731
    limit = np.quantile(error(normal), 0.99)
    shares = []
    for tank, (_, values) in tanks["test"].items():
        errors = error(windows(values))
        marks = np.lib.stride_tricks.sliding_window_view(faulty[tank], 24)
        assert (errors[(marks == 0).all(axis=1)] > limit).mean() < 0.05
        shares += [(errors[(marks == number).any(axis=1)] > limit).mean() for number in range(1, marks.max() + 1)]
    assert min(shares) > 0.1 and np.mean(shares) > 0.5, shares
