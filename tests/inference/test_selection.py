"""Which steps of which series are scored."""

from dataclasses import replace

import numpy as np
import pytest

from seq2seq.config import SeriesDataConfig
from seq2seq.errors import InputError
from seq2seq.evaluation.detection import Labels
from seq2seq.inference.selection import Selection, between, part_of
from seq2seq.report import Report
from seq2seq.series.clock import Clock
from seq2seq.series.series import Series, split_in_time

HOURS = np.datetime64("2024-05-01T00", "ns") + np.arange(100) * np.timedelta64(1, "h")


def series_of(*lengths, times=True, whole=False):
    values = [np.arange(length, dtype=float)[:, None] for length in lengths]
    names = [str(number) for number in range(len(lengths))]
    return Series(values, ("x",), names, tuple(HOURS[:length] for length in lengths) if times else None, whole)


def test_parts_are_those_of_the_training():
    series, data = series_of(100, 40), SeriesDataConfig(valid_share=0.2, test_share=0.3)
    parts = dict(zip(("train", "valid", "test"), split_in_time(series, 0.2, 0.3), strict=True))
    for name, part in parts.items():
        found = part_of(series, data, 1, name).series(series)
        for one, other in zip(found.values, part.values, strict=True):
            np.testing.assert_array_equal(one, other)
    assert part_of(series, data, 1, "all").end == (100, 40)
    with pytest.raises(InputError, match="kept no test part"):
        part_of(series, SeriesDataConfig(), 1, "test")


def test_samples_are_in_one_part_each():
    series, data = series_of(5, 6, 7, 8, 9, times=False, whole=True), SeriesDataConfig(valid_share=0.2, test_share=0.4)
    rows = [part_of(series, data, 3, name).rows for name in ("train", "valid", "test")]
    assert sorted(sum(rows, ())) == list(range(5)) and list(map(len, rows)) == [2, 1, 2]
    labels = Labels(np.array([True, False, False, True, False]))
    chosen = part_of(series, data, 3, "test")
    assert chosen.labels(labels, series).values.tolist() == [labels.values[row] for row in chosen.rows]


def test_a_range_of_time_ends_with_what_is_named():
    series = series_of(100, 20)
    found = between(series, "2024-05-01T18", "2024-05-02")
    assert (found.rows, found.first, found.end) == ((0, 1), (18, 18), (48, 20))
    assert between(series, "2024-05-02 06:00", None).rows == (0,)
    counted = between(series_of(30, times=False), "10", "12")
    assert (counted.first, counted.end) == ((10,), (13,))
    both = found & between(series, "2024-05-02", None)
    assert (both.rows, both.first, both.end) == ((0,), (24,), (48,))
    for start, said in (("2025", "they go from 2024-05-01"), ("1 May", "expected a time such as")):
        with pytest.raises(InputError, match=said):
            between(series, start, None)


def test_what_comes_before_and_after_is_at_hand_and_labels_stay_with_their_steps():
    series, chosen = series_of(100, 20), Selection((0,), (3,), (10,))
    assert [part.ravel().tolist() for part in chosen.cut(series.values, 2)] == [list(range(1, 12))]
    for around in (0, 2, 9, 95):
        (part,), (place,) = chosen.cut(series.values, around), chosen.places(around)
        assert part[place].ravel().tolist() == list(range(3, 10))
        (whole,) = chosen.laid_out([part], [100, 20], np.nan, around)[:1]
        there = slice(max(3 - around, 0), 10 + around)
        np.testing.assert_array_equal(whole[there], series.values[0][there])
        assert np.isnan(whole).sum() == 100 - len(part)
    labels = Labels(np.arange(120) == 5)
    assert np.flatnonzero(chosen.labels(labels, series).values).tolist() == [2]


