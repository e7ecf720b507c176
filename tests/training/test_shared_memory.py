"""Workers of one machine make of their numbers, in memory that they share, the mean that one process would have."""

from threading import Barrier, Thread

import numpy as np
import pytest

from seq2seq.training.shared_memory import SharedMemory

SHAPES = [(), (3, 50_000), (7,), (0, 4), (2, 3)]
NUMBERS = sum(int(np.prod(shape)) for shape in SHAPES)


def opened(count, other=lambda index, content: content):
    """What each of so many workers opens; `other` may change what one of them hears of the others."""
    given, found, barrier = [None] * count, [None] * count, Barrier(count)

    def worker(index):
        def gather(content):
            given[index] = content
            barrier.wait(20)
            heard = [other(index, each) for each in given]
            barrier.wait(20)
            return heard

        found[index] = SharedMemory.open(index, count, NUMBERS, gather)

    threads = [Thread(target=worker, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    return found


@pytest.mark.parametrize("count", [2, 3, 5])
def test_the_mean_of_all_is_read_by_each(count):
    draw = np.random.default_rng(count)
    workers = opened(count)
    for _ in range(2):  # what was there before does not count
        weights = draw.integers(0, 9, count).astype(np.float32)
        parts = [[np.asarray(draw.normal(size=shape), np.float32) for shape in SHAPES] for _ in range(count)]
        for worker, weight, of_worker in zip(workers, weights, parts, strict=True):
            worker.write(weight, *of_worker)
        assert {float(worker.average(0.0)) for worker in workers} == {float(weights.sum())}
        read = [worker.read(SHAPES) for worker in workers]
        for number, shape in enumerate(SHAPES):
            expected = sum(w * part[number] for w, part in zip(weights, parts, strict=True)) / max(weights.sum(), 1)
            for of_worker in read:
                assert of_worker[number].shape == shape
                np.testing.assert_allclose(of_worker[number], expected, rtol=1e-5, atol=1e-6)
                np.testing.assert_array_equal(of_worker[number], read[0][number])


def test_where_one_finds_something_else_by_that_name_none_has_it():
    def elsewhere(index, content):
        return [content[0], -1, content[2]] if index and isinstance(content, list) else content

    assert opened(2, elsewhere) == [None, None]


def test_where_there_is_no_such_memory_none_has_it(monkeypatch):
    monkeypatch.delattr("os.memfd_create")
    assert opened(3) == [None] * 3
