"""A training on a GPU, with a stand-in for cuDNN, is the one on a CPU."""

import json

import pytest
import tensorflow as tf

from seq2seq.inference.translator import Translator
from seq2seq.tasks.train_translation import train
from tests.conftest import reversal_pairs
from tests.stand_ins.graphics_card import standing_in, where_there_is_none

pytestmark = where_there_is_none


@pytest.mark.slow
def test_a_training_goes_and_ends_as_on_a_cpu(tiny_config, tmp_path, monkeypatch):
    config = tiny_config("training.ema_decay=0")  # which on a GPU is of 16 updates at once
    train(config, tmp_path / "cpu")
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", lambda gpu, on: None)
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: {"device_name": "Stand-in"})
    with standing_in() as op:
        train(config, tmp_path / "run")
        texts = [source for source, _ in reversal_pairs(20, seed=8)]
        found = Translator.load(tmp_path / "run").translate(texts)
    assert op.called
    mine, other = (json.loads((run / "metrics.json").read_text()) for run in (tmp_path / "run", tmp_path / "cpu"))
    assert mine["val_loss"] == pytest.approx(other["val_loss"], rel=1e-4)
    assert found == Translator.load(tmp_path / "run").translate(texts)
