"""`seq2seq-run` answers as `seq2seq` does: exported folders of older runs give what these gave then."""

import re

import numpy as np
import pytest
from typer.testing import CliRunner

from seq2seq.cli.runtime import app
from tests.conftest import OLDER_RUNS

NUMBER = re.compile(r"-?\d+\.\d+(?:e[-+]\d+)?")
COMMANDS = {
    "translation-greedy.txt": "translate {translation} --input {texts} --scores",
    "translation-beam.txt": "translate {translation} --input {texts} --beam-size 4 --n-best 2",
    "characters-greedy.txt": "translate {characters} --input {texts} --scores",
    "characters-sampled.txt": "translate {characters} --input {texts} --temperature 0.8 --seed 3",
    "language-model.txt": "generate {language-model} --prompt 'a b c' --length 40",
    "language-model-sampled.txt": "generate {language-model} --prompt 'a b c' --length 40 --temperature 0.8 --seed 3",
    "autoencoder-reconstructed.csv": "reconstruct {autoencoder} --input {series} --output {output}",
    "autoencoder-detected.csv": "detect {autoencoder} --input {series}",
    "forecaster.csv": "forecast {forecaster} --input {series} --steps 10",
    "stream.csv": "forecast {stream} --input {series} --steps 6",
}


@pytest.mark.parametrize("answer", COMMANDS)
def test_an_export_answers_as_the_run_did(answer, exported, tmp_path):
    output = tmp_path / answer
    kind = re.search(r"\{([\w-]+)\}", COMMANDS[answer])[1]
    places = {kind: exported(kind), "series": OLDER_RUNS / "series.csv", "output": output}
    places["texts"] = OLDER_RUNS / "texts.src"
    result = CliRunner().invoke(app, COMMANDS[answer].format(**places))
    assert result.exit_code == 0, (result.stderr, result.exception)
    found = output.read_text(encoding="utf-8") if output.exists() else result.stdout
    expected = (OLDER_RUNS / "answers" / answer).read_text(encoding="utf-8")
    assert NUMBER.sub("#", found) == NUMBER.sub("#", expected)
    numbers = (np.array(NUMBER.findall(text), np.float64) for text in (found, expected))
    np.testing.assert_allclose(*numbers, rtol=1e-4, atol=2e-4)


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
