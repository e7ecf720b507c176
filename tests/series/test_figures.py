"""How many figures are written."""

import numpy as np
import pytest

from seq2seq.series.figures import cell, column_cells, decimals_of


@pytest.mark.parametrize("offset", [0.0, 50.0, 1013.25, 123456.0, 1e7, 1.7e9, -1.7e9])
@pytest.mark.parametrize("spread", [1e-4, 0.02, 30.0])
def test_the_changes_of_a_column_are_seen_in_its_cells(offset, spread):
    column = offset + spread * np.sin(np.arange(40.0))
    written = np.array(column_cells(column), float)
    np.testing.assert_allclose(written, column, rtol=1e-15, atol=1e-3 * spread)


@pytest.mark.parametrize("decimals", [None, 0, 3])
def test_nothing_is_below_0_that_is_written_as_0(decimals):
    assert cell(-0.0, decimals) == cell(-1e-9, 3) == "0" and cell(-0.001, 3) == "-0.001"


def test_ordinary_columns_have_nine_figures():
    column = np.array([0.1 + 0.2, 1 / 3, np.nan, 20.0])
    assert column_cells(column) == ["0.3", "0.333333333", "", "20"] == list(map(cell, column))
    assert column_cells(["a", 3, 0.5]) == ["a", 3, "0.5"] and column_cells(np.array([True])) == [True]
    assert column_cells(np.full(3, 1e9)) == ["1000000000"] * 3
    assert decimals_of(0.0, 0.0) is decimals_of(1.0, 2.0) is decimals_of(1e300, 1e290) is None
