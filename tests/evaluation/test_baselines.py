import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.evaluation.baselines import (
    baselines,
    drift,
    last_value,
    rolling,
    rolling_each,
    seasonal_growth,
    seasonal_naive,
)
from seq2seq.evaluation.forecasting import forecast_scores

NAN = np.nan
DAILY = np.tile([[1.0, 10.0], [3.0, 20.0], [2.0, 60.0]], (4, 1))


def column(*values):
    return np.array(values, dtype=float)[:, None]


@pytest.mark.parametrize("horizon", [1, 2, 7])
@pytest.mark.parametrize("name", baselines(season=3))
def test_every_baseline_continues_each_feature_by_itself(name, horizon):
    forecast = baselines(season=3)[name]
    both = forecast(DAILY, horizon)
    assert both.shape == (horizon, 2)
    np.testing.assert_allclose(both[:, 1:], forecast(DAILY[:, 1:], horizon))


@pytest.mark.parametrize("name", [name for name in baselines(season=3) if name.startswith("seasonal")])
def test_the_seasonal_ones_are_perfect_on_a_repeated_season(name):
    np.testing.assert_allclose(baselines(season=3)[name](DAILY, 8), np.concatenate([DAILY, DAILY])[:8])


def test_a_season_continues_where_the_history_ends():
    assert seasonal_naive(DAILY[:-1], 4, season=3)[:, 0].tolist() == [2.0, 1.0, 3.0, 2.0]


def test_drift_is_perfect_on_a_line_and_last_value_stays():
    line = 5.0 - 2.0 * np.arange(10.0)[:, None]
    np.testing.assert_allclose(drift(line[:6], 4), line[6:])
    assert last_value(line[:6], 3).tolist() == [[-5.0]] * 3


@pytest.mark.parametrize("over", [None, 1, 2])
def test_growth_is_perfect_where_every_season_is_a_multiple_of_the_one_before(over):
    values = np.concatenate([DAILY[:3] * 1.5**year for year in range(5)])
    np.testing.assert_allclose(seasonal_growth(values[:8], 7, season=3, over=over), values[8:15])


@pytest.mark.parametrize("history", [column(0, 0, 4, 5), column(-1, -2, 4, 5), column(4, 5, 0, 0)])
def test_growth_from_or_to_nothing_repeats_the_season(history):
    assert seasonal_growth(history, 2, season=2).tolist() == history[-2:].tolist()


@pytest.mark.parametrize("over", [None, 1])
@pytest.mark.parametrize("level", [0.0, 1e-12, 0.05])
def test_no_growth_is_told_from_values_near_0(over, level):
    days = np.tile(level + np.sin(np.arange(24) * np.pi / 12), 3)[:, None]
    days[30:] *= 1.1
    for end in range(50, 72):
        forecast = seasonal_growth(days[:end], 24, season=24, over=over)
        assert np.abs(forecast).max() <= 10 * np.abs(days).max() and np.isfinite(forecast).all()


def test_however_much_a_season_is_above_the_last_growth_is_seen():
    seasons = np.outer([1.0, 50.0, 2500.0], [3.0, 2.0, 4.0]).reshape(-1, 1)
    np.testing.assert_allclose(seasonal_growth(seasons[:6], 3, season=3), seasons[6:])
    assert not np.isfinite(seasonal_growth(seasons[:6], 900, season=3)).all()  # beyond what floats hold, in silence


def test_what_was_not_observed_is_taken_from_before():
    assert last_value(column(1, 2, NAN, NAN), 1).item() == 2
    assert seasonal_naive(column(1, 2, 3, NAN), 2, season=2)[:, 0].tolist() == [3, 2]
    assert drift(column(NAN, 1, 2, NAN), 2)[:, 0].tolist() == [4, 5]
    assert seasonal_growth(column(10, 50, 20, NAN), 2, season=2)[:, 0].tolist() == [40, 100]
    for forecast in baselines(season=2).values():
        assert np.isnan(forecast(np.full((4, 1), NAN), 2)).all()


def test_only_those_that_the_season_and_the_history_allow():
    assert list(baselines()) == list(baselines(season=1)) == ["last value", "drift"]
    assert list(baselines(season=3, grows=False)) == ["last value", "drift", "seasonal naive"]
    for steps in range(1, 30):
        for forecast in baselines(season=12, steps=steps).values():
            assert forecast(np.ones((steps, 1)), 3).shape == (3, 1)
    assert baselines(season=12, steps=24).keys() == baselines(season=12).keys()


