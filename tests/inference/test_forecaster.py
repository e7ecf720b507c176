"""A forecaster: histories and plans in, the next steps in their units and after their times out."""

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.inference.series_data import first_steps


def test_known_columns_are_wanted_for_the_steps_ahead(days_windowed, tmp_path):
    series = days_windowed.read()
    with pytest.raises(InputError, match="plan must be known"):
        days_windowed.forecast(series, 2)
    plans = []
    for value in ("0", "1"):
        file = tmp_path / f"plan{value}.csv"
        file.write_text("plan\n" + f"{value}\n" * 5)
        plans.append(days_windowed.read_known(str(file)))
    without, with_plan = (days_windowed.forecast(series, 5, known=plan).values[0] for plan in plans)
    assert np.abs(without - with_plan).max() > 0


def test_columns_are_matched_by_name(days_plain):
    series = days_plain.read()
    turned = series.select(["warm", "load"])
    np.testing.assert_array_equal(days_plain.forecast(turned).values[0], days_plain.forecast(series).values[0])


def test_a_short_history_is_refused(days_plain):
    with pytest.raises(InputError, match="has 10 steps, the model reads 24"):
        days_plain.forecast(first_steps(days_plain.read(), 10))
