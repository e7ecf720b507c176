"""A training that starts from another run: its weights, its settings, and what is told of the new data."""

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from trainings import StopsAfter

from seq2seq.config import AutoencoderConfig, ForecasterConfig, LanguageConfig, TranslationConfig, resolve
from seq2seq.errors import InputError
from seq2seq.inference.translator import Translator
from seq2seq.interruption import Stopped
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.run.parent import Parent, parent_of
from seq2seq.series.scaling import Scaler
from seq2seq.tasks import train_autoencoder, train_forecaster, train_language_model, train_translation

SHORT = ["training.epochs=1", "training.precision=float32", "training.validate_bleu=false"]


class Heard(Report):
    """Keeps what it is told."""

    def __init__(self):
        self.lines, self.warnings, self.tables = [], [], {}

    def say(self, line):
        self.lines.append(line)

    def warn(self, line):
        self.warnings.append(line)

    def table(self, title, columns, rows):
        self.tables[title] = rows


def weights_of(run):
    with np.load(run / "weights.npz") as arrays:
        return [arrays[name] for name in sorted(arrays.files) if name != "record"]


@pytest.fixture
def new_pairs(tmp_path):
    """Pairs of which one letter in some is unknown to the vocabulary of `tiny_run`."""
    draw = random.Random(9)
    texts = [" ".join(draw.choices("abcdefgz", k=draw.randint(1, 4))) for _ in range(150)]
    (tmp_path / "new.src").write_text("\n".join(texts) + "\n")
    (tmp_path / "new.tgt").write_text("\n".join(text[::-1] for text in texts) + "\n")
    return {"data__train": str(tmp_path / "new"), "data__source": "src", "data__target": "tgt"}


@pytest.fixture
def tune(tiny_run, new_pairs, tmp_path):
    """A function `(name, *settings, **arguments)` that tunes `tiny_run` into the folder of that name."""

    def tuned(name, *settings, **arguments):
        run = tmp_path / name
        base = Parent.open(tiny_run, TranslationConfig, run).settings
        config = resolve(TranslationConfig, settings=[*SHORT, *settings], base=base, **new_pairs)
        arguments = {"parent": tiny_run} | arguments
        return run, train_translation.train(config, run, **arguments)

    return tuned


@pytest.mark.slow
def test_a_translation_starts_from_the_weights_tokenizers_and_settings_of_its_parent(tune, tiny_run):
    report = Heard()
    run, metrics = tune("still", "training.learning_rate=0.0", "training.ema_decay=0.0", report=report)
    (before,) = (line for line in report.lines if line.startswith("before the first update: "))
    assert f"validation {metrics['val_loss']:.4g} " in before
    for new, old in zip(weights_of(run), weights_of(tiny_run), strict=True):
        assert new.tobytes() == old.tobytes()
    assert (run / "joint.json").read_bytes() == (tiny_run / "joint.json").read_bytes()
    own, theirs = Run.open(run, "translation"), Run.open(tiny_run, "translation")
    assert own.config["model"] == theirs.config["model"] and own.config["text"] == theirs.config["text"]
    assert parent_of(run) == {"run": str(tiny_run), "weights": theirs.identity}
    assert parent_of(tiny_run) is None
    assert Translator.load(run).translate(["a b"]) == Translator.load(tiny_run).translate(["a b"])


@pytest.mark.slow
def test_what_the_vocabulary_does_not_know_is_told(tune, tiny_run):
    heard = Heard()
    tune("heard", report=heard)
    (line,) = [line for line in heard.warnings if "unknown to the vocabulary" in line]
    assert f"{tiny_run}: 1" in line and "of the source and 1" in line  # z is one letter of eight
    assert ": 'z' (" in line


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [["training.parts=2"], ["training.accumulate_batches=2", "batching.batch_sentences=8"]]
)
@pytest.mark.parametrize("group", ["encoder", "embeddings"])
def test_what_is_frozen_does_not_change_by_a_bit_and_has_no_moments(tune, tiny_run, group, settings):
    run, _ = tune("frozen", f"training.freeze={group}", *settings)
    model = Translator.load(run).model
    frozen = {id(weight) for layer in model.layer_groups[group] for weight in layer.weights}
    old, new = weights_of(tiny_run), weights_of(run)
    same = [(a == b).all() for a, b in zip(old, new, strict=True)]
    assert same == [id(weight) in frozen for weight in model.weights]
    with np.load(sorted(run.glob("checkpoints/*.npz"))[-1]) as arrays:
        shapes = [arrays[name].shape for name in arrays.files]
    of_frozen = [weight.shape for weight in model.weights if id(weight) in frozen]
    copies = [shapes.count(tuple(shape)) for shape in of_frozen]
    others = [sum(tuple(weight.shape) == tuple(shape) for weight in model.weights) for shape in of_frozen]
    assert copies == others or group == "encoder"  # the shapes of an encoder are those of other weights, too