def test_rolling_sees_only_what_came_before():
    values = np.arange(20.0)[:, None] ** 2
    changed = values.copy()
    changed[12:] = 1e9
    origins = [6, 9, 12]
    for forecast in baselines(season=3).values():
        forecasts = rolling(forecast, values, origins, 4)
        np.testing.assert_array_equal(forecasts, rolling(forecast, changed, origins, 4))
        np.testing.assert_array_equal(forecasts[1], forecast(values[:9], 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: last_value(np.ones(3), 1), r"shape \(3,\)"),
        (lambda: last_value(np.ones((0, 1)), 1), "0 steps"),
        (lambda: last_value(np.ones((3, 1)), 0), "horizon is 0"),
        (lambda: seasonal_naive(np.ones((3, 1)), 1, season=4), "needs 4"),
        (lambda: seasonal_naive(np.ones((3, 1)), 1, season=0), "season is 0"),
        (lambda: seasonal_growth(np.ones((5, 1)), 1, season=3), "needs 6"),
        (lambda: seasonal_growth(np.ones((9, 1)), 1, season=3, over=4), "1 to 3"),
        (lambda: rolling(last_value, np.ones((3, 1)), [1, 0], 1), "Origin 0"),
        (lambda: rolling(last_value, np.ones((3, 1)), [4], 1), "Origin 4"),
    ],
)
def test_what_cannot_be_used_is_said(call, message):
    with pytest.raises(InputError, match=message):
        call()


def score(metric, forecast, values, origins, horizon, scale=None):
    actual = np.stack([values[origin : origin + horizon] for origin in origins])
    return forecast_scores(actual, rolling(forecast, values, origins, horizon), scale)[metric]


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "rmse"), [("last value", 48.66), ("seasonal naive", 42.32), ("seasonal × latest growth", 15.94)]
)
def test_airline_passengers_as_published(real_data, name, rmse):
    path = real_data / "numeric/airline-passengers.csv"
    values = np.loadtxt(path, delimiter=",", skiprows=1, usecols=1)[:, None]
    # The tutorials' test part, the last 48 months, less one at each end.
    assert score("rmse", baselines(12)[name], values, range(97, 143), 1) == pytest.approx(rmse, abs=0.01)


@pytest.mark.real_data
def test_shampoo_as_published(real_data):
    values = np.loadtxt(real_data / "numeric/shampoo.csv", delimiter=",", skiprows=1, usecols=1)[:, None]
    assert score("rmse", last_value, values, range(24, 36), 1) == pytest.approx(136.76, abs=0.01)


@pytest.mark.real_data
def test_household_power_as_published(real_data):
    path = real_data / "numeric/household_power_days.csv"
    values = np.loadtxt(path, delimiter=",", skiprows=1, usecols=1)[:, None]
    weeks = range(len(values) - 328, len(values) - 6, 7)
    assert len(weeks) == 46
    assert score("rmse", baselines(364)["seasonal naive"], values, weeks, 7) == pytest.approx(465.29, abs=0.01)


@pytest.mark.real_data
@pytest.mark.parametrize(("horizon", "mse"), [(24, 0.424), (48, 0.465), (168, 0.571), (336, 0.650), (720, 0.655)])
def test_etth1_as_published(real_data, horizon, mse):
    values = np.loadtxt(real_data / "numeric/ETTh1.csv.gz", delimiter=",", skiprows=1, usecols=range(1, 8))
    month = 30 * 24
    origins = range(16 * month, 20 * month - horizon + 1)
    deviation = values[: 12 * month].std(axis=0)
    assert score("mse", baselines(24)["seasonal naive"], values, origins, horizon, deviation) == pytest.approx(
        mse, abs=6e-4
    )


@pytest.mark.real_data
@pytest.mark.parametrize(("horizon", "rse"), [(3, 0.0171), (6, 0.0238), (12, 0.0329), (24, 0.0434)])
def test_exchange_rate_as_published(real_data, horizon, rse):
    values = np.loadtxt(real_data / "numeric/exchange_rate.txt.gz", delimiter=",")
    targets = np.arange(int(0.8 * len(values)), len(values))
    # One value, `horizon` steps ahead, for every day of the test part.
    ahead = rolling(last_value, values, targets - horizon + 1, horizon)[:, -1]
    assert forecast_scores(values[targets], ahead)["rse"] == pytest.approx(rse, abs=6e-5)


@pytest.mark.parametrize("name", baselines(season=3))
def test_many_series_are_forecast_as_each_by_itself(name):
    random, function = np.random.default_rng(0), baselines(season=3)[name]
    series = [random.normal(size=(length, 2)) for length in (12, 12, 15, 9, 12)]
    series[1][[0, 5, 9]] = NAN
    origins = [np.array([7, 9]), np.array([7, 9]), np.array([8]), np.array([], int), np.array([9])]
    pairs = [(values, at) for values, at in zip(series, origins, strict=True) if len(at)]
    expected = np.concatenate([rolling(function, values, at, 4) for values, at in pairs])
    np.testing.assert_array_equal(rolling_each(function, series, origins, 4), expected)
