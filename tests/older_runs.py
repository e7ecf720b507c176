"""What was asked of the runs that an earlier version trained, and that the answers are those of then.

`runs_of_0.1` holds the runs, one of each kind, without checkpoints, and in `answers` what that version wrote: to the
bit on one machine; processors differ in the last digits of numbers.
"""

import re

import numpy as np
from typer.testing import CliRunner

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


def assert_answers_as_then(app, answer, folder_of, tmp_path):
    """Give a command line, `app`, what was asked then of the run, or its export, that is in `folder_of` of its kind."""
    output, kind = tmp_path / answer, re.search(r"\{([\w-]+)\}", COMMANDS[answer])[1]
    places = {"series": OLDER_RUNS / "series.csv", "texts": OLDER_RUNS / "texts.src", "output": output}
    result = CliRunner().invoke(app, COMMANDS[answer].format(**{kind: folder_of(kind)}, **places))
    assert result.exit_code == 0, (result.stderr, result.exception)
    found = output.read_text(encoding="utf-8") if output.exists() else result.stdout
    expected = (OLDER_RUNS / "answers" / answer).read_text(encoding="utf-8")
    assert NUMBER.sub("#", found) == NUMBER.sub("#", expected)
    numbers = (np.array(NUMBER.findall(text), np.float64) for text in (found, expected))
    np.testing.assert_allclose(*numbers, rtol=1e-4, atol=2e-4)
