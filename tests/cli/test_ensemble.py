"""`--with RUN`: several runs answer as one, in every command that translates, forecasts or scores."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from seq2seq.cli import app
from seq2seq.inference.detection import detect
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.reconstructor import Reconstructor
from tests.conftest import OLDER_RUNS

TEXTS = ["a b c d", "h", "e f g h a b"]


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert result.exit_code == code, (result.stderr, result.exception)
    return result


@pytest.fixture(scope="module")
def copy(tiny_run, tmp_path_factory):
    return shutil.copytree(tiny_run, tmp_path_factory.mktemp("copy") / "run")


@pytest.mark.slow
def test_a_copy_changes_nothing(tiny_run, copy):
    for search in ([], ["--beam-size", 3]):
        alone = run("translate", tiny_run, *search, *TEXTS).stdout
        assert run("translate", tiny_run, "--with", copy, *search, *TEXTS).stdout == alone


@pytest.mark.slow
def test_given_translations_are_scored_together(tiny_run, copy, tiny_data):
    alone, together = (
        run("score", tiny_run, *more, "--data", tiny_data / "test", "--limit", 5).stdout.split()
        for more in ([], ["--with", copy])
    )
    assert [*map(float, together)] == pytest.approx([*map(float, alone)], abs=2e-4)


@pytest.mark.slow
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


@pytest.fixture(scope="module")
def older(tmp_path_factory):
    """A function that copies a run of `runs_of_0.1`."""
    folder = tmp_path_factory.mktemp("older")
    return lambda name: shutil.copytree(OLDER_RUNS / name, folder / name, dirs_exist_ok=True)


def test_forecasts_and_scores_with_a_copy_are_those_of_the_run(older):
    for name, command, more in (
        ("forecaster", "forecast", ["--steps", 6]),
        ("stream", "forecast", ["--steps", 3]),
        ("autoencoder", "detect", ["--threshold", "quantile=0.95"]),
    ):
        asked = [command, OLDER_RUNS / name, "--input", OLDER_RUNS / "series.csv", *more]
        alone, both = run(*asked), run(*asked, "--with", older(name))
        assert alone.stdout == both.stdout != ""


@pytest.mark.slow
def test_commands_and_python_say_the_same(days_plain, pumps_run, pumps_test, pumps_files, older, tmp_path):
    own = days_plain.run.path
    other = shutil.copytree(own, tmp_path / "other")
    made = Forecaster.load([own, other]).forecast(days_plain.read())
    lines = run("forecast", own, "--with", other).stdout.splitlines()
    assert [float(line.split(",")[1]) for line in lines[1:]] == pytest.approx(made.values[0][:, 0], abs=1e-3)
    assert "intervals are the means of 2, each of which is to hold 90%" in run("forecast", own, "--with", other).stderr

    found = detect(Reconstructor.load([pumps_run, shutil.copytree(pumps_run, tmp_path / "pumps")]), pumps_test)
    shown = run("detect", pumps_run, "--with", tmp_path / "pumps", "--input", pumps_files / "test.csv")
    scores = [float(line.split(",")[2]) for line in shown.stdout.splitlines()[1:]]
    assert scores == pytest.approx(found.scores.judged, rel=1e-5)
    assert found.rule in " ".join(shown.stderr.split())


@pytest.mark.parametrize("name, command", [("forecaster", "forecast"), ("autoencoder", "detect")])
def test_a_job_on_series_of_several_runs_is_another_one(older, tmp_path, name, command):
    shutil.copy(OLDER_RUNS / "series.csv", tmp_path / "in.csv")
    job = ["batch", command, OLDER_RUNS / name, "--input", tmp_path / "in.csv", "--output", tmp_path / "out"]
    together = [*job, "--with", older(name)]
    assert "1 output finished" in run(*together).stderr
    written = (tmp_path / "out" / "in.csv").read_text()
    assert "1 had been finished before" in run(*together).stderr
    assert "1 had been finished before" not in run(*job).stderr
    assert (tmp_path / "out" / "in.csv").read_text() == written


def test_an_ensemble_of_forecasters_is_measured_against_one_of_its_runs(days_plain, tmp_path):
    own = days_plain.run.path
    copy = shutil.copytree(own, tmp_path / "copy")
    measured = ["evaluate", own, "--backtest", 5, "--json", "-"]
    alone, together = (json.loads(run(*measured, *more).stdout) for more in ([], ["--with", copy, "--against", own]))
    assert together.pop("against")["differences"]["rmse"]["difference"] == 0
    assert len(together.pop("alone")) == 2 and not alone.pop("alone")
    assert together == alone


def test_a_run_that_was_trained_on_what_is_scored_is_named(beats_run, older, tmp_path):
    """Sequences are held out by the seed, so that another run may have learned the part of the first one."""
    copy = shutil.copytree(beats_run, tmp_path / "copy")
    shown = run("detect", beats_run, "--with", copy, "--part", "valid").stderr
    assert "".join(f"{copy}: scored are".split()) in "".join(shown.split())


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
    assert "is a run of the task 'translation'" in refused("evaluate", OLDER_RUNS / "forecaster", "--with", copy)
    assert "is a file of the run" in refused(
        "translate", tiny_run, "--with", copy, "--output", copy / "weights.npz", "a"
    )
    forecaster, detector = OLDER_RUNS / "forecaster", OLDER_RUNS / "autoencoder"
    assert "is given twice" in refused("forecast", forecaster, "--with", forecaster)
    assert "is a run of the task 'autoencoder'" in refused("forecast", forecaster, "--with", detector)
    assert "model.kind is 'stateful' in the first" in refused("forecast", forecaster, "--with", OLDER_RUNS / "stream")
    assert "--with does not go with --stream" in refused("forecast", forecaster, "--with", copy, "--stream")
    assert "no such run directory" in refused("detect", detector, "--with", tmp_path / "none")
    assert "--refit keeps what it fits in the run" in refused("detect", detector, "--with", copy, "--refit")
    assert "is given twice" in refused("export", tiny_run, "--with", tiny_run, "--output", tmp_path / "exported")
    assert "is given twice" in refused("serve", tiny_run, "--with", copy, "--with", copy, "--port", 0)
    assert "--with makes one model of several runs, and 2 are to be served" in refused(
        "serve", tiny_run, OLDER_RUNS / "translation", "--with", copy, "--port", 0
    )
    assert "is a run of the task 'translation', expected one of 'forecaster'" in refused(
        "serve", OLDER_RUNS / "forecaster", "--with", copy, "--port", 0, "--workers", 2
    )
    assert "--with is for translators, forecasters and autoencoders, and" in refused(
        "serve", OLDER_RUNS / "language-model", "--with", copy, "--port", 0, "--workers", 2
    )