@pytest.mark.slow
def test_a_stopped_tuning_goes_on_without_its_parent_to_the_same_bits(tune, tiny_run, tmp_path):
    parent = tmp_path / "parent"
    shutil.copytree(tiny_run, parent)
    settings = ["training.epochs=2", "training.checkpoint_minutes=0", "training.freeze=embeddings"]
    whole, _ = tune("whole", *settings, parent=parent)
    with pytest.raises(Stopped):
        tune("stopped", *settings, parent=parent, interruption=StopsAfter(6))
    shutil.rmtree(parent)
    stopped, _ = tune("stopped", *settings, parent=None, resume=True)
    assert (stopped / "weights.npz").read_bytes() == (whole / "weights.npz").read_bytes()
    assert parent_of(stopped) == parent_of(whole)


@pytest.mark.slow
def test_a_large_corpus_is_encoded_with_the_tokenizers_of_the_parent(tune, tmp_path):
    cached = [f"data.cache={tmp_path / 'cache'}", "training.epochs=1"]
    run, stored = tune("stored", *cached)
    again, _ = tune("again", *cached)
    assert stored["val_loss"] == tune("in-memory")[1]["val_loss"]
    assert len([folder for folder in (tmp_path / "cache").iterdir()]) == 1
    assert (run / "joint.json").read_bytes() == (again / "joint.json").read_bytes()


@pytest.mark.slow
def test_what_the_weights_were_made_with_cannot_change(tune):
    for name, value in (("model.units", 64), ("text.tokenizer", "char"), ("model.attention", "none")):
        with pytest.raises(InputError, match=f"{name}={value!r} \\(there "):
            tune("other", f"{name}={value}")
    tune("free", "model.embedding_dropout=0.3", "batching.batch_sentences=16")


def test_frozen_without_a_parent_is_refused(tiny_config, tmp_path):
    with pytest.raises(InputError, match=r"training\.freeze=encoder keeps weights as another run has them"):
        train_translation.train(tiny_config("training.freeze=encoder"), tmp_path / "run")


@pytest.mark.slow
def test_a_language_model_keeps_its_characters(tmp_path):
    texts = {"old": "abc abd " * 300, "new": "abz acd " * 200}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    tiny = ["model.units=8", "model.embedding_dim=4", "training.epochs=1", "training.lr_ramp_steps=2", "data.chunk=8"]
    train_language_model.train(resolve(LanguageConfig, settings=tiny, data__text=str(tmp_path / "old")), tmp_path / "a")
    base, heard = Parent.open(tmp_path / "a", LanguageConfig, tmp_path / "b").settings, Heard()
    config = resolve(
        LanguageConfig, settings=["training.freeze=embeddings"], base=base, data__text=str(tmp_path / "new")
    )
    assert (config.model, config.data.chunk) == (base.model, 8)
    train_language_model.train(config, tmp_path / "b", parent=tmp_path / "a", report=heard)
    assert any("12.50% of the training part" in line for line in heard.warnings)
    assert (tmp_path / "a/text.json").read_bytes() == (tmp_path / "b/text.json").read_bytes()
    old, new = weights_of(tmp_path / "a"), weights_of(tmp_path / "b")
    assert [(a == b).all() for a, b in zip(old, new, strict=True)].count(True) == 1


