"""Thresholds rest on held-out scores: of steps that nothing was learned from."""

import numpy as np
import pytest

from seq2seq.config import DetectionConfig
from seq2seq.evaluation.anomaly import ErrorModel
from seq2seq.inference.held_out import FOLDS, Folds, fit_scorer
from seq2seq.inference.pieces import cut


def noise(steps, columns, seed, look_back, series=1):
    """Errors of a model that is off by as much in each window that covers a step."""
    scaled = [np.random.default_rng((seed, n)).normal(size=(steps, columns)).astype(np.float32) for n in range(series)]
    return lambda stride: ((pieces, pieces.values) for pieces in cut(scaled, look_back, stride))


@pytest.mark.parametrize("score", ["absolute", "mahalanobis"])
@pytest.mark.parametrize(("steps", "columns"), [(75, 60), (150, 20), (600, 2)])
def test_normal_data_raise_few_alarms_however_few_steps_were_held_out(score, steps, columns):
    look_back, fresh, shares = 12, np.array([1000]), []
    for draw in range(4):
        errors = noise(steps, columns, draw, look_back)
        scorer = fit_scorer(DetectionConfig(score=score), errors, np.array([steps]), look_back)
        scores = scorer.score(noise(1000, columns, 10 + draw, look_back)(1), fresh, look_back)
        shares.append((np.mean(scores.steps[0] > scorer.threshold), np.mean(scorer.live(scores)[0])))
    of_steps, of_windows = np.mean(shares, axis=0)
    assert of_steps < 0.03
    assert of_windows < 0.06  # they are few, and alike


def test_of_much_data_and_few_columns_the_thresholds_are_about_those_of_what_was_learned_from():
    look_back, lengths = 8, np.array([4000])
    errors = noise(4000, 2, 0, look_back)
    scorer = fit_scorer(DetectionConfig(), errors, lengths, look_back)
    scores = scorer.score(errors(1), lengths, look_back)
    assert scorer.threshold == pytest.approx(np.quantile(scores.steps[0], 0.99), rel=0.02)
    assert scorer.window_threshold == pytest.approx(np.nanquantile(scores.windows[0], 0.99), rel=0.02)


def test_what_a_part_is_scored_by_has_seen_no_step_of_it_nor_of_a_window_that_ends_in_it():
    look_back, lengths = 5, np.array([40, 4, 70])
    scaled = [np.zeros((length, 1), np.float32) for length in lengths]
    pieces = list(cut(scaled, look_back))
    folds = Folds.of(lengths, look_back)
    begins = np.cumsum(lengths) - lengths
    every = np.concatenate([begins[each.series] + each.first for each in pieces])
    for part in range(FOLDS):
        seen = np.concatenate(
            [begins[each.series] + each.first for each, _ in folds.without(part, [(p, p.values) for p in pieces])]
        )
        ends = every + look_back - 1
        in_part = (ends >= folds.bounds[part]) & (ends < folds.bounds[part + 1])
        judged = every[in_part][:, None] + np.arange(look_back)
        assert len(seen) and not np.isin(seen[:, None] + np.arange(look_back), judged).any()
    parts = np.concatenate([folds.of_steps(each).ravel() for each in pieces])
    assert set(parts.tolist()) == set(range(FOLDS))
    assert Folds.of(np.array([2 * look_back]), look_back) is None
    assert Folds.of(np.array([9]), 0) is None  # a single sequence


def test_a_step_that_overlapping_windows_tell_of_again_counts_once():
    def learned(look_back):
        return fit_scorer(DetectionConfig(), noise(40, 4, 0, look_back), np.array([40]), look_back).errors.covariance

    off = ~np.eye(4, dtype=bool)  # of noise: what is left there was learned by heart
    assert np.abs(learned(12)[off]).max() <= 1.5 * np.abs(learned(1)[off]).max()
    vectors = np.random.default_rng(0).normal(size=(40, 4))
    again = ErrorModel.fit("mahalanobis", np.tile(vectors, (12, 1)), independent=40)
    np.testing.assert_allclose(again.covariance, ErrorModel.fit("mahalanobis", vectors).covariance, atol=0.02)


def test_of_steps_fewer_than_a_few_for_each_column_no_correlations_are_learned():
    for steps, learned in ((59, False), (60, True)):
        model = fit_scorer(DetectionConfig(), noise(steps, 20, 0, 5), np.array([steps]), 5).errors
        assert (model.covariance != np.eye(20)).any() == learned


def test_levels_of_series_too_are_held_out():
    names, lengths = [f"s{number}" for number in range(8)], np.full(8, 100)
    scorer = fit_scorer(DetectionConfig(), noise(100, 2, 0, 5, series=8), lengths, 5, names=names)
    scores = scorer.levelled(scorer.score(noise(100, 2, 0, 5, series=8)(1), lengths, 5), names)
    assert scorer.threshold > np.quantile(scores.judged, 0.99)  # each of them has a hundredth above its own level
    fresh = scorer.levelled(scorer.score(noise(100, 2, 1, 5, series=8)(1), lengths, 5), names)
    assert np.mean(fresh.judged > scorer.threshold) < 0.02
