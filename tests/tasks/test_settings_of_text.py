"""No setting of a run on text does nothing: another value changes what is trained, or how it is validated or searched.

A new setting needs a line in `CHANGES`. Those of the loop, which every training has, are tried in
`tests/training/test_settings_of_loop.py`, those of teachers, who have to be trained, in `test_distillation.py`; what is
refused beside other settings stands in `tests/config/test_idle.py`.
"""

import random
from dataclasses import fields, is_dataclass

import numpy as np
import pytest
import tensorflow as tf

from seq2seq.config import LanguageConfig, TrainingConfig, TranslationConfig, resolve
from seq2seq.inference import translator as translator_module
from seq2seq.special_ids import BOS
from seq2seq.tasks import train_language_model, train_translation
from seq2seq.text.tokenizer import train_tokenizer
from seq2seq.text.tokens import pad_rows

SMALL = ["model.units=4", "model.embedding_dim=4", "training.lr_ramp_steps=0", "training.precision=float32"]
FILES = ["data.train={}/corpus", "data.source=a", "data.target=b", "data.valid_share=0.2"]
TABLE = ["data.source=none", "data.target=none", "data.train={}/table.tsv"]
# Kind → configuration, training, and settings that it begins with.
KINDS = {
    "translation": (
        TranslationConfig,
        train_translation,
        [*FILES, "text.tokenizer=word", "batching.batch_sentences=8", "training.epochs=10"],
    ),
    "language": (LanguageConfig, train_language_model, ["data.text={}/corpus.a", "data.chunk=8", "data.slots=4"]),
}
# Kind → setting → another value, and what has to be set for either to matter.
CHANGES = {
    "translation": {
        "data.train": ("{}/other",),
        "data.valid": ("{}/other", "data.valid_share=none"),
        "data.source": ("c",),
        "data.target": ("c",),
        "data.header": ("true", *TABLE),
        "data.swap": ("true",),
        "data.limit": ("20",),
        "data.valid_share": ("0.4",),
        "data.hold_out": ("last",),
        "data.extra_columns": ("references", *TABLE),
        "data.max_characters": ("25",),
        "data.max_ratio": ("2.0",),
        "data.cache": ("{}/cache",),
        "text.tokenizer": ("bpe",),
        "text.target_tokenizer": ("char",),
        "text.vocabulary_size": ("10",),
        "text.joint": ("false",),
        "text.min_count": ("20",),
        "text.subword_sampling": ("0.5", "text.tokenizer=bpe"),
        "text.white_space": ("collapse", "text.tokenizer=char"),
        "text.case": ("lower", "data.source=d"),
        "text.byte_fallback": ("true", "text.tokenizer=bpe"),
        "text.keep": ("['dogs']",),
        "text.model": ("{}/few.model", "text.tokenizer=none"),
        "text.target_model": (
            "{}/few.model",
            *(
                "text.tokenizer=none",
                "text.joint=false",
                "text.model={}/few.model",
                "text.target_model={}/more.model",
            ),
        ),
        "batching.batch_sentences": ("4",),
        "batching.batch_tokens": ("40", "batching.batch_sentences=0", "batching.batch_tokens=90"),
        "batching.bucket_step": ("3",),
        "batching.max_tokens": ("5",),
        "model.cell": ("gru",),
        "model.embedding_dim": ("6",),
        "model.units": ("6",),
        "model.encoder_layers": ("2",),
        "model.decoder_layers": ("2",),
        "model.bidirectional": ("false",),
        "model.go_backwards": ("true", "model.bidirectional=false"),
        "model.residual": ("false", "model.decoder_layers=2"),
        "model.bridge": ("zero",),
        "model.attention": ("additive",),
        "model.attention_heads": ("2", "model.attention=multi_head"),
        "model.attention_at": ("first", "model.decoder_layers=2"),
        "model.tie_output": ("false",),
        "model.tie_source": ("false",),
        "model.source_vectors": ("{}/vectors.txt", "model.tie_source=false"),
        "model.target_vectors": ("{}/vectors.txt", "model.tie_source=false"),
        "model.embedding_dropout": ("0.6",),
        "model.layer_dropout": ("0.6", "model.decoder_layers=2"),
        "model.output_dropout": ("0.6",),
        "model.word_dropout": ("0.5",),
        "model.dropout_along_time": ("true",),
        "training.objective": ("risk",),
        "training.truth_ratio": ("0.5",),
        "training.final_truth_ratio": ("0.5",),
        "training.consistency": ("5.0",),
        "training.consistency_from": ("0.5", "training.consistency=5.0"),
        "training.monitor": ("bleu",),
        "training.validate_bleu": ("false",),
        "training.validation_sentences": ("3",),
        "training.bleu_tokenizer": ("char",),
        "training.label_smoothing": ("0.5",),
        "training.precision": ("mixed_bfloat16",),
        "decoding.beam_size": ("3",),
        "decoding.length_penalty": ("0.2", "decoding.beam_size=3"),
        "decoding.max_length_ratio": ("1.0",),
        "decoding.max_length_extra": ("3",),
        "decoding.no_repeat": ("2",),
        "decoding.copy_unknown": ("true",),
        "decoding.max_source_tokens": ("4",),
        "decoding.batch_tokens": ("16",),
        "risk.candidates": ("3", "training.objective=risk"),
        "risk.cost": ("chrf", "training.objective=risk"),
        "risk.sharpness": ("0.5", "training.objective=risk"),
        "risk.reference": ("false", "training.objective=risk"),
        "risk.cross_entropy": ("0.5", "training.objective=risk"),
        "seed": ("2",),
    },
    "language": {
        "data.text": ("{}/corpus.b",),
        "data.valid_share": ("0.3",),
        "data.min_count": ("60",),
        "data.chunk": ("5",),
        "data.slots": ("3",),
        "model.cell": ("gru",),
        "model.embedding_dim": ("6",),
        "model.units": ("6",),
        "model.num_layers": ("2",),
        "model.embedding_dropout": ("0.6",),
        "model.layer_dropout": ("0.6", "model.num_layers=2"),
        "model.output_dropout": ("0.6",),
        "training.label_smoothing": ("0.5",),
        "training.precision": ("mixed_bfloat16",),
        "seed": ("2",),
    },
}
CASES = [(kind, name) for kind, changes in CHANGES.items() for name in changes]
# Those that another test knows; and the parts of a batch, which change no number.
OF_THE_LOOP = {field.name for field in fields(TrainingConfig)} - {"precision"} | {"parts"}


