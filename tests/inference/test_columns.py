"""What each column is to a forecaster."""

import numpy as np
import pytest

from seq2seq.config import ForecasterConfig, resolve
from seq2seq.errors import InputError
from seq2seq.inference.columns import Columns, season_of


def test_seasons_follow_from_the_times():
    steps = {"h": 24, "D": 7, "M": 12, "m": 1440, "W": 0}
    for unit, season in steps.items():
        assert season_of(np.datetime64("2024-01", unit) + np.arange(50)) == season, unit
    assert season_of(np.arange(50.0)) == 0


def test_each_column_has_one_part():
    config = resolve(ForecasterConfig, windows__look_back=2, model__known="plan", model__calendar="hour")
    columns = Columns.of(config, ("load", "plan", "warm"))
    assert columns.targets == ("load", "warm") and columns.target_columns == [0, 2]
    assert columns.features == 5 and columns.known_columns == [1, 3, 4]
    for wrong in (
        {"model__known": "plam"},
        {"model__known": "load", "model__targets": "load"},
        {"model__known": "load,plan,warm"},
    ):
        with pytest.raises(InputError, match=r"plan|load"):
            Columns.of(resolve(ForecasterConfig, windows__look_back=2, **wrong), ("load", "plan", "warm"))


def test_season_and_residual_are_settled_in_the_run(days_windowed, days_stateful):
    assert (days_windowed.config.model.season, days_windowed.config.model.residual) == (24, "season")
    assert (days_stateful.config.model.season, days_stateful.config.model.residual) == (24, "last")
