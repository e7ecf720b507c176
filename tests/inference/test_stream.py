"""A stream goes on from where it was, and from nowhere else."""

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.inference.stream import Stream
from seq2seq.storage import read_arrays, write_arrays


def test_a_state_goes_on_only_in_its_own_run(days_stateful, tmp_path):
    lines = [",".join(map(str, row)) for row in days_stateful.read().values[0][:12]]
    whole, first, second = Stream(days_stateful), Stream(days_stateful), Stream(days_stateful)
    told = [whole.read(line) for line in lines]
    for line in lines[:7]:
        first.read(line)
    first.save(tmp_path / "state.npz")
    second.load(tmp_path / "state.npz")
    np.testing.assert_allclose([second.read(line) for line in lines[7:]], told[7:], rtol=1e-5)
    assert second.steps == 12
    arrays, record = read_arrays(tmp_path / "state.npz")
    write_arrays(tmp_path / "other.npz", arrays, **{**record, "identity": "another"})
    (tmp_path / "damaged.npz").write_bytes(b"PK")
    for name, words in (("other", "of another run"), ("damaged", "damaged")):
        with pytest.raises(InputError, match=words):
            Stream(days_stateful).load(tmp_path / f"{name}.npz")


def test_bad_lines_leave_the_state(days_stateful):
    stream, clean = Stream(days_stateful), Stream(days_stateful)
    stream.read("50,15")
    for line in ("abc,15", "1,2,3", "inf,1", ""):
        with pytest.raises(InputError):
            stream.read(line)
    clean.read("50,15")
    np.testing.assert_array_equal(stream.read("51,"), clean.read("51,nan"))


def test_a_header_is_one_for_certain(days_stateful, monkeypatch):
    stream = Stream(days_stateful)
    names = stream.columns
    assert stream.is_header(",".join(names)) and stream.is_header(f"when,{names[0]}")
    monkeypatch.setattr(stream, "columns", ("0", "1"))  # as they are called without a header
    for line in ("0,1", "0", "", "1,0", "abc,1"):
        assert not stream.is_header(line), line


def test_intervals_are_as_wide_as_the_errors_of_the_next_step(days_stateful):
    stream = Stream(days_stateful, interval=0.9)
    point, low, high = np.reshape(list(map(float, stream.answer("50,15"))), (-1, 3)).T
    np.testing.assert_allclose(high - point, point - low, rtol=1e-4)
    wider = np.reshape(list(map(float, Stream(days_stateful, interval=0.95).answer("50,15"))), (-1, 3))
    assert (wider[:, 2] >= high).all()
    with pytest.raises(InputError, match=r"0\.7: .* measured for 0\.5, 0\.8"):
        Stream(days_stateful, interval=0.7)
