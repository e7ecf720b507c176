"""The units of series: decided once, when a run begins."""

import re
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.config import SeriesDataConfig
from seq2seq.errors import InputError
from seq2seq.report import Report
from seq2seq.series.series import Series
from seq2seq.tasks.series_split import split, unit_of_streams, warn_of_shift

SHOPS = Series(
    [size * np.sin(np.arange(100.0))[:, None] for size in (1, 1000)], ("sold",), ("kiosk", "mall"), None, False
)


class Heard(Report):
    def __init__(self):
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)


def test_a_level_that_shifts_in_the_validation_part_is_told_with_its_place_and_column():
    data, heard = SeriesDataConfig(location="shops.csv", group="shop", valid_share=0.2, test_share=0.1), Heard()
    warn_of_shift(split(SHOPS, data, 1, Report()), 12, heard)
    assert not heard.warnings
    shifted = [values.copy() for values in SHOPS.values]
    shifted[1][80:] += 9000.0
    warn_of_shift(split(replace(SHOPS, values=shifted), data, 1, Report()), 12, heard)
    (told,) = heard.warnings
    assert re.search(
        r"level of 'sold' of series 'mall' shifts within the validation part, about row (9|10|11|12) ", told
    )
    hours = np.arange("2024-01-01", "2024-01-05T04", dtype="datetime64[h]").astype("datetime64[ns]")
    timed = replace(SHOPS, values=shifted, times=(hours, hours))
    warn_of_shift(split(timed, data, 1, Report()), 12, heard)
    assert re.search(r"about 2024-01-04 0[678]:00:00, by \+", heard.warnings[-1])


@pytest.mark.parametrize("by_group", [True, False])
@pytest.mark.parametrize(("before", "after"), [(5.0, 6.0), (0.0, 1.0), (1e6, -1e6), (0.25, 0.2500001)])
def test_a_column_that_varies_in_the_validation_part_alone_is_told_with_its_place(before, after, by_group):
    data, heard = (
        SeriesDataConfig(location="shops.csv", valid_share=0.2, test_share=0.1, scale_by_group=by_group),
        Heard(),
    )
    values = [np.concatenate((each, np.full((100, 1), before)), axis=1) for each in SHOPS.values]
    shops = replace(SHOPS, values=values, columns=("sold", "open"))
    warn_of_shift(split(shops, data, 1, Report()), 12, heard)
    assert not heard.warnings
    values[1][83, 1] = after
    values[1][81, 1] = np.nan
    warn_of_shift(split(shops, data, 1, Report()), 12, heard)
    assert re.search(
        r"the column 'open' of series 'mall' is \S+ in all .* in the validation part at row 14 ", *heard.warnings
    )
    values[1][3, 1] = after  # the training part has it, too
    values[0][3, 1] = after
    warn_of_shift(split(shops, data, 1, Report()), 12, heard)
    assert len(heard.warnings) == 1


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
