"""A stream goes on from where it was, and from nowhere else."""

from dataclasses import replace

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.inference.stream import Stream
from seq2seq.report import Report
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


def test_cells_are_read_as_in_the_files_of_the_run(days_stateful, monkeypatch):
    def told(line, **data):
        config = replace(days_stateful.config, data=replace(days_stateful.config.data, **data))
        with monkeypatch.context() as patch:
            patch.setattr(days_stateful, "config", config)
            return Stream(days_stateful).read(line)

    missing = told("50,")
    for line, data in (("50,NA", {}), ("50, ?", {}), ("50,-200.0", {"missing_values": ("-200",)})):
        np.testing.assert_array_equal(told(line, **data), missing, line)
    np.testing.assert_array_equal(told("50,5;15", decimal=","), told("50.5,15"))
    for line in ("5_0,15", "50,1e999", f"50,{'1' * 140_000}"):
        with pytest.raises(InputError):
            told(line)


def test_no_state_runs_across_an_outage(days_stateful):
    notes = []
    report = Report()
    report.warn = notes.append
    stream, fresh = Stream(days_stateful, times=True, report=report), Stream(days_stateful)
    for hour in range(3):
        stream.answer(f"2024-01-01 0{hour}:00:00,50,15")
    after = stream.answer("2024-01-02 00:00:00,51,16")
    assert list(map(float, after[1:])) == pytest.approx(fresh.read("51,16").tolist(), rel=1e-6)
    assert len(notes) == 1 and "steps are missing between 2024-01-01 02:00:00 and 2024-01-02 00:00:00" in notes[0]


def test_times_of_several_columns_come_in_and_go_out_in_as_many(days_stateful, monkeypatch):
    data = replace(days_stateful.config.data, time=("day", "hour"), time_format="%d.%m.%Y %I:%M %p")
    monkeypatch.setattr(days_stateful, "config", replace(days_stateful.config, data=data))
    stream = Stream(days_stateful, times=True)
    assert stream.header[:2] == ["day", "hour"]
    assert stream.answer("31.12.2024, 11:00 PM,50,15")[:2] == ["01.01.2025", "12:00 AM"]
    monkeypatch.setattr(days_stateful, "config", replace(days_stateful.config, data=replace(data, thousands=False)))
    with pytest.raises(InputError, match="write 17304 or"):
        Stream(days_stateful, times=True).answer('31.12.2024,11:00 PM,"17,304",15')
