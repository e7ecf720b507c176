"""Series cut at their gaps: nothing that is read at once has one within, and no step is lost."""

import numpy as np
import pytest

from seq2seq.series.reading import Reading
from seq2seq.series.segments import gaps_of, last_segments, segments, stretches
from seq2seq.series.series import Series, split_in_time

HOURS = np.arange("2024-01-01", "2024-01-05", dtype="datetime64[h]").astype("datetime64[ns]")


def series_of(*kept, gaps="split", **others):
    times = tuple(np.delete(HOURS, left_out) for left_out in kept)
    values = [np.arange(float(len(part)))[:, None] for part in times]
    names = [f"s{number}" for number in range(len(kept))]
    return Series(values, ("x",), names, times, False, reading=Reading(gaps=gaps, rhythm="1h"), **others)


def test_stretches_are_all_steps_in_order_and_without_gaps():
    series = series_of([10, 11, 40], [], [95])
    cut = segments(series)
    assert cut.names == ("s0", "s0", "s0", "s1", "s2")
    assert cut.lengths.tolist() == [10, 28, 55, 96, 95]
    assert [len(gaps) for gaps in gaps_of(cut)] == [0] * 5
    np.testing.assert_array_equal(np.concatenate(cut.values), np.concatenate(series.values))
    assert [each[0] for each in stretches(series)] == [0, 0, 0, 1, 2]
    assert last_segments(series).lengths.tolist() == [55, 96, 95]
    np.testing.assert_array_equal(last_segments(series).times[0], series.times[0][-55:])


def test_series_are_as_they_were_where_steps_are_taken_as_equal_or_nothing_is_missing():
    for series in (series_of([10], gaps=None), series_of([10], gaps="fill"), series_of([], [])):
        assert segments(series) is series
        assert last_segments(series).lengths.tolist() == series.lengths.tolist()


@pytest.mark.parametrize("test_share", [0.0, 0.2])
def test_parts_that_were_split_in_time_are_cut_alike(test_share):
    series = series_of([10, 50, 51])
    parts = split_in_time(series, 0.2, test_share)
    assert sum(int(segments(part).lengths.sum()) for part in parts) == len(series.values[0])


def test_the_gaps_of_many_series_are_those_of_each():
    random = np.random.default_rng(0)
    kept = [np.flatnonzero(random.random(96) < 0.2) for _ in range(20)] + [range(96), range(1, 96), []]
    series = series_of(*kept)
    together = gaps_of(series)
    assert any(map(len, together)) and not len(together[-1])
    for number, gaps in enumerate(together):
        assert gaps.tolist() == gaps_of(series.take([number]))[0].tolist()
