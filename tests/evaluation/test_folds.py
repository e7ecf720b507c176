"""Regressions from sums of products: those of the windows themselves, and of all blocks but one."""

import numpy as np
import pytest

from seq2seq.evaluation.folds import PENALTIES, Folds, Moments, blocks_of

LOOK_BACK, HORIZON, COUNT = 6, 3, 120


@pytest.fixture
def windows():
    random = np.random.default_rng(0)
    x = np.concatenate((random.normal(size=(COUNT, LOOK_BACK)).cumsum(axis=1) + 3.0, np.ones((COUNT, 1))), axis=1)
    return x, x[:, :LOOK_BACK] @ random.normal(size=(LOOK_BACK, HORIZON)) + random.normal(size=(COUNT, HORIZON))


def last_value():
    base = np.zeros((LOOK_BACK + 1, HORIZON))
    base[LOOK_BACK - 1] = 1.0
    return base


def test_errors_are_those_of_the_forecasts(windows):
    x, y = windows
    kernel = np.random.default_rng(1).normal(size=(LOOK_BACK + 1, HORIZON))
    np.testing.assert_allclose(Moments.of(x, y).errors(kernel), np.square(y - x @ kernel).mean(axis=0))


@pytest.mark.parametrize("changes", [False, True])
def test_regressions_are_ridge_regressions_of_what_the_base_leaves(windows, changes):
    x, y = windows
    made = Moments.of(x, y).regressions(last_value(), changes)
    assert np.array_equal(made[0], last_value())
    read = x[:, :LOOK_BACK] - (x[:, [LOOK_BACK - 1]] if changes else 0.0)
    rest = y - x @ last_value()
    centered, unit = read - read.mean(axis=0), np.square(read - read.mean(axis=0)).mean()
    for penalty, kernel in zip(PENALTIES, made[1:], strict=True):
        products = centered.T @ centered / COUNT + penalty * unit * np.eye(LOOK_BACK)
        expected = np.linalg.solve(products, centered.T @ (rest - rest.mean(axis=0)) / COUNT)
        forecast = x @ last_value() + centered @ expected + rest.mean(axis=0)
        np.testing.assert_allclose(x @ kernel, forecast, rtol=1e-6)


def test_changes_follow_a_shift_of_the_level(windows):
    x, y = windows
    kernel = Moments.of(x, y).regressions(last_value(), changes=True)[-1]
    shifted = x + np.array([*[100.0] * LOOK_BACK, 0.0])
    np.testing.assert_allclose(shifted @ kernel, x @ kernel + 100.0)


def test_a_block_is_judged_by_what_was_fitted_to_the_others(windows):
    x, y = windows
    folds = Folds.of((x[:80], y[:80]), (x[80:], y[80:]), 3)
    candidate = folds.with_ridge(last_value(), changes=True)
    blocks, errors = blocks_of(x[:80], y[:80], 3), []
    for number, (of_block, came) in enumerate(blocks):
        others = [block for other, block in enumerate(blocks) if other != number]
        moments = Moments.of(*map(np.concatenate, zip(*others, strict=True)))
        fits = moments.regressions(last_value(), changes=True)
        assert all(
            np.isclose(fits[:, :, step], candidate[number][:, step]).all(axis=1).any() for step in range(HORIZON)
        )
        errors.append(np.square(came - of_block @ candidate[number]).mean(axis=0))
    last = np.square(y[80:] - x[80:] @ candidate[-1]).mean(axis=0)
    assert folds.error(candidate) == pytest.approx(((np.mean(errors, axis=0) + last) / 2).sum())
    assert folds.error(candidate) <= folds.error(np.repeat(last_value()[None], 5, axis=0))


def test_windows_with_holes_ahead_do_not_count(windows):
    x, y = windows
    y = y.copy()
    y[5:9, 1] = np.nan
    kept = ~np.isnan(y).any(axis=1)
    some, whole = Moments.of(x, y), Moments.of(x[kept], y[kept])
    assert some.count == COUNT - 4
    np.testing.assert_allclose(some.xx, whole.xx)


def test_blocks_have_no_step_in_common_and_short_parts_have_none(windows):
    x, y = windows
    steps = np.arange(COUNT)[:, None] + np.arange(9)  # of windows and what came
    blocks = blocks_of(steps, y, overlap=8)
    of_blocks = [set(of_block.ravel()) for of_block, _ in blocks]
    assert len(blocks) == 4 and sum(map(len, of_blocks)) == len(set.union(*of_blocks))
    assert blocks_of(x[:50], y[:50], overlap=8) == []
