"""`python benchmarks/batch_memory.py RUN TEXT [LINES …]`: memory and speed of batch jobs of more and more lines.

TEXT is any file of lines for the run; they are repeated up to the sizes that are measured, 50,000 and 200,000 lines by
default, each in a process of its own (Linux only). With `--plain`, `seq2seq translate` takes turns on the same lines.
"""

import itertools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SIZES = (50_000, 200_000)


def measured(script, *arguments):
    """Seconds of a command, of processor and of the clock, and the most MiB that it ever had."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, ROOT / "scripts" / script, *map(str, arguments)], stderr=subprocess.PIPE
    )
    shown = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(shown.decode())
    return used.ru_utime + used.ru_stime, time.perf_counter() - began, used.ru_maxrss / 1024


def main(run, text, sizes, plain):
    lines = Path(text).read_text(encoding="utf-8").splitlines()
    with tempfile.TemporaryDirectory() as folder:
        for turn, count in enumerate(sizes):
            source = Path(folder, f"{count}.txt")
            source.write_text("\n".join(itertools.islice(itertools.cycle(lines), count)) + "\n", encoding="utf-8")
            works = {"batch": ("batch.py", "translate", run, "--input", source, "--output", Path(folder, f"out{turn}"))}
            if plain:
                works["plain"] = ("translate.py", run, "--input", source, "--output", Path(folder, "plain"))
            for name, work in works.items():
                busy, seconds, mib = measured(*work)
                print(
                    f"{name:<6} {count:9,} lines {mib:7,.0f} MiB at the most, {count / seconds:8,.0f} lines/s, "
                    f"{count / busy:8,.0f} lines for each second of processor",
                    flush=True,
                )


if __name__ == "__main__":
    options = [each for each in sys.argv[1:] if each != "--plain"]
    main(*options[:2], [*map(int, options[2:])] or SIZES, "--plain" in sys.argv)
