"""The encoder–decoder exercise as files: six random integers below 51 → the first three of them, reversed.

    python data/make_integers.py FOLDER

writes `train`, `valid` and `test` with the suffixes `.src` and `.tgt`, the same bytes every time; no source is in two
parts.
"""

import random
import sys
from pathlib import Path

PARTS = {"train": 20_000, "valid": 500, "test": 1_000}


def make_parts(seed=51):
    """`{part: [(source, target)]}`: strings of integers, all sources distinct."""
    draw = random.Random(seed)
    sources = {}
    while len(sources) < sum(PARTS.values()):
        sources[tuple(draw.randrange(51) for _ in range(6))] = None
    rows = iter(sources)
    pair = lambda row: (" ".join(map(str, row)), " ".join(map(str, row[2::-1])))  # noqa: E731
    return {part: [pair(next(rows)) for _ in range(count)] for part, count in PARTS.items()}


def main(folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for part, pairs in make_parts().items():
        for suffix, lines in zip(("src", "tgt"), zip(*pairs, strict=True), strict=True):
            (folder / f"{part}.{suffix}").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python data/make_integers.py FOLDER")
    main(sys.argv[1])
