"""Cells of times by shape and by parts give what each cell by itself gives."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.series.clock import Clock
from seq2seq.series.patterns import HAS_HOUR, ISO_FORM, ZONE
from seq2seq.series.time_cells import Shapes, parsed_times, split_zones

CELLS = st.lists(st.text("0123456789٣:-+. TZ", max_size=20) | st.just("2024-01-01T10:00+01:00"), min_size=1)


@given(CELLS, st.sampled_from([ISO_FORM, ZONE, HAS_HOUR]), st.booleans())
def test_a_shape_stands_for_all_texts_of_it(cells, pattern, whole):
    match = re.fullmatch if whole else re.search
    found = Shapes.of(pd.Series(cells, dtype="str")).matching(pattern, whole)
    assert found.tolist() == [match(pattern, cell) is not None for cell in cells]


def test_shapes_of_some_rows_of_a_column():
    column = pd.Series(["2024-01-01", "1.2.2024", "31.12.2024", "3.4.2024", ""], dtype="str")
    shapes = Shapes.of(column.iloc[1:])
    assert [shapes.texts[code] for code in shapes.codes] == ["0.0.0000", "00.00.0000", "0.0.0000", ""]
    assert Shapes.of(pd.Series(pd.date_range("2024", periods=5000, freq="s").astype("str"))).texts == [
        "0000-00-00 00:00:00"
    ]


@given(CELLS, st.booleans())
def test_zones_are_split_off_as_from_each_text(cells, told):
    cells = [cell.strip() for cell in cells]
    local, zones, tells = split_zones(pd.Series(cells, dtype="str"), told)
    for cell, before, zone, has in zip(cells, local, zones, tells, strict=True):
        match = re.search(ZONE, cell) if told or re.search(HAS_HOUR, cell) else None
        assert has == (match is not None)
        if has:
            assert (before, zone) == (cell[: match.start()], match["zone"])


@pytest.mark.parametrize("pattern", ["%d.%m.%Y %H:%M", "%m/%d/%y %I:%M %p", "%d-%b-%Y %H:%M:%S.%f", "%d %H:%M %m.%Y"])
@pytest.mark.parametrize("odd", ["", "31.02.2024 10:00", "1.2.2024  9:05", "1.2.2024\t09:05", "1.2.2024", "x 10:00"])
def test_parts_are_parsed_as_the_whole_is(pattern, odd):
    texts = pd.Series([*pd.date_range("2024-01-30 22:00", periods=30, freq="97min").strftime(pattern), odd])
    expected = pd.to_datetime(texts, format=pattern, errors="coerce").to_numpy("datetime64[ns]")
    np.testing.assert_array_equal(parsed_times(texts, pattern), expected)


@pytest.mark.parametrize(
    "pattern", ["%H:%M:%S %d.%m.%Y", "%a, %d %b %Y %I:%M %p (%j)", "%Y%m%dT%H", "%H %d %M", "%d%%%H"]
)
def test_pieces_are_written_as_the_whole_is(pattern):
    times = pd.date_range("1969-12-30 23:59:58", periods=50, freq="7h13min1s")
    assert Clock(pattern).texts(times.to_numpy("datetime64[ns]")) == times.strftime(pattern).tolist()


def test_fractions_of_a_second_are_written_with_the_digits_that_they_have():
    times = np.array(["1969-12-31T23:59:59.987654321", "2024-01-01T00:00:00.000000009"], "datetime64[ns]")
    assert Clock("%H:%M:%S.%f", 9).texts(times) == ["23:59:59.987654321", "00:00:00.000000009"]