@pytest.fixture
def later_days(days_file, tmp_path):
    """The days with all loads ten standard deviations higher and the columns in another order."""
    rows = [line.split(",") for line in days_file.read_text().splitlines()]
    lines = ["warm,when,load"] + [f"{warm},{when},{float(load) + 80:.4f}" for when, load, warm, _ in rows[1:]]
    (tmp_path / "later.csv").write_text("\n".join(lines) + "\n")
    return str(tmp_path / "later.csv")


@pytest.mark.parametrize("kind", ["days_plain", "days_stateful"])
def test_a_forecaster_keeps_its_units_and_tells_of_the_drift(kind, request, later_days, tmp_path):
    parent = request.getfixturevalue(kind).run.path
    base, heard = Parent.open(parent, ForecasterConfig, tmp_path / "run").settings, Heard()
    settings = ["training.learning_rate=0.0", "training.freeze=encoder"]
    config = resolve(ForecasterConfig, settings=settings, base=base, data__location=later_days)
    train_forecaster.train(config, tmp_path / "run", parent=parent, report=heard)
    old, new = Scaler.load(parent / "scaler.json"), Scaler.load(tmp_path / "run" / "scaler.json")
    assert old.columns == new.columns and (old.center == new.center).all()
    (rows,) = [rows for title, rows in heard.tables.items() if "in the units of" in title]
    assert [row[0] for row in rows] == ["load", "warm"] and float(rows[0][1]) > 8 > 1 > abs(float(rows[1][1]))
    assert any(line.startswith("load: far from the data of") for line in heard.warnings)
    if kind == "days_plain":
        for a, b in list(zip(weights_of(parent), weights_of(tmp_path / "run"), strict=True))[:-1]:
            assert (a == b).all()  # but the share of the change that counts, which the new validation part decides
    with pytest.raises(InputError, match=r"the run to start from 2 \(load, warm\)"):
        other = resolve(ForecasterConfig, base=base, data__location=later_days, data__columns="load")
        train_forecaster.train(other, tmp_path / "other", parent=parent)


def test_data_at_another_step_are_refused(days_plain, later_days, tmp_path):
    parent, (head, *lines) = days_plain.run.path, Path(later_days).read_text().splitlines()
    times = np.datetime64("2024-01-01T00:00") + np.timedelta64(15, "m") * np.arange(len(lines))
    rows = [line.split(",") for line in lines]
    closer = [f"{warm},{time},{load}" for time, (warm, _, load) in zip(times, rows, strict=True)]
    (tmp_path / "closer.csv").write_text("\n".join([head, *closer]) + "\n")
    base = Parent.open(parent, ForecasterConfig, tmp_path / "run").settings
    config = resolve(ForecasterConfig, base=base, data__location=str(tmp_path / "closer.csv"))
    with pytest.raises(InputError, match=r"most rows are 0\.25 steps of 1h apart"):
        train_forecaster.train(config, tmp_path / "run", parent=parent)
    assert not (tmp_path / "run").exists()


def test_an_autoencoder_of_an_array_starts_from_another(beats_run, beats_file, tmp_path):
    base = Parent.open(beats_run, AutoencoderConfig, tmp_path / "run").settings
    assert base.training.epochs is None  # as many as make the updates on the new data
    config = resolve(
        AutoencoderConfig,
        settings=["training.updates=10", "training.freeze=encoder"],
        base=base,
        data__location=str(beats_file),
        data__array="train",
    )
    train_autoencoder.train(config, tmp_path / "run", parent=beats_run)
    old, new = weights_of(beats_run), weights_of(tmp_path / "run")
    same = [(a == b).all() for a, b in zip(old, new, strict=True)]
    assert same[:3] == [True] * 3 and not all(same)


def test_series_that_are_new_get_units_beside_the_old_ones():
    one, two = np.arange(40.0)[:, None], 1000 + 5 * np.arange(40.0)[:, None]
    scaler = Scaler.fit("standard", [one], ["flow"]).by_series([one], ["north"])
    more = scaler.with_more_series([two, 3 * one], ["south", "north"])
    assert (more.groups["north"][0] == scaler.groups["north"][0]).all()
    assert more.of("south").transform(two).std() == pytest.approx(1.0)
    assert scaler.with_more_series([3 * one], ["north"]) is scaler
