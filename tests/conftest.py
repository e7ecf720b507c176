"""What several tests share: a small task that is learned in seconds, and a run trained on it."""

import fcntl
import gc
import json
import os
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
if WORKER and hasattr(os, "sched_setaffinity"):  # a core for each, so that no worker waits for the threads of another
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[int(WORKER.removeprefix("gw")) % len(cores)]})
gc.disable()  # until all tests are there: what is loaded stays, and looking through it for garbage takes long
settings.register_profile("untimed", deadline=None)  # no test asserts on time: a machine may be slow
settings.load_profile("untimed")


def pytest_collection_finish():
    """Nothing that is loaded by now is looked at again, and what tests trace is, though not every few milliseconds."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()


def slow(*values):
    """A case of a parametrized test that has a quicker one of its kind: of the slow tests, that `-m slow` runs."""
    if getattr(values[0], "__name__", "").startswith("test_"):
        raise TypeError(f"{values[0].__name__} would never run: a whole test is marked by pytest.mark.slow")
    return pytest.param(*values, marks=pytest.mark.slow)


def reversal_pairs(count, seed, letters="abcdefgh", longest=6):
    """Distinct strings of letters and their reversals, spaced as words."""
    draw = random.Random(seed)
    words = set()
    while len(words) < count:
        words.add(" ".join(draw.choices(letters, k=draw.randint(1, longest))))
    return [(word, word[::-1]) for word in sorted(words)]


def write_pairs(prefix: Path, pairs, source="src", target="tgt"):
    """Write `PREFIX.src` and `PREFIX.tgt`."""
    for suffix, lines in zip((source, target), zip(*pairs, strict=True), strict=True):
        prefix.with_name(f"{prefix.name}.{suffix}").write_text("\n".join(lines) + "\n", encoding="utf-8")


TINY = [
    "text.tokenizer=word",
    "text.vocabulary_size=8000",
    "training.precision=float32",  # whatever the processor multiplies: the same everywhere
    "model.units=32",
    "model.embedding_dim=16",
    "model.embedding_dropout=0.0",
    "model.output_dropout=0.0",
    "model.word_dropout=0.0",
    "batching.batch_sentences=32",
    "training.epochs=3",
    "training.learning_rate=0.01",
    "training.lr_ramp_steps=10",
    "training.ema_decay=0.9",
    "training.label_smoothing=0.0",
    "training.monitor=loss",
]


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """A function `(name, make)` that gives the path `name`, which `make(path)` has made once for all workers."""
    folder = tmp_path_factory.getbasetemp()
    if WORKER:
        folder = folder.parent  # a worker has a folder of its own in that of the session

    def made(name, make) -> Path:
        path, done = folder / "shared" / name, folder / "shared" / f"{name}.done"
        path.parent.mkdir(exist_ok=True)
        with open(folder / "shared" / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                make(path)
                done.touch()
        return path

    return made


OLDER_RUNS = Path(__file__).parent / "runs_of_0.1"


@pytest.fixture(scope="session")
def exported(shared):
    """A function that gives the exported folder of one of `runs_of_0.1`, by its name."""
    from seq2seq.export import export

    def made(name):
        sample = OLDER_RUNS / ("series.csv" if name in ("autoencoder", "forecaster", "stream") else "texts.src")
        return shared(f"exported-{name}", lambda path: export(OLDER_RUNS / name, path, sample=str(sample)))

    return made


@pytest.fixture(scope="session")
def tiny_data(shared) -> Path:
    """A folder with `train.src`, `train.tgt`, `valid.…` and `test.…` of the reversal task."""

    def make(folder):
        folder.mkdir()
        pairs = reversal_pairs(900, seed=3)
        random.Random(0).shuffle(pairs)
        for name, part in (("train", pairs[:700]), ("valid", pairs[700:800]), ("test", pairs[800:])):
            write_pairs(folder / name, part)

    return shared("reversal", make)


@pytest.fixture(scope="session")
def tiny_config(tiny_data):
    """A function that gives the configuration of `tiny_run`, with changes."""
    from seq2seq.config import TranslationConfig, resolve

    where = {"data__train": str(tiny_data / "train"), "data__valid": str(tiny_data / "valid")}
    where |= {"data__source": "src", "data__target": "tgt"}
    return lambda *settings, **given: resolve(TranslationConfig, settings=[*TINY, *settings], **(where | given))


@pytest.fixture(scope="session")
def tiny_run(tiny_config, shared) -> Path:
    """A run directory trained on `tiny_data` for a few seconds."""
    from seq2seq.tasks.train_translation import train

    return shared("tiny", lambda run_dir: train(tiny_config(), run_dir))


@pytest.fixture(scope="session")
def made_run(tiny_run, tmp_path_factory):
    """A function that gives the folder of an untrained run with the tokenizers of `tiny_run` and other settings."""
    from seq2seq.inference.translator import build_model
    from seq2seq.run import Run
    from seq2seq.text.tokenizer import load_tokenizer

    def make(name, config, change=lambda text: text):
        path = tmp_path_factory.mktemp("runs") / name
        run = Run.start(path, "translation", config)
        for side in tiny_run.glob("joint.*"):
            (path / side.name).write_text(change(side.read_text()))
        tokenizer = load_tokenizer(Run.open(tiny_run, "translation").tokenizer_file("source"))
        model = build_model(config, tokenizer, tokenizer)
        draw = np.random.default_rng(5)
        run.save_weights([draw.normal(0, 0.6, weight.shape) for weight in model.get_weights()])
        run.release()
        return path

    return make


@pytest.fixture(scope="session")
def tfds_pairs(tmp_path_factory):
    """The data folder of a small real data set, `tiny_pairs/en_fr`, prepared by TFDS."""
    tfds = pytest.importorskip("tensorflow_datasets")
    tfds.disable_progress_bar()

    class TinyPairs(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.2.0")
        BUILDER_CONFIGS = (tfds.core.BuilderConfig(name="en_fr"),)

        def _info(self):
            text = tfds.features.Text()
            features = tfds.features.FeaturesDict({"en": text, "fr": text, "year": np.int64})
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _split_generators(self, dl_manager):
            return {"train": self._rows(30), "dev": self._rows(5)}

        def _rows(self, count):
            yield from ((i, {"en": f"number  {i}", "fr": f"nume\u0301ro {i}", "year": i}) for i in range(count))

        def _generate_examples(self):
            raise AssertionError("the splits generate their own")

    folder = tmp_path_factory.mktemp("tfds")
    TinyPairs(data_dir=str(folder), config="en_fr").download_and_prepare()
    tfds.core.add_data_dir(str(folder))
    yield folder
    tfds.core.utils.file_utils.clear_registered_data_dirs()


@pytest.fixture(scope="session")
def hf_pairs(tmp_path_factory) -> Path:
    """The folder of a small data set of Hugging Face: a `translation` of en and fr, columns beside it, two splits."""
    datasets = pytest.importorskip("datasets")

    def rows(count):
        pairs = [{"en": f"number  {i}", "fr": f"nume\u0301ro {i}"} for i in range(count)]
        english = [pair["en"] for pair in pairs[:-1]] + [None]
        return datasets.Dataset.from_dict({"translation": pairs, "english": english, "year": list(range(count))})

    folder = tmp_path_factory.mktemp("hf")
    datasets.DatasetDict({"train": rows(30), "dev": rows(5)}).save_to_disk(folder)
    return folder


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; the test is skipped where there is none."""
    folder = os.environ.get("SEQ2SEQ_REAL_DATA")
    if not folder:
        pytest.skip("SEQ2SEQ_REAL_DATA is not set")
    return Path(folder)


