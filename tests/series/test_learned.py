"""Which rows a training has learned from."""

import numpy as np
import pytest

from seq2seq.series import learned as module
from seq2seq.series.learned import LearnedRows
from seq2seq.series.series import Series

HOURS = np.datetime64("2024-01-01T00", "ns") + np.arange(10) * np.timedelta64(1, "h")


def series(whole=False, shift=0.0, **times):
    """Series whose values are told by their times."""
    values = [shift + np.stack([each.astype(float) / 3.6e12, np.ones(len(each))], axis=1) for each in times.values()]
    return Series(values, ["x", "y"], list(times), tuple(times.values()), whole)


def told(learned, given):
    note = learned.note(given, [slice(None)] * len(given.values), "steps", "judge it by later ones")
    return note and note.split(" are of rows")[0]


@pytest.mark.parametrize("kept", [1000, 3])
def test_rows_that_were_learned_from_are_told_by_series_time_and_value(tmp_path, monkeypatch, kept):
    monkeypatch.setattr(module, "KEPT", kept)
    parts = series(a=HOURS[:4], b=HOURS[4:6]), series(a=HOURS[4:6], b=HOURS[6:7])
    LearnedRows.of(*parts).save(tmp_path / "learned.npz")
    learned = LearnedRows.load(tmp_path / "learned.npz")
    assert told(learned, series(a=HOURS)) == "6 of 10 steps"
    assert told(learned, series(a=HOURS, b=HOURS, c=HOURS)) == "9 of 30 steps"
    assert told(learned, series(a=HOURS[6:], c=HOURS)) is None
    assert told(learned, series(a=HOURS, shift=0.5)) is None  # other data of the same time
    assert told(LearnedRows.load(tmp_path / "none.npz"), series(a=HOURS)) is None


def test_where_no_date_tells_which_rows_they_are_nothing_is_told(tmp_path):
    counted = {"a": np.arange(10.0)}
    for given in (series(**counted), series(whole=True, a=HOURS)):
        LearnedRows.of(given).save(tmp_path / "learned.npz")
        assert not LearnedRows.load(tmp_path / "learned.npz").rows
    learned = LearnedRows.of(series(a=HOURS))
    assert told(learned, series(**counted)) is None
    assert told(learned, Series([np.zeros((9, 2))], ["x", "y"], ["a"], None, False)) is None
