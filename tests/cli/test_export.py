"""`seq2seq export`: says how an export was held against its run, and in one line why there is none."""

import re

import pytest
from typer.testing import CliRunner

from seq2seq.cli import app
from seq2seq.cli import export as command
from tests.conftest import OLDER_RUNS

SERIES = str(OLDER_RUNS / "series.csv")


def test_a_folder_is_written_and_what_it_answered_is_told(tmp_path):
    output = tmp_path / "exported"
    given = ["export", str(OLDER_RUNS / "stream"), "--output", str(output), "--sample", SERIES]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 0 and (output / "run.onnx").is_file(), (result.stderr, result.exception)
    assert re.search(r"answered \d+ kinds of input as the run does: [\d,]+ answers", result.stderr)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--sample", "none.csv"], "none.csv"),
        (["--format", "pickle", "--sample", SERIES], "--format pickle: expected onnx"),
        ([], "series.csv. Give --sample FILE"),
    ],
)
def test_what_cannot_be_is_said_in_one_line_and_writes_nothing(options, message, tmp_path):
    given = ["export", str(OLDER_RUNS / "stream"), "--output", str(tmp_path / "exported"), *options]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 2 and message in result.stderr, (result.stderr, result.exception)
    assert len(result.stderr.strip().splitlines()) == 1 and not any(tmp_path.iterdir())


def test_without_onnx_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    result = CliRunner().invoke(app, ["export", str(OLDER_RUNS / "stream"), "--output", str(tmp_path / "exported")])
    assert result.exit_code == 2 and "pip install '.[onnx]'" in result.stderr


def test_evaluate_says_that_it_wants_the_run(exported):
    result = CliRunner().invoke(app, ["evaluate", str(exported("translation")), "--data", str(OLDER_RUNS / "texts")])
    assert result.exit_code == 2 and "is an exported folder, and evaluate measures runs" in result.stderr


def test_an_exported_folder_is_not_exported_again(exported, tmp_path):
    result = CliRunner().invoke(app, ["export", str(exported("translation")), "--output", str(tmp_path / "again")])
    assert result.exit_code == 2 and "is an exported folder: give the run that it is of" in result.stderr
