"""A training that learns from what other runs translate."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from trainings import StopsAfter

from seq2seq.config import DistillationConfig
from seq2seq.config.inheriting import inherited
from seq2seq.errors import InputError
from seq2seq.evaluation.sentence_costs import SentenceCosts
from seq2seq.inference.ensemble import load_tokenizers, open_runs
from seq2seq.inference.translator import Translator
from seq2seq.interruption import Interruption, Stopped
from seq2seq.report import Report
from seq2seq.run import Run, RunFolder
from seq2seq.run.parent import teachers_of
from seq2seq.tasks import teachers as module
from seq2seq.tasks.distillation import distilled
from seq2seq.tasks.teachers import Lessons, open_teachers, settled_by_teachers
from seq2seq.tasks.train_translation import train
from seq2seq.tasks.translation_corpus import read_training_text

QUICK = ["training.epochs=2", "training.validate_bleu=false", "training.checkpoint_minutes=0"]


class Heard(Report):
    """Keeps what it is told."""

    def __init__(self):
        self.lines, self.warnings = [], []

    def say(self, line):
        self.lines.append(line)

    def warn(self, line):
        self.warnings.append(line)


@pytest.fixture
def student(tiny_run, tiny_config, monkeypatch):
    """A function of settings that gives the configuration of a student of `tiny_run`."""
    monkeypatch.setattr(module, "SOURCES_AT_ONCE", 100)

    def config(*settings, teachers=(tiny_run,), **given):
        given = {"data__limit": 250, "distillation__teachers": tuple(map(str, teachers))} | given
        return tiny_config(*QUICK, *settings, **given)

    return config


@pytest.fixture
def lessons(student, tmp_path):
    """A function of a configuration that gives its training text, and its `Lessons` in the folder `taught`."""

    def made(config, report=None):
        report = report or Report()
        text = read_training_text(config, RunFolder(tmp_path), False, Report())
        config = replace(config, training=replace(config.training, bleu_tokenizer="13a"))
        records = open_teachers(config, tmp_path / "student")
        return text, Lessons(config, records, text.texts, tmp_path / "taught", report)

    return made


@pytest.fixture
def copied(tiny_run, tmp_path):
    """A function of a change of its configuration that gives a copy of `tiny_run`, to be weighed anew."""

    def made(name, section=None, **changed):
        path = tmp_path / name
        shutil.copytree(tiny_run, path)
        content = json.loads((path / "config.json").read_text())
        if section:
            content["config"][section] |= changed
        (path / "config.json").write_text(json.dumps(content))
        run = Run(path, "translation", content["config"])
        with np.load(path / "weights.npz") as arrays:
            weights = [arrays[key] for key in sorted(arrays.files) if key != "record"]
        run.save_weights([weight * (1 if section else 1.01) for weight in weights])
        return path

    return made


def files_of(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.glob("*.json"))}


def test_teachers_write_the_best_translation_of_each_source_once(lessons, student, tiny_run):
    heard = Heard()
    text, asked = lessons(student(), heard)
    found = asked.translations(Interruption(), 1)
    assert found == Translator.load(tiny_run).translate(text.texts.source, beam_size=5)
    (line,) = heard.lines
    assert line.startswith("what the teachers write has BLEU") and "of 100 training pairs" in line
    assert asked.translations(Interruption(), 1) == found and len(heard.lines) == 2  # from the files, told once more


@pytest.mark.slow
def test_a_source_that_comes_twice_is_translated_once_and_each_reference_gets_its_nearest(
    lessons, student, tiny_run, tmp_path
):
    rows = [("a b c d e", "e d c b a"), ("f g h", "h g f"), ("a b c d e", "a b c d")] * 2
    (tmp_path / "pairs.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    config = student("distillation.choose=nearest_chrf", "distillation.beam_size=8")
    config = replace(config, data=replace(config.data, train=str(tmp_path / "pairs.tsv"), source=None, target=None))
    config = replace(config, data=replace(config.data, valid=None, valid_share=0.1))
    text, asked = lessons(config)
    found = asked.translations(Interruption(), 1)
    (file,) = files_of(tmp_path / "taught").values()
    assert len(json.loads(file)["pairs"]) == len(text.texts) > len(set(text.texts.source))
    likely = [each.text for each in next(Translator.load(tiny_run).stream(["a b c d e"], beam_size=8, n_best=8))]
    for source, target, chosen in zip(text.texts.source, text.texts.target, found, strict=True):
        if source == "a b c d e":
            assert chosen == likely[int(np.argmin(SentenceCosts("chrf").of(likely, [target])))]


@pytest.mark.slow
def test_what_was_interrupted_goes_on_and_what_is_damaged_is_written_again(lessons, student, tmp_path):
    _, asked = lessons(student())
    whole = asked.translations(Interruption(), 1)
    before = files_of(tmp_path / "taught")
    assert len(before) == 3
    shutil.rmtree(tmp_path / "taught")
    with pytest.raises(Stopped):
        asked.translations(StopsAfter(2), 1)
    assert files_of(tmp_path / "taught") == dict(list(before.items())[:2])
    (tmp_path / "taught" / "00000.json").write_text('{"of": "another"}')
    assert asked.translations(Interruption(), 1) == whole
    assert files_of(tmp_path / "taught") == before
    # Other settings of the search, other files; the share of the references decides nothing of them.
    _, other = lessons(student("distillation.references=0.1"))
    assert [other._read(0, rows) is not None for rows in module._parts(other._pairs.source)[:1]] == [True]
    _, other = lessons(student("distillation.beam_size=4"))
    assert [other._read(0, rows) is not None for rows in module._parts(other._pairs.source)[:1]] == [False]


def test_teachers_that_are_gone_or_have_changed_are_needed_for_what_is_missing_alone(
    lessons, student, copied, tmp_path
):
    teacher = copied("teacher")
    _, asked = lessons(student(teachers=[teacher]))
    whole = asked.translations(Interruption(), 1)
    kept = shutil.move(teacher, tmp_path / "away")
    assert asked.translations(Interruption(), 1) == whole
    (tmp_path / "taught" / "00001.json").unlink()
    with pytest.raises(InputError, match=r"taught lacks 1 of 3 files of what the teachers write.*no such run"):
        asked.translations(Interruption(), 1)
    shutil.copytree(kept, teacher)
    run = Run.open(teacher, "translation")
    with np.load(run.weights) as arrays:
        run.save_weights([arrays[key] * 2 for key in sorted(arrays.files) if key != "record"])
    with pytest.raises(InputError, match="has other weights than when the run was started"):
        asked.translations(Interruption(), 1)


def test_each_epoch_draws_between_references_and_translations(lessons, student):
    config = student("distillation.references=0.25")
    text, _ = lessons(config)
    written = ["h h h h"] * len(text.texts)
    written[3] = None
    heard = Heard()
    mixed = distilled(text, written, config, heard)
    assert heard.lines[0] == (
        f"{len(written) - 1} of {len(written)} training pairs have a translation of the teachers; 1 keep their "
        "reference alone: none that is whole 1"
    )
    target = text.tokenizers[1]
    epochs = [target.decode([side[1][row] for row in range(len(side[1]))]) for side in map(mixed.resampled, range(8))]
    for epoch in epochs:
        assert epoch[3] == text.texts.target[3]
        assert all(one in (own, "h h h h") for one, own in zip(epoch, text.texts.target, strict=True))
    assert 0.7 < np.mean([one == "h h h h" for epoch in epochs for one in epoch]) < 0.8
    assert epochs[0] != epochs[1] and (mixed.resampled(0)[1].values == mixed.resampled(0)[1].values).all()
    alone = distilled(text, written, student("distillation.references=0.0"), Report())
    assert alone.resampled is None and target.decode([alone.rows[1][0]]) == ["h h h h"]
    with pytest.raises(InputError, match="wrote nothing"):
        distilled(text, [None] * len(written), config, Report())


def test_translations_that_training_would_not_take_are_left_out(lessons, student):
    config = student("batching.max_tokens=8", "data.max_characters=40")
    text, _ = lessons(config)
    heard, written = Heard(), ["a"] * len(text.texts)
    written[0], written[1], written[2] = "a " * 30, "a b c d e f g h a", "\u200b"
    distilled(text, written, config, heard)
    assert "3 keep their reference alone: none that is whole 1, too long 1, too many tokens 1" in heard.lines[0]


def test_validation_pairs_are_never_taught(lessons, student, tiny_data):
    config = student()
    config = replace(config, data=replace(config.data, valid=None, valid_share=0.3))
    text, asked = lessons(config)
    assert len(text.valid) and not set(text.valid.source) & set(text.texts.source)
    asked.translations(Interruption(), 1)
    for content in files_of(asked._folder).values():
        assert not {source for source, _ in json.loads(content)["pairs"]} & set(text.valid.source)


def test_teachers_that_do_not_fit_are_refused(student, copied, tiny_run, days_plain, tmp_path):
    lower, swapped = copied("lower", "text", case="lower"), copied("swapped", "data", swap=True)
    french = copied("french", "data", target="x.fr")
    unfinished, empty = copied("unfinished"), copied("empty")
    (unfinished / "metrics.json").unlink()
    (empty / "weights.npz").unlink()
    same, german = shutil.copytree(tiny_run, tmp_path / "same"), {"data__target": "x.de"}
    for teachers, given, words in (
        ([tmp_path / "student"], {}, "is the folder that --run writes to"),
        ([tmp_path / "nothing"], {}, "is not there: expected the folder of a trained run"),
        ([days_plain.run.path], {}, "is a run of the task 'forecaster'"),
        ([empty], {}, "has no weights"),
        ([unfinished], {}, "its training has not finished"),
        ([tiny_run, tiny_run], {}, "are one run: give it once"),
        ([tiny_run, same], {}, "are one run: give it once"),
        ([tiny_run, lower], {}, "cannot translate together: text.case"),
        ([lower], {}, "set text.case=lower for it, too"),
        ([swapped], {}, "translates the other way round"),
        ([french], german, "writes 'x.fr', and .*train is to be trained with 'x.de'"),
    ):
        with pytest.raises(InputError, match=words):
            open_teachers(student(teachers=teachers, **given), tmp_path / "student")
    assert len(open_teachers(student("text.case=lower", teachers=[lower]), tmp_path / "student")) == 1


def test_teachers_that_write_another_language_are_told_of_at_once(lessons, student, tiny_run, tmp_path):
    config = student()
    source = (tmp_path / "other.src", tmp_path / "other.tgt")
    lines = [f"a b {letter}" for letter in "abcdefgh"] * 3
    for path, side in zip(source, (lines, ["x y z w v"] * len(lines)), strict=True):
        path.write_text("\n".join(side) + "\n")
    config = replace(config, data=replace(config.data, train=str(tmp_path / "other")))
    heard = Heard()
    _, asked = lessons(config, heard)
    asked.translations(Interruption(), 1)
    assert any("do they translate these languages?" in line for line in heard.warnings)


def test_a_run_that_starts_from_a_student_has_no_teachers_and_settings_need_some(student, tiny_config):
    assert inherited(student("distillation.beam_size=3")).distillation == DistillationConfig()
    with pytest.raises(InputError, match=r"distillation\.choose=nearest_bleu does nothing without teachers"):
        tiny_config("distillation.choose=nearest_bleu")
    with pytest.raises(InputError, match=r"data\.cache=x does nothing with distillation\.teachers"):
        student("data.cache=x")
    with pytest.raises(InputError, match="needs several translations"):
        student("distillation.choose=nearest_bleu", "distillation.beam_size=1")


@pytest.mark.slow
def test_a_stopped_distillation_goes_on_without_its_teachers_to_the_same_bits(student, copied, tmp_path):
    teachers = [copied("one"), copied("two", "decoding", length_penalty=0.9)]

    def taught(name, **arguments):
        return train(student("distillation.tokens=0.0", teachers=teachers), tmp_path / name, **arguments)

    taught("whole")
    assert [record["run"] for record in teachers_of(tmp_path / "whole")] == list(map(str, teachers))
    with pytest.raises(Stopped):
        taught("stopped", interruption=StopsAfter(2))  # while the teachers translate
    assert len(files_of(tmp_path / "stopped" / "taught")) == 2
    with pytest.raises(Stopped):
        taught("stopped", interruption=StopsAfter(4))  # in the first epoch
    for path in teachers:
        shutil.rmtree(path)
    taught("stopped", resume=True)
    # What another run has kept is found by one that asks for the same, here to the same bits.
    for file in ("weights.npz", "metrics.json"):
        assert (tmp_path / "stopped" / file).exists()
    assert (tmp_path / "stopped" / "weights.npz").read_bytes() == (tmp_path / "whole" / "weights.npz").read_bytes()


@pytest.mark.slow
def test_one_that_learns_what_they_believe_of_tokens_goes_on_with_them_alone(student, copied, tmp_path):
    teachers = [copied("one"), copied("two", "decoding", length_penalty=0.9)]

    def taught(name, **arguments):
        config = student("distillation.tokens=0.7", teachers=teachers, data__limit=None)
        return train(config, tmp_path / name, **arguments)

    taught("whole")
    with pytest.raises(Stopped):
        taught("stopped", interruption=StopsAfter(9))  # in the first epoch
    shutil.move(teachers[1], tmp_path / "away")
    with pytest.raises(InputError, match=r"distillation\.tokens=0\.7 asks the teachers in each update, so they are"):
        taught("stopped", resume=True)
    shutil.move(tmp_path / "away", teachers[1])
    taught("stopped", resume=True)
    assert (tmp_path / "stopped" / "weights.npz").read_bytes() == (tmp_path / "whole" / "weights.npz").read_bytes()


def test_what_teachers_believe_of_tokens_is_learned_where_student_and_teachers_have_the_same(
    student, tiny_run, tmp_path
):
    others = read_training_text(student("text.tokenizer=char"), RunFolder(tmp_path), False, Report()).tokenizers
    records = open_teachers(student(), tmp_path / "student")
    theirs = load_tokenizers(*open_runs(str(tiny_run))[0])
    assert not all(one.agrees_with(other) for one, other in zip(others, theirs, strict=True))

    def share(config, tokenizers=theirs, resume=False, records=records, report=None):
        settled = settled_by_teachers(config, records, tokenizers, resume, report or Report())
        return settled.distillation.tokens

    heard = Heard()
    assert share(student(), report=heard) == 0.5 and heard.lines[0].startswith("50% of what is learned of a token")
    assert share(student(), others, report=heard) == 0.0 and "have other tokens than the student" in heard.lines[1]
    assert share(student("training.objective=risk"), report=heard) == 0.0 and "is not learned beside" in heard.lines[2]
    assert share(student("distillation.tokens=0.2")) == 0.2
    assert share(student("distillation.tokens=0.0"), others) == 0.0
    assert (
        share(student("training.consistency=2", "model.output_dropout=0.1"))
        == share(student("training.objective=risk"))
        == 0.0
    )
    assert share(student(), resume=True) is None and share(student(), records=()) is None
    with pytest.raises(InputError, match=r"tokens=0\.2 needs the tokens of the teachers, and .* has others"):
        share(student("distillation.tokens=0.2"), others)
    with pytest.raises(InputError, match="do not go together: set one of them to 0"):
        student("distillation.tokens=0.2", "training.consistency=2", "model.output_dropout=0.1")
    with pytest.raises(InputError, match=r"distillation\.tokens=0\.2 does nothing with training\.objective=risk"):
        student("distillation.tokens=0.2", "training.objective=risk")


@pytest.mark.slow
def test_what_one_student_was_taught_serves_the_next(student, copied, tmp_path, monkeypatch):
    teacher = copied("teacher")
    train(student(teachers=[teacher]), tmp_path / "first")
    shutil.copytree(tmp_path / "first" / "taught", tmp_path / "second" / "taught")
    monkeypatch.setattr(Lessons, "_translate", None)
    train(student(teachers=[teacher]), tmp_path / "second")
    assert (tmp_path / "first" / "weights.npz").read_bytes() == (tmp_path / "second" / "weights.npz").read_bytes()


def test_a_run_that_began_with_teachers_does_not_go_on_without(student, tiny_config, tmp_path, monkeypatch):
    with pytest.raises(Stopped):
        train(student(), tmp_path / "run", interruption=StopsAfter(1))
    with pytest.raises(InputError, match=r"began with teachers, .*: name them by --teacher once more"):
        train(tiny_config(*QUICK, data__limit=250), tmp_path / "run", resume=True)
    record = json.loads((tmp_path / "run" / "config.json").read_text())
    record["teachers"][0]["weights"] = "others"
    (tmp_path / "run" / "config.json").write_text(json.dumps(record))
    with pytest.raises(InputError, match="began with other teachers, "):
        train(student(), tmp_path / "run", resume=True)
