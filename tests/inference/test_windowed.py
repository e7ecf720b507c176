"""Forecasts of windows: nothing of the future is read, and what is fed back is what was forecast."""

from dataclasses import replace

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.inference.selection import Selection
from seq2seq.series.table import Series


def test_forecasts_read_nothing_of_what_comes(days_windowed):
    series = days_windowed.read()
    inputs = days_windowed.columns.read_by_model(series, days_windowed.scaler)
    origins = [np.array([100, 150])]
    before = days_windowed.core.rolling(inputs, origins)
    changed = inputs[0].copy()
    changed[150:, days_windowed.columns.target_columns] += 7.0
    np.testing.assert_array_equal(days_windowed.core.rolling([changed], origins), before)
    changed[149] += 7.0  # whereas what was there counts
    assert np.abs(days_windowed.core.rolling([changed], origins) - before)[1].max() > 1e-3


def test_a_forecast_is_that_of_its_origin(days_plain):
    series = days_plain.read()
    rolled = days_plain.core.rolling(days_plain.columns.read_by_model(series, days_plain.scaler), [np.array([120])])
    np.testing.assert_allclose(
        days_plain.forecast(Selection.of_steps([0], [120]).series(series), interval=0.0).values[0],
        days_plain.unscaled(days_plain.core.point(rolled))[0],
        rtol=1e-5,
    )


def test_beyond_the_horizon_forecasts_are_fed_back(days_plain):
    series = Selection.of_steps([0], [120]).series(days_plain.read())
    found = days_plain.forecast(series, 8)
    first = days_plain.forecast(series, 3)
    np.testing.assert_allclose(found.values[0][:3], first.values[0], rtol=1e-5)
    longer = Series((np.concatenate((series.values[0], first.values[0])),), series.columns, ("",), None, False)
    np.testing.assert_allclose(found.values[0][3:6], days_plain.forecast(longer, 3).values[0], rtol=1e-4)
    assert (np.diff(found.times[0]) == np.timedelta64(1, "h")).all()
    for end in (found.lower, found.upper):  # what is farther away is no better known
        away = np.abs(end[0] - found.values[0])
        assert (away[3:] >= away[2] * (1 - 1e-6)).all() and (away[3:] > 0).all()


def test_intervals_hold_the_forecast_and_widen_with_their_level(days_plain):
    series = days_plain.read()
    narrow, wide = (days_plain.forecast(series, 7, interval=level) for level in (0.5, 0.95))
    for found in (narrow, wide):
        assert (found.lower[0] <= found.values[0]).all() and (found.values[0] <= found.upper[0]).all()
    assert ((wide.upper[0] - wide.lower[0]) >= (narrow.upper[0] - narrow.lower[0])).all()
    with pytest.raises(InputError, match=r"0\.5, 0\.8, 0\.9"):
        days_plain.forecast(series, interval=0.77)


def test_many_series_are_forecast_as_each_by_itself(days_plain):
    series = days_plain.read()
    values = [series.values[0][:length] for length in (100, 60, 140)]
    times = tuple(series.times[0][:length] for length in (100, 60, 140))
    many = replace(series, values=values, names=["a", "b", "c"], times=times)
    together = days_plain.forecast(many, 8)
    for number in range(3):
        alone = days_plain.forecast(many.take([number]), 8)
        for name in ("values", "lower", "upper"):
            np.testing.assert_allclose(getattr(together, name)[number], getattr(alone, name)[0], rtol=1e-4)
        np.testing.assert_array_equal(together.times[number], alone.times[0])
