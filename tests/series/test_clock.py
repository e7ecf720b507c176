"""Times one by one, and the next one."""

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.series.clock import Clock


def test_the_next_time_follows_from_those_before():
    for texts, following in (
        (["2024-01-31", "2024-02-29", "2024-03-31"], "2024-04-30"),
        (["2024-01-01 00:00", "2024-01-01 00:15"], "2024-01-01 00:30:00"),
        (["0.5", "1", "1.5"], "2"),
    ):
        clock = Clock()
        assert clock.following() == ""
        for text in texts:
            clock.add(clock.read(text))
        assert clock.following() == following
        assert Clock(clock.times).following() == following


def test_a_time_that_is_none_is_refused():
    clock = Clock(np.array(["2024-01-02"], "datetime64[ns]"))
    for text in ("", "soon", "2024-01-01", "2024-01-02", "17"):
        with pytest.raises(InputError):
            clock.read(text)
