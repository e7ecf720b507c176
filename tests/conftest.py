"""What several tests share: a small task that is learned in seconds, and a run trained on it."""

import os
import random
from pathlib import Path

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
def tiny_run(tiny_data, tmp_path_factory) -> Path:
    """A run directory trained on `tiny_data` for a few seconds."""
    from seq2seq.config import TranslationConfig, resolve
    from seq2seq.tasks.translation import train

    run_dir = tmp_path_factory.mktemp("runs") / "tiny"
    config = resolve(
        TranslationConfig,
        settings=TINY,
        data__train=str(tiny_data / "train"),
        data__valid=str(tiny_data / "valid"),
        data__source="src",
        data__target="tgt",
    )
    train(config, run_dir)
    return run_dir


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; the test is skipped where there is none."""
    folder = os.environ.get("SEQ2SEQ_REAL_DATA")
    if not folder:
        pytest.skip("SEQ2SEQ_REAL_DATA is not set")
    return Path(folder)
