"""What the tests of batch jobs share: small works, inputs, and what comes out of them."""

import gzip
import random
from functools import partial
from pathlib import Path

import pytest

from seq2seq.jobs.detection import BatchDetection
from seq2seq.jobs.forecasting import BatchForecast
from seq2seq.jobs.inputs import csv_name
from seq2seq.jobs.reconstruction import BatchReconstruction
from seq2seq.jobs.translation import BatchTranslation

KILLED = Path(__file__).with_name("killed.py")
PART = 7


@pytest.fixture(scope="module")
def loaded(tiny_run):
    return BatchTranslation.load(tiny_run)


@pytest.fixture(scope="module")
def work(loaded):
    """A function that gives the work of the tiny run, in parts of `PART` records."""

    def with_settings(**given):
        return BatchTranslation(loaded.translator, loaded.model, **({"part_size": PART} | given))

    return with_settings


@pytest.fixture
def inputs(tmp_path):
    """A folder of texts, most of several parts, in two forms."""
    draw, folder = random.Random(1), tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    for name, count in (("a.txt", 40), ("b.txt.gz", 15), ("deep/c.txt", 3), ("empty.txt", 0)):
        lines = [" ".join(draw.choices("abcdefgh", k=draw.randint(0, 6))) for _ in range(count)]
        content = "".join(f"{line}\n" for line in lines).encode()
        (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return folder


@pytest.fixture
def verbs(beats_run, beats_file, pumps_run, pumps_files, days_plain, days_file):
    """What loads the work of each verb on series, an input, and how its outputs are called."""
    return {
        "reconstruct": (partial(BatchReconstruction.load, beats_run, array="test", part_size=20), beats_file, str),
        "rows": (partial(BatchReconstruction.load, pumps_run, part_size=50), pumps_files / "test.csv", str),
        "detect": (partial(BatchDetection.load, pumps_run, part_size=50), pumps_files / "test.csv", csv_name),
        "forecast": (partial(BatchForecast.load, days_plain.run.path, part_size=1), days_file, csv_name),
    }


def tree(folder):
    """All files of a folder and what they hold, but for the manifests."""
    paths = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("manifest")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
