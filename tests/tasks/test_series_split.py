"""The units of series: decided once, when a run begins."""

from dataclasses import replace

import numpy as np
import pytest

from seq2seq.config import SeriesDataConfig
from seq2seq.errors import InputError
from seq2seq.report import Report
from seq2seq.series.series import Series
from seq2seq.tasks.series_split import split, unit_of_streams

SHOPS = Series(
    [size * np.sin(np.arange(100.0))[:, None] for size in (1, 1000)], ("sold",), ("kiosk", "mall"), None, False
)


@pytest.mark.parametrize("began", [True, False])
def test_units_stay_as_the_run_began_with_them(began):
    data = SeriesDataConfig(location="shops.csv", group="shop", scale_by_group=began)
    scaler = split(SHOPS, data, 1, Report()).scaler
    assert bool(scaler.groups) is began
    for same in (began, None):
        assert split(SHOPS, replace(data, scale_by_group=same), 1, Report(), scaler).scaler is scaler
    with pytest.raises(InputError, match=f"scale_by_group={str(not began).lower()}: the run began with"):
        split(SHOPS, replace(data, scale_by_group=not began), 1, Report(), scaler)


def test_a_stream_has_one_unit_which_is_told_where_series_are_of_different_size():
    data = SeriesDataConfig(location="shops.csv", group="shop", scale_by_group=False)
    ((title, told),) = unit_of_streams(split(SHOPS, data, 1, Report()), replace(data, scale_by_group=None))
    assert title == "units" and "different size (column 'sold')" in told
    assert not unit_of_streams(split(SHOPS.take([0]), data, 1, Report()), data)
    with pytest.raises(InputError, match="a stream has no name"):
        unit_of_streams(split(SHOPS, data, 1, Report()), replace(data, scale_by_group=True))
