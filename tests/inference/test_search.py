"""One value says how to search, whoever hands it on."""

import csv
import json
from dataclasses import fields

import numpy as np
import pytest
import typer

from seq2seq.cli import app
from seq2seq.cli.options import search as options
from seq2seq.config import DecodingConfig
from seq2seq.decoding import Sampling
from seq2seq.errors import InputError
from seq2seq.inference.search import Search, SearchOptions
from seq2seq.inference.translator import Translator
from seq2seq.report import Report
from seq2seq.run import RunFolder
from seq2seq.tasks.measure_translation import evaluate
from seq2seq.tasks.translation_corpus import read_training_text
from seq2seq.text.corpus import normalize
from seq2seq.text.lengths import length_limit
from tests.conftest import slow


def test_type_checkers_know_all_fields_of_a_search():
    assert SearchOptions.__annotations__ == {field.name: field.type for field in fields(Search)}


@pytest.fixture(scope="module")
def translator(tiny_run):
    return Translator.load(tiny_run)


def test_what_is_not_given_is_the_runs():
    decoding = DecodingConfig(beam_size=4, length_penalty=0.5, batch_tokens=100)
    search = Search(length_penalty=0.0, n_best=2).settled(decoding)
    assert (search.beam_size, search.length_penalty, search.batch_tokens, search.n_best) == (4, 0.0, 100, 2)
    assert None not in [getattr(search, name) for name in vars(decoding)]
    assert search.settled(DecodingConfig()) == search


