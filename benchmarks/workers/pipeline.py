"""Runs the project's input pipeline with nothing behind it: one epoch of batches each turn."""

import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from seq2seq.batches.pairs import PairBatches
from seq2seq.text.tokens import TokenRows
from workers.protocol import serve


def start(spec):
    """Get ready to make the batches of one epoch each turn."""
    tf.config.threading.set_intra_op_parallelism_threads(spec["threads"])
    with np.load(Path(spec["folder"]) / "corpus.npz") as saved:
        source = TokenRows(saved["source_values"], saved["source_lengths"])
        target = TokenRows(saved["target_values"], saved["target_lengths"])
    batches = PairBatches(source, target, **spec["batching"], seed=1)

    def turn(k):
        began = time.perf_counter()
        for _ in batches.epoch(k):
            pass
        return batches.amount, time.perf_counter() - began

    for _ in batches.epoch().take(10):  # TensorFlow's first use of everything
        pass
    return {"about": f"tf.data, {len(source):,} pairs, {len(batches.plan())} batches"}, turn


if __name__ == "__main__":
    serve(start)
