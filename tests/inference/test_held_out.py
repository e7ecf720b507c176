"""Thresholds rest on held-out scores: of steps that nothing was learned from."""

from dataclasses import replace

import numpy as np
import pytest

from seq2seq.config import DetectionConfig
from seq2seq.evaluation.anomaly import ErrorModel
from seq2seq.inference.held_out import FOLDS, Folds, Instants, fit_errors, parts_of
from seq2seq.inference.pieces import cut
from seq2seq.report import Report
from tests.conftest import slow
from tests.inference.scored import fitted


def noise(steps, columns, seed, look_back, series=1):
    """Errors of a model that is off by as much in each window that covers a step."""
    scaled = [np.random.default_rng((seed, n)).normal(size=(steps, columns)).astype(np.float32) for n in range(series)]
    return lambda stride: ((pieces, pieces.values) for pieces in cut(scaled, look_back, stride))


@pytest.mark.parametrize("score", ["absolute", "mahalanobis"])
@pytest.mark.parametrize(("steps", "columns"), [(75, 60), slow(150, 20), (600, 2)])
def test_normal_data_raise_few_alarms_however_few_steps_were_held_out(score, steps, columns):
    look_back, fresh, shares = 12, np.array([1000]), []
    for draw in range(4):
        errors = noise(steps, columns, draw, look_back)
        scored, scorer = fitted(DetectionConfig(score=score), errors, np.array([steps]), look_back)
        scores = scored.score(noise(1000, columns, 10 + draw, look_back)(1), fresh, look_back)
        shares.append((np.mean(scores.steps[0] > scorer.threshold), np.mean(scorer.live(scores)[0])))
    of_steps, of_windows = np.mean(shares, axis=0)
    assert of_steps < 0.03
    assert of_windows < 0.06  # they are few, and alike


def test_of_much_data_and_few_columns_the_thresholds_are_about_those_of_what_was_learned_from():
    look_back, lengths = 8, np.array([4000])
    errors = noise(4000, 2, 0, look_back)
    scored, scorer = fitted(DetectionConfig(), errors, lengths, look_back)
    scores = scored.score(errors(1), lengths, look_back)
    assert scorer.threshold == pytest.approx(np.quantile(scores.steps[0], 0.99), rel=0.02)
    assert scorer.window_threshold == pytest.approx(np.nanquantile(scores.windows[0], 0.99), rel=0.02)


HOURS = np.datetime64("2024-05-01", "ns") + np.arange(200) * np.timedelta64(1, "h")


@pytest.mark.parametrize(
    "times",
    [
        None,  # the first steps of all series are at one instant
        (HOURS[:70], HOURS[:4], HOURS[:70]),
        (HOURS[:40], HOURS[50:54], HOURS[100:170]),  # one after the other
        (HOURS[:40], HOURS[30:34], HOURS[20:160:2]),
    ],
)
def test_what_a_part_is_scored_by_has_seen_no_instant_of_it_nor_of_a_window_that_ends_in_it(times):
    look_back, lengths = 5, np.array([70, 4, 70] if times is None else [len(each) for each in times])
    pieces = list(cut([np.zeros((length, 1), np.float32) for length in lengths], look_back))
    instants = Instants.by_clock(lengths, times)
    folds = Folds.of(instants, look_back)
    every = np.concatenate([instants.of(each) for each in pieces])
    for part in range(len(folds)):
        learned = folds.without(part, [(each, each.values) for each in pieces])
        seen = np.concatenate([instants.of(each) for each, _ in learned])
        judged = every[(every[:, -1] >= folds.bounds[part]) & (every[:, -1] < folds.bounds[part + 1])]
        own = np.arange(folds.bounds[part], folds.bounds[part + 1])
        assert len(seen) and not np.isin(seen, np.append(judged, own)).any()
    parts = np.concatenate([folds.of_steps(each).ravel() for each in pieces])
    assert set(parts.tolist()) == set(range(FOLDS)) == set(range(len(folds)))


def test_series_of_the_same_times_that_are_too_short_are_scored_by_what_others_tell():
    look_back, lengths = 12, np.full(9, 30)
    folds, counted = parts_of(lengths, None, look_back)
    assert folds is not None and counted.shared and not folds.instants.shared
    apart = [HOURS[:30] + number * np.timedelta64(9, "D") for number in range(9)]
    folds, counted = parts_of(lengths, apart, look_back)
    assert folds is not None and not counted.shared
    assert parts_of(np.array([2 * look_back]), None, look_back)[0] is None
    assert parts_of(np.array([9]), None, 0)[0] is None  # a single sequence


@pytest.mark.parametrize(("series", "steps", "look_back"), [(500, 10, 9), (500, 12, 9), (40, 30, 12), (1, 200, 100)])
def test_of_normal_data_about_as_many_predictions_are_alarms_however_short_the_series(series, steps, look_back):
    """Those of the first window are not predicted."""
    settings, lengths, shares = DetectionConfig(), np.full(series, steps), []

    def predicted(seed):
        errors = noise(steps - look_back, 2, seed, 1, series)
        return lambda stride: ((replace(each, first=each.first + look_back), values) for each, values in errors(stride))

    for draw in range(3):
        scored, scorer = fitted(settings, predicted(draw), lengths, 1, skipped=look_back)
        scores = scored.score(predicted(10 + draw)(1), lengths, 1)
        shares.append(np.nanmean(np.concatenate(scores.steps) > scorer.threshold))
    assert np.mean(shares) < 0.03


