"""What a forecaster leaves to the data is told from the training part, and said."""

import numpy as np
import pytest

from seq2seq.config import ForecasterConfig, resolve
from seq2seq.errors import InputError
from seq2seq.series.table import Series
from seq2seq.tasks.forecaster_settling import calendar_seasons, settled


def settled_on(values, times=None, inherited=False, **settings):
    values = np.asarray(values, float).reshape(len(values), -1)
    names = ("y", *map(str, range(1, values.shape[1])))
    series = Series((values,), names, ("",), times and (times,), False)
    config, rows = settled(resolve(ForecasterConfig, **{"windows__look_back": 30, **settings}), series, inherited)
    return config.model, dict(rows)


def weeks(season, length=400):
    return np.sin(np.arange(length) * 2 * np.pi / season) + np.random.default_rng(0).normal(size=length) * 0.2


def test_the_calendar_suggests_seasons():
    expected = {"h": (24, 168), "D": (5, 7), "M": (12,), "m": (1440, 10080), "W": (52,)}
    for unit, seasons in expected.items():
        assert calendar_seasons(np.datetime64("2024-01", unit) + np.arange(50)) == seasons, unit
    assert calendar_seasons(np.arange(50.0)) == ()


def test_the_data_say_which_season_there_is():
    for season in (5, 7):
        model, said = settled_on(weeks(season))
        assert model.season == season and f"{season} steps, autocorrelation 0.9" in said["season"]
    random = np.random.default_rng(1).normal(size=400)
    for without in (random, random.cumsum(), np.arange(400.0), np.ones(400)):
        model, said = settled_on(without)
        assert model.season == 0 and said["season"].startswith("none")


def test_a_season_that_fits_the_window_goes_before_a_stronger_one():
    hours = np.arange(24 * 70)
    load = np.sin(hours * 2 * np.pi / 24) * np.where(hours // 24 % 7 < 5, 1.0, 0.0)
    model, said = settled_on(load)
    assert model.season == 24 and "168 steps" in said["season"]
    assert settled_on(load, windows__look_back=200)[0].season == 168
    assert "longer than the windows" in settled_on(load, windows__look_back=3)[1]["season"]


def test_another_season_of_half_the_error_is_told_though_the_shorter_one_is_taken():
    hours = np.arange(24 * 70)
    load = np.sin(hours * 2 * np.pi / 24) * np.where(hours // 24 % 7 < 5, 1.0, 0.85)
    model, said = settled_on(load, windows__look_back=200)
    assert model.season == 24 and "168 steps have 1.00: model.season=168 takes them" in said["season"]
    alone = np.sin(hours * 2 * np.pi / 24) + np.random.default_rng(0).normal(size=len(hours)) * 0.2
    assert "takes them" not in settled_on(alone, windows__look_back=200)[1]["season"]


def test_a_segment_is_a_season_where_a_window_holds_four_or_else_a_part_of_the_window():
    for season, told, look_back, expected in ((7, None, 30, 7), (7, None, 27, 3), (7, 5, 30, 5), (0, None, 40, 5)):
        settings = {"model__kind": "segments", "model__segment": told, "windows__look_back": look_back}
        values = weeks(season) if season else np.arange(400.0)
        model, said = settled_on(values, **settings)
        assert model.segment == expected and said["network"] == f"y each by itself, {expected} steps at a time"


def test_the_network_is_what_suits_the_residual_and_the_columns():
    many = np.random.default_rng(0).normal(size=(400, 33))
    for values, settings, kind, dropout in (
        (weeks(7), {}, "segments", 0.5),
        (weeks(7), {"model__residual": "last", "model__dropout": 0.1}, "segments", 0.1),
        (weeks(7), {"model__residual": "season"}, "direct", 0.0),
        (weeks(7), {"model__kind": "encoder_decoder"}, "encoder_decoder", 0.0),
        (many, {}, "direct", 0.0),
        (many, {"model__segment": 3}, "segments", 0.5),
    ):
        model, said = settled_on(values, **settings)
        assert ("network" in said) == (kind != "encoder_decoder")
        assert (model.kind, model.dropout) == (kind, dropout) and (model.segment is None) == (kind != "segments")


def test_what_is_told_stays():
    model, said = settled_on(weeks(5), model__season=7, model__residual="season")
    assert (model.season, model.residual) == (7, "season") and "as told" in said["season"]
    _, inherited = settled_on(weeks(5), inherited=True, model__season=7)
    assert "that of the run that it starts from" in inherited["season"] and "as told" not in inherited["season"]
    with pytest.raises(InputError, match=r"set model\.season"):
        settled_on(np.arange(100.0), model__residual="season")


def test_a_column_that_ends_at_0_stays_above_it():
    counts = np.random.default_rng(0).poisson(1.0, 200)
    for values, expected in ((counts, ("y",)), (counts + 1, ()), (counts - 1, ())):
        series = Series([np.asarray(values, float)[:, None]], ("y",), ("",), None, False)
        config, said = settled(resolve(ForecasterConfig, windows__look_back=9), series)
        assert config.data.non_negative == expected and ("never below 0" in dict(said)) == bool(expected)
    told = resolve(ForecasterConfig, windows__look_back=9, data__non_negative="x")
    with pytest.raises(InputError, match="'x'"):
        settled(told, series)


def test_season_and_residual_are_settled_in_the_run(days_windowed, days_stateful):
    assert (days_windowed.config.model.season, days_windowed.config.model.residual) == (24, "linear")
    assert (days_stateful.config.model.season, days_stateful.config.model.residual) == (24, "last")
