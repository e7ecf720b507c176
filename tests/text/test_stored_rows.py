import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.batches.pairs import PairBatches
from seq2seq.errors import InputError
from seq2seq.text.stored_rows import RowWriter, StoredRows
from seq2seq.text.tokens import TokenRows


def stored(blocks, folder, vocabulary_size=100):
    with open(folder / "ids", "wb") as file:
        writer = RowWriter(file, vocabulary_size)
        for block in blocks:
            writer.append(block)
    return StoredRows(open(folder / "ids", "rb"), writer.dtype, writer.lengths)


def some_rows(count, vocabulary_size=100, longest=12, seed=0):
    random = np.random.default_rng(seed)
    lengths = random.integers(0, longest, count).astype(np.int32)
    return TokenRows(random.integers(4, vocabulary_size, lengths.sum()).astype(np.int32), lengths)


@given(st.lists(st.integers(0, 299), max_size=50), st.sampled_from([100, 256, 257, 65_536, 65_537]))
def test_stored_rows_are_those_that_were_written(tmp_path_factory, places, vocabulary_size):
    rows = some_rows(300, vocabulary_size, longest=400)
    blocks = [rows.take(range(0, 130)), rows.take([]), rows.take(range(130, 300))]
    taken = stored(blocks, tmp_path_factory.mktemp("rows"), vocabulary_size).take(np.array(places, np.int32))
    expected = rows.take(places)
    assert taken.values.tolist() == expected.values.tolist() and taken.lengths.tolist() == expected.lengths.tolist()
    assert taken.values.dtype == taken.lengths.dtype == np.int32


@pytest.mark.parametrize("sizes", [{"batch_sentences": 7}, {"batch_sentences": 0, "batch_tokens": 64}])
def test_batches_are_the_same_from_memory_and_from_a_file(tmp_path, monkeypatch, sizes):
    monkeypatch.setattr("seq2seq.batches.pairs.BATCHES_TOGETHER", 8)
    rows = [some_rows(200, longest=200, seed=seed) for seed in (1, 2)]
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    files = [stored([side], tmp_path / name) for side, name in zip(rows, "ab", strict=True)]
    assert files[0].lengths.dtype == np.uint8
    memory, disk = (
        list(PairBatches(*sides, **sizes, bucket_step=8, seed=3).epoch(2).as_numpy_iterator())
        for sides in (rows, files)
    )
    assert len(memory) == len(disk) > 24  # several groups
    for ((a, b), c), ((x, y), z) in zip(memory, disk, strict=True):
        assert np.array_equal(a, x) and np.array_equal(b, y) and np.array_equal(c, z)


def test_a_file_that_was_cut_while_it_was_read(tmp_path):
    rows = stored([some_rows(100)], tmp_path)
    (tmp_path / "ids").write_bytes(b"")
    with pytest.raises(InputError, match="was changed"):
        rows.take(np.arange(100))
