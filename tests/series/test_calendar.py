import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.errors import InputError
from seq2seq.series.calendar import (
    calendar_columns,
    calendar_features,
    check_order,
    continue_times,
    find_gaps,
    looks_like_time,
    parse_times,
    time_text,
    time_texts,
)

EVERY = ["hour", "weekday", "month", "day_of_year"]


def dates(*texts):
    return np.array(texts, "datetime64[ns]")


def row(label):
    return f"F, line {label + 2}"


# --- features


def test_features_lie_on_circles_and_have_names():
    times = pd.date_range("2019-12-01 03:20", periods=500, freq="7h").to_numpy("datetime64[ns]")
    features = calendar_features(times, EVERY)
    assert features.shape == (500, len(calendar_columns(EVERY)))
    np.testing.assert_allclose(features[:, ::2] ** 2 + features[:, 1::2] ** 2, 1)
    chosen = calendar_features(times, ["month", "hour"])
    np.testing.assert_array_equal(chosen, features[:, [4, 5, 0, 1]])


@pytest.mark.parametrize(
    ("name", "period"),
    [("hour", pd.Timedelta("1D")), ("weekday", pd.Timedelta("7D")), ("month", pd.DateOffset(years=1))],
)
def test_features_come_back_after_their_period_and_not_before(name, period):
    start = pd.Timestamp("2021-03-01 05:30")
    now, again = (calendar_features(dates(time), [name]) for time in (start, start + period))
    np.testing.assert_allclose(now, again)
    half = calendar_features(
        dates(start + pd.Timedelta(hours={"hour": 12, "weekday": 84, "month": 4400}[name])), [name]
    )
    assert np.abs(now - half).max() > 0.5


def test_the_end_of_a_year_is_beside_its_start():
    end, start, summer = calendar_features(dates("2024-12-31", "2025-01-01", "2025-07-01"), ["day_of_year"])
    assert np.abs(end - start).max() < 0.02 < np.abs(summer - start).max()


def test_no_features_are_no_columns():
    assert calendar_features(np.arange(3.0), []).shape == (3, 0)


def test_bad_features():
    with pytest.raises(InputError, match=r"'hours'.*hour, weekday"):
        calendar_columns(["hours"])
    with pytest.raises(InputError, match="times of these series are numbers"):
        calendar_features(np.arange(3.0), ["hour"])


# --- what comes next


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


# --- order and gaps


def test_gaps_are_the_steps_left_out():
    for times in (
        pd.date_range("2020-01-01", periods=50, freq="h").to_numpy("datetime64[ns]"),
        pd.date_range("2020-01-01", periods=50, freq="MS").to_numpy("datetime64[ns]"),
        pd.date_range("2020-01-31", periods=50, freq="ME").to_numpy("datetime64[ns]"),
        pd.date_range("2020-01-01", periods=50, freq="YS").to_numpy("datetime64[ns]"),
        np.arange(50) * 0.1,
    ):
        assert find_gaps(times)[0].size == 0
        assert find_gaps(np.delete(times, [10, 11, 30]))[0].tolist() == [10, 28]
        assert find_gaps(times[:2])[0].size == 0


def test_the_usual_step_is_named():
    assert find_gaps(dates("2020-01-01", "2020-02-01", "2020-03-01"))[1] == "1 month"
    assert find_gaps(dates("2020-01-01", "2020-01-02", "2020-01-03"))[1] == "1 days"
    assert find_gaps(dates("2020-01-01T00", "2020-01-01T01", "2020-01-01T02"))[1] == "01:00:00"


def test_order():
    check_order(dates("2020-01-01", "2020-01-02"), row)
    check_order(np.zeros(0), row)
    with pytest.raises(InputError, match=r"^F, line 4 has the time 2020-01-02, before 2020-01-03 of.*sort the rows"):
        check_order(dates("2020-01-01", "2020-01-03", "2020-01-02"), row)
    with pytest.raises(InputError, match=r"^F, line 4 repeats the time 2 of F, line 3, as 1 rows.*one row per time"):
        check_order(np.array([1.0, 2.0, 2.0, 3.0]), row)
    with pytest.raises(
        InputError, match=r"^F, line 5 repeats the time 1 of F, line 2, as 3 rows"
    ):  # sorting is no cure
        check_order(np.array([1.0, 2.0, 3.0, 1.0, 2.0, 3.0]), row)


# --- writing


@pytest.mark.parametrize(
    ("times", "texts"),
    [
        (dates("2020-01-01", "2020-01-02"), ["2020-01-01", "2020-01-02"]),
        (dates("2020-01-01T00", "2020-01-01T12"), ["2020-01-01 00:00:00", "2020-01-01 12:00:00"]),
        (dates("2020-01-01T00:00:00.5", "2020-01-01T00:00:01"), ["2020-01-01 00:00:00.500", "2020-01-01 00:00:01.000"]),
        (np.array([0.25, 1e6, 1234567.0]), ["0.25", "1000000", "1234567"]),
    ],
)
def test_times_are_written_as_finely_as_they_differ(times, texts):
    assert time_texts(times) == texts
    if times.dtype.kind == "M":
        read = parse_times(pd.Series(texts), row)
        np.testing.assert_array_equal(read, times)


def test_one_time_is_written_as_many_are():
    assert time_text(np.datetime64("2020-01-01T06", "ns")) == "2020-01-01 06:00:00"
    assert time_text(dates("2020-01-01")[0]) == "2020-01-01"
    assert time_text(12) == "12"


# --- reading


@pytest.mark.parametrize(
    "texts",
    [
        ["2016-07-01 13:00:00", "2016-07-02 14:00:00"],
        ["2016-07-01T13:00:00Z", "2016-07-02T16:00:00+02:00"],
        ["2016-07-01 13:00", "2016-07-02 14:00:00.000"],
        ["07/01/2016 13:00", "07/02/2016 14:00"],
        ["Jul 1, 2016 13:00", "Jul 2, 2016 14:00"],
    ],
)
def test_forms_of_dates(texts):
    times = parse_times(pd.Series(texts, name="t"), row)
    assert times.dtype == "datetime64[ns]"
    np.testing.assert_array_equal(times, dates("2016-07-01T13", "2016-07-02T14"))
    assert all(map(looks_like_time, texts))


def test_months_and_days_first():
    np.testing.assert_array_equal(
        parse_times(pd.Series(["1749-01", "1749-02"]), row), dates("1749-01-01", "1749-02-01")
    )
    days = pd.Series(["01/02/2016", "13/02/2016"])
    np.testing.assert_array_equal(parse_times(days, row), dates("2016-02-01", "2016-02-13"))


def test_numbers_stay_numbers():
    times = parse_times(pd.Series([1, 2, 4]), row)
    assert times.dtype == np.float64 and times.tolist() == [1, 2, 4]
    assert not any(map(looks_like_time, ["2016", "1-01", "12.5", "tank 2016", "", "01/02/03"]))


@pytest.mark.parametrize("bad", ["noon", "1-01", "", None, "2016-13-45"])
def test_bad_times(bad):
    with pytest.raises(InputError, match=r"^F, line 3 has .* in column 't'"):
        parse_times(pd.Series(["2016-07-01", bad], name="t"), row)


def test_bad_numbers_and_far_years():
    with pytest.raises(InputError, match=r"^F, line 3 has no time"):
        parse_times(pd.Series([1.0, np.nan], name="t"), row)
    with pytest.raises(InputError, match="give the times as numbers"):
        parse_times(pd.Series(["0900-01-01", "0900-01-02"], name="t"), row)
