"""The linear forecast: never worse on validation than the naive ones, and what it knows of known columns."""

import numpy as np
import pytest

from seq2seq.evaluation.linear import carried_forward, fit_linear, naive_kernels

LOOK_BACK, HORIZON = 14, 9


def series_of(kind, length=500, seed=0):
    random, steps = np.random.default_rng(seed), np.arange(length)
    noise = random.normal(size=length)
    return {
        "noise": noise,
        "walk": noise.cumsum(),
        "season": np.sin(steps * 2 * np.pi / 7) * 3 + noise,
        "growth": steps * 0.1 + np.sin(steps * 2 * np.pi / 7) + noise * 0.1,
        "constant": np.ones(length),
        "holes": np.where(random.random(length) < 0.3, np.nan, noise.cumsum()),
    }[kind][:, None]


def fitted(values, targets=(0,), known=(), season=7):
    cut = len(values) * 3 // 5
    return fit_linear([values[:cut]], [values[cut - LOOK_BACK :]], targets, known, LOOK_BACK, HORIZON, season)


def validation(values):
    part = values[len(values) * 3 // 5 - LOOK_BACK :]
    view = np.lib.stride_tricks.sliding_window_view(part, LOOK_BACK + HORIZON, axis=0).swapaxes(1, 2)
    return view[:, :LOOK_BACK], view[:, LOOK_BACK:]


def errors_of(made, windows, actual):
    """Mean squared errors of each step ahead."""
    return np.nanmean((made.forecast(windows) - actual)[..., 0] ** 2, axis=0)


@pytest.mark.parametrize("kind", ["noise", "walk", "season", "growth", "constant", "holes"])
def test_on_the_whole_it_is_as_good_as_the_naive_forecast_that_suits_each_step(kind):
    values = series_of(kind, length=1200)
    made = fitted(values)
    windows, actual = validation(values)
    naive = naive_kernels(LOOK_BACK, HORIZON, 7)
    mean = np.nanmean(values[: len(values) * 3 // 5])
    errors = [
        np.nanmean((carried_forward(windows)[..., 0] @ kernel + bias(mean) - actual[..., 0]) ** 2, axis=0)
        for kernel, bias in naive.values()
    ]
    ours, best = errors_of(made, windows, actual).sum(), np.min(errors, axis=0).sum()
    assert ours <= best * 1.03 + 1e-9
    if kind == "season":
        assert ours < 0.8 * best


def test_it_is_not_chosen_for_the_weather_of_the_validation_part():
    """What moves with the season of the training part, and happens to stand still in the validation part."""
    random, steps = np.random.default_rng(0), np.arange(1000)
    values = 3 * np.sin(steps * 2 * np.pi / 7) + 0.3 * random.normal(size=1000)
    still = np.where((steps > 900) & (steps < 940), 0.0, 1.0) * values
    made = fit_linear([still[:900, None]], [still[886:960, None]], (0,), (), LOOK_BACK, HORIZON, 7)
    assert set(np.delete(made.naive[0], 6)) == {"season"}  # seven steps ahead, the last value is the season


def test_columns_that_are_alike_are_fitted_together():
    """Short and noisy columns of one kind: what all of them teach is better than what each does by itself."""
    random = np.random.default_rng(1)
    noise = random.normal(size=(160, 30))
    values = np.zeros((160, 30))
    for step in range(2, 160):
        values[step] = values[step - 1] + 0.6 * (values[step - 1] - values[step - 2]) + noise[step]
    train, valid, later = values[:80], values[80 - LOOK_BACK : 110], values[110 - LOOK_BACK :]
    together = fit_linear([train], [valid], range(30), (), LOOK_BACK, HORIZON)
    alone = [fit_linear([train[:, [k]]], [valid[:, [k]]], (0,), (), LOOK_BACK, HORIZON) for k in range(30)]
    view = np.lib.stride_tricks.sliding_window_view(later, LOOK_BACK + HORIZON, axis=0).swapaxes(1, 2)
    windows, actual = view[:, :LOOK_BACK], view[:, LOOK_BACK:]
    by_itself = np.concatenate([each.forecast(windows[..., [k]]) for k, each in enumerate(alone)], axis=2)
    assert np.square(together.forecast(windows) - actual).mean() < 0.95 * np.square(by_itself - actual).mean()


def test_each_step_has_the_naive_forecast_that_suits_it():
    random = np.random.default_rng(3)
    slow = np.zeros(3000)
    for step in range(1, 3000):
        slow[step] = 0.8 * slow[step - 1] + random.normal()
    assert (fitted(slow[:, None], season=0).naive[0][0], fitted(slow[:, None], season=0).naive[0][-1]) == (
        "last value",
        "mean",
    )


def test_naive_kernels_are_the_naive_forecasts():
    window = np.arange(1.0, 8.0)
    kernels = {name: window @ kernel + bias(-5.0) for name, (kernel, bias) in naive_kernels(7, 4, season=3).items()}
    assert kernels["last value"].tolist() == [7.0] * 4 and kernels["mean"].tolist() == [-5.0] * 4
    assert kernels["season"].tolist() == [5.0, 6.0, 7.0, 5.0]
    assert kernels["season with growth"].tolist() == [8.0, 9.0, 10.0, 11.0]
    assert "season" not in naive_kernels(7, 4, season=8) and "season with growth" not in naive_kernels(3, 4, season=3)


def test_what_is_known_ahead_is_not_hidden():
    random = np.random.default_rng(0)
    plan = (random.random(600) < 0.3).astype(float)
    sales = 0.5 * plan + random.normal(size=600) * 0.01 + np.repeat([0.0, 0.3], 300)
    values = np.stack((sales, plan), axis=1)
    made = fitted(values, known=(1,), season=7)
    windows, actual = validation(values)
    forecast = made.forecast(windows[..., :1], known=actual[..., 1:], past=windows[..., 1:])
    assert np.sqrt(np.mean((forecast - actual[..., :1]) ** 2)) < 0.02
    assert abs(made.ahead[0, 0] - 0.5) < 0.02


def test_columns_of_two_kinds_do_not_spoil_each_other():
    values = np.concatenate((series_of("walk"), series_of("season")), axis=1)
    both, (windows, actual) = fitted(values, targets=(1, 0)), validation(values)
    together = np.square(both.forecast(windows[..., [1, 0]]) - actual[..., [1, 0]]).mean(axis=(0, 1))
    for place, target in enumerate((1, 0)):
        alone = fitted(values[:, [target]])
        by_itself = np.square(alone.forecast(windows[..., [target]]) - actual[..., [target]]).mean()
        assert together[place] < 1.02 * by_itself


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("look_back", [12, 24, 38])
@pytest.mark.parametrize("kind", ["line", "parabola", "sine", "pattern", "steps"])
def test_what_goes_on_exactly_is_forecast_exactly(kind, look_back):
    steps = np.arange(400)
    pattern = np.resize(np.random.default_rng(0).normal(size=12), 400)
    values = {
        "line": steps * 0.01,
        "parabola": np.square(steps) * 1e-4,
        "sine": np.sin(steps * 2 * np.pi / 12),
        "pattern": pattern,
        "steps": pattern + steps // 12,
    }[kind]
    values = ((values - values[:280].mean()) / values[:280].std()).astype(np.float32)[:, None]
    for season in (0, 2, 12):
        for horizon in (1, 3):
            made = fit_linear([values[:280]], [values[280 - look_back : 340]], (0,), (), look_back, horizon, season)
            view = np.lib.stride_tricks.sliding_window_view(values[340 - look_back :, 0], look_back + horizon)
            error = np.abs(made.forecast(view[:, :look_back, None])[..., 0] - view[:, look_back:]).max()
            assert np.isfinite(error) and (season != 12 or look_back == 12 or error < 0.01)


@pytest.mark.parametrize("size", [1e-3, 1e-5])
def test_changes_that_are_small_beside_levels_are_forecast_as_well(size):
    """No error is taken for none because a level is high."""
    moves = np.random.default_rng(3).normal(size=1200)
    for step in range(1, len(moves)):
        moves[step] += 0.8 * moves[step - 1]
    walk = moves.cumsum()[:, None]
    usual, raised = (errors_of(fitted(each), *validation(each)) for each in (walk, walk * size + 1.0))
    np.testing.assert_allclose(raised / size**2, usual, rtol=0.01)


def airline_model(seed, steps=144, season=12):
    """A seasonal ARIMA (0, 1, 1) (0, 1, 1) that begins with a season."""
    noise = np.random.default_rng(seed).normal(size=steps)
    moved = noise - 0.4 * np.r_[0, noise[:-1]]
    moved -= 0.6 * np.r_[np.zeros(season), moved[:-season]]
    values = 8 * np.sin(np.arange(steps) * 2 * np.pi / season)
    for step in range(season + 1, steps):
        values[step] = values[step - 1] + values[step - season] - values[step - season - 1] + 0.5 * moved[step]
    return values[:, None]


@pytest.mark.parametrize(("horizon", "at_most"), [(1, 0.85), (6, 0.97)])
def test_short_series_with_a_season_are_forecast_better_than_by_any_naive_forecast(horizon, at_most):
    """96 months to learn from, of which the last 10 are the validation part; 48 to be measured on."""
    ours, naive = [], []
    for seed in range(12):
        values = airline_model(seed)
        made = fit_linear([values[:86]], [values[62:96]], (0,), (), 24, horizon, 12)
        view = np.lib.stride_tricks.sliding_window_view(values[72:, 0], 24 + horizon)
        windows, actual = view[:, :24], view[:, 24:]
        ours.append(np.square(made.forecast(windows[..., None])[..., 0] - actual).mean())
        kernels = [kernel for kernel, _ in naive_kernels(24, horizon, 12, levels=False).values()]
        naive.append(min(np.square(windows @ kernel - actual).mean() for kernel in kernels))
    assert np.exp(np.mean(np.log(ours) - np.log(naive))) < at_most


def test_what_is_too_short_for_blocks_and_validation_has_the_naive_forecast_that_suits_it():
    values = 8 * np.sin(np.arange(50) * 2 * np.pi / 12)[:, None] + np.random.default_rng(0).normal(size=(50, 1))
    made = fit_linear([values[:40]], [values[16:45]], (0,), (), 24, 12, 12)
    assert set(made.naive[0][:11]) == {"season"}  # twelve steps ahead, the last value is the season
    np.testing.assert_array_equal(made.kernel[0], naive_kernels(24, 12, 12)["season"][0])
    assert made.is_naive and not fitted(series_of("season")).is_naive


def test_single_missing_values_do_not_cost_the_regression():
    random, steps = np.random.default_rng(0), np.arange(2000)
    values = np.sin(steps * 2 * np.pi / 24) + np.sin(steps * 2 * np.pi / 11) + 0.2 * random.normal(size=2000)

    def error(share):
        holes = np.where(np.random.default_rng(1).random(2000) < share, np.nan, values)[:, None]
        made = fit_linear([holes[:1200]], [holes[1152:1600]], (0,), (), 48, 48, 24)
        view = np.lib.stride_tricks.sliding_window_view(holes[1552:, 0], 96)
        whole = np.lib.stride_tricks.sliding_window_view(values[1552:], 96)
        return np.sqrt(np.square(made.forecast(view[:, :48, None])[..., 0] - whole[:, 48:]).mean())

    assert error(0.1) < 1.3 * error(0.0)


def test_a_walk_is_followed_wherever_it_goes():
    values = series_of("walk")
    windows, _ = validation(values)
    shifted = fitted(values).forecast(windows + 500.0) - fitted(values).forecast(windows)
    np.testing.assert_allclose(shifted, 500.0, rtol=0.01)
