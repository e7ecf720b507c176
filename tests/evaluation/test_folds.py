"""Regressions from sums of products: those of the windows themselves, and of all blocks but one."""

import numpy as np
import pytest

from seq2seq.evaluation.folds import EVEN, PENALTIES, Folds, Moments, blocks_of, gap_between, weighed

LOOK_BACK, HORIZON, COUNT = 6, 3, 120


@pytest.fixture
def windows():
    random = np.random.default_rng(0)
    x = np.concatenate((random.normal(size=(COUNT, LOOK_BACK)).cumsum(axis=1) + 3.0, np.ones((COUNT, 1))), axis=1)
    return x, x[:, :LOOK_BACK] @ random.normal(size=(LOOK_BACK, HORIZON)) + random.normal(size=(COUNT, HORIZON))


LEVELS = np.eye(LOOK_BACK + 1)
CHANGES = LEVELS - np.outer(np.arange(LOOK_BACK + 1) < LOOK_BACK, LEVELS[LOOK_BACK - 1])  # from the last value


def regressions(moments, reading):
    kernels = np.empty((1 + len(PENALTIES), LOOK_BACK + 1, HORIZON))
    moments.regressions(last_value(), reading, kernels)
    return kernels


def last_value():
    base = np.zeros((LOOK_BACK + 1, HORIZON))
    base[LOOK_BACK - 1] = 1.0
    return base


def test_errors_are_those_of_the_forecasts(windows):
    x, y = windows
    kernel = np.random.default_rng(1).normal(size=(LOOK_BACK + 1, HORIZON))
    np.testing.assert_allclose(Moments.of(x, y).errors(kernel), np.square(y - x @ kernel).mean(axis=0))


@pytest.mark.parametrize("reading", [LEVELS, CHANGES, np.delete(LEVELS, [0, 3], axis=0)])
def test_regressions_are_ridge_regressions_of_what_the_base_leaves(windows, reading):
    x, y = windows
    made = regressions(Moments.of(x, y), reading)
    assert np.array_equal(made[0], last_value())
    read = (x @ reading.T)[:, :-1]
    rest = y - x @ last_value()
    centered, unit = read - read.mean(axis=0), np.square(read - read.mean(axis=0)).mean()
    for penalty, kernel in zip(PENALTIES, made[1:], strict=True):
        products = centered.T @ centered / COUNT + penalty * unit * np.eye(read.shape[1])
        expected = np.linalg.solve(products, centered.T @ (rest - rest.mean(axis=0)) / COUNT)
        forecast = x @ last_value() + centered @ expected + rest.mean(axis=0)
        np.testing.assert_allclose(x @ kernel, forecast, rtol=1e-6)


def test_changes_follow_a_shift_of_the_level(windows):
    x, y = windows
    kernel = regressions(Moments.of(x, y), CHANGES)[-1]
    shifted = x + np.array([*[100.0] * LOOK_BACK, 0.0])
    np.testing.assert_allclose(shifted @ kernel, x @ kernel + 100.0)


def test_a_block_is_judged_by_what_was_fitted_to_the_others(windows):
    x, y = windows
    folds = Folds.of((x[:80], y[:80]), (x[80:], y[80:]), 3)
    candidate = folds.with_ridge(last_value(), CHANGES)
    blocks, errors = blocks_of(x[:80], y[:80], 3), []
    for number, (of_block, came) in enumerate(blocks):
        others = [block for other, block in enumerate(blocks) if other != number]
        moments = Moments.of(*map(np.concatenate, zip(*others, strict=True)))
        fits = regressions(moments, CHANGES)
        assert all(
            np.isclose(fits[:, :, step], candidate[number][:, step]).all(axis=1).any() for step in range(HORIZON)
        )
        errors.append(np.square(came - of_block @ candidate[number]).mean(axis=0))
    last = np.square(y[80:] - x[80:] @ candidate[-1]).mean(axis=0)
    assert folds.error(candidate) == pytest.approx(((np.mean(errors, axis=0) + last) / 2).sum())
    assert folds.error(candidate) <= folds.error(np.repeat(last_value()[None], 5, axis=0))


