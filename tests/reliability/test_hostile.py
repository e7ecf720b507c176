"""Whatever bytes they are given, readers read them or refuse them in one line: nothing else, ever."""

import gzip
import random
import shutil
import sys
import unicodedata

import numpy as np
import pandas as pd
import pytest
from trainings import train

from seq2seq.errors import InputError
from seq2seq.inference.detector import Detector
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.inference.stream import Stream
from seq2seq.inference.translator import Translator
from seq2seq.run import Run
from seq2seq.series.table import read_series
from tests.conftest import slow

FEW_AND_MANY = pytest.mark.parametrize("size", ["few", slow("many")])


# --- run directories


def load(task, run):
    """All that is read from a run to use it, as bytes."""
    if task == "translation":
        translator = Translator.load(run)
        parts = [translator.source.to_bytes(), translator.target.to_bytes()]
        model = translator.model
    elif task == "autoencoder":
        reconstructor = Reconstructor.load(run)
        detector = Detector.load(Run.open(run, "autoencoder"))
        parts = [repr(reconstructor.scaler).encode(), repr(detector.threshold).encode()]
        model = reconstructor.model
    else:
        forecaster = Forecaster.load(run)
        parts, model = [repr(forecaster.scaler).encode()], forecaster.model
    return [*parts, *(weight.tobytes() for weight in model.get_weights())]


def damage(path, draw, other):
    """Change one file of a run in one of many ways; `other` is a run of the same task."""
    content = bytearray(path.read_bytes())
    kind = draw.choice(["flip", "flip", "flip", "cut", "grow", "swap", "empty", "gone", "noise"])
    if kind == "flip":
        for _ in range(draw.choice([1, 1, 2, 8])):
            if content:
                content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    elif kind == "cut":
        del content[draw.randrange(len(content) + 1) :]
    elif kind == "grow":
        content += draw.randbytes(draw.randrange(1, 100))
    elif kind == "swap":
        content = (other / path.name).read_bytes() if (other / path.name).exists() else content[::-1]
    elif kind == "empty":
        content = b""
    elif kind == "noise":
        content = draw.randbytes(len(content))
    path.unlink()
    if kind != "gone":
        path.write_bytes(content)


@pytest.fixture(scope="module")
def run_of(small_data, tmp_path_factory):
    """A function of a task and a seed that gives a run of them, trained when it is first asked for."""
    folder = tmp_path_factory.mktemp("runs")

    def run_of(task, seed):
        run = folder / f"{task}{seed}"
        if not run.exists():
            quick = []
            if task == "translation":  # which translates nothing then: the number of sentences is the default again
                quick = ["training.validate_bleu=false", "training.validation_sentences=1000"]
            train(task, str(small_data), str(run), [f"seed={seed}", "training.epochs=1", *quick])
            shutil.rmtree(run / "checkpoints")
        return run

    return run_of


@pytest.mark.parametrize(
    ("task", "count"),
    [
        ("forecaster", 20),
        *(slow(task, 1700) for task in ("translation", "autoencoder", "forecaster")),
    ],
)
def test_a_damaged_run_loads_as_it_was_or_is_refused_in_one_line(task, count, run_of, tmp_path):
    draw, undamaged, other = random.Random(task), run_of(task, 1), run_of(task, 2)
    whole = load(task, undamaged)
    for _ in range(count):
        run = shutil.copytree(undamaged, tmp_path / "run")
        files = [path for path in sorted(run.iterdir()) if path.suffix not in (".png", ".csv") and path.name != "lock"]
        damage(draw.choice(files), draw, other)
        try:
            assert load(task, run) == whole
        except InputError as error:
            assert "\n" not in str(error)
        shutil.rmtree(run)


# --- text


def strange_text(draw):
    """A line of text of any scripts, with whatever Unicode has besides letters."""
    kind = draw.random()
    if kind < 0.05:
        return ""
    if kind < 0.1:
        return draw.choice(["\u200b", "\u0301", "\ufeff", "\x00", "\x1b[31m", "\u2028", "\x85", "\r", "\ud800"]) * 5
    length = int(draw.expovariate(1 / 20)) + 1
    if kind < 0.5:
        start = draw.choice([0x20, 0x370, 0x400, 0x590, 0x600, 0x900, 0x3040, 0x4E00, 0xAC00, 0x1F300, 0xE0000])
        return "".join(chr(start + draw.randrange(0x80)) for _ in range(length))
    text = "".join(chr(draw.randrange(sys.maxunicode + 1)) for _ in range(length))
    return unicodedata.normalize("NFD", text) if kind < 0.6 else text


