"""Two runs on one test set."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from seq2seq.cli.app import app
from seq2seq.cli.compared import forecasts
from seq2seq.inference.translator import Translator
from seq2seq.server.models import Told
from seq2seq.tasks.compare_forecasts import compare as compare_forecasts
from seq2seq.tasks.compare_translations import compare
from seq2seq.tasks.measure_forecaster import evaluate as measure_forecaster
from seq2seq.tasks.measure_translation import evaluate
from seq2seq.tasks.train_translation import train


@pytest.fixture(scope="module")
def weak_run(tiny_config, shared):
    """A translator that was trained for an epoch, in lower case."""
    return shared("weak", lambda run: train(tiny_config("training.epochs=1", "text.case=lower"), run))


def invoke(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.mark.slow
def test_a_better_translator_is_told_from_a_worse_one(tiny_run, weak_run, tiny_data, tmp_path):
    options = ["--data", tiny_data / "test", "--against", weak_run, "--json", tmp_path / "figures.json"]
    ended = invoke("evaluate", tiny_run, *options, "--examples", 0)
    assert ended.exit_code == 0, ended.output
    figures = json.loads((tmp_path / "figures.json").read_text())
    found = figures["against"]["differences"]
    assert figures["against"]["run"] == str(weak_run)
    assert found["bleu"]["difference"] > 0 and found["bleu"]["p"] < 0.05 < 1 <= found["exact_match"]["difference"]
    assert found["bleu"]["first"] == pytest.approx(figures["bleu"])
    assert "against" in ended.output and "difference" in ended.output
    assert "better in BLEU" in " ".join(ended.output.split())


def test_a_run_against_itself_or_against_what_is_none_is_refused_in_a_line(
    tiny_run, days_plain, exported, tiny_data, tmp_path
):
    link = tmp_path / "link"
    link.symlink_to(tiny_run)
    swapped = tmp_path / "swapped"
    shutil.copytree(tiny_run, swapped)
    config = json.loads((swapped / "config.json").read_text())
    for against, words in (
        (tiny_run, "is the run itself"),
        (link, "is the run itself"),
        (days_plain.run.path, "is a run of the task 'forecaster'"),
        (tmp_path / "none", "no such run directory"),
        (exported("translation"), "is an exported folder, and no run: give the one that it was made from"),
        (tiny_data / "test.src", "test.src is a file: give the folder of a run"),
    ):
        ended = invoke("evaluate", tiny_run, "--data", tiny_data / "test", "--against", against)
        assert ended.exit_code == 2 and words in ended.output, ended.output
        assert len(ended.output.strip().splitlines()) == 1
    assert config["task"] == "translation"


@pytest.mark.parametrize("seen", [(), ("first",), ("second",), ("first", "second")])
def test_a_run_that_has_learned_from_what_the_other_has_not_seen_is_warned_of(days_plain, monkeypatch, seen):
    result = replace(measure_forecaster(days_plain), learned=())
    told = {each: replace(result, learned=("rows of the training",) * (each in seen)) for each in ("first", "second")}
    monkeypatch.setattr("seq2seq.tasks.measure_forecaster.evaluate", lambda *_, **__: told["second"])
    report, path = Told(), days_plain.run.path
    forecasts(told["first"], [Path("first")], path, None, None, {}, report)
    unfair = [line for line in report.lines if "the comparison favours" in line]
    assert len(unfair) == (len(seen) == 1)
    assert not unfair or unfair[0].endswith(f"favours {'first' if seen == ('first',) else path}")


def test_the_same_forecasts_are_no_difference_and_blocks_are_as_long_as_a_horizon(days_plain, days_windowed):
    made = measure_forecaster(days_plain).made
    same = compare_forecasts(made, made, ("a", "b"))
    assert same.differences["rmse"].p == 1.0 and same.differences["mae"].difference == 0.0
    assert same.blocks <= -(-same.origins // 3)
    other = compare_forecasts(made, measure_forecaster(days_windowed).made, ("a", "b"))
    rmse = other.differences["rmse"]
    assert rmse.interval[0] <= rmse.difference <= rmse.interval[1]
    assert rmse.first != rmse.second


def test_last_digits_that_always_fall_to_the_same_side_make_neither_run_better(days_plain):
    made = measure_forecaster(days_plain).made
    further = np.where(made.predicted < made.actual, -1, 1) * 0.9 * made.rounding
    same = compare_forecasts(made, replace(made, predicted=made.predicted + further), ("a", "b"))
    assert same.verdict.startswith("neither is better") and same.differences["mae"].difference == 0.0
    apart = compare_forecasts(made, replace(made, predicted=made.predicted + 1000 * further), ("a", "b"))
    assert apart.differences["mae"].difference < 0


@pytest.mark.slow
def test_lower_case_is_read_written_and_scored(tiny_run, weak_run, tiny_data, tmp_path):
    translator = Translator.load(weak_run)
    assert translator.translate(["A B C"]) == translator.translate(["a b c"])
    for name in ("src", "tgt"):
        text = (tiny_data / f"test.{name}").read_text()
        (tmp_path / f"shouted.{name}").write_text(text.upper())
    plain, shouted = (evaluate(translator, str(path)) for path in (tiny_data / "test", tmp_path / "shouted"))
    assert plain.scores == shouted.scores and plain.teacher_forced == shouted.teacher_forced
    assert "case:lc" in plain.scores.signatures["bleu"]
    compared = compare(evaluate(Translator.load(tiny_run), str(tiny_data / "test")), ("a", "b"), translator)
    assert compared.differences["bleu"].second == pytest.approx(plain.scores.bleu)


def test_what_is_kept_keeps_its_case():
    from seq2seq.text.protection import Protection

    protection = Protection([r"<\w+>"], lower=True)
    text, kept = protection.source("Press <OK> Now")
    assert text.startswith("press ") and text.endswith(" now")
    assert protection.restore(text, kept)[0] == "press <OK> now"
    assert protection.pair("A <B> C", "D E") == ("a <b> c", "d e")
    assert np.array_equal(Protection([], lower=True).pairs(["A"], ["B"]), [["a"], ["b"]])
