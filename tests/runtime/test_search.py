"""The search of exported graphs keeps its sentences together, however they end; what it finds is held against
TensorFlow's search in tests/export/test_text_graphs.py."""

import numpy as np
import pytest

from seq2seq.runtime.search import Sentences, places


@pytest.mark.parametrize("leaving", [(), (0,), (5,), (1, 3), (0, 1, 2), (3, 4, 5), (0, 2, 5), range(6)])
def test_those_that_stay_move_up_into_the_places_of_those_that_leave(leaving):
    going = ~np.isin(np.arange(6), leaving)
    kept = places(going)
    assert sorted(kept) == np.flatnonzero(going).tolist()
    moved = kept != np.arange(len(kept))
    assert moved.sum() <= len(leaving) and not going[: len(kept)][moved].any()


@pytest.mark.parametrize("limits", [(3, 0, 2, 0), (0, 0, 0, 0), (1, 1, 1, 1)])
def test_a_sentence_keeps_its_memory_and_the_row_of_its_state(limits):
    own = np.arange(4, dtype=np.float32)[:, None]
    alive = Sentences.begin([own], [own.copy()], np.array(limits, np.int32))
    assert sorted(alive.rows) == np.flatnonzero(limits).tolist()
    for _ in range(2):
        np.testing.assert_array_equal(alive.memory[0][:, 0], alive.rows)
        np.testing.assert_array_equal(alive.states[0][alive.parents[:, 0], 0], alive.rows)
        alive = alive.take(places(alive.rows != 0))
