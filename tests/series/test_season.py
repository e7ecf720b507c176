"""Seasons are told from the values: what repeats has one, noise, walks and trends have none."""

import numpy as np
import pytest

from seq2seq.series.season import Season, choose_season, find_seasons


def waves(season, length=600, noise=0.3, seed=0):
    steps, random = np.arange(length), np.random.default_rng(seed)
    return np.sin(steps * 2 * np.pi / season) + steps * 0.01 + random.normal(size=length) * noise


@pytest.mark.parametrize("season", [3, 5, 7, 12, 24, 50])
def test_what_repeats_has_a_season(season):
    assert choose_season(find_seasons([waves(season)[:, None]])).steps == season


def test_gaps_and_other_series_do_not_hide_it():
    line = waves(12)
    line[50:60] = line[::7] = np.nan
    walk = np.random.default_rng(5).normal(size=600).cumsum()
    assert choose_season(find_seasons([np.stack((line, waves(12, seed=1)), 1), waves(12, 300)[:, None]])).steps == 12
    assert not find_seasons([walk[:, None], np.full((600, 1), np.nan), np.zeros((2, 1))])


@pytest.mark.parametrize("seed", range(5))
def test_noise_walks_and_trends_have_none(seed):
    noise = np.random.default_rng(seed).normal(size=500)
    for line in (noise, noise.cumsum(), np.arange(500.0), np.full(500, 3.0), np.exp(np.arange(500) / 100)):
        assert not find_seasons([line[:, None]], expected=(7, 24)), seed


def test_the_shortest_of_the_strongest_that_fits():
    seasons = [Season(168, 0.98), Season(336, 0.97), Season(24, 0.8)]
    assert choose_season(seasons).steps == 168
    assert choose_season(seasons, most=100).steps == 24
    assert choose_season(seasons, most=5).steps == 168
    assert choose_season([Season(24, 0.6), Season(48, 0.59), Season(23, 0.58), Season(47, 0.57)]).steps == 24
    assert choose_season([]) == Season(0, 0.0)
