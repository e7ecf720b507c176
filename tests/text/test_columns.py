"""Columns of a table: found where they are plain, refused where not, and the same in every later file."""

import csv
import uuid
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.errors import InputError
from seq2seq.text.columns import FIRST_TWO, Columns, TableLook
from seq2seq.text.corpus import ParallelText, read_pairs
from seq2seq.text.table import rows_of

SOURCES = [f"The {thing} number {n} is here." for n, thing in enumerate(["cat", "dog", "house"] * 10)]
TARGETS = [f"Voilà {thing} numéro {n} !" for n, thing in enumerate(["le chat", "le chien", "la maison"] * 10)]
# Columns that hold no text, one cell for each row.
ODD = {
    "numbers": [str(n * 7919 % 1000) for n in range(30)],
    "scores": [f"{1 + n / 31:.3f}" for n in range(30)],
    "ids": [f"s{n:04d}" for n in range(30)],
    "files": [f"common_voice_en_{n}.mp3" for n in range(30)],
    "uuids": [str(uuid.UUID(int=n * 2**90)) for n in range(30)],
    "hashes": [f"{n * 2654435761 % 2**32:08x}" for n in range(1, 31)],
    "addresses": ["https://example.org/page"] * 30,
    "licences": ["CC-BY 2.0 (France) Attribution: somebody"] * 15 + ["CC0 1.0 nobody"] * 15,
    "language": ["eng"] * 30,
}
KINDS = {"scores": "numbers with fractions"}  # where they are called otherwise


def table(path, *columns, header=None):
    rows = [*([header] if header else []), *zip(*columns, strict=True)]
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    return path


def chosen(path, *given, **more):
    return TableLook(path).choose(*given, **more)


def pairs_of(path, columns):
    return read_pairs(path, columns=columns)


def refusal(call, *given, **more):
    with pytest.raises(InputError) as caught:
        call(*given, **more)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "pairs.tsv"


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("odd", [*((name,) for name in ODD), ("ids", "addresses"), ("numbers", "language", "scores")])
def test_two_texts_among_others_are_found_wherever_they_stand(path, odd, named):
    columns = {"source": SOURCES, "target": TARGETS, **{name: ODD[name] for name in odd}}
    for order in permutations(columns):
        if not named and order.index("source") > order.index("target"):
            continue
        table(path, *(columns[name] for name in order), header=order if named else None)
        if order[0] in odd or order[:2] == ("source", "target") or named:
            found = chosen(path)
            assert pairs_of(path, found) == ParallelText(SOURCES, TARGETS)
            assert found.header == named
        else:  # text, then none of text: the second column may be meant after all
            assert f"such as --source 1 --target {order.index('target') + 1}" in refusal(chosen, path)


def test_text_before_a_column_of_none_is_asked_about(path):
    table(path, SOURCES, ODD["ids"], TARGETS)
    said = refusal(chosen, path)
    assert "column 2 holds ids" in said and "--source 1 --target 3" in said
    assert pairs_of(path, chosen(path, "1", "3")) == ParallelText(SOURCES, TARGETS)


def test_more_texts_than_two_behind_ids_are_asked_about(path):
    table(path, ODD["numbers"], SOURCES, TARGETS, TARGETS)
    said = refusal(chosen, path)
    assert "column 1 holds numbers" in said and "--source 2 --target 3" in said


@pytest.mark.parametrize("odd", ["numbers", "ids", "hashes"])
def test_two_columns_are_the_pair_whatever_they_hold(path, odd):
    for columns in ((ODD[odd], SOURCES), (SOURCES, ODD[odd])):
        assert chosen(table(path, *columns)) == FIRST_TWO
        assert TableLook(path).told(FIRST_TWO) is None
    for beside in ("licences", "scores", "addresses"):
        assert chosen(table(path, ODD[odd], SOURCES, ODD[beside])) == FIRST_TWO
        assert f"source is column 1, target is column 2; column 3 holds {KINDS.get(beside, beside)}" in TableLook(
            path
        ).told(FIRST_TWO)


