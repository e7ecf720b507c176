"""What is said of forecasts that are worse than naive ones, and of intervals that hold too little."""

import numpy as np
import pytest

from seq2seq.config import ForecasterConfig, resolve
from seq2seq.evaluation.baselines import baselines
from seq2seq.series.scaling import Scaler
from seq2seq.series.series import Series
from seq2seq.tasks.forecast_warnings import advice, losses, lost_in, only_rounding, too_little_held, too_much_held
from seq2seq.tasks.made_forecasts import MadeForecasts


def made(*series, off=0.0):
    """Each of these a series in one column, all of which but the first step is forecast, and by how much it is off."""
    values = [np.array(each, float)[:, None] for each in series]
    names, actual = list(map(str, range(len(values)))), np.stack([each[1:] for each in values])
    predicted = actual + np.reshape(off, (-1, 1, 1))
    of_series = Series(values, ["load"], names, None, False)
    scaler, origins = Scaler.fit("standard", values, ["load"]), [np.array([1])] * len(values)
    return MadeForecasts(of_series, ("load",), origins, actual, predicted, None, None, {}, scaler)


def config(*settings, look_back=36):
    """Settings of a run with a season of 12, of windows unless they say otherwise."""
    windows = [] if "model.kind=stateful" in settings else [f"windows.look_back={look_back}"]
    return resolve(ForecasterConfig, settings=["model.season=12", *windows, *settings], data__location="x.csv")


def test_steps_that_lose_to_one_baseline_are_one_line_with_what_helps():
    off = made([1.0] * 5, off=1)
    compared = {1: (1.0, 2.0, "drift", 0.5), 2: (3.0, 2.0, "drift", -0.5), 3: (2.2, 2.0, "drift", -0.1)}
    assert losses(compared | {4: (1.001, 1.0, "drift", -0.001)}, "rmse", off, config("model.residual=linear")) == [
        "steps 2 to 3 ahead “drift” is better than the model, by up to 50.0% of rmse (1 forecast, which tells "
        "little): raise windows.look_back, or try data.log=true, or forecast by it (--baseline 'drift')"
    ]


def test_a_baseline_without_error_is_told_in_words():
    compared = {1: (0.25, 0.0, "last value", -np.inf)}
    (line,) = losses(compared, "rmse", made([5.0, 5.0], off=0.25), config())
    assert line.startswith("step 1 ahead “last value” is exactly right, the model is not (its rmse 0.25)")
    assert losses(compared, "rmse", made([5.0, 5.0], off=1e-6), config()) == []  # single precision knows no better


@pytest.mark.parametrize("level", [0.0, -1e5, 1e7, 1e9])
@pytest.mark.parametrize("scale", [1e-3, 3.0])
def test_what_is_rounding_goes_by_the_changes_of_a_series_and_by_nothing_else(level, scale):
    wave = scale * np.sin(np.arange(40.0))
    rare = np.where(np.arange(40) == 0, 1e9 * scale, 0)  # nearly always the same
    series = (level + wave, np.full(40, level), 1e9 * wave, np.where(np.arange(40) == 0, 1e12, wave), rare)
    assert only_rounding(made(*series))
    for number, change in ((0, scale), (2, 1e9 * scale), (3, scale), (4, 1e5 * scale)):
        assert not only_rounding(made(*series, off=np.where(np.arange(5) == number, change / 100, 0)))
    assert only_rounding(made(*series, off=[1e-7 * scale, 1e-7 * abs(level), 10 * scale, 1e-7 * scale, 10 * scale]))


def test_a_series_that_loses_is_named_also_where_others_are_far_larger():
    both = made([1e9, 2e9, 3e9], [1e7, 1e7 + 1e-3, 1e7], off=[0, 5e-3])
    rows = [("0", 1e8, 2e8, "drift", 0.5), ("1", 5e-3, 1e-3, "last value", -4.0)]
    assert lost_in(rows, "series", both) == [
        "in 1 of 2 series a naive forecast is clearly better than the model, most in '1': “last value” with an error "
        "of 0.001, the model 0.005 (1 forecast, which tells little)"
    ]
    assert not lost_in(rows[1:], "series", both) and not lost_in(
        [("0", 1.0, 0.0, "drift", -np.inf)] * 2, "series", both
    )
    assert lost_in([("load", 1.0, 0.0, "drift", -np.inf)] * 2, "columns", both)


