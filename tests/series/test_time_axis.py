"""What tells the time in a table, and what is made of rows that repeat one, come too often or are missing."""

import numpy as np
import pandas as pd
import pytest

from seq2seq.errors import InputError
from seq2seq.series.segments import segments
from seq2seq.series.table import read_series

STAMPS = pd.date_range("2023-02-27", periods=60, freq="h")
X = np.round(np.sin(np.arange(60)), 3)


@pytest.fixture
def table(tmp_path):
    def write(columns):
        pd.DataFrame(columns).to_csv(tmp_path / "t.csv", index=False)
        return tmp_path / "t.csv"

    return write


SECONDS = STAMPS.astype("datetime64[s]").astype("int64")
CLOCKS = {
    "seconds": {"timestamp": SECONDS},
    "milliseconds": {"t": SECONDS * 1000},
    "run together": {"day": STAMPS.strftime("%Y%m%d%H").astype(int)},
    "parts": {"year": STAMPS.year, "month": STAMPS.month, "day": STAMPS.day, "hour": STAMPS.hour},
    "date and time": {"Date": STAMPS.strftime("%d/%m/%Y"), "Time": STAMPS.strftime("%H.%M.%S")},
    "half days": {"Date": STAMPS.strftime("%m/%d/%Y"), "Time": STAMPS.strftime("%I:%M %p")},
    "words": {"Date": STAMPS.strftime("%d %b %Y"), "Time": STAMPS.strftime("%H:%M")},
    "named numbers": {"time": np.arange(60) * 0.25},
}


@pytest.mark.parametrize("kind", CLOCKS)
def test_a_clock_is_the_time_and_no_feature(kind, table):
    series = read_series(table({"x": X, **CLOCKS[kind]}))
    assert series.columns == ("x",) and series.reading.time == tuple(CLOCKS[kind])
    assert any("taken for the times" in note or "put together" in note for note in series.notes)
    if kind == "named numbers":
        assert series.times[0].tolist() == CLOCKS[kind]["time"].tolist() and series.reading.rhythm == "0.25"
        return
    np.testing.assert_array_equal(series.times[0], STAMPS.to_numpy("datetime64[ns]"))
    assert series.reading.rhythm == "1h"
    # Written as it came, cell by cell.
    cells = series.clock.cells(series.times[0], series.reading.time)
    assert series.clock.heading(series.reading.time) == list(CLOCKS[kind])
    rows = [list(map(str, row)) for row in pd.DataFrame(CLOCKS[kind]).itertuples(index=False)]
    assert cells == rows
    # Told again, as a run does, they are read alike from a few rows.
    few = table({name: column[40:43] for name, column in {"x": X, **CLOCKS[kind]}.items()})
    told = {"time": series.reading.time, "time_format": series.reading.time_format, "columns": series.columns}
    again = read_series(few, rhythm=series.reading.rhythm, **told)
    np.testing.assert_array_equal(again.times[0], series.times[0][40:43])


def test_columns_of_times_with_a_zone_come_back_as_they_are(table):
    columns = {"x": X, "day": STAMPS.strftime("%Y-%m-%d"), "hour": STAMPS.strftime("%H:%M UTC")}
    series = read_series(table(columns), time=["day", "hour"])
    assert series.clock.heading(["day", "hour"]) == ["day", "hour"]
    assert series.clock.cells(series.times[0][:2], ["day", "hour"]) == [["2023-02-27", f"0{h}:00 UTC"] for h in (0, 1)]


def test_what_is_chosen_stays_a_feature(table):
    path = table({"x": X, **CLOCKS["seconds"]})
    assert read_series(path, columns=["x", "timestamp"]).columns == ("x", "timestamp")
    assert read_series(path, gaps=None).columns == ("x", "timestamp")  # as in runs of earlier versions


@pytest.mark.parametrize("first", [0, 1])
def test_what_counts_the_rows_is_no_feature(first, table):
    path = table({"No": np.arange(60) + first, "x": X, "level": np.arange(60) * 2.0})
    series = read_series(path)
    assert series.columns == ("x", "level")
    assert series.notes == ("column 'No' counts the rows: no feature, unless it is chosen",)
    assert read_series(path, columns=["No"]).columns == ("No",)
    assert read_series(table({"a": np.arange(60)})).columns == ("a",)  # there is no other


@pytest.mark.parametrize(
    "other", [np.arange(60) * 5, 1.7e9 + X, np.repeat([20240101, 20240102], 30), np.full(60, 19991231), X * 4e9]
)
def test_measurements_are_no_clocks(other, table):
    series = read_series(table({"x": X, "load": other}))
    assert series.columns == ("x", "load") and series.times is None and series.reading.time == ()


def test_rows_of_one_time(table):
    path = table({"t": ["2024-01-01", "2024-01-02", "2024-01-02", "2024-01-03"], "x": [1, 2, 6, 4]})
    with pytest.raises(InputError, match=r"line 4 repeats the time 2024-01-02 of .*--duplicates first or mean"):
        read_series(path)
    for duplicates, values in (("first", [1, 2, 4]), ("mean", [1, 4, 4])):
        series = read_series(path, duplicates=duplicates)
        assert series.values[0][:, 0].tolist() == values and len(series.times[0]) == 3
        assert "1 row repeats a time" in series.notes[0]
    path = table({"t": ["2024-01-01", "2024-01-03", "2024-01-03", "2024-01-02"], "x": [1, 2, 6, 4]})
    with pytest.raises(InputError, match="sort the rows by time"):  # nothing is sorted on the quiet
        read_series(path, duplicates="first")


