"""What one of several workers does by itself; what they do together is tested with processes."""

from itertools import pairwise

import tensorflow as tf

from seq2seq.training.cluster import PIECE, Cluster
from seq2seq.workers import Place


def test_the_pieces_of_a_sum_have_one_order_on_all_workers():
    """NCCL hangs, or mixes them up, where one worker begins with another piece than the others."""
    cluster = Cluster()
    cluster.place, cluster._device = Place(0, ("a:1", "b:1")), "CPU:0"
    numbers = tf.TensorSpec((2 * PIECE + 5,))
    graph = tf.function(lambda each: cluster._sum([each])).get_concrete_function(numbers).graph
    pieces = [op for op in graph.get_operations() if op.type == "CollectiveReduceV2"]
    assert len(pieces) == 3
    assert all(before in after.control_inputs for before, after in pairwise(pieces))
