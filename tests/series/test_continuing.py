"""What comes after times, with and without a rhythm that is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.errors import InputError
from seq2seq.series.clock import Clock
from seq2seq.series.continuing import continue_each, continue_times


@pytest.mark.parametrize("frequency", ["s", "5min", "h", "D", "B", "W", "MS", "ME", "QS", "YS", "36h", "14D", "2MS"])
@given(start=st.dates(pd.Timestamp("1950-01-01").date(), pd.Timestamp("2100-01-01").date()))
def test_regular_times_go_on(frequency, start):
    times = pd.date_range(start, periods=40, freq=frequency).to_numpy("datetime64[ns]")
    np.testing.assert_array_equal(continue_times(times[:30], 10), times[30:])


@pytest.mark.parametrize("frequency", ["h", "D", "MS", "ME", "YS"])
def test_two_times_are_enough(frequency):
    times = pd.date_range("2023-01-01", periods=4, freq=frequency).to_numpy("datetime64[ns]")
    np.testing.assert_array_equal(continue_times(times[:2], 2), times[2:])


def test_gaps_do_not_change_what_comes_next():
    times = np.delete(pd.date_range("2023-01-01", periods=40, freq="h").to_numpy("datetime64[ns]"), [5, 6, 38])
    np.testing.assert_array_equal(continue_times(times, 2), times[-1] + np.array([1, 2]) * np.timedelta64(1, "h"))


def test_numbers_go_on():
    np.testing.assert_allclose(continue_times(np.arange(0, 1, 0.1), 3), [1.0, 1.1, 1.2])
    with pytest.raises(InputError, match="at least 2 times, got 1"):
        continue_times(np.array([1.0]), 3)


@pytest.mark.parametrize(
    ("last", "rhythm", "following"),
    [
        ("2024-05-30", "1 month end", ["2024-06-30", "2024-07-31"]),
        ("2025-05-30", "1 month business end", ["2025-06-30", "2025-07-31"]),
        ("2024-01-31", "1 month", ["2024-02-29", "2024-03-31"]),
        ("2024-03-31", "3 months end", ["2024-06-30", "2024-09-30"]),
        ("2024-02-29", "12 months", ["2025-02-28", "2026-02-28"]),
        ("2024-06-07", "1D Mon-Fri", ["2024-06-10", "2024-06-11"]),
        ("2024-06-08", "1D Mon-Fri", ["2024-06-10", "2024-06-11"]),
        ("2024-06-07T16", "1h Mon-Fri 09:00-16:00", ["2024-06-10T09", "2024-06-10T10"]),
        ("2024-06-07T11:30", "30min Mon-Fri 09:00-11:30,13:00-15:00", ["2024-06-07T13", "2024-06-07T13:30"]),
        ("2024-06-05", "1D Mon-Thu,Sun", ["2024-06-06", "2024-06-09"]),
    ],
)
def test_a_known_rhythm_goes_on_from_one_time(last, rhythm, following):
    times = continue_times(np.array([last], "datetime64[ns]"), 2, rhythm)
    np.testing.assert_array_equal(times, np.array(following, "datetime64[ns]"))


def test_days_go_on_at_the_same_hour_where_clocks_change_and_hours_one_by_one():
    clock = Clock(time_zone="Europe/Berlin")
    before = clock.instants(np.array(["2024-03-30T06"], "datetime64[ns]"))
    days = clock.local(continue_times(before, 2, "1D", clock))
    np.testing.assert_array_equal(days, np.array(["2024-03-31T06", "2024-04-01T06"], "datetime64[ns]"))
    night = clock.instants(np.array(["2024-03-31T01"], "datetime64[ns]"))
    hours = clock.local(continue_times(night, 2, "1h", clock))
    np.testing.assert_array_equal(hours, np.array(["2024-03-31T03", "2024-03-31T04"], "datetime64[ns]"))


@pytest.mark.parametrize("rhythm", [None, "1h"])
def test_many_series_go_on_each_after_its_own_end(rhythm):
    hours = np.arange("2024-01-01", "2024-01-06", dtype="datetime64[h]").astype("datetime64[ns]")
    times = [hours[:50], hours[:60], hours[10:60], hours[:50]]
    for found, past in zip(continue_each(times, 3, rhythm), times, strict=True):
        np.testing.assert_array_equal(found, continue_times(past, 3, rhythm))
