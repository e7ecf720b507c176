import doctest
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.batches.windows import WindowBatches
from seq2seq.errors import InputError
from seq2seq.series import windows as module
from seq2seq.series.windows import sliding_windows

# Series of which each value says where it stands: series number, then step, on the first two features.
LENGTHS = st.lists(st.integers(0, 30), min_size=1, max_size=5)
SIZES = {"look_back": st.integers(1, 6), "horizon": st.integers(0, 4), "stride": st.integers(1, 5)}
few = settings(max_examples=8)  # each traces a graph


def labelled(lengths):
    return [np.stack([np.full(n, i), np.arange(n)], axis=1).astype(np.float32) for i, n in enumerate(lengths)]


def arrays(batches, epoch=0):
    return list(batches.epoch(epoch).as_numpy_iterator())


def places(batches, epoch=0):
    """`(series, first step)` of each window of an epoch in order."""
    return [tuple(row) for window, _ in arrays(batches, epoch) for row in window[:, 0].astype(int)]


def expected_places(lengths, look_back, horizon, stride):
    return [(i, s) for i, n in enumerate(lengths) for s in range(0, n - look_back - horizon + 1, stride)]


# --- views


def test_the_example_of_the_docstring_holds():
    done = doctest.testmod(module, extraglobs={"np": np})
    assert done.attempted and not done.failed


@given(st.integers(1, 30), st.fixed_dictionaries(SIZES))
def test_windows_are_followed_by_their_targets(length, sizes):
    look_back, horizon = sizes["look_back"], sizes["horizon"]
    (series,) = labelled([length])
    starts = [start for _, start in expected_places([length], **sizes)]
    if not starts:
        with pytest.raises(InputError, match=f"the longest series has {length}"):
            sliding_windows(series, **sizes)
        return
    windows, targets = sliding_windows(series, **sizes)
    assert windows.shape == (len(starts), look_back, 2) and targets.shape == (len(starts), horizon, 2)
    for start, window, target in zip(starts, windows, targets, strict=True):
        assert np.array_equal(np.concatenate((window, target)), series[start : start + look_back + horizon])


def test_views_copy_nothing_and_cannot_be_written():
    series = np.zeros((1000, 2))
    for view in sliding_windows(series, 100, horizon=10):
        assert np.shares_memory(view, series) and not view.flags.writeable


# --- batches


