"""What driver and workers say to each other, and the files that they share. Needs nothing but NumPy.

The driver writes one JSON object per line to a worker's standard input and reads one per line from its standard
output: first the spec, answered when the worker is warm; then `{"turn": k}`, answered with the amount of work done,
the seconds that it took, and the most memory that the process ever had. All workers of a run read the same files, so
they do the same work.
"""

import json
import os
import resource
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

PAD = 0
# Exit codes of a worker: its last line on standard error says what is wrong with its input; its library is missing.
WRONG_INPUT, NOT_INSTALLED = 2, 3


class Batch(NamedTuple):
    """One training batch, int32 arrays `(sentences, steps)`, 0 at padding."""

    source: np.ndarray
    target_input: np.ndarray
    labels: np.ndarray


def serve(start):
    """Answer the driver until it closes the pipe.

    Args:
        start: function of the spec that gets ready and warm. It returns a dict for the driver with a line `about` the
            system, and the function that does turn `k` and returns `(amount, seconds)`.
    """
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not pass for a reply
    description, turn = start(json.loads(sys.stdin.readline()))
    print(json.dumps(description), file=replies, flush=True)
    for line in sys.stdin:
        amount, seconds = turn(json.loads(line)["turn"])
        print(json.dumps({"amount": amount, "seconds": seconds, "peak_mib": peak_mib()}), file=replies, flush=True)


def peak_mib():
    """The most memory that this process had, or any that it has started and waited for."""
    # Of itself, `getrusage` also counts what its parent had when it was forked.
    lines = Path("/proc/self/status").read_text().splitlines()
    own = int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def save_batches(folder, batches):
    """Write the training batches that all workers read."""
    arrays = {f"{name}{k}": array for k, batch in enumerate(batches) for name, array in batch._asdict().items()}
    np.savez(Path(folder) / "batches.npz", **arrays)


def load_batches(folder):
    """The list of `Batch` that `save_batches` wrote."""
    with np.load(Path(folder) / "batches.npz") as saved:
        count = len(saved.files) // len(Batch._fields)
        return [Batch(*(saved[f"{name}{k}"] for name in Batch._fields)) for k in range(count)]


def batches_of_turn(batches, turn, steps):
    """The `steps` batches of a turn: turns follow on each other, round and round. Turn -1 is for warming up."""
    return [batches[(turn * steps + k) % len(batches)] for k in range(steps)]


def target_tokens(batches):
    """Number of labels in the batches: end of sentence counts, padding does not."""
    return sum(int(np.count_nonzero(batch.labels)) for batch in batches)
