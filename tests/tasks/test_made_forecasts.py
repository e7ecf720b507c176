"""Forecasts of an evaluation as lines and over time."""

from dataclasses import replace

import numpy as np

from seq2seq.series.clock import Clock
from seq2seq.series.scaling import Scaler
from seq2seq.series.series import Series
from seq2seq.tasks.made_forecasts import MadeForecasts


def made_of(names=("A", "B"), columns=("load", "warm"), times=True, interval=True):
    hours = np.datetime64("2024-01-01", "ns") + np.arange(10).astype("timedelta64[h]")
    values = [np.arange(20.0).reshape(10, 2)[:, : len(columns)] + 100 * k for k in range(len(names))]
    series = Series(values, columns, names, tuple(hours for _ in names) if times else None, False)
    origins = [np.arange(4, 8) for _ in names]
    actual = np.concatenate([v[o[:, None] + np.arange(3)] for v, o in zip(values, origins, strict=True)])
    ends = (actual - 1, actual + 2) if interval else (None, None)
    scaler = Scaler.fit("standard", values, columns)
    return MadeForecasts(series, columns, origins, actual, actual + 0.5, *ends, {"last value": actual - 3}, scaler)


def test_a_line_for_each_value():
    header, *lines = made_of().lines()
    assert header == [
        *("series", "origin", "time", "ahead", "column", "actual", "forecast", "low", "high", "last value")
    ]
    assert len(lines) == 2 * 4 * 3 * 2
    time = "2024-01-01 0{}:00:00".format
    assert lines[0] == ["A", time(4), time(4), 1, "load", "8", "8.5", "7", "10", "5"]
    assert lines[-1] == ["B", time(7), time(9), 3, "warm", "119", "119.5", "118", "121", "116"]
    header, *lines = made_of(("",), ("load",), times=False, interval=False).lines()
    assert header == ["origin", "step", "ahead", "actual", "forecast", "last value"]
    assert lines[4][:4] == [5, 6, 2, "12"]


def test_times_of_several_columns_come_out_in_as_many():
    made, time = made_of(("",), ("load",)), ("year", "month", "day", "hour")
    made = replace(made, series=replace(made.series, clock=Clock("%Y %m %d %H", unpadded="dmH")), time=time)
    header, first, *_ = made.lines()
    assert header[:6] == ["origin", *time, "ahead"]
    assert first[:6] == ["2024 1 1 4", "2024", "1", "1", "4", 1]


def test_the_changes_of_a_large_column_are_seen():
    made = made_of(columns=("load",))  # the one beside the other, which is as it was
    values = (1e7 + made.series.values[0] * 1e-5, made.series.values[1])
    large = np.repeat([True, False], 4)[:, None, None]
    changed = {
        name: np.where(large, 1e7 + getattr(made, name) * 1e-5, getattr(made, name)) for name in ("actual", "predicted")
    }
    made = replace(made, series=replace(made.series, values=values), **changed)
    lines = list(made.lines())
    assert lines[1][4:6] == ["10000000.00008", "10000000.000085"] and lines[-1][4:6] == ["118", "118.5"]


def test_over_time_no_step_is_there_twice():
    times, values = made_of().over_time("warm", "B")
    assert np.diff(times).min() > np.timedelta64(0) and len(times) == 6  # from the steps 4 and 7
    assert values["actual"].tolist() == [109.0, 111.0, 113.0, 115.0, 117.0, 119.0]
    assert set(values) == {"actual", "forecast", "low", "high", "last value"}
    assert made_of().measured == ["A", "B"]
    unforecast = replace(made_of(), origins=[np.arange(0), np.arange(4, 8)])
    assert unforecast.measured == ["B"]
    times, _ = made_of(times=False).over_time("load")
    assert times.tolist() == [4, 5, 6, 7, 8, 9]
    made = made_of(("",))
    apart = replace(made, origins=[np.array([0, 1, 6, 7])])  # from the steps 0 and 6
    times, values = apart.over_time("load")
    assert len(times) == 9 and np.flatnonzero(np.isnan(values["forecast"])).tolist() == [3, 4, 5]
    cut = made_of(("A", "A"))  # two stretches of one series
    times, values = cut.over_time("load")
    assert len(times) == 13 and np.flatnonzero(np.isnan(values["actual"])).tolist() == [6]
