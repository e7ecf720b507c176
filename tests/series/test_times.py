"""Columns of times: read in the one way that all of their cells allow, and written as they came."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.errors import InputError
from seq2seq.series.clock import Clock, time_text, time_texts
from seq2seq.series.latest_times import LatestTimes
from seq2seq.series.reading import Reading
from seq2seq.series.time_axis import check_order
from seq2seq.series.times import looks_like_time, read_times


def dates(*texts):
    return np.array(texts, "datetime64[ns]")


def row(label):
    return f"F, line {label + 2}"


def read(cells, **told):
    column = pd.Series(cells, name="t")
    return read_times(column, Reading(**told), row, {"": np.arange(len(column))})


def times_in(cells, **told):
    return read(cells, **told)[0]


# --- forms


@pytest.mark.parametrize(
    "texts",
    [
        ["2016-07-01 13:00:00", "2016-07-02 14:00:00"],
        ["2016-07-01T13:00:00Z", "2016-07-02T14:00:00Z"],
        ["2016-07-01T13:00:00Z", "2016-07-02T16:00:00+02:00"],
        ["2016-07-01 13:00", "2016-07-02 14:00:00.000"],
        ["2016/07/01 13:00", "2016/07/02 14:00"],
        ["Jul 1, 2016 13:00", "Jul 2, 2016 14:00"],
        ["1 July 2016 1:00 PM", "2 July 2016 2:00 PM"],
        ["Fri, 01 Jul 2016 13:00:00 GMT", "Sat, 02 Jul 2016 14:00:00 GMT"],
        ["01.07.2016 13:00", "02.07.2016 14:00"],
        ["2016.07.01.13.00.00", "2016.07.02.14.00.00"],
        ["20160701 1300", "20160702 1400"],
        ["01/Jul/2016:13:00:00 +0000", "02/Jul/2016:14:00:00 +0000"],
    ],
)
def test_forms_of_dates(texts):
    times, clock, _ = read(texts)
    assert times.dtype == "datetime64[ns]"
    np.testing.assert_array_equal(times, dates("2016-07-01T13", "2016-07-02T14"))
    assert clock.texts(times) == texts
    assert all(map(looks_like_time, texts))


PATTERNS = [
    *("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p"),
    *("%d-%b-%Y %H:%M", "%Y%m%d%H%M%S", "%Y.%m.%d.%H.%M.%S", "%d/%m/%y %H.%M.%S", "%Y-%m-%d %H:%M:%S.%f"),
]


@settings(max_examples=60)
@given(
    pattern=st.sampled_from(PATTERNS),
    zone=st.sampled_from(["", "Z", "+01:00", "-0530", " UTC", "+02"]),
    unit=st.sampled_from(["h", "min", "D"]),
    start=st.datetimes(pd.Timestamp("1975-01-01"), pd.Timestamp("2068-01-01")),
)
def test_times_are_written_as_they_came_and_go_on_alike(pattern, zone, unit, start):
    start = pd.Timestamp(start).floor("min")
    stamps = pd.date_range(start, periods=40, freq=unit)
    texts = [text + zone for text in stamps.strftime(pattern)]
    times, clock, form = read(texts[:30], time_format=pattern + ("%z" if zone else ""))
    assert clock.texts(times) == texts[:30] and not clock.exceptions
    step = np.diff(times)[0]
    assert clock.texts(times[-1] + step * np.arange(1, 11)) == texts[30:]
    again, _, _ = read(texts[5:9], time_format=form)
    np.testing.assert_array_equal(again, times[5:9])


@pytest.mark.parametrize(
    "texts",
    [
        ["1/2/2024 0:00", "1/2/2024 10:00", "13/2/2024 11:00"],
        ["1/2/2024 00:00", "1/2/2024 10:00", "13/2/2024 11:00"],
        ["2024-01-01", "2024-01-01 01:00:00", "2024-01-01 02:00:00"],
        ["2024-01-01 00:00:00", "2024-01-01 00:00:00.5", "2024-01-01 00:00:01.25"],
        ["2024-01-01T00:00:00.1Z", "2024-01-01T00:00:00.2Z"],
        ["2024-10-27T02:30:00+02:00", "2024-10-27T02:00:00+01:00"],
        ["1749-01", "1749-02"],
    ],
)
def test_irregular_forms_are_written_as_they_came_too(texts):
    times, clock, _ = read(texts)
    assert clock.texts(times) == texts
    assert (np.diff(times) > np.timedelta64(0)).all()


@pytest.mark.parametrize(("unit", "first"), [("s", 1_700_000_000), ("ms", 1_700_000_000_123), ("ns", 17 * 10**17 + 1)])
def test_unix_time_is_read_and_written_to_the_last_digit(unit, first):
    numbers = [first, first + 1, first + 2]
    times, clock, form = read(numbers, time_format=unit)
    assert form == unit and clock.texts(times) == [str(number) for number in numbers]
    np.testing.assert_array_equal(times, np.array(numbers).astype(f"datetime64[{unit}]").astype("datetime64[ns]"))
    times, clock, _ = read([1.5e9, 1.5e9 + 0.25], time_format="s")
    assert clock.texts(times) == ["1500000000.00", "1500000000.25"]
    with pytest.raises(InputError, match=r"Unix time \(s\), but 'noon' is no number"):
        read(["noon"], time_format="s")
    # In another unit they are centuries away.
    with pytest.raises(InputError, match=r"'1700000000000', which is no Unix time in s of the years 1678 to 2261"):
        read([1_700_000_000_000], time_format="s")


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin", "Asia/Kolkata"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_dates_of_a_file_that_stores_them_keep_zone_and_fraction(zone, unit):
    column = pd.Series(pd.date_range("2024-03-30", periods=72, freq="h", tz=zone).as_unit(unit), name="t")
    times, clock, form = read(column)
    assert form is None and clock.texts(times) == [str(stamp) for stamp in column]
    assert (np.diff(times) == np.timedelta64(1, "h")).all()
    assert clock.texts(times[:1])[0].startswith("2024-03-30 00:00:00")


# --- days and months


def test_what_orders_a_column_decides_between_day_and_month():
    days = pd.date_range("2024-02-01", periods=40)
    for pattern in ("%d/%m/%Y", "%m/%d/%Y"):
        times, _, form = read(days.strftime(pattern))
        assert form == pattern
        np.testing.assert_array_equal(times, days.to_numpy("datetime64[ns]"))
    assert read(["01.02.2024", "01.03.2024"])[2] == "%d.%m.%Y"
    few = pd.date_range("2024-02-26", periods=12).strftime("%m/%d/%Y")  # as days first they would not be in order
    assert read(list(few))[2] == "%m/%d/%Y"


@pytest.mark.parametrize("texts", [["01/03/2024", "02/03/2024", "03/03/2024"], ["01/02/2024"]])
def test_what_stays_open_is_refused_and_can_be_told(texts):
    with pytest.raises(InputError, match=r"^F, line 2 has '01/0./2024'.*could be either.*--day-first, --month-first"):
        read(texts)
    assert read(texts, day_first=True)[2] == "%d/%m/%Y"
    assert read(texts, day_first=False)[2] == "%m/%d/%Y"
    assert read(texts, time_format="%d/%m/%Y")[2] == "%d/%m/%Y"
    assert read(texts, gaps=None)[2] == "%m/%d/%Y"  # as in runs of earlier versions


def test_what_was_told_must_fit():
    with pytest.raises(InputError, match=r"only dates if the day comes first: leave --month-first"):
        read(["13/02/2024", "14/02/2024"], day_first=False)
    with pytest.raises(InputError, match=r"^F, line 3 has '13/02/2024', which is not a time written as %m/%d/%Y"):
        read(["01/02/2024", "13/02/2024"], time_format="%m/%d/%Y")
    for bad in ("%d.%Q", "dd.mm.yyyy", "hours"):
        with pytest.raises(InputError, match=r"time_format='.*expected ISO8601, Unix time in s, ms, us"):
            Reading(time_format=bad)


@pytest.mark.parametrize("bad", ["noon", "1-01", "", None, "2016-13-45"])
def test_bad_times(bad):
    with pytest.raises(InputError, match=r"^F, line 3 has .* in column 't'"):
        read(["2016-07-01 00:00", bad])


def test_numbers_stay_numbers_and_far_years_are_refused():
    times = times_in([1, 2, 4])
    assert times.dtype == np.float64 and times.tolist() == [1, 2, 4]
    assert not any(map(looks_like_time, ["2016", "1-01", "12.5", "tank 2016", "", "01/02/03"]))
    with pytest.raises(InputError, match=r"^F, line 3 has no time"):
        read([1.0, np.nan])
    with pytest.raises(InputError, match="give the times as numbers"):
        read(["0900-01-01", "0900-01-02"])


# --- zones


def test_offsets_are_instants_and_the_wall_shows_local_time():
    local = pd.date_range("2024-10-26 12:00", periods=30, freq="h", tz="Europe/Berlin")
    texts = [stamp.isoformat() for stamp in local]
    times, clock, _ = read(texts)
    assert (np.diff(times) == np.timedelta64(1, "h")).all()
    np.testing.assert_array_equal(clock.local(times), local.tz_localize(None).to_numpy("datetime64[ns]"))
    assert clock.texts(times) == texts
    winter = times[-1] + np.timedelta64(200, "D")  # the last offset goes on, unless the zone is told
    assert clock.texts(winter[None])[0].endswith("+01:00")
    _, clock, _ = read(texts, time_zone="Europe/Berlin")
    assert clock.texts(times) == texts and clock.texts(winter[None])[0].endswith("+02:00")
    np.testing.assert_array_equal(clock.instants(clock.local(times))[:10], times[:10])


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT-1", "America/New_York", "Europe/Berlin"])
def test_times_that_tell_other_offsets_than_those_of_the_run_go_on_with_their_own(zone):
    local = pd.date_range("2024-10-26 12:00", periods=60, freq="h", tz="Europe/Berlin").tz_convert(zone)
    texts = [stamp.isoformat().replace("+00:00", "Z") for stamp in local]
    times, clock, _ = read(texts[:40], time_zone="Europe/Berlin")
    following = read(texts, time_zone="Europe/Berlin")[0]
    assert clock.texts(following) == texts
    assert LatestTimes(Reading(time_format="ISO8601", time_zone="Europe/Berlin")).read(texts[0]) == times[0]
    cells = pd.Series(local[:40], name="t")  # as a file may store them itself
    _, of_stored, _ = read_times(cells, Reading(time_zone="Europe/Berlin"), row, {"": np.arange(40)})
    assert [pd.Timestamp(text) for text in of_stored.texts(following)] == list(local)
    assert [text[19:] for text in of_stored.texts(following)] == [stamp.isoformat()[19:] for stamp in local]
    wall = local[:40].tz_convert("Europe/Berlin").tz_localize(None).to_numpy("datetime64[ns]")
    np.testing.assert_array_equal(clock.local(times), wall)  # the calendar is that of the run


def test_local_times_of_a_zone_have_their_repeated_hour():
    local = pd.date_range("2024-10-26 12:00", periods=60, freq="30min", tz="Europe/Berlin")
    texts = list(local.strftime("%Y-%m-%d %H:%M"))
    times, clock, _ = read(texts, time_zone="Europe/Berlin")
    np.testing.assert_array_equal(times, local.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[ns]"))
    assert clock.texts(times) == texts
    with pytest.raises(InputError, match=r"2024-03-31 02:30:00, which Europe/Berlin leaves out when clocks change"):
        read(["2024-03-31 01:30", "2024-03-31 02:30"], time_zone="Europe/Berlin")
    with pytest.raises(InputError, match="there is no time zone 'Mars/Base': expected a name such as Europe/Berlin"):
        read(texts, time_zone="Mars/Base")


def test_other_times_tell_a_zone_as_those_of_the_run_do():
    zoned, bare = ["2024-05-01 10:00+02:00"], ["2024-05-01 10:00"]
    stored = pd.Series(pd.date_range("2024-05-01", periods=2, tz="Europe/Berlin"), name="t")
    for cells, told, words in ((zoned, False, "a zone.*tell none"), (bare, True, "no zone.*tell one")):
        with pytest.raises(InputError, match=f"^F, line 2 has '2024-05-01 10:00.*, which tells {words}.*--time-zone"):
            read(cells, zoned=told)
        assert len(times_in(cells, zoned=told, time_zone="Europe/Berlin")) == 1  # says what is meant
        assert len(times_in(cells, zoned=not told)) == 1
    with pytest.raises(InputError, match="tells a zone"):
        read_times(stored, Reading(zoned=False), row, {"": np.arange(2)})


def test_series_of_two_zones_need_one_to_be_written_in():
    def of(*zones, **told):
        cells = pd.Series([f"2024-05-01 0{hour}:{zone}" for zone in zones for hour in range(9)], name="t")
        groups = {zone: np.arange(9) + 9 * number for number, zone in enumerate(zones)}
        return read_times(cells, Reading(**told), row, groups)

    with pytest.raises(InputError, match=r"another zone than other rows at about the same time.*--time-zone"):
        of("00+01:00", "00+05:30")
    assert len(of("00+01:00", "00+05:30", time_zone="Asia/Kolkata")[0]) == 18
    assert len(of("00+01:00", "30+01:00")[0]) == 18
    # One zone has two offsets, and series need not be there at the change.
    cells = ["2024-03-30T00:00+01:00", "2024-04-01T00:00+02:00", "2024-03-30T12:00+01:00", "2024-03-31T12:00+02:00"]
    groups = {"a": np.array([0, 1]), "b": np.array([2, 3])}
    assert len(read_times(pd.Series(cells, name="t"), Reading(), row, groups)[0]) == 4


def test_zones_that_do_not_go_together_are_refused():
    with pytest.raises(InputError, match=r"^F, line 3 has '2024-01-01 01:00', which tells no zone, as other rows do"):
        read(["2024-01-01 00:00Z", "2024-01-01 01:00"])
    mixed = ["2024-01-01T00:00+00:00", "2024-01-01T01:00+01:00"]
    with pytest.raises(InputError, match=r"^F, line 3 tells another zone than other rows at about the same time"):
        read(mixed)


# --- order and writing


def test_order():
    check_order(dates("2020-01-01", "2020-01-02"), row)
    check_order(np.zeros(0), row)
    with pytest.raises(InputError, match=r"^F, line 4 has the time 2020-01-02, before 2020-01-03 of.*sort the rows"):
        check_order(dates("2020-01-01", "2020-01-03", "2020-01-02"), row)
    with pytest.raises(InputError, match=r"^F, line 4 repeats the time 2 of F, line 3: keep one row per time"):
        check_order(np.array([1.0, 2.0, 2.0, 3.0]), row)
    with pytest.raises(InputError, match=r"^F, line 5 repeats the time 1 of F, line 2, as 3 rows"):
        check_order(np.array([1.0, 2.0, 3.0, 1.0, 2.0, 3.0]), row)  # sorting is no cure


def test_the_hour_that_comes_twice_is_told_of():
    autumn = pd.date_range("2024-10-26 12:00", periods=30, freq="h", tz="Europe/Berlin").tz_localize(None)
    with pytest.raises(InputError, match=r"2024-10-27 02:00:00.*comes twice when clocks change.*--time-zone"):
        check_order(autumn.to_numpy("datetime64[ns]"), row)


@pytest.mark.parametrize(
    ("times", "texts"),
    [
        (dates("2020-01-01", "2020-01-02"), ["2020-01-01", "2020-01-02"]),
        (dates("2020-01-01T00", "2020-01-01T12"), ["2020-01-01 00:00:00", "2020-01-01 12:00:00"]),
        (dates("2020-01-01T00:00:00.5", "2020-01-01T00:00:01"), ["2020-01-01 00:00:00.500", "2020-01-01 00:00:01.000"]),
        (np.array([0.25, 1e6, 1234567.0]), ["0.25", "1000000", "1234567"]),
        (np.array([1_700_000_000_123.0, 0.1 + 0.2]), ["1700000000123", "0.3"]),
    ],
)
def test_times_without_a_form_are_written_as_finely_as_they_differ(times, texts):
    assert time_texts(times) == texts == Clock().texts(times)
    if times.dtype.kind == "M":
        assert time_text(times[-1]) == time_texts(times[-1:])[0]
