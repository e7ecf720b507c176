"""Where forecasts begin."""

import numpy as np
import pytest

from seq2seq.evaluation.origins import origins_of


@pytest.mark.parametrize("last", [None, 1, 4, 1000])
@pytest.mark.parametrize("stride", [1, 3])
def test_origins_lie_in_their_part_and_leave_room_for_the_horizon(stride, last):
    origins = origins_of(50, 31, 4, stride, last)
    assert origins[0] >= 31 and origins[-1] <= 46
    assert (np.diff(origins) == stride).all()
    assert len(origins) == min(last or 1000, 15 // stride + 1)
    if last:
        assert origins[-1] == 46  # the latest of all