def beats(count, seed, anomalous=False, steps=24):
    """Samples of one feature, `(count, steps)`: a wave of varying phase and height; anomalous ones have a bump."""
    draw = np.random.default_rng(seed)
    phase, height = draw.uniform(0.0, 0.6, (count, 1)), draw.uniform(0.8, 1.2, (count, 1))
    values = height * np.sin(np.linspace(0.0, 2.0 * np.pi, steps) + phase) + draw.normal(0.0, 0.05, (count, steps))
    if anomalous:
        values[:, 8:14] += draw.uniform(0.8, 1.5, (count, 1))
    return values


@pytest.fixture(scope="session")
def beats_file(shared) -> Path:
    """An NPZ file of beats: `train` with `kind` 1 and, of an anomalous few, 2; `test` with `label` 0 and 1."""
    train = np.concatenate((beats(160, 1), beats(10, 2, anomalous=True)))
    test = np.concatenate((beats(60, 3), beats(30, 4, anomalous=True)))
    arrays = {"train": train, "kind": np.repeat([1, 2], [160, 10]), "test": test, "label": np.repeat([0, 1], [60, 30])}
    return shared("beats.npz", lambda path: np.savez(path, **arrays))


@pytest.fixture(scope="session")
def beats_run(beats_file, shared) -> Path:
    """An autoencoder of whole beats, trained on those of kind 1."""
    from seq2seq.config import AutoencoderConfig, resolve
    from seq2seq.tasks.train_autoencoder import train

    settings = ["model.units=24", "training.epochs=12", "training.learning_rate=0.01"]
    data = {"location": str(beats_file), "array": "train", "keep": "kind==1"}
    given = {f"data__{name}": value for name, value in data.items()}
    config = resolve(AutoencoderConfig, settings=settings, **given)
    return shared("beats", lambda run_dir: train(config, run_dir))


@pytest.fixture(scope="session")
def pumps_files(shared) -> Path:
    """A folder with hourly `train.csv` and `test.csv` of two pumps; `faults.json`: the flow stops for 20 hours."""
    return shared("pumps-files", write_pumps)


