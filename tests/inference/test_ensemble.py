"""Several runs that translate as one."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.decoding import Sampling
from seq2seq.errors import InputError
from seq2seq.inference.scorer import Scorer
from seq2seq.inference.translator import Translator
from seq2seq.text.tokens import TokenRows

LINES = ["a b c d", "h", "", "e f g h a b", "c c d", "g f e d c b"]
SEARCHES = {
    "greedy": {},
    "greedy, constrained": {"no_repeat": 2, "prefix": "b a"},
    "beam": {"beam_size": 4, "n_best": 3},
}


@pytest.fixture(scope="module")
def copy(tiny_run, tmp_path_factory):
    return shutil.copytree(tiny_run, tmp_path_factory.mktemp("copy") / "run")


@pytest.fixture(scope="module")
def other(made_run, tiny_config):
    """A run of another kind of model, without attention, over the same tokenizers."""
    return made_run("other", tiny_config("model.attention=none", "model.cell=gru", "model.units=24"))


@pytest.fixture(scope="module")
def both(tiny_run, other):
    return Translator.load([tiny_run, other])


@pytest.mark.slow
@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_a_run_with_a_copy_of_itself_says_what_it_says_alone(translator, tiny_run, copy, search):
    together = Translator.load([str(tiny_run), copy])
    alone, found = (list(each.stream(LINES, **search)) for each in (translator, together))
    assert found == [
        [replace(each, score=pytest.approx(each.score, abs=1e-5)) for each in hypotheses] for hypotheses in alone
    ]


@pytest.mark.slow
@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_scores_are_those_of_the_mean_of_the_probabilities(translator, other, both, search):
    found = list(both.stream(LINES, **search))
    explained = Scorer(both).explain(LINES, found)
    single = [Scorer(each).explain(LINES, found) for each in (translator, Translator.load(other))]
    for line, hypotheses in enumerate(explained):
        for place, hypothesis in enumerate(hypotheses):
            own = [np.float64(each[line][place].log_probabilities) for each in single]
            assert np.allclose(hypothesis.log_probabilities, np.log(np.mean(np.exp(own), axis=0)), atol=1e-4)
            assert np.isclose(hypothesis.score, hypothesis.log_probabilities.mean(), atol=1e-4)
    assert [len(hypotheses) for hypotheses in found] == [search.get("n_best", 1) if line else 0 for line in LINES]


def test_translations_do_not_depend_on_the_batch(both):
    alone = [both.translate([line], beam_size=3)[0] for line in LINES]
    assert both.translate(LINES, beam_size=3) == alone


@pytest.mark.slow
def test_draws_go_by_the_mean(both):
    first, again, other = (both.translate(LINES * 4, sampling=Sampling(2.0, seed=seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert both.translate(LINES, sampling=Sampling(top_k=1)) == both.translate(LINES)


@pytest.mark.slow
def test_attention_is_the_mean_of_the_runs_that_have_some(translator, tiny_run, made_run, tiny_config, other):
    attentive = made_run("attentive", tiny_config("model.attention=additive"))
    together = Translator.load([tiny_run, other, attentive])
    seen, tokens = together.attention(LINES[0]), next(together.stream(LINES))[0].tokens
    source, labels = translator.source.encode([LINES[0]]), TokenRows.from_rows([tokens])
    own = [
        each.forced.read(source, labels, 4096, lambda _, __, weights: weights, attended=True)[0]
        for each in (translator, Translator.load(attentive))
    ]
    assert np.allclose(seen.weights, np.mean(own, axis=0), atol=1e-5)
    with pytest.raises(InputError, match="has no attention"):
        Translator.load([other, tiny_run]).attention(LINES[0])


def test_what_cannot_translate_together(tiny_run, made_run, tiny_config, copy, exported):
    def refused(*runs):
        with pytest.raises(InputError) as error:
            Translator.load(runs)
        assert "\n" not in str(error.value)
        return str(error.value)

    def with_settings(*settings, **given):
        return refused(tiny_run, made_run("differs", tiny_config(*settings, **given)))

    assert refused(tiny_run).startswith("An ensemble needs two runs or more, got 1")
    assert refused().startswith("An ensemble needs two runs or more, got 0")
    assert refused(tiny_run, copy, f"{tiny_run}/../{tiny_run.name}").endswith("an ensemble is of different runs.")
    assert "is an exported folder" in refused(tiny_run, exported("translation"))
    assert "text.case is 'lower' in the first and 'keep' in the second" in with_settings("text.case=lower")
    assert "one translates the other way round" in with_settings(data__source="tgt", data__target="src")
    assert "one translates the other way round" in with_settings(data__swap=True)
    words = made_run("words", tiny_config(), lambda text: text.replace('"h"', '"z"'))
    assert "their source tokenizers differ (1 of 12 tokens). Train them on" in refused(tiny_run, words)
