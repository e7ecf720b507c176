"""Small data for trainings of every kind."""

import random

import numpy as np
import pytest


@pytest.fixture(scope="session")
def small_data(tmp_path_factory):
    """A folder with `train.src`, `train.tgt`, `valid.…` and `series.csv`."""
    folder = tmp_path_factory.mktemp("data")
    draw = random.Random(3)
    texts = [" ".join(draw.choices("abcdefgh", k=draw.randint(2, 7))) for _ in range(400)]
    for name, part in (("train", texts[:300]), ("valid", texts[300:])):
        (folder / f"{name}.src").write_text("\n".join(part) + "\n")
        (folder / f"{name}.tgt").write_text("\n".join(text[::-1] for text in part) + "\n")
    steps = np.arange(400.0)
    rows = zip(np.sin(steps / 5), np.cos(steps / 7), strict=True)
    (folder / "series.csv").write_text("a,b\n" + "".join(f"{a:.6f},{b:.6f}\n" for a, b in rows))
    return folder