def write_pumps(folder):
    folder.mkdir()
    draw = np.random.default_rng(5)
    start = np.datetime64("2024-01-01T00", "h")
    faults = {}
    for name, hours in (("train", 300), ("test", 120)):
        lines = ["time,pump,flow,note,heat"]
        for pump in ("north", "south"):
            wave = np.sin(np.arange(hours) * (2 * np.pi / 24))
            values = np.stack((wave, 50 + 5 * wave), axis=1) + draw.normal(0, (0.05, 0.25), (hours, 2))
            if name == "test":
                values[60:80, 0] = -2.5
                faults[pump] = [[str(start + 60), str(start + 79)]]
            rows = zip(range(hours), values, strict=True)
            lines += [f"{str(start + i).replace('T', ' ')}:00,{pump},{v[0]:.4f},ok,{v[1]:.4f}" for i, v in rows]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    (folder / "faults.json").write_text(json.dumps(faults))


@pytest.fixture(scope="session")
def pumps_run(pumps_files, shared) -> Path:
    """An autoencoder of 12-hour windows of both pumps."""
    from seq2seq.config import AutoencoderConfig, resolve
    from seq2seq.tasks.train_autoencoder import train

    settings = ["model.units=16", "training.epochs=6", "training.learning_rate=0.02", "detection.components=4"]
    data = {"location": str(pumps_files / "train.csv"), "group": "pump", "columns": "flow,heat"}
    given = {f"data__{name}": value for name, value in data.items()}
    config = resolve(AutoencoderConfig, settings=settings, windows__look_back=12, **given)
    return shared("pumps", lambda run_dir: train(config, run_dir))


@pytest.fixture(scope="session")
def beats_model(beats_run):
    from seq2seq.inference.reconstructor import Reconstructor

    return Reconstructor.load(beats_run)


@pytest.fixture(scope="session")
def pumps_model(pumps_run):
    from seq2seq.inference.reconstructor import Reconstructor

    return Reconstructor.load(pumps_run)


@pytest.fixture(scope="session")
def pumps_test(pumps_model, pumps_files):
    """The later series of both pumps, with their faults."""
    return pumps_model.read(str(pumps_files / "test.csv"))


@pytest.fixture(scope="session")
def days_file(shared) -> Path:
    """Hourly load and temperature with a daily cycle, and a plan known ahead."""
    draw, hours = np.random.default_rng(0), np.arange(240)
    plan = (hours // 12 % 2).astype(float)
    load = 50 + 10 * np.sin(hours * 2 * np.pi / 24) + 5 * plan + draw.normal(size=240)
    warm = 15 + 5 * np.cos(hours * 2 * np.pi / 24) + draw.normal(size=240)
    times = np.datetime64("2024-03-01T00") + hours.astype("timedelta64[h]")
    rows = zip(times, load, warm, plan, strict=True)
    lines = [f"{str(t).replace('T', ' ')}:00,{a:.4f},{b:.4f},{c:.0f}" for t, a, b, c in rows]
    return shared("days.csv", lambda path: path.write_text("\n".join(["when,load,warm,plan", *lines]) + "\n"))


@pytest.fixture(scope="session")
def days_config(days_file):
    """A function that gives the configuration of a tiny forecaster of `days_file`."""
    from seq2seq.config import ForecasterConfig, resolve

    tiny = ["model.units=4", "training.epochs=2", "training.lr_ramp_steps=2"]
    return lambda *settings, **given: resolve(
        ForecasterConfig, settings=[*tiny, *settings], data__location=str(days_file), **given
    )


@pytest.fixture(scope="session")
def trained_on_days(days_config, shared):
    """A function that trains a forecaster as the settings say, under a name, and loads it."""
    from seq2seq.inference.forecaster import Forecaster
    from seq2seq.tasks.train_forecaster import train

    def trained(name, *settings, **given):
        return Forecaster.load(shared(name, lambda run_dir: train(days_config(*settings, **given), run_dir)))

    return trained


WINDOWS = ["windows.look_back=24", "windows.horizon=3", "windows.batch_size=32"]


@pytest.fixture(scope="session")
def days_windowed(trained_on_days):
    """Windows of two forecast columns, the plan and the hour known ahead."""
    return trained_on_days(
        "days-windowed", *WINDOWS, "model.kind=encoder_decoder", "model.known=plan", "model.calendar=hour"
    )


@pytest.fixture(scope="session")
def days_plain(trained_on_days):
    """Windows of two columns, nothing known ahead."""
    return trained_on_days("days-plain", *WINDOWS, data__columns="load,warm")


@pytest.fixture(scope="session")
def days_stateful(trained_on_days):
    return trained_on_days("days-stateful", "model.kind=stateful", "windows.chunk=20", data__columns="load,warm")
