import gc
import itertools
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.batches import pairs as module
from seq2seq.batches.pairs import PairBatches, sorted_stably
from seq2seq.special_ids import BOS, EOS, PAD
from seq2seq.text.tokens import TokenRows, pad_rows

ROWS = st.lists(st.integers(4, 99), max_size=9)
PAIRS = st.lists(st.tuples(ROWS, ROWS), min_size=1, max_size=30)
SIZES = st.one_of(
    st.fixed_dictionaries({"batch_sentences": st.integers(1, 12)}),
    st.fixed_dictionaries({"batch_sentences": st.just(0), "batch_tokens": st.integers(1, 80)}),
)
OPTIONS = {"bucket_step": st.integers(1, 5), "seed": st.none() | st.integers(0, 99)}


def batches_of(pairs, **options):
    return PairBatches(*map(TokenRows.from_rows, zip(*pairs, strict=True)), **options)


@pytest.mark.parametrize("together", [1, 7, 1000])
@pytest.mark.parametrize("kinds", [1, 2, 200])
def test_rows_are_sorted_as_lexsort_does(together, kinds, monkeypatch):
    monkeypatch.setattr(module, "SORTED_TOGETHER", together)
    random = np.random.default_rng(0)
    for size in (0, 1, 50):
        order = random.permutation(size).astype(np.int32)
        minor, major = random.integers(0, kinds, (2, size)).astype(np.uint8)
        expected = order[np.lexsort((minor[order], major[order]))]
        np.testing.assert_array_equal(sorted_stably(order, minor, major), expected)


def some_pairs(count, seed=0, longest=12):
    random = np.random.default_rng(seed)
    row = lambda: random.integers(4, 99, random.integers(0, longest)).tolist()  # noqa: E731
    return [(row(), row()) for _ in range(count)]


def arrays(dataset):
    return [(source, target, labels) for (source, target), labels in dataset.as_numpy_iterator()]


def same(first, second):
    pairs = itertools.zip_longest(itertools.chain(*first), itertools.chain(*second))
    return all(a is not None and b is not None and np.array_equal(a, b) for a, b in pairs)


def padded(row, steps):
    return row + [PAD] * (steps - len(row))


# --- the plan, on any corpus


@given(PAIRS, SIZES, st.fixed_dictionaries(OPTIONS), st.integers(0, 9))
def test_every_pair_is_in_exactly_one_batch(pairs, size, options, epoch):
    plan = batches_of(pairs, **size, **options).plan(epoch)
    rows = [row for start, n in zip(plan.starts, plan.sizes, strict=True) for row in plan.order[start : start + n]]
    assert sorted(rows) == list(range(len(pairs)))
    assert plan.sizes.min() >= 1


@given(PAIRS, SIZES, st.fixed_dictionaries(OPTIONS))
def test_a_batch_is_just_wide_enough_in_steps_of_the_bucket(pairs, size, options):
    plan, step = batches_of(pairs, **size, **options).plan(), options["bucket_step"]
    for start, count, *widths in zip(plan.starts, plan.sizes, plan.source_steps, plan.target_steps, strict=True):
        for side, width in enumerate(widths):
            longest = max(len(pairs[row][side]) + 1 for row in plan.order[start : start + count])
            assert width % step == 0 and width - step < longest <= width


