"""The rhythm of times: recognised, written and read again, and what it says of gaps."""

import numpy as np
import pandas as pd
import pytest

from seq2seq.errors import InputError
from seq2seq.series.recognition import rhythm_of
from seq2seq.series.rhythm import parsed


def every(frequency, steps=400, start="2020-01-01"):
    return pd.date_range(start, periods=steps, freq=frequency).to_numpy("datetime64[ns]")


def rhythm(times):
    found = rhythm_of([times], [times])
    return found and str(found)


def open_hours(days=30):
    times = every("30min", days * 48)
    stamps = pd.DatetimeIndex(times)
    minutes = stamps.hour * 60 + stamps.minute
    working = (stamps.day_of_week < 5) & (minutes >= 540) & (minutes <= 990) & ((minutes < 720) | (minutes >= 780))
    return times[working]


KINDS = {
    "1h": every("h"),
    "10min": every("10min"),
    "1D": every("D"),
    "7D": every("W"),
    "36h": every("36h"),
    "1 month": every("MS", 30),
    "1 month end": every("ME", 30),
    "1 month business end": every("BME", 30),
    "1 month business start": every("BMS", 30),
    "3 months end": every("QE", 20),
    "12 months": every("YS", 20),
    "1D Mon-Fri": every("B"),
    "30min Mon-Fri 09:00-11:30,13:00-16:30": open_hours(),
    "0.25": np.arange(0, 50, 0.25),
}


@pytest.mark.parametrize("text", KINDS)
def test_a_rhythm_is_recognised_and_read_again(text):
    times = KINDS[text]
    assert rhythm(times) == text
    assert parsed(text) == rhythm_of([times], [times])
    assert str(parsed(text)) == text


@pytest.mark.parametrize("text", KINDS)
def test_what_follows_is_one_step_apart_and_is_what_came(text):
    times, known = KINDS[text], parsed(text)
    np.testing.assert_allclose(known.between(times), 1)
    assert not known.missing(known.between(times)).any()
    following = known.after(times[7], 9)
    np.testing.assert_array_equal(following, times[8:17])


@pytest.mark.parametrize("text", KINDS)
def test_steps_that_are_left_out_are_counted(text):
    times, known = KINDS[text], parsed(text)
    missing = known.missing(known.between(np.delete(times, [5, *range(8, 14)])))
    if text == "1D Mon-Fri":  # a day is a holiday, six are not
        assert missing.nonzero()[0].tolist() == [6] and missing.sum() == 6
    else:
        assert missing.nonzero()[0].tolist() == [4, 6] and missing[[4, 6]].tolist() == [1, 6]


def test_a_few_holidays_and_extra_days_do_not_hide_business_days():
    days = np.delete(every("B", 520), [40, 41, 100, 200, 300, 301, 302])
    saturday = np.array(["2020-03-07"], "datetime64[ns]")
    days = np.sort(np.concatenate((days, saturday)))
    assert rhythm(days) == "1D Mon-Fri"
    assert not parsed("1D Mon-Fri").missing(parsed("1D Mon-Fri").between(days)).any()


def test_an_old_gap_does_not_hide_a_step_and_times_as_they_come_have_none():
    assert rhythm(np.delete(every("h"), [5, 6, 30, 31, 32, 77])) == "1h"
    draw = np.random.default_rng(0)
    assert rhythm(np.cumsum(draw.exponential(size=400))) is None
    jitter = (np.arange(400) * 10**10 + draw.integers(-(10**8), 10**8, 400)).astype("datetime64[ns]")
    known = rhythm_of([jitter], [jitter])
    assert not known.missing(known.between(jitter)).any()


def test_two_weeks_are_not_enough_to_tell_that_weekends_are_left_out():
    assert rhythm(every("B", 5)) == "1D"
    assert rhythm(every("B", 20)) == "1D Mon-Fri"


@pytest.mark.parametrize("bad", ["", "often", "-1h", "0h", "1h Man-Fri", "1h Mon-Fri 25", "0 hours"])
def test_what_is_no_rhythm_is_refused(bad):
    with pytest.raises(InputError, match="is no rhythm of times: expected 1h"):
        parsed(bad)


def test_a_gap_of_years_leaves_the_step():
    hours = np.datetime64("2024-01-01", "ns") + np.arange(120) * np.timedelta64(1, "h")
    times = np.append(hours, np.datetime64("2026-06-01", "ns"))
    assert str(rhythm_of([times], [times])) == "1h"