def test_an_interval_is_told_of_where_half_as_many_values_again_lie_outside():
    def said(coverage, forecasts=100, far=False):
        return too_little_held({"level": 0.9, "coverage": coverage}, forecasts, "all of new.csv", far)

    assert not said(0.86) and not said(0.7, forecasts=10) and not too_little_held(None, 100, "all of new.csv")
    assert said(0.84)[0].startswith("intervals for 90% of the values hold 84.0% in all of new.csv (100 forecasts), and")
    assert "--interval" in said(0.84)[0] and "--interval" not in said(0.84, far=True)[0]


def test_an_interval_is_told_of_where_not_half_as_many_values_lie_outside():
    def said(coverage, level=0.9, forecasts=100, values=1000):
        return too_much_held({"level": level, "coverage": coverage}, forecasts, values, "all of new.csv")

    assert not said(0.9) and not said(0.949) and not said(0.7) and not too_much_held(None, 100, 1000, "x")
    (line,) = said(0.982)
    assert line.startswith(
        "intervals for 90% of the values hold 98.2% in all of new.csv (100 forecasts): they are wider"
    )
    # What is so few that it may be chance is not told.
    assert not said(1.0, forecasts=10) and not said(1.0, values=50) and not said(1.0, level=0.999)


@pytest.mark.parametrize(
    ("count", "told"), [(1, "1 forecast, which tells little"), (2, "2 forecasts, which tell little")]
)
def test_a_loss_says_on_how_many_forecasts_it_rests(count, told):
    """Those in which something came at that step; a number that is the only one is no highest one."""
    few = made(*[[1.0, 2.0, np.nan]] * count, [1.0, np.nan, np.nan], off=1)
    (line,) = losses({1: (2.0, 1.0, "drift", -1.0)}, "rmse", few, config())
    assert f"by 100.0% of rmse ({told}): " in line
    many = made(*[[1.0, 2.0, 3.0]] * 303, off=1)
    (line,) = losses({1: (2.0, 1.0, "drift", -1.0), 2: (3.0, 1.0, "drift", -2.0)}, "rmse", many, config())
    assert "by up to 200.0% of rmse (303 forecasts): " in line


def test_a_stateful_run_gets_no_advice_about_windows_that_it_has_not():
    for name in baselines(season=2):
        of_stream, of_windows = (
            losses({1: (2.0, 1.0, name, -1.0)}, "rmse", made([1.0, 1.0], off=1), config(*kind))[0]
            for kind in (("model.kind=stateful",), ())
        )
        assert "look_back" not in of_stream and "residual" not in of_stream and "without --stateful" in of_stream
        assert "--stateful" not in of_windows


@pytest.mark.parametrize("name", baselines(season=12))
def test_no_advice_is_what_the_run_has_already(name):
    lacks = advice(name, config("model.residual=last", look_back=6))
    assert "model.residual=auto" in lacks and ("look_back to" in lacks) == name.startswith("seasonal")
    assert ("data.log" in lacks) == (name == "drift" or "growth" in name)
    # residual=auto is stored as what it became
    for has in (("model.residual=linear",), ("model.kind=stateful", "model.residual=last", "windows.chunk=48")):
        said = advice(name, config("data.log=true", *has))
        assert said and not any(word in said for word in ("residual", "data.log", "look_back to", "chunk to"))


def test_a_run_that_started_from_another_is_told_to_start_afresh():
    """Its window and its linear forecast are those of that one, whatever is set."""
    (line,) = losses({1: (2.0, 1.0, "ridge", -1.0)}, "rmse", made([1.0, 1.0], off=1), config(), tuned=True)
    assert line.endswith("train without --from, for a window and a linear forecast that suit these data")