@given(PAIRS, st.integers(1, 80), st.fixed_dictionaries(OPTIONS))
def test_the_token_budget_is_kept_and_used(pairs, budget, options):
    plan = batches_of(pairs, batch_sentences=0, batch_tokens=budget, **options).plan()
    widths = np.maximum(plan.source_steps, plan.target_steps)
    assert np.all((plan.sizes * widths <= budget) | (plan.sizes == 1))
    # No batch had room for the pair that the next one starts with.
    step = options["bucket_step"]
    for one, after in itertools.pairwise(np.argsort(plan.starts)):
        longer = max(len(row) + 1 for row in pairs[plan.order[plan.starts[after]]])
        assert (plan.sizes[one] + 1) * max(widths[one], -(-longer // step) * step) > budget


def test_batches_count_sentences():
    sizes = batches_of(some_pairs(50), batch_sentences=8, seed=1).plan().sizes
    assert sorted(sizes) == [2, *[8] * 6]


def test_a_budget_may_be_filled_to_the_last_token():
    same_length = [([4, 5, 6], [7])] * 10
    assert batches_of(same_length, batch_sentences=0, batch_tokens=12).plan().sizes.tolist() == [3, 3, 3, 1]


def test_order_is_a_function_of_seed_and_epoch():
    pairs = some_pairs(60)
    epochs = [arrays(batches_of(pairs, batch_sentences=8, seed=seed).epoch(n)) for seed, n in ((1, 0), (1, 1), (2, 0))]
    again = batches_of(pairs, batch_sentences=8, seed=1)
    assert same(arrays(again.epoch(1)), epochs[1]) and same(arrays(again.epoch(0)), epochs[0])
    assert not any(same(*two) for two in itertools.combinations(epochs, 2))
    plans = [again.plan(epoch) for epoch in range(2)]
    compositions = [
        {frozenset(plan.order[start : start + size]) for start, size in zip(plan.starts, plan.sizes, strict=True)}
        for plan in plans
    ]
    assert compositions[0] != compositions[1]  # other batch-mates, not only another order of the same batches


def test_without_a_seed_the_order_is_by_length_and_always_the_same():
    batches = batches_of(some_pairs(60), batch_sentences=8, bucket_step=1)
    plan = batches.plan(0)
    assert np.array_equal(plan.order, batches.plan(7).order)
    assert np.all(np.diff(batches.target.lengths[plan.order]) >= 0)
    assert np.all(np.diff(plan.starts) > 0)


# --- the batches


@pytest.mark.parametrize(
    ("count", "options"),
    [
        (1, {"batch_sentences": 8, "seed": 1}),
        (40, {"batch_sentences": 1, "bucket_step": 1}),
        (50, {"batch_sentences": 7, "bucket_step": 3, "seed": 2}),
        (50, {"batch_sentences": 0, "batch_tokens": 64, "seed": 3}),
    ],
)
def test_batches_equal_a_plain_construction(count, options):
    pairs, epoch = some_pairs(count, seed=count), 4
    batches = batches_of(pairs, **options)
    plan = batches.plan(epoch)
    expected = []
    for start, count, *steps in zip(plan.starts, plan.sizes, plan.source_steps, plan.target_steps, strict=True):
        rows = [pairs[row] for row in plan.order[start : start + count]]
        expected.append(
            (
                np.array([padded([*source, EOS], steps[0]) for source, _ in rows]),
                np.array([padded([BOS, *target], steps[1]) for _, target in rows]),
                np.array([padded([*target, EOS], steps[1]) for _, target in rows]),
            )
        )
    found = arrays(batches.epoch(epoch))
    assert same(found, expected)
    assert {array.dtype for batch in found for array in batch} == {np.dtype(np.int32)}


def test_the_decoder_reads_one_token_behind_its_labels():
    for _, target_input, labels in arrays(batches_of(some_pairs(40), batch_sentences=7, seed=3).epoch()):
        real = labels != PAD
        assert np.array_equal(target_input != PAD, real)
        assert np.all(target_input[:, 0] == BOS)
        assert np.array_equal(target_input[:, 1:][real[:, 1:]], labels[:, :-1][real[:, 1:]])
        assert np.all(labels[np.arange(len(labels)), real.sum(1) - 1] == EOS)


def test_batches_are_counted_before_they_are_made():
    batches = batches_of(some_pairs(45), batch_sentences=0, batch_tokens=60, seed=0)
    dataset = batches.epoch(2)
    assert dataset.cardinality() == len(batches.plan(2)) == len(arrays(dataset))
    assert batches.amount == sum((labels != PAD).sum() for *_, labels in arrays(dataset))
    (source, target), labels = dataset.element_spec
    assert [spec.shape.rank for spec in (source, target, labels)] == [2, 2, 2]


@pytest.mark.parametrize("size", [{}, {"batch_sentences": 0, "batch_tokens": 9}])
def test_no_pairs_are_no_batches(size):
    nothing = TokenRows.from_rows([])
    assert arrays(PairBatches(nothing, nothing, seed=0, **size).epoch()) == []


def test_as_many_sources_as_targets():
    with pytest.raises(ValueError, match="as many sources as targets, got 1 and 2"):
        PairBatches(TokenRows.from_rows([[4]]), TokenRows.from_rows([[4], [5]]))


def test_nothing_is_kept_of_an_epoch_that_is_over():
    batches = batches_of(some_pairs(20), batch_sentences=8, seed=1)
    rows = weakref.ref(batches.source)
    iterator = batches.epoch().take(3).as_numpy_iterator()
    del batches
    gc.collect()
    assert rows() is not None and len(list(iterator)) == 3  # the iterator alone keeps what it needs
    del iterator
    gc.collect()
    assert rows() is None


# --- plain padding


@given(st.lists(ROWS), st.integers(0, 3))
def test_pad_rows(rows, extra):
    longest = max(map(len, rows), default=0) + 1
    for steps, result in (
        (longest, pad_rows(TokenRows.from_rows(rows))),
        (longest + extra, pad_rows(TokenRows.from_rows(rows), longest + extra)),
    ):
        assert result.shape == (len(rows), steps) and result.dtype == np.int32
        assert result.tolist() == [padded([*row, EOS], steps) for row in rows]
