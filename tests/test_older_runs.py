"""Runs that an earlier version trained, one of each kind, load and answer as they did then.

`runs_of_0.1` holds them without checkpoints, what they were asked, and in `answers` what that version wrote: to the bit
on one machine; processors differ in the last digits of numbers.
"""

import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from seq2seq.cli import app

FOLDER = Path(__file__).parent / "runs_of_0.1"
NUMBER = re.compile(r"-?\d+\.\d+(?:e[-+]\d+)?")
COMMANDS = {
    "translation-greedy.txt": "translate {}/translation --input {}/texts.src --scores",
    "translation-beam.txt": "translate {}/translation --input {}/texts.src --beam-size 4 --n-best 2",
    "characters-greedy.txt": "translate {}/characters --input {}/texts.src --scores",
    "characters-sampled.txt": "translate {}/characters --input {}/texts.src --temperature 0.8 --seed 3",
    "autoencoder-reconstructed.csv": "reconstruct {}/autoencoder --input {}/series.csv --output {output}",
    "autoencoder-detected.csv": "detect {}/autoencoder --input {}/series.csv",
    "forecaster.csv": "forecast {}/forecaster --input {}/series.csv --steps 10",
    "stream.csv": "forecast {}/stream --input {}/series.csv --steps 6",
    "language-model.txt": "generate {}/language-model --prompt 'a b c' --length 40",
    "language-model-sampled.txt": "generate {}/language-model --prompt 'a b c' --length 40 --temperature 0.8 --seed 3",
}


@pytest.mark.parametrize("answer", COMMANDS)
def test_a_run_of_the_version_before_answers_as_it_did(answer, tmp_path):
    output = tmp_path / answer
    command = COMMANDS[answer].replace("{}", str(FOLDER)).replace("{output}", str(output))
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, (result.stderr, result.exception)
    found = output.read_text(encoding="utf-8") if output.exists() else result.stdout
    expected = (FOLDER / "answers" / answer).read_text(encoding="utf-8")
    assert NUMBER.sub("#", found) == NUMBER.sub("#", expected)
    numbers = (np.array(NUMBER.findall(text), np.float64) for text in (found, expected))
    np.testing.assert_allclose(*numbers, rtol=1e-4, atol=2e-4)


def test_events_of_a_run_of_the_version_before_say_how_to_learn_when_they_were_known(tmp_path):
    command = ["detect", FOLDER / "autoencoder", "--input", FOLDER / "series.csv", "--threshold", "quantile=0.5"]
    result = CliRunner().invoke(app, [*map(str, command), "--events", str(tmp_path / "events.csv")])
    assert result.exit_code == 0 and "known is left empty, and its lead" in result.stderr
    assert "detect --refit fits one" in result.stderr and "as the data came in" not in result.stderr
    lines = (tmp_path / "events.csv").read_text().splitlines()
    assert lines[0].endswith(",known_at") and len(lines) > 1 and all(line.endswith(",") for line in lines[1:])
