"""Times one by one, and the next one."""

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.series.latest_times import LatestTimes
from seq2seq.series.reading import Reading


def latest_of(form=None, rhythm=None, times=()):
    return LatestTimes(Reading(time_format=form, gaps="split", rhythm=rhythm), times)


def test_the_next_time_follows_from_those_before_as_they_are_written():
    for form, texts, following in (
        ("%Y-%m-%d", ["2024-01-31", "2024-02-29", "2024-03-31"], "2024-04-30"),
        ("%d.%m.%Y %H:%M", ["01.02.2024 23:30", "01.02.2024 23:45"], "02.02.2024 00:00"),
        (None, ["0.5", "1", "1.5"], "2"),
    ):
        latest = latest_of(form)
        assert latest.following() == ""
        for text in texts:
            latest.add(latest.read(text))
        assert latest.following() == following, form


def test_with_a_rhythm_one_time_tells_the_next():
    latest = latest_of("%Y-%m-%d", "1D Mon-Fri")
    latest.add(latest.read("2024-05-03"))
    assert latest.following() == "2024-05-06"


def test_a_time_that_is_none_is_refused():
    latest = latest_of("%Y-%m-%d", times=np.array(["2024-01-02"], "datetime64[ns]"))
    for text in ("", "soon", "2024-01-01", "2024-01-02", "17"):
        with pytest.raises(InputError):
            latest.read(text)


def test_the_hour_that_comes_twice_is_told_apart_by_its_order():
    latest = LatestTimes(Reading(time_format="ISO8601", time_zone="Europe/Berlin", rhythm="30min"))
    local = ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]
    for text in local:
        latest.add(latest.read(f"2024-10-27 {text}"))
    assert (np.diff(latest.times) == np.timedelta64(30, "m")).all()
    with pytest.raises(InputError, match="02:30 is not after the one before it, 2024-10-27 03:00"):
        latest.read("2024-10-27 02:30")


def test_missing_steps_are_noticed():
    latest = latest_of("%Y-%m-%d", "1D Mon-Fri", np.array(["2024-05-03"], "datetime64[ns]"))
    for text, gap in (("2024-05-06", ""), ("2024-05-20", "2024-05-03 and 2024-05-20")):
        assert latest.gap_before(latest.read(text)) == gap
    equal = LatestTimes(Reading(time_format="%Y-%m-%d", gaps=None), latest.times)  # as in runs of earlier versions
    assert equal.gap_before(equal.read("2025-05-20")) == ""
    with pytest.raises(InputError, match=r"rhythm 0\.5, but these are dates"):
        latest_of("%Y-%m-%d", "0.5").read("2024-05-03")