@FEW_AND_MANY
def test_every_line_has_a_translation_whatever_it_holds(size, run_of):
    draw = random.Random(7)
    translator = Translator.load(run_of("translation", 1))
    lines = [strange_text(draw) for _ in range(300 if size == "few" else 60_000)]
    lines.insert(150, "a " * 500_000)  # a megabyte
    found = list(translator.stream(lines, max_length_ratio=0.1))
    assert len(found) == len(lines)
    assert all("\n" not in hypothesis.text for hypotheses in found for hypothesis in hypotheses)


# --- numbers


def strange_table(draw, path):
    """A file of numbers that something has gone wrong with."""
    rows, columns = draw.randrange(0, 30), draw.randrange(1, 4)
    if path.suffix in (".npy", ".npz"):
        values = np.random.default_rng(draw.randrange(1000)).normal(size=(rows, columns))
        np.save(path, values) if path.suffix == ".npy" else np.savez(path, values=values)
    elif path.suffix == ".parquet":
        pd.DataFrame({f"c{k}": np.arange(float(rows)) for k in range(columns)}).to_parquet(path)
    else:
        cells = ["1", "-2.5", "1e308", "1e999", "nan", "", "inf", "x", "2020-01-01", '"', "\u0663", "0x10", " ", "1,5"]
        separator = draw.choice([",", ",", ";", "\t"])
        often = draw.random() < 0.5
        lines = [separator.join(f"c{k}" for k in range(columns))] if draw.random() < 0.7 else []
        for row in range(rows):
            lines.append(
                separator.join(str(row) if often or draw.random() < 0.8 else draw.choice(cells) for _ in range(columns))
            )
        content = "\n".join(lines).encode()
        path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)
    content = bytearray(path.read_bytes())
    for _ in range(draw.choice([0, 1, 1, 3, 10])):
        if content:
            content[draw.randrange(len(content))] = draw.randrange(256)
    if draw.random() < 0.2:
        del content[draw.randrange(len(content) + 1) :]
    path.write_bytes(content)


@FEW_AND_MANY
@pytest.mark.filterwarnings("ignore")
def test_tables_and_arrays_are_read_or_refused(size, tmp_path):
    draw = random.Random(8)
    read = 0
    for number in range(500 if size == "few" else 25_000):
        path = tmp_path / f"data{draw.choice(['.csv', '.csv', '.csv.gz', '.tsv', '.npy', '.npz', '.parquet'])}"
        strange_table(draw, path)
        missing, rows = draw.choice(["error", "interpolate", "mask"]), draw.choice(["auto", "steps", "samples"])
        try:
            series = read_series(path, missing=missing, rows=rows)
        except InputError as error:
            assert "\n" not in str(error), number
        else:
            read += 1
            assert series.columns and all(values.shape[1] == len(series.columns) for values in series.values)
            assert not any(np.isinf(values).any() for values in series.values)
            assert missing == "mask" or not any(np.isnan(values).any() for values in series.values)
        path.unlink()
    assert read > number / 20


@FEW_AND_MANY
def test_lines_of_a_stream_are_read_or_refused(size, run_of):
    draw = random.Random(9)
    stream = Stream(Forecaster.load(run_of("forecaster", 1)))
    taken = 0
    for _ in range(300 if size == "few" else 15_000):
        cells = [draw.choice(["1", "-2.5", "", "nan", "1e308", "-1e999", "x", "\x00", '"', "0.25"]) for _ in range(2)]
        line = ",".join(cells) if draw.random() < 0.8 else strange_text(draw)
        try:
            assert np.isfinite(stream.read(line)).all()
            taken += 1
        except InputError as error:
            assert "\n" not in str(error)
        assert stream.steps == taken
    assert taken
