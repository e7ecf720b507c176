"""Which rows a recurrent loop works on."""

import numpy as np
import pytest
import tensorflow as tf

from seq2seq.layers.rows import ROWS
from seq2seq.layers.steps import PackedSteps


@pytest.mark.parametrize("lengths", [(3,), (5, 0, 2), (8, 8), (8, 8, 1), (0, 0)])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_packed_sequences_have_a_round_number_of_rows_and_only_real_ones_come_back(lengths, go_backwards):
    mask = np.arange(8) < np.array(lengths)[:, None]
    x = tf.constant(np.random.default_rng(0).normal(size=(*mask.shape, 3)), tf.float32)
    steps = PackedSteps(x, mask, go_backwards)
    packed = steps.enter(x)
    assert packed.shape[0] % ROWS == 0
    assert 0 <= packed.shape[0] - sum(lengths) < ROWS
    kept = np.where(mask[..., None], x, 0.0)
    if go_backwards:  # they come in the order of processing
        kept = kept[:, ::-1]
    np.testing.assert_array_equal(steps.leave(packed), kept)


def test_what_a_loop_makes_is_0_in_spare_rows():
    x = tf.ones((2, 3, 1))
    steps = PackedSteps(x, [[True, True, False], [True, False, False]])
    array = steps.empty(tf.float32, 1, None)
    for t in range(2):
        array = array.write(t, steps.at(t, steps.enter(x)))
    np.testing.assert_array_equal(steps.joined(array)[:, 0], [1.0] * 3 + [0.0] * (ROWS - 3))
