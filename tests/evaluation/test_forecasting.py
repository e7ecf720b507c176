import json
from statistics import NormalDist

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.evaluation.forecasting import (
    conformal_bound,
    coverage,
    evaluate_forecast,
    forecast_scores,
    interval_end,
    mean_width,
    per_horizon,
    skill,
)

NAN = np.nan
DRAW = np.random.default_rng(0)
ACTUAL = DRAW.normal(10, 2, (50, 4, 3))
PREDICTED = ACTUAL + DRAW.normal(0, 1, ACTUAL.shape)
ERRORS = ("mae", "rmse", "mse")


def test_a_perfect_forecast():
    scores = forecast_scores(ACTUAL, ACTUAL)
    assert set(scores.values()) == {0.0}


def test_known_errors():
    scores = forecast_scores([[2.0], [4.0]], [[3.0], [1.0]])
    assert scores["mae"] == 2
    assert scores["mse"] == 5
    assert scores["rmse"] == pytest.approx(5**0.5)
    assert scores["rse"] == pytest.approx(5**0.5)  # the mean, 3, has squared errors of 2
    assert scores["mape"] == pytest.approx(62.5)
    assert scores["smape"] == pytest.approx(100 * (2 / 5 + 6 / 5) / 2)


def test_the_mean_as_forecast_has_rse_1():
    assert forecast_scores(ACTUAL, np.full(ACTUAL.shape, ACTUAL.mean()))["rse"] == pytest.approx(1)


def test_what_was_not_observed_changes_nothing():
    actual = np.concatenate([ACTUAL, np.full((5, 4, 3), NAN)])
    predicted = np.concatenate([PREDICTED, np.full((5, 4, 3), 1e6)])
    assert forecast_scores(actual, predicted) == pytest.approx(forecast_scores(ACTUAL, PREDICTED))


def test_scale_standardises_the_errors_and_leaves_the_relative_ones():
    scale = np.array([1.0, 10.0, 0.1])
    shift = np.array([3.0, 0.0, 7.0])
    scaled = forecast_scores(ACTUAL, PREDICTED, scale)
    standardised = forecast_scores((ACTUAL - shift) / scale, (PREDICTED - shift) / scale)
    plain = forecast_scores(ACTUAL, PREDICTED)
    for name in scaled:
        assert scaled[name] == pytest.approx(standardised[name] if name in ERRORS else plain[name])


def test_relative_scores_where_they_are_not_defined():
    scores = forecast_scores([[0.0], [0.0]], [[0.0], [1.0]])
    assert (scores["mape"], scores["rse"], scores["smape"]) == (None, None, 100)


def test_per_horizon_averages_to_the_whole():
    steps = per_horizon(ACTUAL, PREDICTED)
    assert {len(values) for values in steps.values()} == {4}
    assert np.mean(steps["mse"]) == pytest.approx(forecast_scores(ACTUAL, PREDICTED)["mse"])
    unobserved = ACTUAL.copy()
    unobserved[:, 1] = NAN
    assert per_horizon(unobserved, PREDICTED)["mae"] == [steps["mae"][0], None, *steps["mae"][2:]]


def test_skill():
    assert skill(0.0, 3.0) == 1
    assert skill(3.0, 3.0) == 0
    assert skill(6.0, 3.0) == -1
    assert skill(0.0, 0.0) == 0
    assert skill(1.0, 0.0) == -np.inf


def test_coverage_and_width():
    lower, upper = np.zeros((4, 1)), np.full((4, 1), 2.0)
    assert coverage(lower, upper, np.array([[0.0], [2.0], [3.0], [NAN]])) == pytest.approx(2 / 3)
    assert mean_width(lower, upper) == 2


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9])
def test_calibrated_intervals_cover_new_values(level):
    draw = np.random.default_rng(1)
    reached = []
    for _ in range(300):
        noise = draw.normal(size=(40, 2, 2)) * [1.0, 100.0]
        bound = conformal_bound(np.abs(noise[:20]), level)
        assert bound.shape == (2, 2)
        reached.append(coverage(-bound, bound, noise[20:]))
    assert level - 0.01 < np.mean(reached) < level + 1 / 21 + 0.01  # between the level and 1 / (n + 1) above it


@pytest.mark.parametrize(("level", "needed"), [(0.9, 9), (0.95, 19), (0.5, 1)])
def test_the_fewest_windows_that_can_calibrate(level, needed):
    misses = np.arange(float(needed))[:, None, None]
    assert conformal_bound(misses, level).item() == needed - 1  # the largest
    unobserved = np.where(misses == 0, NAN, misses)
    with pytest.raises(InputError, match=f"takes {needed}"):
        conformal_bound(unobserved, level)


