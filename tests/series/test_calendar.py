import numpy as np
import pandas as pd
import pytest

from seq2seq.errors import InputError
from seq2seq.series.calendar import calendar_columns, calendar_features

EVERY = ["hour", "weekday", "month", "day_of_year"]


def dates(*texts):
    return np.array(texts, "datetime64[ns]")


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
