import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.batches.sequences import SequenceBatches
from seq2seq.errors import InputError

few = settings(max_examples=12)  # each traces a graph


def random_sequences(lengths, features=2, seed=0):
    random = np.random.default_rng(seed)
    return [random.normal(size=(n, features)).astype(np.float32) for n in lengths]


def arrays(batches, epoch=0):
    return list(batches.epoch(epoch).as_numpy_iterator())


def rows(plan):
    return [row.tolist() for row in plan]


@few
@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=25),
    st.integers(1, 9),
    st.none() | st.integers(0, 99),
    st.integers(0, 5),
)
def test_every_sequence_once_padded_with_nan_to_the_longest_of_its_batch(lengths, batch_size, seed, epoch):
    sequences = random_sequences(lengths)
    if not any(lengths):
        with pytest.raises(InputError, match="at least one step"):
            SequenceBatches(sequences, batch_size=batch_size, seed=seed)
        return
    targets = [sequence[:, :1] * 2 for sequence in sequences]
    batches = SequenceBatches(sequences, targets, batch_size=batch_size, seed=seed)
    plan = batches.plan(epoch)
    usable = [i for i, n in enumerate(lengths) if n]
    assert sorted(np.concatenate(plan)) == usable
    assert batches.num_sequences == len(usable) and batches.too_short == len(lengths) - len(usable)
    assert len(plan) == len(batches) == batches.epoch(epoch).cardinality()
    for numbers, (inputs, outputs) in zip(plan, arrays(batches, epoch), strict=True):
        assert inputs.shape == (len(numbers), max(lengths[i] for i in numbers), 2)
        for i, row, target in zip(numbers, inputs, outputs, strict=True):
            assert np.array_equal(row[: lengths[i]], sequences[i]) and np.isnan(row[lengths[i] :]).all()
            assert np.array_equal(target, row[:, :1] * 2, equal_nan=True)


def test_order_is_a_function_of_seed_and_epoch():
    sequences = random_sequences(range(1, 61))
    batches = SequenceBatches(sequences, batch_size=8, seed=1)
    again, other = (SequenceBatches(sequences, batch_size=8, seed=seed) for seed in (1, 2))
    assert rows(again.plan(3)) == rows(batches.plan(3))
    epochs = [{frozenset(batch) for batch in rows(plan)} for plan in (batches.plan(3), batches.plan(4), other.plan(3))]
    # Other batch-mates, not only another order of the same batches, although all lengths differ.
    assert epochs[0] != epochs[1] and epochs[0] != epochs[2]


def test_similar_lengths_are_batched_together():
    lengths = np.random.default_rng(0).integers(1, 1000, 2000)
    for seed in (None, 0):
        plan = SequenceBatches([np.zeros((n, 1)) for n in lengths], batch_size=50, seed=seed).plan()
        assert sum(len(batch) * lengths[batch].max() for batch in plan) < 1.2 * lengths.sum()


def test_without_a_seed_the_order_is_by_length_and_always_the_same():
    batches = SequenceBatches(random_sequences([3, 1, 2, 3, 1, 5]), batch_size=4)
    assert rows(batches.plan(0)) == rows(batches.plan(7)) == [[1, 4, 2, 0], [3, 5]]


def test_the_target_is_the_input_unless_given():
    batches = SequenceBatches(random_sequences([4, 2, 7]), batch_size=2, seed=0)
    assert all(np.array_equal(*pair, equal_nan=True) for pair in arrays(batches))
    assert [tuple(spec.shape) for spec in batches.epoch().element_spec] == [(None, None, 2)] * 2
    with pytest.raises(ValueError, match="the series and steps of the inputs"):
        SequenceBatches(random_sequences([4, 2]), random_sequences([4, 3]))
