"""Series step by step as the lines of a table."""

import io

import numpy as np
import pytest

from seq2seq.series.figures import cell
from seq2seq.series.scaling import KINDS, Scaler
from seq2seq.series.series import Series
from seq2seq.series.table import read_series
from seq2seq.series.writing import decimals_of_each, step_lines, write_like


def test_each_step_has_its_line():
    values = [[np.array([1.0, np.nan]), np.array([3, 4])], [np.array([5.0]), np.array([6])]]
    times = [np.array(["2024-01-01", "2024-01-02"], "datetime64[ns]"), np.array(["2024-01-01T06"], "datetime64[ns]")]
    assert list(step_lines(["a", "b"], times, ["x", "y"], values, group="pump", time="when")) == [
        ["pump", "when", "x", "y"],
        ["a", "2024-01-01", "1", 3],
        ["a", "2024-01-02", "", 4],
        ["b", "2024-01-01 06:00:00", "5", 6],
    ]


def test_steps_without_times_are_counted_and_a_single_series_has_no_name():
    values = [[np.array([0.5, 0.25])]]
    assert list(step_lines([""], None, ["x"], values, first=1)) == [["step", "x"], [1, "0.5"], [2, "0.25"]]
    assert next(step_lines(["0", "1"], None, ["x"], values, unit="sample")) == ["sample", "step", "x"]


def test_cells_are_short_and_empty_where_nothing_was_observed():
    assert [cell(value) for value in (1 / 3, np.float32(0.5), np.nan, 7, "a")] == ["0.333333333", "0.5", "", 7, "a"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("by_series", [False, True])
def test_decimals_are_those_of_each_series_however_few_steps_are_written(kind, by_series, tmp_path):
    wave = np.sin(np.arange(60.0))[:, None]
    values = [1e7 + 1e-4 * wave, 5 + wave, 300 + wave]
    series = Series(values, ["x"], ["far", "near", "stuck"], None, False)
    scaler = Scaler.fit(kind, values, ["x"])
    scaler = scaler.by_series(values, series.names) if by_series else scaler
    assert decimals_of_each(scaler, series) == [[7], [None], [None]]
    path = tmp_path / "table.csv"
    path.write_text(
        "pump,x\n"
        + "".join(f"{name},{each[0]!r}\n" for name, v in zip(series.names, values, strict=True) for each in v.tolist())
    )
    buffer, read = io.BytesIO(), read_series(path, group="pump")
    write_like(path, buffer, read, read.values, decimals_of_each(scaler, read))
    written = buffer.getvalue().decode().splitlines()
    assert written[2] == "far,10000000.0000841" and written[62] == "near,5.84147098"


@pytest.mark.parametrize(("kind", "log"), [("standard", False), ("minmax", False), ("none", False), ("standard", True)])
def test_a_series_that_tells_nothing_has_the_decimals_of_the_training(kind, log):
    seen = 1e5 + 1e-4 * np.sin(np.arange(60.0))[:, None]
    flat = Series([np.full((2, 1), 1e5)], ["x"], [""], None, False)
    assert decimals_of_each(Scaler.fit(kind, [seen], ["x"], log=log), flat)[0][0] >= 7
