"""Series step by step as the lines of a table."""

import numpy as np

from seq2seq.series.figures import cell
from seq2seq.series.writing import step_lines


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
