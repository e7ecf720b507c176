"""Minimum Bayes risk takes the draw that is nearest to all of them, whatever else there is in the batch."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from seq2seq.cli import app
from seq2seq.decoding import Sampling
from seq2seq.errors import InputError
from seq2seq.evaluation.utility import bleu_matrix, chrf_matrix
from seq2seq.inference.bayes_risk import nearest
from seq2seq.inference.translator import Translator
from seq2seq.jobs.translation import BatchTranslation
from seq2seq.models import Ensemble
from tests.conftest import OLDER_RUNS

LINES = ["a b c d", "h g f", "", "c c a", "e"]
MATRICES = {"chrf": chrf_matrix, "bleu": bleu_matrix}


def nearest_of(texts, utility):
    """Without a look at which are equal."""
    return texts[int(np.argmax(MATRICES[utility](texts).mean(axis=1).round(9)))]


@pytest.mark.parametrize("utility", MATRICES)
@pytest.mark.parametrize("sampling", [None, Sampling(1.5, seed=3), Sampling(2.0, top_k=3)])
def test_the_draws_are_those_of_sampling_and_the_nearest_is_chosen(translator, utility, sampling):
    found = translator.translate(LINES, mbr=8, mbr_utility=utility, sampling=sampling)
    for line, chosen in zip(LINES, found, strict=True):
        drawn = translator.translate([line] * 8, sampling=sampling or Sampling())
        assert chosen == nearest_of(drawn, utility)
    assert found[LINES.index("")] == ""


def test_a_line_is_translated_by_itself(translator):
    options = {"mbr": 6, "sampling": Sampling(3.0)}
    together = translator.translate(LINES, **options)
    assert translator.translate(LINES[::-1], **options) == together[::-1]
    assert [translator.translate([line], batch_tokens=1, **options)[0] for line in LINES] == together
    assert len(set(together)) > 3


def test_draws_that_are_equal_count_as_often_as_they_come(translator):
    texts = ["a b", "a b c", "a b", "h", "a b c d"]
    rows = [[*translator.target.encode([text])[0], 3] for text in texts]
    drawn = np.array([row + [0] * (8 - len(row)) for row in rows], np.int32)
    assert nearest(translator.target, np.concatenate((drawn[::-1], drawn)), 5, "chrf").tolist() == [
        texts[::-1].index(nearest_of(texts[::-1], "chrf")),
        5 + texts.index(nearest_of(texts, "chrf")),
    ]


def test_one_graph_draws_any_number(tiny_run):
    own = Translator.load(tiny_run)
    for options in ({"mbr": 2}, {"mbr": 5}, {"mbr": 3, "mbr_utility": "bleu"}, {"sampling": Sampling()}):
        own.translate(LINES, **options)
    (graph,) = own._graphs.values()
    assert graph.experimental_get_tracing_count() == 1


@pytest.mark.slow
def test_an_export_and_an_ensemble_choose_as_runs_do(exported):
    lines = (OLDER_RUNS / "texts.src").read_text().splitlines()[:6]
    options = {"mbr": 5, "sampling": Sampling(0.8, seed=2)}
    own = Translator.load(OLDER_RUNS / "translation")
    expected = own.translate(lines, **options)
    assert Translator.load(exported("translation")).translate(lines, **options) == expected
    twice = Translator(own.config, own.source, own.target, Ensemble([own.model, own.model]))
    assert twice.translate(lines, **options) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mbr": 1}, "--mbr 1: expected 2 to 1,024 draws"),
        ({"mbr": -4}, "--mbr -4: expected 2 to"),
        ({"mbr": 10_000}, "--mbr 10000: expected 2 to"),
        ({"mbr": 4, "beam_size": 5}, "leave out beam_size=5"),
        ({"mbr": 4, "n_best": 2}, "leave out n_best=2"),
        ({"mbr": 4, "mbr_utility": "ter"}, "--mbr-utility ter: expected chrf or bleu"),
        ({"mbr_utility": "bleu"}, "chooses among draws: add --mbr"),
    ],
)
def test_what_cannot_be_is_refused(translator, options, message):
    with pytest.raises(InputError, match=message):
        translator.settled(**options)


def test_a_job_draws_only_what_depends_on_the_line_alone(translator):
    with pytest.raises(InputError, match="add --mbr"):
        BatchTranslation(translator, "", translator.settled(sampling=Sampling()))
    work = BatchTranslation(translator, "", translator.settled(mbr=4))
    assert work.settings["mbr"] == 4 and json.dumps(work.settings)
    assert "mbr" not in BatchTranslation(translator, "").settings


@pytest.mark.slow
def test_the_commands_take_it(tiny_run, tiny_data):
    def invoke(*arguments):
        return CliRunner().invoke(app, list(map(str, arguments)))

    own = Translator.load(tiny_run)
    told = invoke("translate", tiny_run, "a b c", "--mbr", 4, "--seed", 3, "--mbr-utility", "bleu")
    expected = own.translate(["a b c"], mbr=4, mbr_utility="bleu", sampling=Sampling(seed=3))
    assert told.exit_code == 0 and told.stdout.splitlines() == expected, told.output
    measured = invoke("evaluate", tiny_run, "--data", tiny_data / "test", "--limit", 5, "--mbr", 4, "--examples", 0)
    assert measured.exit_code == 0, measured.output
    for arguments in (["--mbr", 1], ["--mbr", 4, "--n-best", 2], ["--mbr", 4, "--beam-size", 5], ["--seed", 3]):
        refused = invoke("translate", tiny_run, "a b c", *arguments)
        assert refused.exit_code == 2 and len(refused.stderr.splitlines()) == 1, refused.output
