"""What several tests share: a small task that is learned in seconds, and a run trained on it."""

import os
import random
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


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
    "model.units=32",
    "model.embedding_dim=16",
    "model.embedding_dropout=0.0",
    "model.output_dropout=0.0",
    "batching.batch_sentences=32",
    "training.epochs=3",
    "training.learning_rate=0.01",
    "training.lr_ramp_steps=10",
    "training.ema_decay=0.9",
    "training.label_smoothing=0.0",
]


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory) -> Path:
    """A folder with `train.src`, `train.tgt`, `valid.…` and `test.…` of the reversal task."""
    folder = tmp_path_factory.mktemp("reversal")
    pairs = reversal_pairs(900, seed=3)
    random.Random(0).shuffle(pairs)
    for name, part in (("train", pairs[:700]), ("valid", pairs[700:800]), ("test", pairs[800:])):
        write_pairs(folder / name, part)
    return folder


@pytest.fixture(scope="session")
def tiny_config(tiny_data):
    """A function that gives the configuration of `tiny_run`, with changes."""
    from seq2seq.config import TranslationConfig, resolve

    where = {"data__train": str(tiny_data / "train"), "data__valid": str(tiny_data / "valid")}
    where |= {"data__source": "src", "data__target": "tgt"}
    return lambda *settings, **given: resolve(TranslationConfig, settings=[*TINY, *settings], **(where | given))


@pytest.fixture(scope="session")
def tiny_run(tiny_config, tmp_path_factory) -> Path:
    """A run directory trained on `tiny_data` for a few seconds."""
    from seq2seq.tasks.translation import train

    run_dir = tmp_path_factory.mktemp("runs") / "tiny"
    train(tiny_config(), run_dir)
    return run_dir


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
def real_data() -> Path:
    """The folder of real data; the test is skipped where there is none."""
    folder = os.environ.get("SEQ2SEQ_REAL_DATA")
    if not folder:
        pytest.skip("SEQ2SEQ_REAL_DATA is not set")
    return Path(folder)