@pytest.mark.parametrize("value", [["0", "1"] * 15, ["0.0", "1.0", "2.0"] * 10, ODD["numbers"], ["yes"] * 30])
@pytest.mark.parametrize("first", [*ODD])
def test_values_behind_a_single_text_are_no_texts_and_may_be_meant(path, first, value):
    """What stands first is no source without a word, where something behind the text may be its target."""
    table(path, ODD[first], SOURCES, value)
    assert "column 1 holds" in (said := refusal(chosen, path)) and "--source 2 --target 3" in said
    assert pairs_of(path, chosen(path, "2", "3")) == ParallelText(SOURCES, value)
    assert "column 1 holds" in refusal(TableLook(path).fit, None, None, False)


@settings(max_examples=60)
@given(kinds=st.lists(st.sampled_from(["text", "empty", "sparse", *ODD]), min_size=2, max_size=5))
def test_nothing_is_chosen_in_silence_among_more_than_two(kinds, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "kinds.tsv"
    filler = {"text": SOURCES, "empty": [""] * 30, "sparse": [*SOURCES[:3], *[""] * 27]} | ODD
    look = TableLook(table(path, *(filler[kind] for kind in kinds)))
    try:
        columns = look.choose(header=False)
    except InputError as error:
        assert "--source" in str(error)
        return
    told = look.told(columns)
    filled = [place for place, kind in enumerate(look.kinds) if kind != "nothing"]
    assert (told is None) == (columns == FIRST_TWO and {"nothing"}.issuperset(look.kinds[2:]))
    assert len(filled) < 2 or {columns.source, columns.target} <= {*filled}
    assert look.fit(**look.stored(columns)) == columns


@pytest.mark.parametrize("rows", [1, 3, 30])
def test_a_column_without_cells_is_none(path, rows):
    """A tab at the end of each row, or at its start."""
    words, empty = SOURCES[:rows], [""] * rows
    for numbers in (ODD["numbers"][:rows], TARGETS[:rows]):
        for place in range(3):
            columns = [numbers, words]
            columns.insert(place, empty)
            assert pairs_of(path, chosen(table(path, *columns))) == ParallelText(numbers, words)
    table(path, SOURCES, TARGETS, [""] * 30, header=("english", "french", ""))
    assert pairs_of(path, chosen(path)) == ParallelText(SOURCES, TARGETS)


def test_a_column_of_few_cells_is_no_text(path):
    notes = ["", "", "see above"] * 10
    assert chosen(table(path, ODD["numbers"], SOURCES, notes)) == FIRST_TWO
    assert "column 3 holds nothing in most rows" in TableLook(path).told(FIRST_TWO)
    assert chosen(table(path, ODD["ids"], SOURCES, TARGETS, notes)) == Columns(1, 2)
    assert "column 2 holds nothing in most rows" in refusal(chosen, table(path, SOURCES, notes, TARGETS))


def test_corpora_as_they_are_shared_need_no_option(path):
    assert chosen(table(path, SOURCES, TARGETS, ODD["licences"])) == FIRST_TWO  # Tatoeba
    assert chosen(table(path, SOURCES, TARGETS)) == FIRST_TWO
    words, phones = ["cat", "cats", "a"] * 9, ["K AE T", "K AE T S", "AH"] * 9  # CMUdict
    assert chosen(table(path, words, phones)) == FIRST_TWO
    assert chosen(table(path, words, phones, phones), references=True) == FIRST_TWO
    assert chosen(table(path, ODD["numbers"], SOURCES, TARGETS), references=True) == FIRST_TWO


@pytest.mark.parametrize("header", [("english", "french"), ("English", "french 2"), ("en", "fr"), ("source", "target")])
def test_a_header_is_no_pair(path, header):
    table(path, SOURCES, TARGETS, header=header)
    assert pairs_of(path, chosen(path)) == ParallelText(SOURCES, TARGETS)
    assert pairs_of(path, chosen(path, *header)) == ParallelText(SOURCES, TARGETS)
    assert pairs_of(path, chosen(path, *header[::-1])) == ParallelText(TARGETS, SOURCES)
    assert pairs_of(path, chosen(path, "2", "1")) == ParallelText(TARGETS, SOURCES)
    assert "its first row names the columns" in TableLook(path).told(chosen(path))
    assert len(pairs_of(path, chosen(path, header=False))) == 31


def test_blank_lines_above_a_header_are_none(path):
    table(path, SOURCES, TARGETS, header=("english", "french"))
    path.write_text("\n \t\u200b\n" + path.read_text())
    assert pairs_of(path, chosen(path)) == ParallelText(SOURCES, TARGETS)


@settings(max_examples=60)
@given(
    first=st.tuples(*[st.sampled_from(["a", "great", "answer", "question", "response", "text", "the label"])] * 2),
    rest=st.lists(st.tuples(*[st.sampled_from(["a", "house", "positive", "a little word"])] * 2), min_size=1),
    often=st.integers(1, 30),
)
def test_no_pair_of_words_is_lost_in_silence(first, rest, often, tmp_path_factory):
    """Whatever words a list begins with, and also where all further rows are equal."""
    path = tmp_path_factory.getbasetemp() / "words.tsv"
    assert not TableLook(table(path, *zip(first, *rest * often, strict=True))).header


def test_one_value_below_a_word_makes_it_no_name(path):
    assert chosen(table(path, ["a"] * 20, ["b"] * 20)) == FIRST_TWO
    table(path, ["great", *SOURCES], ["negative", *["positive"] * 30])
    assert "--no-header or --header" in refusal(chosen, path)
    assert len(pairs_of(path, chosen(path, header=False))) == 31


def test_what_may_be_a_header_is_asked_about(path):
    table(path, SOURCES, TARGETS, header=("anglais", "français"))
    assert "anglais | français, may be a pair or the names of columns: say which, --no-header or --header" in refusal(
        chosen, path
    )
    assert len(pairs_of(path, chosen(path, header=True))) == 30
    assert len(pairs_of(path, chosen(path, header=False))) == 31
    assert pairs_of(path, chosen(path, "français", "anglais")).source == TARGETS  # named, so it is one


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("dutch", "french"), "no column 'dutch'; its first row is english, french"),
        (("1", "3"), "has no column 3: there are 2, counted from 1"),
        (("0", "1"), "has no column 0"),
        (("1", "1"), "are one column"),
        (("english", "1"), "are one column"),
        (("1", None), "go together"),
        ((None, "french"), "go together"),
        (("english", "french", False), "no column 'english'"),
    ],
)
def test_columns_that_are_not_there(path, given, said):
    table(path, SOURCES, TARGETS, header=("english", "french"))
    assert said in refusal(chosen, path, *given)


