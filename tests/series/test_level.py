"""A level that shifts is told, and nothing that has been there before."""

import numpy as np
import pytest

from seq2seq.series.level import level_shift

STEPS = np.arange(600.0)
RANDOM = np.random.default_rng(3)
LINES = {
    "noise": RANDOM.normal(size=600),
    "walk": RANDOM.normal(size=600).cumsum(),
    "trend": STEPS,
    "season": np.sin(STEPS * 2 * np.pi / 24) + RANDOM.normal(size=600) * 0.1,
    "growing": np.exp(STEPS / 300) * (1 + 0.2 * np.sin(STEPS * 2 * np.pi / 12)),
}


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("length", [12, 24, 48])
def test_what_went_on_before_is_no_shift(name, length):
    assert level_shift(LINES[name][:450], LINES[name][450:], length) is None


@pytest.mark.parametrize("at", [0, 1, 60, 100])
@pytest.mark.parametrize("name", ["noise", "season"])
def test_a_shift_is_found_where_it_is(name, at):
    line = LINES[name].copy()
    spread = line[:450].std()
    line[450 + at :] -= 5 * spread
    line[455::9] = np.nan
    shift = level_shift(line[:450], line[450:], 24)
    assert abs(shift.step - at) <= 2 and shift.size == pytest.approx(-5, abs=0.5)
    assert level_shift(line[:450] * 1e6 + 1e9, line[450:] * 1e6 + 1e9, 24).size == pytest.approx(shift.size)


def test_a_shift_that_was_there_before_and_one_that_is_short_are_none():
    line = LINES["noise"].copy()
    line[200:] += 5
    line[500:] += 5
    assert level_shift(line[:450], line[450:], 24) is None
    peak = LINES["noise"].copy()
    peak[500:502] += 5
    assert level_shift(peak[:450], peak[450:], 24) is None


def test_too_little_tells_nothing():
    line = LINES["noise"]
    for known, after, length in ((90, 600, 24), (450, 460, 24)):
        assert level_shift(line[:known], line[known:after] + 9, length) is None
    assert level_shift(np.full(450, np.nan), line[450:], 24) is None
    assert level_shift(np.zeros(450), line[450:], 24) is None
