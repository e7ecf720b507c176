"""A forecaster's figures, beside those of the baselines."""

from dataclasses import replace

import numpy as np
import pytest

from seq2seq.inference.forecaster import Forecaster
from seq2seq.tasks import measure_forecaster


def test_evaluation_stands_beside_the_baselines(days_plain):
    evaluation = measure_forecaster.evaluate(days_plain)
    values = days_plain.read().values[0]
    first = len(values) - round(0.2 * len(values))
    assert evaluation.overall.windows == len(values) - first - 2
    errors = np.stack([values[o : o + 3] - values[o - 1] for o in range(first, len(values) - 2)])
    assert evaluation.overall.baselines["last value"]["rmse"] == pytest.approx(np.sqrt((errors**2).mean()))
    scaled = (errors / days_plain.scaler.scale) ** 2
    assert evaluation.overall.baselines["last value"]["mse_scaled"] == pytest.approx(scaled.mean())
    assert evaluation.ahead["last value"]["rmse"][2] == pytest.approx(np.sqrt((errors[:, 2] ** 2).mean()))
    assert set(evaluation.overall.baselines) >= {"last value", "drift", "seasonal naive", "seasonal × growth"}
    assert evaluation.overall.metric == "mse_scaled" and 0 <= evaluation.overall.intervals["coverage"] <= 1


def test_a_backtest_takes_the_last_origins(days_plain):
    evaluation = measure_forecaster.evaluate(days_plain, backtest=4)
    assert evaluation.overall.windows == 4
    assert evaluation.origins == ["2024-03-10 12:00", "2024-03-10 21:00"]
    assert measure_forecaster.evaluate(days_plain, part="all", stride=50).overall.windows == (240 - 24 - 3) // 50 + 1


def test_scaled_figures_are_in_units_of_each_series(days_plain):
    series = days_plain.read()
    both = replace(
        series, values=[series.values[0] * size for size in (1, 1000)], names=["a", "b"], times=series.times * 2
    )
    scaler = days_plain.scaler.by_series(both.values, both.names)
    forecaster = Forecaster(days_plain.config, scaler, days_plain.model, days_plain.core.calibration)
    alone, together = (
        measure_forecaster.measured(forecaster, some, [np.array([100, 120])] * len(some.values), "all")
        for some in (both.take([0]), both)
    )
    for name in ("mse_scaled", "mae_scaled"):
        assert together.overall.scores[name] == pytest.approx(alone.overall.scores[name], rel=1e-4)
        np.testing.assert_allclose(together.ahead["model"][name], alone.ahead["model"][name], rtol=1e-4)
    groups = together.groups
    assert groups["a"]["model"] == pytest.approx(groups["b"]["model"], rel=1e-4)