def test_candidates_are_mixed_by_the_weights_with_which_they_err_least(windows):
    x, y = windows
    folds = Folds.of((x[:80], y[:80]), (x[80:], y[80:]), 3)
    random = np.random.default_rng(2)
    candidates = [folds.with_ridge(last_value(), reading) for reading in (LEVELS, CHANGES)]
    candidates += [candidates[0] + 0.3 * random.normal(size=candidates[0].shape) for _ in range(2)]
    grid = [weights for weights in np.ndindex(21, 21, 21, 21) if sum(weights) == 20]

    def drawn_to_even(weights):
        mix = np.tensordot(np.array(weights) / 20, candidates, axes=1)
        return folds.error(mix) + EVEN * min(map(folds.error, candidates)) * np.square(np.array(weights) / 20).sum()

    made = folds.mixed(candidates)
    best = min(grid[:: len(grid) // 200], key=drawn_to_even)
    assert folds.error(made) < min(map(folds.error, candidates)) * (1 + EVEN)
    flat = np.array([each.ravel() for each in candidates])
    weights = np.linalg.lstsq(flat.T, made.ravel(), rcond=None)[0]
    assert weights.sum() == pytest.approx(1) and weights.min() > -1e-9
    assert drawn_to_even(weights * 20) <= drawn_to_even(best) + 1e-9


def test_a_mean_of_equals_is_none_other(windows):
    x, y = windows
    folds = Folds.of((x[:80], y[:80]), (x[80:], y[80:]), 3)
    candidate = folds.with_ridge(last_value(), CHANGES)
    np.testing.assert_allclose(folds.mixed([candidate] * 3), candidate)
    perfect = np.zeros_like(candidate)
    flat = Folds.of((x[:80], y[:80] * 0), (x[80:], y[80:] * 0), 3)
    np.testing.assert_allclose(flat.mixed([perfect, candidate]), perfect, atol=1e-4 * np.abs(candidate).max())


def test_a_validation_part_counts_as_much_as_all_blocks_and_less_where_it_is_small():
    blocks, valid = [np.array([1.0, 2.0]), np.array([3.0, 4.0])], np.array([5.0, np.nan])
    for windows, expected in ((0, 2.0), (4, (2.0 + 5.0 / 2) / 1.5), (8, 3.5), (800, 3.5)):
        np.testing.assert_allclose(weighed(blocks, valid, windows), [expected, 3.0])
    np.testing.assert_allclose(weighed([], valid, 1), [5.0, 0.0])


def test_windows_with_holes_ahead_do_not_count(windows):
    x, y = windows
    y = y.copy()
    y[5:9, 1] = np.nan
    kept = ~np.isnan(y).any(axis=1)
    some, whole = Moments.of(x, y), Moments.of(x[kept], y[kept])
    assert some.count == COUNT - 4
    np.testing.assert_allclose(some.xx, whole.xx)


@pytest.mark.parametrize("count", [COUNT, 50])
def test_blocks_forecast_no_step_in_common_and_long_ones_read_none(windows, count):
    _, y = windows
    steps = np.arange(count)[:, None] + np.arange(LOOK_BACK + HORIZON)  # of windows and what came
    blocks = blocks_of(steps, y, gap_between(count, LOOK_BACK + HORIZON - 1, HORIZON))
    for kept in (slice(None), slice(LOOK_BACK, None)) if count == COUNT else (slice(LOOK_BACK, None),):
        of_blocks = [set(of_block[:, kept].ravel()) for of_block, _ in blocks]
        assert len(blocks) == 4 and sum(map(len, of_blocks)) == len(set.union(*of_blocks))
    assert blocks_of(steps[:9], y[:9], gap_between(9, LOOK_BACK + HORIZON - 1, HORIZON)) == []
