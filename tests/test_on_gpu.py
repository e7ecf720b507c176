"""What needs a GPU: recurrent layers on cuDNN, with the CPU's numbers, and runs that go from one to the other."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from seq2seq.device import kernels_of, use_device
from seq2seq.inference.translator import Translator
from seq2seq.models.recurrent import RecurrentStack
from seq2seq.tasks.examine_device import compare_kernel
from seq2seq.tasks.train_translation import train

PRECISIONS = ["float32", "mixed_float16", "mixed_bfloat16"]
SCRIPTS = Path(__file__).parents[1] / "scripts"
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not tf.config.list_physical_devices("GPU"), reason="TensorFlow finds no GPU: seq2seq doctor"),
]


@pytest.fixture(scope="module", autouse=True)
def as_every_command_does():
    use_device()  # float32 is float32 then


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


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_what_lay_in_memory_reaches_nothing(cell, dtype):
    stack = RecurrentStack(2, 256, cell, bidirectional=True, dtype=dtype)
    lengths = np.random.default_rng(1).integers(1, 13, 64)
    x, mask = tf.ones((64, 12, 128), stack.compute_dtype), tf.sequence_mask(lengths, 12)

    @tf.function
    def run():
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs, states = stack(x, mask=mask)
            loss = tf.add_n([tf.reduce_sum(tf.cast(part, tf.float32)) for part in (outputs, *tf.nest.flatten(states))])
        return [outputs, *tape.gradient(loss, [x, *stack.trainable_variables])]

    for _ in range(12):
        left = [tf.fill((2**size,), float("nan")) for size in range(8, 25) for _ in range(8)]
        assert np.isnan(left[-1][0])  # all have been filled
        del left
        assert all(np.isfinite(tf.cast(each, tf.float32)).all() for each in run())


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_training_ends_alike_in_every_precision(precision, tiny_config, tiny_run, tmp_path):
    train(tiny_config(f"training.precision={precision}"), tmp_path / "run")
    mine, other = (json.loads((run / "metrics.json").read_text())["val_loss"] for run in (tmp_path / "run", tiny_run))
    assert mine == pytest.approx(other, rel=0.1)