@pytest.mark.slow
def test_what_series_tell_together_at_one_instant_is_not_both_learned_and_scored():
    """Plants under one weather: the shocks of all of them are the same, or nearly so."""
    look_back, columns, shares = 5, 20, []
    for draw in range(3):
        generator = np.random.default_rng(draw)

        def plants(steps, generator=generator):
            weather = generator.normal(size=(steps, columns))
            own = [generator.normal(size=(steps, columns)) for _ in range(5)]
            scaled = [(0.9 * weather + 0.1 * each).astype(np.float32) for each in own]
            return lambda stride: ((pieces, pieces.values) for pieces in cut(scaled, look_back, stride))

        times = [HOURS[:120]] * 5
        scored, scorer = fitted(DetectionConfig(), plants(120), np.full(5, 120), look_back, times=times)
        scores = scored.score(plants(1000)(1), np.full(5, 1000), look_back)
        shares.append((np.mean(scores.judged > scorer.threshold), np.mean(np.concatenate(scorer.live(scores)))))
    of_steps, of_windows = np.mean(shares, axis=0)
    assert of_steps < 0.03
    assert of_windows < 0.06


def test_a_step_that_overlapping_windows_tell_of_again_counts_once():
    def learned(look_back):
        return fit_errors(DetectionConfig(), noise(40, 4, 0, look_back), np.array([40]), look_back)[0].errors.covariance

    off = ~np.eye(4, dtype=bool)  # of noise: what is left there was learned by heart
    assert np.abs(learned(12)[off]).max() <= 1.5 * np.abs(learned(1)[off]).max()
    vectors = np.random.default_rng(0).normal(size=(40, 4))
    again = ErrorModel.fit("mahalanobis", np.tile(vectors, (12, 1)), independent=40)
    np.testing.assert_allclose(again.covariance, ErrorModel.fit("mahalanobis", vectors).covariance, atol=0.02)


def test_of_steps_fewer_than_a_few_for_each_column_no_correlations_are_learned():
    for steps, learned in ((59, False), (60, True)):
        model = fit_errors(DetectionConfig(), noise(steps, 20, 0, 5), np.array([steps]), 5)[0].errors
        assert (model.covariance != np.eye(20)).any() == learned


def test_levels_of_series_too_are_held_out():
    names, lengths = [f"s{number}" for number in range(8)], np.full(8, 100)
    scored, scorer = fitted(DetectionConfig(), noise(100, 2, 0, 5, series=8), lengths, 5, names=names)
    scores = scored.levelled(scored.score(noise(100, 2, 0, 5, series=8)(1), lengths, 5), names)
    assert scorer.threshold > np.quantile(scores.judged, 0.99)  # each of them has a hundredth above its own level
    fresh = scored.levelled(scored.score(noise(100, 2, 1, 5, series=8)(1), lengths, 5), names)
    assert np.mean(fresh.judged > scorer.threshold) < 0.02


@pytest.mark.parametrize("values", [1, 2, 5, 12])
@pytest.mark.parametrize("place", ["spread", "together"])
def test_a_column_of_few_held_out_values_makes_few_false_alarms(values, place):
    """One error tells no spread, and that of other columns is not to be learned from those few steps alone."""
    look_back, shares = 6, []

    def errors(seed, steps, count):
        made = 0.1 * np.random.default_rng(seed).normal(size=(steps, 4)).astype(np.float32)
        seen = np.linspace(0, steps - 1, count).astype(int) if place == "spread" else steps // 4 + np.arange(count)
        made[~np.isin(np.arange(steps), seen), 3] = np.nan
        return seen, lambda stride: ((pieces, pieces.values) for pieces in cut([made], look_back, stride))

    for draw in range(3):
        _, held_out = errors(draw, 400, values)
        scored, scorer = fitted(DetectionConfig(), held_out, np.array([400]), look_back)
        np.testing.assert_allclose(scored.errors.scale[:3], 0.1, rtol=0.2)
        seen, later = errors(10 + draw, 1000, 200)
        scores = scored.score(later(1), np.array([1000]), look_back)
        shares.append(np.mean(scores.steps[0][seen] > scorer.threshold))
    assert np.mean(shares) < 0.03


def test_where_nothing_can_be_scored_by_other_steps_that_is_told():
    told = []
    made = np.random.default_rng(1).normal(size=(400, 1)).astype(np.float32)
    for observed in (400, 30):
        made[observed:] = np.nan
        errors = lambda stride: ((pieces, pieces.values) for pieces in cut([made], 6, stride))  # noqa: E731
        _, scorer = fitted(DetectionConfig(), errors, np.array([400]), 6, report=Told(told))
        assert np.isfinite(scorer.threshold)
        assert len(told) == (observed == 30)
    assert "too low" in told[0]


class Told(Report):
    """Collects warnings."""

    def __init__(self, warnings):
        self.warn = warnings.append
