"""What is said of forecasts that are worse than naive ones, and of intervals that hold too little."""

from types import SimpleNamespace

import numpy as np

from seq2seq.evaluation.baselines import baselines
from seq2seq.tasks.forecast_warnings import losses, too_little_held


def made(actual, predicted):
    return SimpleNamespace(actual=np.array(actual)[None, :, None], predicted=np.array(predicted)[None, :, None])


def test_steps_that_lose_to_one_baseline_are_one_line_with_what_helps():
    off = made([1.0] * 4, [2.0] * 4)
    compared = {1: (1.0, 2.0, "drift", 0.5), 2: (3.0, 2.0, "drift", -0.5), 3: (2.2, 2.0, "drift", -0.1)}
    assert losses(compared | {4: (1.001, 1.0, "drift", -0.001)}, "rmse", off) == [
        "steps 2 to 3 ahead “drift” is better than the model, by up to 50.0% of rmse: raise windows.look_back, or try "
        "data.log=true"
    ]


def test_a_baseline_without_error_is_told_in_words():
    compared = {1: (0.25, 0.0, "last value", -np.inf)}
    (line,) = losses(compared, "rmse", made([5.0], [5.25]))
    assert line.startswith("step 1 ahead “last value” is exactly right, the model is not (its rmse up to 0.25)")
    assert losses(compared, "rmse", made([5.0], [5.000001])) == []  # single precision knows no better


def test_an_interval_is_told_of_where_half_as_many_values_again_lie_outside():
    def said(coverage, forecasts=100):
        return too_little_held({"level": 0.9, "coverage": coverage}, forecasts, "test")

    assert not said(0.86) and not said(0.7, forecasts=10) and not too_little_held(None, 100, "test")
    assert said(0.84)[0].startswith("intervals for 90% of the values hold 84.0% in the test part")


def test_a_stateful_run_gets_no_advice_about_windows_that_it_has_not():
    for name in baselines(season=2):
        (line,) = losses({1: (2.0, 1.0, name, -1.0)}, "rmse", made([1.0], [2.0]), stateful=True)
        assert "look_back" not in line and "residual" not in line and "without --stateful" in line
        assert "--stateful" not in losses({1: (2.0, 1.0, name, -1.0)}, "rmse", made([1.0], [2.0]))[0]
