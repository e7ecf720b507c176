"""Runs that an earlier version trained, one of each kind, load and answer as they did then."""

import pytest
from typer.testing import CliRunner

from seq2seq.cli import app
from tests.conftest import OLDER_RUNS
from tests.older_runs import COMMANDS, assert_answers_as_then


@pytest.mark.parametrize("answer", COMMANDS)
def test_a_run_of_the_version_before_answers_as_it_did(answer, tmp_path):
    assert_answers_as_then(app, answer, lambda kind: OLDER_RUNS / kind, tmp_path)


def test_events_of_a_run_of_the_version_before_say_how_to_learn_when_they_were_known(tmp_path):
    command = ["detect", OLDER_RUNS / "autoencoder", "--input", OLDER_RUNS / "series.csv"]
    given = ["--threshold", "quantile=0.5", "--events", tmp_path / "events.csv"]
    result = CliRunner().invoke(app, list(map(str, [*command, *given])))
    assert result.exit_code == 0 and "known is left empty, and its lead" in result.stderr
    assert "detect --refit fits one" in result.stderr and "as the data came in" not in result.stderr
    lines = (tmp_path / "events.csv").read_text().splitlines()
    assert lines[0].endswith(",known_at") and len(lines) > 1 and all(line.endswith(",") for line in lines[1:])