def test_windows_that_overlap_count_as_fewer():
    draw, reached = np.random.default_rng(2), {1: [], 10: []}
    for _ in range(300):
        # A value of 10 windows in a row is the same: 12 different ones.
        old, new = np.repeat(draw.normal(size=(12, 1, 1)), 10, axis=0), draw.normal(size=(100, 1, 1))
        for overlap, found in reached.items():
            found.append(np.mean(new <= conformal_bound(old, 0.8, overlap)))
    assert np.mean(reached[1]) < 0.78 and 0.79 < np.mean(reached[10]) < 0.9
    steps = np.repeat(np.arange(20.0)[:, None, None], 2, axis=1)
    assert conformal_bound(steps, 0.8, np.array([[1.0], [100.0]]))[:, 0].tolist() == [16.0, 19.0]  # the largest at most


def test_the_evaluation_sets_the_model_beside_the_best_baseline():
    near, far = ACTUAL + 0.5, ACTUAL + 20
    unknown = np.full(ACTUAL.shape, NAN)
    forecasts = {"far": far, "near": near, "unknown": unknown}
    bad = evaluate_forecast(ACTUAL, PREDICTED, forecasts, interval=(ACTUAL - 1, ACTUAL + 1, 0.9))
    assert (bad.windows, bad.horizon, bad.best_baseline) == (50, 4, "near")
    assert list(bad.baselines) == ["far", "near"]  # the unknown one has no forecast
    assert bad.skill == pytest.approx(1 - bad.scores["rmse"] / 0.5)
    assert "near" in bad.warning and "0.5" in bad.warning
    assert bad.intervals == {"level": 0.9, "coverage": 1.0, "width": pytest.approx(2)}
    assert [row[0] for row in bad.rows()] == ["model", "near", "far"]
    assert [row[-1] for row in bad.rows()] == pytest.approx([bad.skill, 0, -39])
    assert {len(row) for row in bad.rows()} == {len(bad.columns)}
    good = evaluate_forecast(ACTUAL, PREDICTED, {"far": far}, metric="mae")
    assert good.skill > 0.9
    assert good.warning is None


@pytest.mark.parametrize("forecasts", [{}, {"perfect": ACTUAL}, {"far": ACTUAL + 20}])
def test_the_evaluation_is_json(forecasts):
    evaluation = evaluate_forecast(ACTUAL, PREDICTED, forecasts)
    content = json.loads(json.dumps(evaluation.as_dict(), allow_nan=False))
    assert content["scores"] == pytest.approx(evaluation.scores)
    assert content["best_baseline"] == evaluation.best_baseline
    assert (content["warning"] is None) == ("perfect" not in forecasts)
    assert evaluation.rows()[0][0] == "model"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: forecast_scores(ACTUAL, PREDICTED[:-1]), "shape"),
        (lambda: forecast_scores([[NAN]], [[1.0]]), "observed"),
        (lambda: forecast_scores([[1.0]], [[NAN]]), "NaN or infinite"),
        (lambda: forecast_scores([[1.0]], [[np.inf]]), "NaN or infinite"),
        (lambda: coverage(np.zeros(1), np.ones(1), np.array([NAN])), "observed"),
        (lambda: conformal_bound(ACTUAL, 90), "coverage is 90"),
    ],
)
def test_what_cannot_be_used_is_said(call, message):
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.parametrize("wrong", [NAN, np.inf, 1e200])
def test_a_baseline_whose_error_has_no_number_is_left_out(wrong):
    actual, bad = np.ones((3, 2, 1)), np.ones((3, 2, 1))
    bad[1, 1] = wrong
    evaluation = evaluate_forecast(actual, actual * 1.5, {"bad": bad, "good": actual * 2})
    assert list(evaluation.baselines) == ["good"] and evaluation.skill == 0.5


@pytest.mark.parametrize("levels", [[0.5, 0.9], [0.8]])
def test_ends_between_levels_are_those_of_normal_errors(levels):
    def end(share):
        return 3.0 + 2 * NormalDist().inv_cdf((1 + share) / 2)

    ends = np.array([[end(level)] for level in levels])
    for share in (0.1, 0.5, 0.7, 0.8, 0.9, 0.99):
        assert np.allclose(interval_end(share, levels, ends, np.array([3.0])), end(share))
