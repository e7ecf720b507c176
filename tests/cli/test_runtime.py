"""`seq2seq-run` answers as `seq2seq` does: exported folders of older runs give what these gave then."""

import re

import pytest
from typer.testing import CliRunner

from seq2seq.cli.runtime import app
from tests.conftest import OLDER_RUNS
from tests.older_runs import COMMANDS, assert_answers_as_then


@pytest.mark.parametrize("answer", COMMANDS)
def test_an_export_answers_as_the_run_did(answer, exported, tmp_path):
    assert_answers_as_then(app, answer, exported, tmp_path)


def test_a_stream_goes_on_in_another_process_where_it_stopped(exported, tmp_path):
    lines = [line.partition(",")[2] for line in (OLDER_RUNS / "series.csv").read_text().splitlines()[1:7]]
    command = ["forecast", str(exported("stream")), "--stream", "--state"]
    whole = CliRunner().invoke(app, [*command, str(tmp_path / "whole.npz")], input="\n".join(lines))
    assert whole.exit_code == 0, (whole.stderr, whole.exception)
    parts = [
        CliRunner().invoke(app, [*command, str(tmp_path / "state.npz")], input="\n".join(part)).stdout
        for part in (lines[:3], lines[3:])
    ]
    assert "".join(parts) == whole.stdout and len(whole.stdout.splitlines()) == 6


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("reconstruct {run} --input x.csv --output y.csv", "is a run, not an exported folder"),
        ("detect {empty} --input x.csv", "is no exported folder"),
        ("detect {exported} --refit", "--refit keeps what it fits in the run"),
        ("detect {exported}", "cannot be read|no such file|there is no|has changed"),
        ("forecast {exported} --input x.csv", "expected one of 'forecaster'"),
        ("reconstruct {exported} --input {series} --output {exported}/manifest.csv", "is a file of the run"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(command, message, exported, tmp_path):
    places = {"run": OLDER_RUNS / "autoencoder", "empty": tmp_path, "exported": exported("autoencoder")}
    result = CliRunner().invoke(app, command.format(**places, series=OLDER_RUNS / "series.csv"))
    assert result.exit_code == 2 and re.search(message, result.stderr), (result.stderr, result.exception)
    assert len(result.stderr.strip().splitlines()) == 1