def test_a_name_that_comes_twice_is_no_name(path):
    table(path, SOURCES, TARGETS, TARGETS, header=("en", "fr", "fr"))
    assert "has twice a column 'fr'" in refusal(chosen, path, "en", "fr", True)
    columns = chosen(path, "1", "3", True)
    assert TableLook(path).stored(columns) == {"source": "en", "target": "3", "header": True}


@pytest.mark.parametrize(
    ("content", "given", "columns"),
    [
        ("corpus\none\tun\ntwo\tdeux\n", (), Columns(0, 1, True)),
        ("en\tfr\none\tun\tein\ntwo\tdeux\tzwei\n", ("1", "3"), Columns(0, 2, True)),
        ("", (), Columns(0, 1, True)),
        ("\n", (), Columns(0, 1, True)),
    ],
)
def test_a_first_row_may_be_shorter_than_others(path, content, given, columns):
    path.write_text(content)
    look = TableLook(path)
    assert look.choose(*(given or (None, None)), True) == columns
    assert look.stored(columns)["target"] == str(columns.target + 1)
    assert "its first row names the columns" in look.told(columns)


# --- later files


def test_what_is_stored_finds_the_same_texts_again(path, tmp_path):
    """However the columns were given, the file fits its own run; by names even in another order."""
    cases = [
        (table(path, SOURCES, TARGETS), [(), ("1", "2"), ("2", "1")]),
        (table(tmp_path / "ids.tsv", ODD["ids"], SOURCES, TARGETS), [(), ("3", "2"), ("1", "2")]),
        (
            table(tmp_path / "head.tsv", SOURCES, TARGETS, header=("en", "fr")),
            [(), ("fr", "en"), ("2", "1"), ("en", "2")],
        ),
        (table(tmp_path / "numbers.tsv", ODD["numbers"], TARGETS, header=("digits", "letters")), [(), ("2", "1")]),
    ]
    for file, choices in cases:
        for given_ in choices:
            look = TableLook(file)
            columns = look.choose(*given_)
            assert look.fit(**look.stored(columns)) == columns
    stored = TableLook(cases[2][0]).stored(Columns(0, 1, True))
    other = table(tmp_path / "other.tsv", ODD["ids"], TARGETS, SOURCES, header=("id", "fr", "en"))
    assert pairs_of(other, TableLook(other).fit(**stored)) == ParallelText(SOURCES, TARGETS)


