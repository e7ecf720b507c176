"""The forecaster as an estimator of sktime: its forecasts are those of its run, for one series and for a panel."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sktime.forecasting.base import ForecastingHorizon

from seq2seq import SequenceForecaster
from seq2seq.errors import InputError

SMALL = {"look_back": 12, "units": 4, "epochs": 1, "settings": ["training.precision=float32"]}
AHEAD, HOUR = range(1, 7), pd.Timedelta("1h")  # steps, and what one takes


def days(count=120, seed=0, features=1):
    draw, hour = np.random.default_rng(seed), np.arange(count)[:, None]
    values = 10 + np.sin(hour * np.pi / 6 + np.arange(features)) + 0.1 * draw.normal(size=(count, features))
    columns = [f"tank {number}" for number in range(features)]
    return pd.DataFrame(values, pd.date_range("2024-01-01", periods=count, freq="h"), columns)


@pytest.fixture(scope="module")
def fitted():
    return SequenceForecaster(**SMALL).fit(days(), fh=AHEAD)


def test_forecasts_are_those_of_the_run(fitted):
    forecaster, made = fitted.run_.forecaster, fitted.predict(fh=AHEAD)
    table = days().set_axis(["y0"], axis=1)
    assert np.allclose(made, forecaster.forecast(forecaster.read(table)).values[0])
    assert [*made.columns] == ["tank 0"] and (made.index == pd.date_range("2024-01-06", periods=6, freq="h")).all()
    assert fitted.predict(fh=[5, 2]).equals(made.iloc[[1, 4]]) and forecaster.horizon == 6
    later = fitted.predict(fh=[8])  # beyond the horizon forecasts are fed back
    assert later.index[0] == pd.Timestamp("2024-01-06 07:00") and np.isfinite(later.to_numpy()).all()


def test_intervals_hold_one_another(fitted):
    shares = [0.3, 0.5, 0.8, 0.85, 0.95]
    ends = fitted.predict_interval(fh=AHEAD, coverage=shares)["tank 0"]
    middle = fitted.predict(fh=AHEAD)["tank 0"]
    lower, upper = (np.stack([ends[share, end] for share in shares]) for end in ("lower", "upper"))
    assert (np.diff(lower, axis=0) <= 1e-9).all() and (np.diff(upper, axis=0) >= -1e-9).all()
    assert (lower[0] <= middle + 1e-6).all() and (upper[0] >= middle - 1e-6).all()
    exact = fitted.run_.forecaster.forecast(fitted.run_.forecaster.read(days().set_axis(["y0"], axis=1)), interval=0.8)
    assert np.allclose(lower[2], exact.lower[0][:, 0]) and np.allclose(upper[2], exact.upper[0][:, 0])


def test_what_comes_later_is_read_and_trains_nothing_unless_asked(fitted):
    whole, forecaster = days(130), pickle.loads(pickle.dumps(fitted))
    before = forecaster.run_.files
    forecaster.update(whole[120:], update_params=False)
    made = forecaster.predict(fh=AHEAD)
    assert forecaster.run_.files is before and made.index[0] == whole.index[-1] + pd.Timedelta("1h")
    loaded = forecaster.run_.forecaster
    assert np.allclose(made, loaded.forecast(loaded.read(whole.set_axis(["y0"], axis=1))).values[0])
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(fitted.predict(fh=AHEAD), again.predict(fh=AHEAD))


@pytest.mark.slow
def test_a_panel_is_learned_as_a_whole_and_each_series_forecast(tmp_path):
    parts = {name: days(60, seed, features=2) for seed, name in enumerate("ba")}
    panel = pd.concat(parts, names=["site", "time"])
    forecaster = SequenceForecaster(**SMALL).fit(panel, fh=[1, 3])
    made, loaded = forecaster.predict(), forecaster.run_.forecaster
    assert made.shape == (4, 2) and loaded.config.data.group == "series"
    for name, part in parts.items():
        alone = part.set_axis(["y0", "y1"], axis=1).assign(series=name).rename_axis("time").reset_index()
        expected = loaded.forecast(loaded.read(alone)).values[0][[0, 2]]
        assert np.allclose(made.loc[name], expected)
    more = pd.concat({"b": days(61, 0, features=2)[60:]}, names=["site", "time"])
    later = forecaster.update(more, update_params=False).predict(fh=[1])  # of each the step after its own end
    assert later.loc["a"].equals(made.loc["a"][:1]) and later.loc["b"].index[0] == later.loc["a"].index[0] + HOUR
    when = ForecastingHorizon(later.loc["b"].index, is_relative=False)
    with pytest.raises(InputError, match="give fh in steps ahead"):
        forecaster.predict(fh=when)


@pytest.mark.slow
def test_columns_that_are_known_ahead_are_asked_for_where_something_is_forecast():
    y = days(80)
    x = pd.DataFrame(
        {"load": np.random.default_rng(3).normal(size=90)}, pd.date_range(y.index[0], periods=90, freq="h")
    )
    y["tank 0"] += 5 * x["load"][:80]
    forecaster = SequenceForecaster(**SMALL).fit(y, X=x[:80], fh=[1, 2, 3])
    assert forecaster.run_.forecaster.columns.known == ("x0",)
    given, other = forecaster.predict(X=x[80:83]), forecaster.predict(X=x[80:83] + 1)
    assert not np.allclose(given, other)
    held = x[80:83].assign(load=[*x["load"][79:80]] * 2 + [x["load"].iloc[82]])
    assert np.allclose(forecaster.predict(fh=[3], X=x[82:83]), forecaster.predict(fh=[3], X=held))
    with pytest.raises(InputError, match="X must be given at each step of fh"):
        forecaster.predict(fh=[1, 3], X=x[82:83])


@pytest.mark.slow
def test_columns_of_x_are_known_by_their_names():
    y, times = days(60), pd.date_range("2024-01-01", periods=63, freq="h")
    x = pd.DataFrame({"holiday": np.arange(63) % 5 == 0, "load": 100.0 * (np.arange(63) % 3)}, times)
    forecaster = SequenceForecaster(**SMALL).fit(y, X=x[:60], fh=[1, 2, 3])
    made = forecaster.predict(X=x[60:])
    assert made.equals(forecaster.predict(X=x.loc[:, ["load", "holiday"]][60:]))
    with pytest.raises(InputError, match="X has no column 'load', which fit was given"):
        forecaster.predict(X=x[["holiday"]][60:])
    with pytest.raises(InputError, match="missing values at steps of fh"):
        forecaster.predict(X=x[60:].astype(float).replace(200.0, np.nan))


@pytest.mark.slow
def test_a_series_that_counts_up_is_a_series():
    y = pd.DataFrame({"count": np.arange(60)}, pd.date_range("2024-01-01", periods=60, freq="h"))
    assert np.allclose(SequenceForecaster(**SMALL).fit(y, fh=[1, 2]).predict(), [[60], [61]], atol=0.5)


@pytest.mark.slow
def test_steps_that_are_numbers_follow_one_another():
    y = days(60).reset_index(drop=True)
    with pytest.raises(InputError, match="after step 29 comes step 35"):
        SequenceForecaster(**SMALL).fit(y.drop(range(30, 35)), fh=[1])
    forecaster = SequenceForecaster(**SMALL).fit(y[:50], fh=[1])
    with pytest.raises(InputError, match="after step 49 comes step 55"):
        forecaster.update(y[55:], update_params=False)


@pytest.mark.parametrize("wrong", [{"settings": "training.epochs=1"}, {"horizon": 0}])
def test_arguments_that_cannot_be(wrong):
    with pytest.raises(InputError, match=r"expected (a list of such strings|at least 1)"):
        SequenceForecaster(**(SMALL | wrong)).fit(days(60), fh=[1])


def test_what_lies_before_the_end_is_not_forecast(fitted):
    with pytest.raises(NotImplementedError, match="in-sample"):
        fitted.predict(fh=[0, 1])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_sktime_finds_nothing_wrong():
    from sktime.utils.estimator_checks import check_estimator

    # It keeps what it has seen itself, and so sktime need not: that is what this one check wants.
    found = check_estimator(SequenceForecaster, verbose=False, tests_to_exclude="test__y_remember_data")
    assert {name: result for name, result in found.items() if result != "PASSED"} == {}
