"""What needs a GPU: recurrent layers on cuDNN, with the CPU's numbers, and runs that go from one to the other."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from seq2seq.device import kernels_of
from seq2seq.inference.translator import Translator
from seq2seq.tasks.examine_device import compare_kernel

SCRIPTS = Path(__file__).parents[1] / "scripts"
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not tf.config.list_physical_devices("GPU"), reason="TensorFlow finds no GPU: seq2seq doctor"),
]


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_recurrent_layer_is_cudnn_with_the_numbers_of_the_cpu(cell):
    found = compare_kernel(cell)
    assert found.runs_as == "on cuDNN" and found.is_right


def test_a_run_trained_here_is_on_cudnn_and_answers_alike_on_a_cpu(tiny_run, tiny_data):
    translator = Translator.load(tiny_run)
    assert kernels_of(translator.model) == ", recurrent layers on cuDNN"
    here = translator.translate((tiny_data / "test.src").read_text().splitlines()[:50])
    command = [sys.executable, str(SCRIPTS / "translate.py"), str(tiny_run), "--input", str(tiny_data / "test.src")]
    done = subprocess.run(command, env=os.environ | {"CUDA_VISIBLE_DEVICES": "-1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    there = done.stdout.splitlines()[:50]
    assert sum(map(str.__eq__, here, there)) >= 48  # another order of sums may decide between two equal tokens
