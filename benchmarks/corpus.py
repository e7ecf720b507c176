"""`python benchmarks/corpus.py --pairs 5000000`: preparing a large corpus, and what training on it takes (Linux only).

Two corpora of generated sentences, the other one of 30,000 pairs, are prepared and trained on for some batches by
`tasks.translation.train`, each in a process of its own. Resident memory has pages of files in it, those of TensorFlow's
libraries; without them it is called anonymous. The generated files take 0.2 GB a million pairs, in the folder TMPDIR.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from seq2seq.cli.console import quiet_tensorflow
from seq2seq.config import TranslationConfig, resolve
from seq2seq.report import Progress, Report

SMALL, BATCHES = 30_000, 40
# Fewer than the vocabulary has pieces. Of more, the large corpus has rarer ones, which have more pieces, and longer
# batches would be compared with shorter ones.
WORDS = 4000
SYLLABLES = [consonant + vowel for consonant in "bcdfghjklmnprstvz" for vowel in ("a", "e", "i", "o", "u", "é", "ou")]


def write_side(path, pairs, random):
    """Sentences of 4 to 20 words of 1 to 4 syllables, the word of rank r drawn in proportion to 1 / r."""
    words = np.array(["".join(random.choice(SYLLABLES, random.integers(1, 5))) for _ in range(WORDS)], object)
    shares = np.cumsum(1.0 / np.arange(1, WORDS + 1))
    with open(path, "w", encoding="utf-8") as file:
        for start in range(0, pairs, 100_000):
            ends = np.cumsum(random.integers(4, 21, min(100_000, pairs - start)))
            drawn = words[np.searchsorted(shares, random.random(ends[-1]) * shares[-1])].tolist()
            file.writelines(" ".join(drawn[i:j]) + "\n" for i, j in zip([0, *ends], ends, strict=False))


def memory(field):
    """MiB of this process: `VmHWM`, the most that was resident, or `RssAnon`, without pages of files, now."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) / 1024


def measure(folder):
    """Prepare and train on the corpus of a folder; return the seconds, and MiB of memory."""
    with quiet_tensorflow():
        from seq2seq.tasks.train_translation import train

    class Measuring(Report):
        """Notes the time that each piece of work starts at, and ends the training after some batches."""

        starts, batches = {}, 0

        @contextmanager
        def progress(self, title, total, unit):
            self.starts[title] = time.perf_counter()
            yield Counting() if title.startswith("epoch") else Progress()

    class Counting(Progress):
        def advance(self, steps=1, amount=0.0, of="", **figures):
            report.batches += steps
            if report.batches >= BATCHES:
                raise KeyboardInterrupt

    report, begin = Measuring(), time.perf_counter()
    config = resolve(TranslationConfig, data__train=str(folder / "text"), data__source="en", data__target="de")
    try:
        train(config, tempfile.mkdtemp(dir=folder), report=report)
    except KeyboardInterrupt:
        seconds = report.starts["epoch 1/" + str(config.training.epochs)] - begin
    return {"seconds": seconds, "peak": memory("VmHWM"), "anonymous": memory("RssAnon")}


def measured(pairs):
    """The same in a new process, on a corpus of so many pairs."""
    with tempfile.TemporaryDirectory() as folder:
        random = np.random.default_rng(0)
        for side in ("en", "de"):
            write_side(Path(folder, f"text.{side}"), pairs, random)
        command = [sys.executable, __file__, "--measure", folder]
        figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])
    print(
        f"{pairs:>11,} pairs: ready to train after {figures['seconds']:.0f} s, "
        f"{pairs / figures['seconds'] * 60:,.0f} pairs/min; training after {BATCHES} batches: "
        f"peak {figures['peak']:,.0f} MiB, of it anonymous at the end {figures['anonymous']:,.0f} MiB",
        flush=True,
    )
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5_000_000)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure)))
        return
    small, large = measured(SMALL), measured(arguments.pairs)
    for name in ("peak", "anonymous"):
        print(f"{name} memory, {arguments.pairs:,} pairs to {SMALL:,}: {large[name] / small[name]:.3f}")


if __name__ == "__main__":
    main()