@pytest.mark.parametrize(
    ("stored", "columns", "header", "said"),
    [
        ((None, None, False), (SOURCES, TARGETS), ("english", "french"), "first row names columns, english, french"),
        ((None, None, False), (ODD["ids"], SOURCES, TARGETS), None, "column 1 holds ids, but the training file had"),
        (("2", "3", False), (SOURCES, TARGETS), None, "has no column 3"),
        (("english", "french", True), (SOURCES, TARGETS), None, "has no column 'english' in its first row"),
        (("english", "french", True), (SOURCES, TARGETS), ("english", "german"), "has no column 'french'"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(path, stored, columns, header, said):
    table(path, *columns, header=header)
    assert said in refusal(TableLook(path).fit, *stored)


def test_what_is_doubtful_fits_what_was_decided(path):
    table(path, SOURCES, TARGETS, header=("anglais", "français"))
    assert "--no-header or --header" in refusal(TableLook(path).fit, None, None, False)
    assert TableLook(path).fit(None, None, False, doubtful=True) == FIRST_TWO
    table(path, SOURCES, ODD["ids"], TARGETS)
    assert TableLook(path).fit("1", "2", False) == FIRST_TWO
    path.write_text("")
    assert TableLook(path).fit(None, None, False) == FIRST_TWO and list(rows_of(path)) == []


# --- rows


def test_a_semicolon_in_prose_separates_no_cells(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("Hi; there,Salut\nBye; you,Ciao\n")
    assert "both commas and semicolons may separate" in refusal(chosen, path)
    path.write_text("corpus\nHi, you;Salut, toi\nBye;Ciao\n")
    assert pairs_of(path, chosen(path, header=True)) == ParallelText(["Hi, you", "Bye"], ["Salut, toi", "Ciao"])
    path.write_text("Hi; there,Salut\nBye,Ciao\n")
    assert pairs_of(path, chosen(path)) == ParallelText(["Hi; there", "Bye"], ["Salut", "Ciao"])
    path.write_text("one\ntwo,deux\n")
    assert "expected cells with commas" in refusal(read_pairs, path)


def test_csv_is_read_by_its_header(tmp_path):
    path = tmp_path / "pairs.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "english", "french"), *zip(ODD["ids"], SOURCES, TARGETS, strict=True)])
    assert pairs_of(path, chosen(path)) == ParallelText(SOURCES, TARGETS)
    path.write_text('en,fr\n"one,un\n')
    assert "pairs.csv, line 2: no row of CSV" in refusal(chosen, path)


def test_a_row_that_is_too_short_is_named(path):
    table(path, SOURCES, TARGETS, TARGETS)
    path.write_text(path.read_text() + "one\tun\n")
    assert "line 31: 2 columns, expected at least 3" in refusal(read_pairs, path, columns=Columns(0, 2))


@pytest.mark.parametrize("repeated", [0, 1, 4])
def test_ids_may_repeat_as_rows_of_real_corpora_do(path, repeated):
    rows = [f"s{number:04d}\tthe text {number} of it\tle texte {number}\n" for number in range(60)]
    path.write_text("".join(rows + rows[:repeated]), encoding="utf-8")
    look = TableLook(path)
    columns = look.choose()
    assert (columns.source, columns.target) == (1, 2) and "ids" in look.told(columns)