def test_a_draw_follows_one_hypothesis_whatever_the_run_searches_with():
    assert Search(sampling=Sampling()).settled(DecodingConfig(beam_size=5)).beam_size == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"beam_size": 0}, "beam_size=0: expected at least 1"),
        ({"beam_size": "5"}, "beam_size='5': expected int"),
        ({"length_penalty": -1.0}, "length_penalty=-1.0"),
        ({"n_best": 3}, "set --beam-size 3"),
        ({"n_best": 0, "beam_size": 2}, "set --beam-size 1"),
        ({"sampling": Sampling(), "beam_size": 2}, "Sampling draws one translation"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_is_read(translator, given, said):
    with pytest.raises(InputError, match=said):
        translator.stream(iter(lambda: pytest.fail("the input was read"), None), **given)


def test_a_search_is_settled_once_for_all_calls_that_ask_for_it(translator, monkeypatch):
    """What is remembered answers no other question, and nothing that is refused is remembered."""
    asked = [{}, {"beam_size": 2}, {"beam_size": 2, "prefix": "a"}, {"sampling": Sampling(seed=1)}, {}]
    expected = [translator.settled(**given) for given in asked]
    assert [each.beam_size for each in expected[:3]] == [expected[-1].beam_size, 2, 2]
    settled = []
    monkeypatch.setattr(
        Search, "settled", lambda self, decoding, real=Search.settled: settled.append(self) or real(self, decoding)
    )
    for given, answer in zip(asked, expected, strict=True):
        assert [translator.settled(**given) for _ in range(3)] == [answer] * 3
    assert len(settled) == len(asked) - 1  # the first one was the last before
    for _ in range(2):
        with pytest.raises(InputError):
            translator.settled(beam_size=0)


@pytest.mark.slow
def test_keywords_and_the_value_say_the_same(translator, tiny_data):
    texts = (tiny_data / "test.src").read_text().splitlines()[:9]
    given = {"beam_size": 3, "length_penalty": 0.2}
    by_value = translator.translate(texts, Search(**given))
    assert by_value == translator.translate(texts, **given)
    assert by_value == translator.translate(texts, Search(beam_size=1), **given)  # keywords win
    assert by_value == [found[0].text for found in next(translator.stream_chunks([texts], Search(**given)))]
    test = str(tiny_data / "test")
    measured = [evaluate(translator, test, limit=9, **how) for how in ({"search": Search(**given)}, given)]
    assert [hypothesis.text for hypothesis in measured[0].hypotheses] == by_value
    assert measured[0].scores == measured[1].scores


def test_every_command_that_translates_takes_all_options_and_each_is_a_field():
    commands = typer.main.get_command(app).commands
    for command in (commands["translate"], commands["evaluate"], commands["batch"].commands["translate"]):
        assert options.SEARCH.keys() <= {each.name for each in command.params}
    assert options.SEARCH.keys() <= {each.name for each in fields(Search)}
    assert options.SAMPLING.keys() == {each.name for each in fields(Sampling)}


def test_options_make_the_value():
    assert options.value({}) == Search()
    chosen = {"beam_size": 1, "temperature": 0.5, "seed": 7}
    assert options.value(chosen, n_best=1) == Search(beam_size=1, sampling=Sampling(temperature=0.5, seed=7))


def test_the_number_of_workers_is_an_argument(tiny_run, translator):
    assert Translator.load(tiny_run, workers=3).workers == 3
    assert Translator.load(tiny_run).workers == translator.workers


# --- the length limit


class Listening(Report):
    def __init__(self):
        self.warnings = []

    def warn(self, line):
        self.warnings.append(line)


@pytest.mark.slow
@pytest.mark.parametrize("how", [{}, {"beam_size": 3, "n_best": 2}, {"sampling": Sampling(seed=1)}])
def test_translations_that_the_limit_cuts_are_counted_and_told_once(tiny_run, how):
    translator = Translator.load(tiny_run, report=Listening())
    found = list(translator.stream(["a b c", "", "d"], max_length_ratio=0.0, max_length_extra=1, **how))
    assert all(hypothesis.is_cut for hypotheses in found for hypothesis in hypotheses)
    (line,) = translator.report.warnings
    assert line.startswith("2 of 3 translations were cut") and "--max-length-ratio" in line
    assert not any(found[0].is_cut for found in translator.stream(["a b c", "d"]))
    assert len(translator.report.warnings) == 1


@pytest.mark.slow
def test_an_evaluation_tells_of_cut_translations_once(tiny_run, tiny_data):
    translator = Translator.load(tiny_run, report=Listening())
    evaluate(translator, str(tiny_data / "test"), limit=9, max_length_ratio=0.0, max_length_extra=1)
    assert [line.split(" were ")[0] for line in translator.report.warnings] == ["9 of 9 translations"]


def test_a_training_settles_the_limit_from_its_pairs_and_stores_it(tiny_run, tiny_data):
    decoding = json.loads((tiny_run / "config.json").read_text())["config"]["decoding"]
    # Reversed, words are as many.
    assert decoding["max_length_ratio"] < 2.0 and decoding["max_length_extra"] < 10
    sides = [(tiny_data / f"train.{side}").read_text().splitlines() for side in ("src", "tgt")]
    lengths = (np.array([len(line.split()) for line in lines]) for lines in sides)
    assert (decoding["max_length_ratio"], decoding["max_length_extra"]) == length_limit(*lengths)
    with open(tiny_run / "history.csv") as file:
        assert all(0 <= float(row["val_cut"]) <= 1 for row in csv.DictReader(file))


def test_a_limit_that_is_given_wins(tiny_config, tmp_path, monkeypatch):
    def limit(*settings, folder="run"):
        folder = RunFolder(tmp_path / folder)
        decoding = read_training_text(tiny_config(*settings), folder, False, Report()).decoding
        return decoding.max_length_ratio, decoding.max_length_extra

    fresh = limit()
    assert limit("decoding.max_length_ratio=7.5") == (7.5, fresh[1])
    monkeypatch.setattr("seq2seq.tasks.translation_corpus.IN_MEMORY_BYTES", 0)
    assert limit(folder="stored") == fresh


def test_without_a_training_the_limit_is_a_wide_one():
    assert Search().settled(DecodingConfig()).limits(np.array([1, 5])).tolist() == [12, 20]


# --- a given beginning, and no repetition


DRAWN = {"sampling": Sampling(temperature=2.0, seed=3)}
HOW = [slow({}), {"beam_size": 3}, slow(DRAWN)]


@pytest.mark.slow
@pytest.mark.parametrize("how", HOW)
def test_translations_begin_as_they_must_and_no_beginning_is_none(translator, how):
    texts = ["a b c d", "h", "", "e f g h a b"]
    free = translator.translate(texts, **how)
    assert translator.translate(texts, prefix=" \t", **how) == free
    for prefix in ("h g", "a  a a a a a a a a a a a a", "x", "a xyz b"):  # with words that the model does not know
        together = translator.translate(texts, prefix=prefix, **how)
        assert [text.startswith(normalize(prefix)) for text in together] == [True, True, False, True]
        assert together[2] == ""
        if "sampling" not in how:  # whose draws are numbered by line
            assert together == [translator.translate([text], prefix=prefix, **how)[0] for text in texts]


def test_its_own_beginning_changes_no_translation(translator):
    texts = ["a b c d", "e f g h a b"]
    for text, translation in zip(texts, translator.translate(texts), strict=True):
        words = translation.split(" ")
        for count in range(len(words) + 1):
            assert translator.translate([text], prefix=" ".join(words[:count])) == [translation]


@pytest.mark.slow
@pytest.mark.parametrize("how", HOW)
def test_no_token_stands_twice_where_that_is_asked_for(translator, how):
    texts = ["a a a a", "b a b a b a", "c d c d"]
    assert any(len(set(text.split())) < len(text.split()) for text in translator.translate(texts))
    for text in translator.translate(texts, no_repeat=1, **how):
        assert len(set(text.split())) == len(text.split())
    assert translator.translate(texts, no_repeat=50, **how) == translator.translate(texts, **how)


@pytest.mark.parametrize("name", ["temperature", "top_k", "beams"])
def test_an_option_that_there_is_not_names_those_that_there_are(translator, name):
    for call in (translator.translate, translator.settled, lambda **how: list(translator.stream(["a"], **how))):
        given = {name: 1} if call == translator.settled or "lambda" in call.__name__ else {"texts": ["a"], name: 1}
        with pytest.raises(TypeError, match=f"no option '{name}'.*it has beam_size, length_penalty") as raised:
            call(**given)
        assert (f"sampling=Sampling({name}=" in str(raised.value)) == (name != "beams")