def test_means_over_a_step(table):
    minutes = pd.date_range("2024-01-01 00:00", periods=240, freq="min")
    minutes = minutes.delete(range(60, 120))
    values = np.arange(240.0)[np.r_[0:60, 120:240]]
    series = read_series(table({"t": minutes, "x": values}), step="1h")
    assert series.values[0][:, 0].tolist() == [29.5, 149.5, 209.5]
    assert series.clock.texts(series.times[0]) == [f"2024-01-01 0{hour}:00:00" for hour in (0, 2, 3)]
    assert segments(read_series(table({"t": minutes, "x": values}))).lengths.tolist() == [60, 120]
    days = pd.date_range("2024-03-30", periods=72, freq="h", tz="Europe/Berlin")
    path = table({"t": [day.isoformat() for day in days], "x": np.arange(72.0)})
    daily = read_series(path, step="1D", time_zone="Europe/Berlin")
    assert daily.reading.rhythm == "1D"
    assert daily.clock.texts(daily.times[0])[:2] == ["2024-03-30T00:00:00+01:00", "2024-03-31T00:00:00+01:00"]
    numbers = read_series(table({"time": np.arange(0, 5, 0.25), "x": np.arange(20.0)}), time="time", step="1")
    assert numbers.values[0][:, 0].tolist() == [1.5, 5.5, 9.5, 13.5, 17.5]
    for bad in ("often", "0", "-1h"):
        with pytest.raises(InputError, match=r"step='.*expected a length of time, such as 15min"):
            read_series(path, step=bad)


def test_weeks_begin_on_monday_and_ends_that_are_not_whole_are_told(table):
    days = pd.date_range("2024-01-04", periods=30)  # a Thursday
    series = read_series(table({"t": days, "x": np.arange(30.0)}), step="7D")
    assert series.clock.texts(series.times[0])[:2] == ["2024-01-01", "2024-01-08"]
    assert series.values[0][:2, 0].tolist() == [1.5, 7]
    (note,) = series.notes
    assert note.startswith(
        "2 steps at the ends of the data not whole: that from 2024-01-01 is a mean of 4 rows where 7"
    )
    whole = read_series(table({"t": days[4:25], "x": np.arange(21.0)}), step="7D")
    assert whole.lengths.tolist() == [3] and not whole.notes


def test_no_line_is_drawn_across_a_gap(table):
    days = pd.to_datetime([f"2024-01-{day:02d}" for day in (1, 2, 3, 4, 11, 12, 13, 14, 20)])
    empty = np.nan
    path = table({"t": days, "x": [1, empty, 3, empty, empty, empty, 7, 8, empty], "y": np.arange(9.0)})
    series = read_series(path, missing="interpolate")
    assert series.values[0][:, 0].tolist() == [1, 2, 3, 3, 7, 7, 7, 8, 8]
    assert "1 stretch between gaps has no value of some column" in series.notes[-1]
    # Earlier runs took steps as equal.
    assert read_series(path, missing="interpolate", gaps=None).values[0][3:6, 0].tolist() == [4, 5, 6]


@pytest.mark.parametrize(("bad", "what"), [(0, "repeats the time"), (-30, "before")])
def test_unix_time_with_one_bad_row_is_the_time(bad, what, table):
    times = SECONDS.to_numpy().copy()
    times[20] = times[19] + bad
    with pytest.raises(InputError, match=what):
        read_series(table({"timestamp": times, "x": X}))


def test_gaps_are_filled_with_missing_values(table):
    kept = np.delete(np.arange(60), [5, 6, 30])
    path = table({"t": STAMPS[kept], "x": X[kept]})
    series = read_series(path, gaps="fill", missing="mask")
    np.testing.assert_array_equal(series.times[0], STAMPS.to_numpy("datetime64[ns]"))
    assert np.flatnonzero(np.isnan(series.values[0][:, 0])).tolist() == [5, 6, 30]
    assert segments(series) is series
    assert "2 gaps in time, the first from 2023-02-27 04:00:00 to 2023-02-27 07:00:00" in series.notes[-1]
    between = read_series(path, gaps="fill", missing="interpolate").values[0][4:8, 0]
    np.testing.assert_allclose(np.diff(between, 2), 0, atol=1e-12)
    with pytest.raises(InputError, match=r"--gaps fill.*--missing interpolate or --missing mask"):
        read_series(path, gaps="fill")


def test_a_rhythm_that_is_told_decides_what_a_gap_is(table):
    path = table({"t": pd.to_datetime(["2024-06-06", "2024-06-07", "2024-06-10"]), "x": [1, 2, 3]})
    assert segments(read_series(path, rhythm="1D Mon-Fri")).lengths.tolist() == [3]
    assert segments(read_series(path, rhythm="1D")).lengths.tolist() == [2, 1]
    with pytest.raises(InputError, match=r"have the rhythm 0\.5, but these are dates"):
        read_series(path, rhythm="0.5")
    (note,) = read_series(table({"t": STAMPS[::2], "x": X[::2]}), rhythm="1h").notes[:1]
    assert "most rows are 2 steps of 1h apart" in note
