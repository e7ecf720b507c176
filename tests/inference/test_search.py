"""One value says how to search, whoever hands it on."""

from dataclasses import fields

import pytest
import typer

from seq2seq.cli import app
from seq2seq.cli.options import search as options
from seq2seq.config import DecodingConfig
from seq2seq.decoding import Sampling
from seq2seq.errors import InputError
from seq2seq.inference.search import Search
from seq2seq.inference.translator import Translator
from seq2seq.tasks.measure_translation import evaluate


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