@given(LENGTHS, st.fixed_dictionaries(SIZES), st.integers(1, 9))
def test_windows_are_counted_and_placed_before_they_are_cut(lengths, sizes, batch_size):
    expected = expected_places(lengths, **sizes)
    if not expected:
        with pytest.raises(InputError, match=f"the longest series has {max(lengths)}"):
            WindowBatches(labelled(lengths), **sizes)
        return
    batches = WindowBatches(labelled(lengths), **sizes, batch_size=batch_size)
    assert list(zip(*map(np.ndarray.tolist, batches.starts()), strict=True)) == expected
    assert batches.num_windows == len(expected) and len(batches) == -(-len(expected) // batch_size)
    assert batches.too_short == len(lengths) - len({series for series, _ in expected})


@few
@given(LENGTHS, st.fixed_dictionaries(SIZES), st.integers(1, 9), st.integers(0, 5))
def test_every_window_once_an_epoch(lengths, sizes, batch_size, epoch):
    lengths = [*lengths, 10]
    expected = expected_places(lengths, **sizes)
    in_order, shuffled = (
        WindowBatches(labelled(lengths), **sizes, batch_size=batch_size, seed=seed) for seed in (None, 7)
    )
    assert places(in_order, epoch) == expected
    assert sorted(places(shuffled, epoch)) == expected
    assert shuffled.epoch(epoch).cardinality() == len(shuffled)


@few
@given(LENGTHS, st.fixed_dictionaries(SIZES), st.integers(1, 9))
def test_windows_stay_in_their_series_and_never_show_their_targets(lengths, sizes, batch_size):
    look_back, horizon = sizes["look_back"], sizes["horizon"]
    lengths = [*lengths, look_back + horizon]
    for window, target in arrays(WindowBatches(labelled(lengths), **sizes, batch_size=batch_size, seed=4)):
        both = np.concatenate((window, target), axis=1) if horizon else window
        assert np.all(both[..., 0] == both[:, :1, 0])  # one series
        assert np.all(np.diff(both[..., 1]) == 1)  # every step once, in time: targets only after the window
        if not horizon:
            assert np.array_equal(window, target)


def test_targets_and_known_features_are_those_of_the_same_steps():
    inputs = labelled([20, 9, 30])
    targets, known = [x * 10 for x in inputs], [np.concatenate((x, -x), axis=1) for x in inputs]
    for (window, ahead), target in arrays(WindowBatches(inputs, targets, look_back=5, horizon=3, known=known, seed=1)):
        assert np.array_equal(ahead * 10, np.concatenate((target, -target), axis=2))
        assert np.array_equal(target[:, 0, 1], 10 * (window[:, -1, 1] + 1))
    for window, target in arrays(WindowBatches(inputs, targets, look_back=5)):
        assert np.array_equal(window * 10, target)


def test_order_is_a_function_of_seed_and_epoch():
    new = lambda seed: WindowBatches(labelled([40, 30]), look_back=4, batch_size=8, seed=seed)  # noqa: E731
    orders = [places(new(seed), epoch) for seed, epoch in ((1, 0), (1, 1), (2, 0))]
    again = new(1)
    assert places(again, 1) == orders[1] and places(again, 0) == orders[0] == places(again, 0)
    assert not any(one == other for one, other in itertools.combinations(orders, 2))
    assert set(orders[0][:8]) != set(orders[1][:8])


def test_a_shuffled_order_shows_no_trace_of_the_first_or_of_another_epoch():
    count = 300_000
    batches = WindowBatches([np.arange(count, dtype=np.float32)[:, None]], look_back=1, batch_size=5000, seed=0)
    orders = np.array([np.concatenate([window.ravel() for window, _ in arrays(batches, epoch)]) for epoch in (0, 1)])
    pairs = [(orders[0], np.arange(count)), (orders[0], orders[1]), (orders[0][1:], orders[0][:-1])]
    assert all(abs(np.corrcoef(pair)[0, 1]) < 5 / np.sqrt(count) for pair in pairs)


def test_shapes_are_static_but_for_the_last_batch():
    known = [np.zeros((20, 3), np.float32)]
    dataset = WindowBatches([np.zeros((20, 2))], look_back=5, horizon=3, known=known, batch_size=4).epoch()
    (window, ahead), target = dataset.element_spec
    assert [tuple(spec.shape) for spec in (window, ahead, target)] == [(None, 5, 2), (None, 3, 3), (None, 3, 2)]
    assert {spec.dtype.name for spec in (window, ahead, target)} == {"float32"}
    assert [len(target) for _, target in dataset] == [4, 4, 4, 1]


def test_what_was_not_observed_stays_so():
    series = np.array([[0.0], [np.nan], [2.0]])
    ((window, target),) = arrays(WindowBatches([series], look_back=2, horizon=1))
    assert np.array_equal(window, series[None, :2], equal_nan=True) and target.item() == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"look_back": 0}, "look_back to be at least 1, got 0"),
        ({"stride": 0}, "stride to be at least 1, got 0"),
        ({"horizon": -1}, "horizon to be at least 0, got -1"),
        ({"batch_size": 0}, "batch_size to be at least 1, got 0"),
        ({"look_back": 8, "horizon": 3}, r"needs 8 \+ 3 steps, the longest series has 10"),
        ({"inputs": []}, "at least one series"),
        ({"inputs": np.zeros((3, 4))}, r"shape \(steps, features\).* got \(steps,\)"),
        ({"inputs": [np.zeros((9, 1)), np.zeros((9, 2))]}, r"got \(steps, 1\), \(steps, 2\)"),
        ({"targets": [np.zeros((9, 1))]}, "the series and steps of the inputs"),
        ({"known": [np.zeros((10, 1))]}, "horizon >= 1"),
    ],
)
def test_what_cannot_be_used_is_said(change, message):
    with pytest.raises(ValueError, match=message):
        WindowBatches(**{"inputs": [np.zeros((10, 1))], "look_back": 3} | change)


def test_a_view_needs_two_axes():
    with pytest.raises(ValueError, match=r"\(time_steps, features\), got \(7,\)"):
        sliding_windows(np.arange(7), 3)
