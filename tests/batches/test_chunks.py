import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.batches.chunks import ChunkBatches
from seq2seq.errors import InputError

few = settings(max_examples=12)  # each traces a graph


def arrays(batches):
    return [(*inputs, target) for inputs, target in batches.epoch().as_numpy_iterator()]


def series_of(lengths, ids):
    """Series in which no value comes twice."""
    ends = np.cumsum(lengths)
    values = [np.arange(end - n, end) + 1 for n, end in zip(lengths, ends, strict=True)]
    return [v.astype(np.int64) if ids else np.stack((v, -v), axis=1).astype(np.float32) for v in values]


def reconnected(batches):
    """`(slot, input, target)` of each series: the chunks of a slot put together, cut where it is fresh."""
    found = []
    chunks = arrays(batches)
    for slot in range(batches.slots):
        for chunk, fresh, target in ((c[slot], f[slot], t[slot]) for c, f, t in chunks):
            if fresh:
                found.append((slot, [], []))
            real = target != 0 if target.ndim == 1 else ~np.isnan(target[:, 0])
            assert not np.any(np.diff(real.astype(int)) > 0)  # padded on the right only
            padding = target[~real]
            assert np.all(padding == 0 if target.ndim == 1 else np.isnan(padding))
            idle = not real.any()
            assert fresh or not idle
            assert np.array_equal(chunk[~real], np.zeros_like(padding) if idle else padding, equal_nan=True)
            found[-1][1].extend(chunk[real].tolist())
            found[-1][2].extend(target[real].tolist())
    return [part for part in found if part[1]]


@few
@given(
    st.lists(st.integers(0, 25), min_size=1, max_size=8),
    st.integers(1, 10),
    st.none() | st.integers(1, 10),
    st.booleans(),
)
def test_connected_chunks_are_the_whole_series_one_step_apart(lengths, chunk, slots, ids):
    series = series_of(lengths, ids)
    usable = [values for values in series if len(values) > 1]
    if not usable:
        with pytest.raises(InputError, match="at least 2 steps"):
            ChunkBatches(series, chunk=chunk, slots=slots)
        return
    batches = ChunkBatches(series, chunk=chunk, slots=slots)
    found = reconnected(batches)
    assert batches.num_series == len(usable) and batches.too_short == len(series) - len(usable)
    assert batches.slots == (slots or len(usable))
    assert sorted((inputs, targets) for _, inputs, targets in found) == sorted(
        (values[:-1].tolist(), values[1:].tolist()) for values in usable
    )
    # A slot takes its series in their order, and the first ones one by one.
    firsts = [(slot, np.ravel(inputs)[0]) for slot, inputs, _ in found]
    assert firsts == sorted(firsts)
    for slot, values in list(enumerate(usable))[: batches.slots]:
        assert (slot, np.ravel(values)[0]) in firsts


def test_shapes_are_static():
    for ids, shape, dtype in ((True, (3, 4), "int32"), (False, (3, 4, 2), "float32")):
        batches = ChunkBatches(series_of([9, 2, 30], ids), chunk=4)
        (chunk, fresh), target = batches.epoch().element_spec
        assert tuple(chunk.shape) == tuple(target.shape) == shape and chunk.dtype == target.dtype == dtype
        assert tuple(fresh.shape) == (3,) and fresh.dtype == "bool"
        assert batches.epoch().cardinality() == len(batches) == len(arrays(batches)) == 8


def test_series_fill_the_slots_evenly():
    batches = ChunkBatches([np.zeros((n, 1)) for n in (101, 11, 11, 11, 11, 11, 41)], chunk=10, slots=2)
    assert len(batches) == 10  # 10 chunks beside 1 + 1 + 1 + 1 + 1 + 4


def test_many_series_take_64_slots():
    assert ChunkBatches([np.zeros((3, 1))] * 100, chunk=2).slots == 64


@pytest.mark.parametrize("wrong", [{"chunk": 0}, {"slots": 0}])
def test_what_cannot_be_used_is_said(wrong):
    with pytest.raises(InputError, match="at least 1, got 0"):
        ChunkBatches(**{"inputs": [np.zeros((9, 1))], "chunk": 2} | wrong)
