"""Training a forecaster: what it may learn from, and with which settings it goes on."""

import shutil

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.evaluation.origins import origins_of, targets_at
from seq2seq.report import Report
from seq2seq.tasks import series_split
from seq2seq.tasks.train_forecaster import train, valid_part


def test_validation_targets_are_no_training_targets(days_plain):
    parts = series_split.split(days_plain.read(), days_plain.config.data, days_plain.config.seed, Report())
    held_out = valid_part(parts, 24)
    origins = [origins_of(held_out.lengths[0], 24, 3)]
    targets = targets_at(held_out.values, origins, 3)
    np.testing.assert_array_equal(targets[0], parts.valid.values[0][:3])
    np.testing.assert_array_equal(targets[-1], parts.valid.values[0][-3:])


def test_a_run_goes_on_with_its_own_settings_only(days_plain, days_config, tmp_path):
    run = shutil.copytree(days_plain.run.path, tmp_path / "run")
    own = ["windows.look_back=24", "windows.horizon=3", "windows.batch_size=32"]
    with pytest.raises(InputError, match=r"model\.units=5 \(the run: 4\)"):
        train(days_config(*own, "model.units=5", data__columns="load,warm"), run, resume=True)
    more = days_config(*own, "training.epochs=3", data__columns="load,warm")
    assert train(more, run, resume=True)["epochs"] == 3
