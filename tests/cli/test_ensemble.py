"""`--with RUN`: several runs translate as one, in every command that translates."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from seq2seq.cli import app
from tests.conftest import OLDER_RUNS

TEXTS = ["a b c d", "h", "e f g h a b"]


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert result.exit_code == code, (result.stderr, result.exception)
    return result


@pytest.fixture(scope="module")
def copy(tiny_run, tmp_path_factory):
    return shutil.copytree(tiny_run, tmp_path_factory.mktemp("copy") / "run")


def test_a_copy_changes_nothing(tiny_run, copy):
    for search in ([], ["--beam-size", 3]):
        alone = run("translate", tiny_run, *search, *TEXTS).stdout
        assert run("translate", tiny_run, "--with", copy, *search, *TEXTS).stdout == alone


def test_given_translations_are_scored_together(tiny_run, copy, tiny_data):
    alone, together = (
        run("score", tiny_run, *more, "--data", tiny_data / "test", "--limit", 5).stdout.split()
        for more in ([], ["--with", copy])
    )
    assert [*map(float, together)] == pytest.approx([*map(float, alone)], abs=2e-4)


def test_a_job_of_several_runs_is_another_one(tiny_run, copy, tmp_path):
    (tmp_path / "in.txt").write_text("\n".join(TEXTS) + "\n")
    job = ["batch", "translate", tiny_run, "--input", tmp_path / "in.txt", "--output", tmp_path / "out"]
    together = [*job, "--with", copy]
    assert "1 output finished" in run(*together).stderr
    assert (tmp_path / "out" / "in.txt").read_text() == run("translate", tiny_run, *TEXTS).stdout
    assert "1 had been finished before" in run(*together).stderr
    assert "1 had been finished before" not in run(*job).stderr


@pytest.mark.slow
def test_an_ensemble_is_measured_against_one_of_its_runs(tiny_run, copy, tiny_data):
    measured = ["evaluate", tiny_run, "--data", tiny_data / "test", "--examples", 0]
    alone = json.loads(run(*measured, "--json", "-").stdout)
    shown = run(*measured, "--with", copy, "--against", tiny_run, "--json", "-")
    together = json.loads(shown.stdout)
    for name in ("bleu", "chrf", "loss", "accuracy"):
        assert together[name] == pytest.approx(alone[name], rel=1e-4), name
    assert together["against"]["differences"]["bleu"]["difference"] == 0
    title = f"{tiny_run} + {copy}, first, against {tiny_run}, second"
    assert "".join(title.split()) in "".join(shown.stderr.split())  # however it is wrapped


def test_what_is_refused(tiny_run, copy, tmp_path):
    def refused(*arguments):
        (line,) = run(*arguments, code=2).stderr.splitlines()
        return line

    assert f"{copy} is a run, and is taken for a text" in refused("translate", tiny_run, copy, "a b")
    assert "is given twice" in refused("translate", tiny_run, "--with", tiny_run, "a b")
    assert "is given twice" in refused("evaluate", tiny_run, "--with", copy, "--with", copy, "--data", copy)
    assert "is a run of the task 'forecaster'" in refused(
        "score", tiny_run, "--with", OLDER_RUNS / "forecaster", "--data", copy
    )
    assert "their source tokenizers differ (unigram of " in refused(
        "batch",
        "translate",
        tiny_run,
        "--with",
        OLDER_RUNS / "translation",
        "--input",
        OLDER_RUNS / "texts.src",
        "--output",
        tmp_path / "out",
    )
    assert "no such run directory" in refused("translate", tiny_run, "--with", tmp_path / "none", "a b")
    assert "--with does not go with" in refused("evaluate", OLDER_RUNS / "forecaster", "--with", copy)
    assert "is a file of the run" in refused(
        "translate", tiny_run, "--with", copy, "--output", copy / "weights.npz", "a"
    )
    assert "is given twice" in refused("export", tiny_run, "--with", tiny_run, "--output", tmp_path / "exported")
    assert "is given twice" in refused("serve", tiny_run, "--with", copy, "--with", copy, "--port", 0)
    assert "--with makes one model of several runs, and 2 are to be served" in refused(
        "serve", tiny_run, OLDER_RUNS / "translation", "--with", copy, "--port", 0
    )
    assert "--with is for translators, and" in refused(
        "serve", OLDER_RUNS / "forecaster", "--with", copy, "--port", 0, "--workers", 2
    )
