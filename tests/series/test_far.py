"""Values far from all that a training has seen are told of, in whatever units it was."""

import json

import numpy as np
import pytest

from seq2seq.series.far import far_in_any, far_notes
from seq2seq.series.scaling import KINDS, Scaler

DRAW = np.random.default_rng(0)
SEEN = np.stack((DRAW.normal(50, 5, 200), np.full(200, np.nan)), axis=1)
COLUMNS = ("load", "never")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("log", [False, True])
def test_a_value_far_from_the_training_is_told_of_and_no_other(kind, log, tmp_path):
    seen, columns = (SEEN, COLUMNS) if kind == "none" else (SEEN[:, :1], COLUMNS[:1])
    Scaler.fit(kind, [seen], columns, log=log).save(tmp_path / "scaler.json")
    scaler = Scaler.load(tmp_path / "scaler.json")
    far = seen.copy()
    far[3, 0] = 1e30
    assert far_notes(seen, columns, scaler) == {}
    (note,) = far_notes(far, columns, scaler).values()
    assert note.startswith("column 'load' has the value 1e+30, far from those of the training, most of them around ")


def test_units_of_earlier_versions_know_no_values_that_they_did_not_scale(tmp_path):
    path = tmp_path / "scaler.json"
    Scaler.fit("none", [SEEN], COLUMNS).save(path)
    content = json.loads(path.read_text())
    assert content.pop("seen")
    path.write_text(json.dumps(content))
    assert far_notes(SEEN * 1e30, COLUMNS, Scaler.load(path)) == {}


def test_of_many_series_the_first_that_has_one_is_named():
    scaler, far = Scaler.fit("standard", [SEEN[:, :1]], COLUMNS[:1]), SEEN[:, :1] + 1e6
    parts = [(values, COLUMNS[:1], scaler, name) for name, values in zip("abc", (SEEN[:, :1], far, far), strict=True)]
    (note,) = far_in_any(parts)
    assert note.startswith("column 'load' of series 'b' has the value ")
