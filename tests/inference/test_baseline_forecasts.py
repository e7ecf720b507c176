"""Forecasts by baselines: those that evaluations measure, for what comes next."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.evaluation.linear import LinearForecast
from seq2seq.inference.baseline_forecasts import baselines_for, drawn_baselines, forecast_by
from seq2seq.inference.forecaster import Forecaster
from seq2seq.tasks import measure_forecaster

CUT = 100


def begin(series):
    """The first steps of some series."""
    return replace(series, values=[values[:CUT] for values in series.values], times=[at[:CUT] for at in series.times])


def test_they_forecast_what_they_are_measured_by(days_plain):
    series = days_plain.read()
    made = measure_forecaster.measured(days_plain, series, [np.array([CUT])], "all").made
    names = baselines_for(days_plain, begin(series))
    assert set(names) == set(made.baselines) and {"last value", "drift", "ridge"} <= set(names)
    for name in names:
        forecast = forecast_by(name, days_plain, begin(series))
        np.testing.assert_allclose(forecast.values[0], made.baselines[name][0], rtol=1e-5)
        assert np.array_equal(forecast.times[0], series.times[0][CUT : CUT + days_plain.horizon])
        assert forecast.lower is None and forecast.level == 0


def test_the_ridge_goes_on_beyond_the_horizon_from_its_own_forecasts(days_plain):
    series, horizon = begin(days_plain.read()), days_plain.horizon
    first = forecast_by("ridge", days_plain, series)
    longer = replace(
        series,
        values=[np.concatenate((series.values[0], first.values[0]))],
        times=[np.concatenate((series.times[0], first.times[0]))],
    )
    both = forecast_by("ridge", days_plain, series, 2 * horizon).values[0]
    np.testing.assert_allclose(both[horizon:], forecast_by("ridge", days_plain, longer).values[0], rtol=1e-4)


def test_of_several_runs_the_ridge_is_the_mean(days_plain, tmp_path):
    series = begin(days_plain.read())
    both = Forecaster.load([days_plain.run.path, shutil.copytree(days_plain.run.path, tmp_path / "copy")])
    for name, forecast in drawn_baselines(both, series, 3).items():
        np.testing.assert_allclose(forecast.values[0], forecast_by(name, days_plain, series, 3).values[0], rtol=1e-6)


def test_names_that_are_not_there(days_plain):
    with pytest.raises(InputError, match=r"'ridgy' is not there, .*: choose one of 'last value', 'drift', .*'ridge'"):
        forecast_by("ridgy", days_plain, days_plain.read())
    alone = Forecaster(days_plain.config, days_plain.scaler, days_plain.model)
    assert "ridge" not in baselines_for(alone, days_plain.read())


def test_a_linear_forecast_is_read_as_it_was_written(days_plain, tmp_path):
    stored = LinearForecast.load(days_plain.run.linear)
    stored.save(tmp_path / "linear.npz")
    assert (tmp_path / "linear.npz").read_bytes() == days_plain.run.linear.read_bytes()
    (tmp_path / "linear.npz").write_bytes(days_plain.run.linear.read_bytes()[:-9])
    with pytest.raises(InputError, match=r"linear\.npz"):
        LinearForecast.load(tmp_path / "linear.npz")
