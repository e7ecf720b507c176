"""Plans are joined by series and time, whatever else their file holds and in whichever order."""

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.inference.plans import join_plans
from seq2seq.series.series import Series

DAYS = np.arange("2024-02-25", "2024-03-10", dtype="datetime64[D]").astype("datetime64[ns]")


def plans_of(days, names=("A", "B"), times=True):
    """A promotion that says of which series and day it is."""
    values = [((days - DAYS[0]) / np.timedelta64(1, "D") + 100.0 * ord(name[-1:] or "A"))[:, None] for name in names]
    return Series(values, ("promo",), names, tuple(days for _ in names) if times else None, False)


def joined(plans, names=("A", "B"), first=3, steps=4, times=True):
    ahead = tuple(DAYS[first : first + steps + 2] for _ in names) if times else None
    return join_plans(plans, names, ahead, steps, ("promo",))


def test_by_series_and_time():
    expected = [np.arange(3.0, 7.0)[:, None] + 100 * ord(name) for name in "AB"]
    early = np.concatenate((DAYS[:1] - np.arange(30, 0, -1).astype("timedelta64[D]"), DAYS))
    for plans in (
        plans_of(DAYS),
        plans_of(early),
        plans_of(DAYS[3:7]),
        plans_of(DAYS[:7]),
        plans_of(DAYS[[0, 3, 4, 5, 6, 9]]),
        plans_of(DAYS, names=("C", "B", "A")),
    ):
        np.testing.assert_array_equal(joined(plans), expected)
    np.testing.assert_array_equal(joined(plans_of(DAYS), names=("B",)), expected[1:])


def test_what_is_missing_is_named():
    with pytest.raises(InputError, match=r"lacks 4 of 8 \(A 2024-02-28; A 2024-02-29; B 2024-02-28; …\)"):
        joined(plans_of(DAYS[5:]))
    with pytest.raises(InputError, match=r"lacks 4 of 8 \(B 2024-02-28"):
        joined(plans_of(DAYS, names=("A",)))
    holes = plans_of(DAYS)
    holes.values[0][4] = np.nan
    with pytest.raises(InputError, match=r"lacks 1 of 8 \(A 2024-02-29\)"):
        joined(holes)
    with pytest.raises(InputError, match="give them with --known"):
        joined(None)


def test_times_on_one_side_alone_are_refused():
    with pytest.raises(InputError, match=r"file of --known has no times.*add the column of times"):
        joined(plans_of(DAYS, times=False))
    with pytest.raises(InputError, match="history has no times"):
        joined(plans_of(DAYS), times=False)


def test_without_times_the_first_step_is_the_first_ahead():
    expected = [np.arange(0.0, 4.0)[:, None] + 100 * ord(name) for name in "AB"]
    np.testing.assert_array_equal(joined(plans_of(DAYS, names=("B", "A"), times=False), times=False), expected)
    with pytest.raises(InputError, match=r"lacks 2 of 8 \(A step 4; B step 4\)"):
        joined(plans_of(DAYS[:3], times=False), times=False)


def test_times_that_are_numbers():
    seconds = np.arange(20) * 0.1
    plans = Series([np.arange(20.0)[:, None]], ("promo",), ("",), (seconds,), False)
    ahead = 0.9 + 0.1 * np.arange(1, 4)
    np.testing.assert_array_equal(join_plans(plans, [""], [ahead], 3, ("promo",)), [[[10.0], [11.0], [12.0]]])