@pytest.mark.parametrize("kind", KINDS)
def test_all_settings_are_tried(kind):
    names = {"seed"}
    for section in fields(KINDS[kind][0]):
        if is_dataclass(section.default_factory) and section.name != "distillation":
            own = {field.name for field in fields(section.default_factory)}
            own -= OF_THE_LOOP if section.name == "training" else set()
            names |= {f"{section.name}.{name}" for name in own}
    assert names == CHANGES[kind].keys()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Parallel files (`c` has other words, `d` capitals); a table with further references; vectors of some words."""
    folder, draw = tmp_path_factory.mktemp("settings"), random.Random(1)
    words = ["dogs", "cats", "run.", "sleep", "old,", "see", "the", "a"]
    for name in ("corpus", "other"):
        a = [" ".join(draw.choices(words, k=draw.randint(3, 9))) for _ in range(60)]
        b = [" ".join(draw.choice(words) if k % 3 == 2 else w for k, w in enumerate(line.split())) for line in a]
        a[6] = b[6] = "cats  see"
        a[7], b[7] = "cats see the dogs", " ".join(6 * ["cats see the dogs"])
        c = [line.replace("a", "e") + " so" for line in b]
        for suffix, lines in (("a", a), ("b", b), ("c", c), ("d", [line.title() for line in a])):
            (folder / f"{name}.{suffix}").write_text("\n".join(lines) + "\n")
        table = "".join("\t".join(row) + "\n" for row in zip(a, b, a, strict=True))
        (folder / "table.tsv").write_text(table)
    (folder / "vectors.txt").write_text("".join(f"{word} {k} 1 2 3\n" for k, word in enumerate(words[:5])))
    for name, size in (("few", 30), ("more", 40)):
        train_tokenizer("unigram", [*a, *b], vocabulary_size=size).save(folder / name)
    return folder


class NoScores:
    """In place of a `TeacherForcedScorer`: only counts what it would read."""

    def __init__(self, model, cluster):
        pass

    def __call__(self, batches):
        return {"loss": batches.num_batches()}


def begun(kind, folder, run_dir, monkeypatch, *settings):
    """What the training of a kind would begin with, and what its validation and a search would do, as numbers."""
    config, task, own = KINDS[kind]
    seen, searches = {}, []

    class NoTraining:
        def __init__(self, model, loss, batches, validate, settings, run, *_, callbacks=(), **__):
            seen.update(model=model, loss=loss, batches=batches, validate=validate, callbacks=callbacks)
            seen.update(monitor=settings.monitor, run=run)

        def fit(self):
            return {}

    def echo(model, *search):
        def graph(source, limits, streams, prefix):
            searches.append(str((search, np.asarray(source).tolist(), np.asarray(limits).tolist())))
            return tf.constant(source)[:, None], tf.zeros((len(source), 1))

        return graph

    monkeypatch.setattr(task, "Training", NoTraining)
    monkeypatch.setattr(translator_module, "search_graph", echo)
    given = [setting.replace("{}", str(folder)) for setting in [*SMALL, *own, *settings]]
    outcome = (
        task.train(resolve(config, settings=given), run_dir)
        if kind == "language"
        else _translation(task, resolve(config, settings=given), run_dir, seen, monkeypatch)
    )
    batches, x, y = _pairs(seen["batches"]) if kind == "translation" else _chunks(seen["batches"])
    tf.random.set_seed(1)
    model = seen["model"]
    outputs = model.run(x[0], training=True)[0] if kind == "language" else model(x, training=True)
    numbers = [*tf.nest.flatten(batches), outputs, seen["loss"](y, outputs), *model.get_weights()]
    files = sorted(file.name for file in folder.rglob("*"))
    told = str((outcome, seen["monitor"], sorted(searches), files))
    return [np.asarray(each).tolist() for each in numbers], told


def _pairs(batches):
    """What the batches of two epochs hold, and a small one of them."""
    plans = [vars(each.plan(epoch)) for epoch in (0, 1) if (each := batches(epoch))]
    rows = [side.take(np.arange(len(side))).values for k in (0, 1) for side in (batches(k).source, batches(k).target)]
    first = batches(0)
    chosen = first.plan(0).order[:3]
    source, labels = pad_rows(first.source.take(chosen)), pad_rows(first.target.take(chosen))
    target_input = np.pad(labels[:, :-1], ((0, 0), (1, 0)), constant_values=BOS)
    return (plans, rows), (source, target_input * (labels > 0)), labels


def _chunks(batches):
    """The batches of an epoch, and the first of them."""
    epoch = list(batches(0).epoch(0).as_numpy_iterator())
    return epoch, *epoch[0]


def _translation(task, config, run_dir, seen, monkeypatch):
    """Begin a training of a translation; validate once, search once, and see what changes from epoch to epoch."""

    class Kept(task.Translator):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            seen["translator"] = self

    monkeypatch.setattr(task, "Translator", Kept)
    monkeypatch.setattr(task, "TeacherForcedScorer", NoScores)
    monkeypatch.setattr(task.PairBatches, "epoch", lambda self, epoch=0: self)  # whose graphs take seconds
    outcome = task.train(config, run_dir)
    figures = seen["validate"]()
    seen["translator"].translate(["a dogs see the cats run.", "dogs", "the old, cats sleep see a dogs run."])
    ratios, model = [], seen["model"]
    for epoch in range(config.training.epochs):
        for callback in seen["callbacks"]:
            callback.on_epoch_begin(epoch)
        ratios.append([float(each) for each in (model.truth_ratio, model.consistency) if each is not None])
    return outcome, figures, ratios, model.objective and _objective(model.objective)


def _objective(objective):
    """The numbers that updates are made by, and what some candidates cost."""
    costs, counts = objective.costs(np.array([[[4, 5, 3], [4, 6, 3], [4, 7, 5]]], np.int32))
    return sorted((name, str(value)) for name, value in vars(objective).items() if name != "costs"), costs, counts


@pytest.fixture(scope="module")
def before():
    """What was begun with before any change, by kind and what is needed."""
    return {}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_setting_changes_something(kind, name, folder, before, tmp_path, monkeypatch):
    value, *needed = CHANGES[kind][name]
    key = kind, *needed
    if key not in before:
        before[key] = begun(kind, folder, tmp_path / "before", monkeypatch, *needed)
    assert begun(kind, folder, tmp_path / "after", monkeypatch, *needed, f"{name}={value}") != before[key]


@pytest.mark.parametrize("kind", KINDS)
def test_no_change_changes_nothing(kind, folder, tmp_path, monkeypatch):
    one, other = (begun(kind, folder, tmp_path / name, monkeypatch) for name in ("one", "other"))
    assert one == other
