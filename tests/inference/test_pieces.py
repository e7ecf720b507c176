"""Series cut into what an autoencoder reads at once."""

import numpy as np
import pytest

from seq2seq.inference.pieces import PIECES_AT_ONCE, cut, num_pieces


@pytest.mark.parametrize("look_back", [0, 3, 4])
@pytest.mark.parametrize("stride", [1, 3])
def test_pieces_hold_every_step_of_every_series_that_is_long_enough(look_back, stride):
    scaled = [np.random.default_rng(n).normal(size=(n, 2)).astype(np.float32) for n in (5, 3, 0, 11, 4)]
    seen = [np.full_like(values, np.nan) for values in scaled]
    count = 0
    for pieces in cut(scaled, look_back, stride):
        count += len(pieces.values)
        for values, series, first in zip(pieces.values, pieces.series, pieces.first, strict=True):
            inside = seen[series][first : first + len(values)]
            inside[:] = values[: len(inside)]
            assert np.isnan(values[len(inside) :]).all()
    for values, found in zip(scaled, seen, strict=True):
        expected = values if len(values) >= look_back else np.full_like(values, np.nan)
        np.testing.assert_array_equal(found, expected)
    if stride == 1:
        assert count == num_pieces(np.array([len(values) for values in scaled]), look_back)


def test_pieces_come_in_bounded_batches():
    batches = [len(pieces.values) for pieces in cut([np.zeros((3 * PIECES_AT_ONCE, 1), np.float32)], 2)]
    assert max(batches) == PIECES_AT_ONCE and sum(batches) == 3 * PIECES_AT_ONCE - 1


@pytest.mark.parametrize("stride", [1, 3])
def test_no_window_runs_across_a_gap_and_each_stretch_ends_with_one(stride):
    values, gaps = np.arange(40.0, dtype=np.float32)[:, None], np.array([7, 9, 25])
    found = list(cut([values], 5, stride, [gaps]))
    starts = np.concatenate([pieces.first for pieces in found])
    for first in starts:
        assert not ((gaps > first) & (gaps < first + 5)).any()
    assert {2, 20, 35} <= set(starts.tolist())
    alone = [np.split(values, gaps)[number] for number in (0, 2, 3)]
    assert len(starts) == sum(len(pieces.first) for pieces in cut(alone, 5, stride))