def test_a_range_of_time_is_by_the_clock_on_the_wall():
    # Midnight of Kolkata, +05:30, is 18:30 of the day before in UTC.
    clock = Clock(pattern="%Y-%m-%d %H:%M", time_zone="Asia/Kolkata")
    series = replace(series_of(100), times=(HOURS - np.timedelta64(330, "m"),), clock=clock)
    found = between(series, "2024-05-02", "2024-05-02")
    assert (found.first, found.end) == ((24,), (48,))
    told = between(series, "2024-05-01 18:30Z", "2024-05-02T18:00+00:00")
    assert (told.first, told.end) == ((24,), (48,))
    with pytest.raises(InputError, match="they go from 2024-05-01 00:00 to 2024-05-05 03:00"):
        between(series, "2025", None)


@pytest.mark.parametrize("zone", ["told", "named"])
def test_in_the_hour_that_comes_twice_both_are_meant(zone):
    hours = np.datetime64("2024-10-26T22", "ns") + np.arange(10) * np.timedelta64(1, "h")  # midnight in Berlin
    if zone == "named":
        clock = Clock(pattern="%d.%m.%Y %H:%M", time_zone="Europe/Berlin")
    else:
        change, hour = np.datetime64("2024-10-27T01", "ns").astype(np.int64), 3600 * 10**9
        begins = np.array([np.iinfo(np.int64).min, change])
        clock = Clock(changes=begins, offsets=np.array([2 * hour, hour]))
    series = replace(series_of(10), times=(hours,), clock=clock)
    for start, end, rows in (
        ("2024-10-27T02:00", "2024-10-27T02:00", (2, 4)),
        ("2024-10-27T01", "2024-10-27T01", (1, 2)),
        ("2024-10-27T03", "2024-10-27T03", (4, 5)),
        ("2024-10-27T02+01:00", "2024-10-27T02+01:00", (3, 4)),
    ):
        found = between(series, start, end)
        assert (found.first[0], found.end[0]) == rows


def test_an_end_outside_of_all_of_the_data_is_told():
    series, told, report = replace(series_of(100), clock=Clock(pattern="ms")), [], Report()
    report.warn = told.append
    assert between(series, "1714600000", None, report).first == (0,)  # seconds, where the data count milliseconds
    assert "--from 1714600000, read as 1970-01-20 20:16:40" in told[0] and "before all of the data" in told[0]
    between(series, "2024-05-01", "2024-05-06", report)
    assert len(told) == 2 and told[1].startswith("--to 2024-05-06") and "it leaves nothing out" in told[1]
    between(series, "2024-05-01", "2024-05-05", report)
    assert len(told) == 2


@pytest.mark.parametrize("pattern", ["s", "ms", "%Y%m%d%H%M", "%d.%m.%Y %H:%M", "%Y-%d-%m %H", "%Y-%m-%d %I %p"])
def test_a_range_of_time_is_told_as_the_data_have_their_times(pattern):
    clock = Clock(pattern=pattern)
    series = replace(series_of(100), clock=clock)
    texts = clock.texts(HOURS)
    found = between(series, texts[30], texts[40])
    assert (found.first, found.end) == ((30,), (41,))
    iso = between(series, "2024-05-02T06", "2024-05-02T16") if pattern != "%Y-%d-%m %H" else found
    assert (iso.first, iso.end) == ((30,), (41,))
    if pattern[0] == "%":  # a beginning of one: the whole of that day
        day = between(series, texts[30].split(" ")[0][:10].removesuffix("06"), None)
        assert day.first == (24,)
    with pytest.raises(InputError, match=r"^--from 1e9: expected a time such as"):
        between(series, "1e9", None)


@pytest.mark.parametrize("text", ["1700000000", "20240501", "now", "today", "NaT", "5", "01/05/2024", "2024-13", ""])
def test_what_is_no_time_of_the_data_is_refused(text):
    for clock in (Clock(), Clock(pattern="%Y-%m-%d %H:%M")):
        with pytest.raises(InputError, match=r"expected a time such as 2024-05-01 or 2024-05-01T06:30\.$"):
            between(replace(series_of(100), clock=clock), text, None)
