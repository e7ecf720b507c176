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
