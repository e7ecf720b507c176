"""`python benchmarks/memory.py`: what cutting a long series into windows costs in memory (Linux only)."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import argparse
from pathlib import Path

import numpy as np

from seq2seq.batches.windows import WindowBatches

LOOK_BACK, BATCHES = 100, 500
MIB = 2**20


def resident(field):
    """MiB of this process now (`VmRSS`) or at the most (`VmHWM`)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) / 1024


def main(steps):
    for _ in WindowBatches([np.zeros((500, 1), np.float32)], look_back=LOOK_BACK, seed=1).epoch():
        pass  # TensorFlow's first use of everything
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins now
    values = np.random.default_rng(0).standard_normal((steps, 1), dtype=np.float32)
    batches = WindowBatches([values], look_back=LOOK_BACK, seed=1)
    for _ in batches.epoch().take(BATCHES):
        pass
    data, windows = values.nbytes / MIB, batches.num_windows * LOOK_BACK * 4 / MIB
    print(f"{f'values of {steps:,} steps':<36} {data:9,.0f} MiB")
    print(f"{f'all windows of {LOOK_BACK} steps, if made':<36} {windows:9,.0f} MiB")
    for name, field in (("after an epoch's batches", "VmRSS"), ("at the most", "VmHWM")):
        used = resident(field) - before
        print(f"{name:<36} {used:9,.0f} MiB, {used / data:.2f} x the values")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split(": ", 1)[1])
    parser.add_argument("--steps", type=int, default=10_000_000, help="length of the series (10 million)")
    main(parser.parse_args().steps)
