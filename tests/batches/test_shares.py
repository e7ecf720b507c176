"""What workers take of each batch is together the batch, and each row of it once."""

import numpy as np
import pytest
import tensorflow as tf

from seq2seq.batches.chunks import ChunkBatches
from seq2seq.batches.pairs import PairBatches
from seq2seq.batches.protocol import Share
from seq2seq.batches.sequences import SequenceBatches
from seq2seq.batches.windows import WindowBatches
from seq2seq.errors import InputError
from seq2seq.text.tokens import TokenRows
from tests.conftest import slow


def series(*lengths):
    return [np.arange(100.0 * k, 100.0 * k + length)[:, None] for k, length in enumerate(lengths, 1)]


def pairs():
    draw = np.random.default_rng(0)
    rows = [draw.integers(4, 99, length).tolist() for length in (3, 5, 1, 8, 2, 4, 7, 3, 6, 2)]
    return PairBatches(*[TokenRows.from_rows(each) for each in (rows, rows[::-1])], batch_sentences=4, seed=1)


BATCHES = {
    "pairs": pairs,
    "windows": lambda: WindowBatches(series(9, 8), look_back=3, batch_size=4, seed=1),
    "forecasts": lambda: WindowBatches(series(9, 8), look_back=3, horizon=2, known=series(9, 8), batch_size=3, seed=1),
    "sequences": lambda: SequenceBatches(series(3, 5, 1, 8, 2, 4, 7, 3, 6), batch_size=4, seed=1),
    "chunks": lambda: ChunkBatches(series(9, 7, 12, 5), chunk=4),
}


def rows(batch):
    """The rows of a batch as bytes, without the padding of other rows beside them; those without a target left out."""
    *inputs, target = map(np.asarray, tf.nest.flatten(batch))
    kept = []
    for row in zip(*inputs, target, strict=True):
        real = [~np.isnan(part) if part.dtype.kind == "f" else part != 0 for part in row]
        if real[-1].any():
            kept.append(tuple(part[mask].tobytes() for part, mask in zip(row, real, strict=True)))
    return kept


@pytest.mark.parametrize("workers", [slow(1), slow(2), 3, slow(4)])
@pytest.mark.parametrize("kind", BATCHES)
def test_shares_of_a_batch_are_the_batch(kind, workers):
    batches = BATCHES[kind]()
    shares = [list(batches.epoch(2, Share(index, workers))) for index in range(workers)]
    whole = list(batches.epoch(2))
    assert {len(share) for share in shares} == {len(whole)}
    for batch, parts in zip(whole, zip(*shares, strict=True), strict=True):
        assert all(len(tf.nest.flatten(part)[0]) for part in parts)  # no worker is without a row
        assert sorted(row for part in parts for row in rows(part)) == sorted(rows(batch))


def test_more_workers_than_rows_leave_some_with_nothing_that_counts():
    batches = WindowBatches(series(5), look_back=3, batch_size=2)
    counted = [len(rows(batch)) for index in range(4) for batch in batches.epoch(0, Share(index, 4))]
    assert counted == [1, 1, 1, 0, 0, 0, 0, 0]


def test_slots_are_never_without_a_series_of_their_own():
    with pytest.raises(InputError, match=r"4 series .* among 5 workers"):
        BATCHES["chunks"]().epoch(0, Share(0, 5))
