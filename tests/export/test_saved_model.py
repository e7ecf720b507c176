"""SavedModels answer as the run does once they are loaded anew, and are no folders for the commands."""

import re
import subprocess
import sys

import pytest
import tensorflow as tf

from seq2seq.errors import InputError
from seq2seq.export import export
from seq2seq.inference.reconstructor import Reconstructor
from tests.conftest import OLDER_RUNS, slow

SIGNATURES = {
    "autoencoder": {"reconstruct", "encode"},
    "translation": {"greedy", "beam"},
    "language-model": {"write"},
    "forecaster": {"forecast"},
    "stream": {"run"},
}


@pytest.mark.parametrize("kind", [slow(each) for each in SIGNATURES])
def test_signatures_answer_as_the_run_and_the_lines_of_the_readme_run(kind, tmp_path):
    sample = OLDER_RUNS / ("texts.src" if kind in ("translation", "language-model") else "series.csv")
    held = export(OLDER_RUNS / kind, tmp_path / "served", format="saved-model", sample=str(sample))
    assert held.differences and all(each.is_small for each in held.differences)
    model = tf.saved_model.load(str(tmp_path / "served" / "model" / "1"))
    assert set(model.signatures) == SIGNATURES[kind]
    operations = {node.op for each in model.signatures.values() for node in each.graph.as_graph_def().node}
    assert not [each for each in operations if "cudnn" in each.lower()]
    (lines,) = re.findall(r"```python\n(.*?)```", (tmp_path / "served" / "README.md").read_text(), re.S)
    done = subprocess.run([sys.executable, "-c", lines], cwd=tmp_path / "served", capture_output=True, text=True)
    assert done.returncode == 0 and "(1," in done.stdout, done.stderr
    if kind == "autoencoder":
        with pytest.raises(InputError, match="is for TensorFlow Serving"):
            Reconstructor.load(tmp_path / "served")
