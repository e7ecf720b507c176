"""What the README of an exported folder says, beside the lines that run, see `test_folder` of the runtime."""

import re

import numpy as np
import pytest

from seq2seq.config import ForecasterConfig, resolve
from seq2seq.export.readme import readme
from seq2seq.export.signature import Signature
from seq2seq.inference.calibration import Calibration


@pytest.mark.parametrize("scaled_ends", [True, False])
def test_its_lines_make_the_intervals_of_the_run(scaled_ends, tmp_path, monkeypatch):
    draw = np.random.default_rng(0)
    outputs = np.sort(draw.normal(size=(500, 4, 2, 3)).astype(np.float32))
    actual = draw.normal(size=(500, 4, 2)).astype(np.float32)
    if scaled_ends:
        calibration = Calibration.of_quantiles(outputs, actual, 0.9)
    else:  # as runs of earlier versions have it, which hold no factors
        calibration = Calibration.of_errors(outputs[..., 1], actual, 0.9)
    arrays = {name: value for name, value in vars(calibration).items() if len(value)}
    np.savez(tmp_path / "calibration.npz", **arrays)
    config = resolve(ForecasterConfig, windows__look_back=12, windows__horizon=4, model__interval=0.9)
    written = readme("forecaster", config, {"forecast": Signature([], [])}, "onnx", ["run"])
    (_, lines) = re.findall(r"```python\n(.*?)```", written, re.S)
    names = {"np": np, "answers": {"forecast": outputs}}
    monkeypatch.chdir(tmp_path)
    exec(lines[lines.index("# The ends of an interval that held 90%") :], names)
    np.testing.assert_allclose((names["low"], names["high"]), calibration.ends(outputs, 0.9), rtol=1e-5)
