"""What a translation leaves to its data is settled once, told and kept; a training that goes on keeps to it."""

import gzip
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from seq2seq.config import DataConfig, TranslationConfig
from seq2seq.config.fitting import CorpusSize, fitted
from seq2seq.errors import InputError
from seq2seq.inference.translation_columns import columns_of
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.tasks.translation_corpus import training_files
from seq2seq.tasks.translation_settling import settled_before_reading, settled_by, settled_by_size
from seq2seq.text.columns import FIRST_TWO
from seq2seq.text.corpus import ParallelText


class Said(Report):
    def __init__(self):
        self.lines, self.warnings = [], []

    def warn(self, line):
        self.warnings.append(line)

    def say(self, line):
        self.lines.append(line)


def corpus(reference, config, pairs=1):
    """What is asked of a `TrainingText`."""
    limit = config.decoding.with_length_limit(1.5, 7)
    return SimpleNamespace(valid=ParallelText(["source"] * pairs, [reference] * pairs), decoding=limit)


def test_the_corpus_settles_what_is_left_open(tiny_config, tiny_run):
    report, config = Said(), tiny_config()
    found = settled_by(corpus("我们买了猫", config), config, report)
    assert found.training.bleu_tokenizer == "zh"
    assert (found.decoding.max_length_ratio, found.decoding.max_length_extra) == (1.5, 7)
    assert report.lines == ["BLEU counts tokens of zh: Chinese has no blanks between words"]
    asked = tiny_config("training.bleu_tokenizer=char", "decoding.max_length_ratio=3.0")
    found = settled_by(corpus("我们买了猫", asked), asked, report)
    assert (found.training.bleu_tokenizer, found.decoding.max_length_ratio, len(report.lines)) == ("char", 3.0, 1)
    stored = Run.open(tiny_run, "translation").read_config_as(TranslationConfig)
    assert stored.training.bleu_tokenizer == "13a" and stored.decoding.max_length_ratio > 0


@pytest.mark.parametrize("monitor", ["bleu", "exact_match", "loss"])
def test_a_best_epoch_chosen_by_few_translations_is_warned_of(tiny_config, monitor):
    config = tiny_config(f"training.monitor={monitor}")
    for pairs, warned in ((99, monitor != "loss"), (100, False)):
        report = Said()
        settled_by(corpus("Voici.", config, pairs), config, report)
        assert bool(report.warnings) == warned
        assert not warned or f"{monitor} of 99 validation pairs" in report.warnings[0]


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ([], "collapse"),
        (["text.tokenizer=char"], "keep"),
        (["text.tokenizer=char", "text.white_space=collapse"], "collapse"),
    ],
)
def test_white_space_is_kept_where_characters_are_tokens(tiny_config, tmp_path, settings, kept):
    config = settled_before_reading(tiny_config(*settings), tmp_path, False, Report())
    assert config.text.white_space == kept


def older(run_dir, *names):
    """Take settings out of a run, as if its version had not known them."""
    path = run_dir / "config.json"
    record = json.loads(path.read_text())
    for section, name in (name.split(".") for name in names):
        del record["config"][section][name]
    path.write_text(json.dumps(record))


@pytest.mark.parametrize("known", [True, False])
def test_a_training_that_goes_on_keeps_what_its_run_settled(tiny_config, tmp_path, known):
    char = "text.tokenizer=char"
    settled = tiny_config(
        *(char, "text.white_space=keep", "training.bleu_tokenizer=char"),
        *("decoding.max_length_ratio=4.0", "decoding.max_length_extra=3"),
    )
    Run.start(tmp_path / "run", "translation", settled, training_files(settled))
    if not known:
        older(tmp_path / "run", "text.white_space", "training.bleu_tokenizer")
    config = settled_before_reading(tiny_config(char), tmp_path / "run", True, Report())
    assert config.text.keeps_white_space == known
    assert config.training.bleu_tokenizer == ("char" if known else "13a")
    assert (config.decoding.max_length_ratio, config.decoding.max_length_extra) == (4.0, 3)


@pytest.fixture
def table_run(tiny_config, tmp_path):
    """A function of settings that gives a configuration, and one that goes on with a run of `train.tsv`, settled."""
    pairs = [(f"{n * 7919 % 1000}", f"See {n} here.", f"Voici {n}.") for n in range(30)]
    rows = [("id", "source", "target"), *pairs]
    (tmp_path / "train.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))

    def configured(*settings, **data):
        config = tiny_config("text.tokenizer=char", *settings)
        data = {"source": None, "target": None, "valid": None, "train": str(tmp_path / "train.tsv"), **data}
        return replace(config, data=replace(config.data, **data))

    def resumed(*settings, **data):
        return settled_before_reading(configured(*settings, **data), tmp_path / "run", True, Report())

    config = settled_before_reading(configured(), tmp_path / "run", False, Report())
    config = settled_by(corpus("Voici.", config), config, Report())
    Run.start(tmp_path / "run", "translation", config, training_files(config))
    return resumed


def test_however_its_columns_are_given_a_run_goes_on(table_run):
    for given in ({}, {"source": "2", "target": "3"}, {"source": "source", "target": "target", "header": True}):
        data = table_run(**given).data
        assert (data.source, data.target, data.header) == ("source", "target", True)


def test_a_run_does_not_go_on_with_other_data_or_settings_not_even_to_prepare_them(table_run, tmp_path):
    """What is refused is refused before the corpus is read, and called by its name."""
    file = tmp_path / "train.tsv"
    lines = file.read_text().splitlines(keepends=True)
    for settings, data, said in (
        (["model.units=8"], {}, r"model\.units=8"),
        (["data.max_ratio=3.0"], {}, r"data\.max_ratio=3\.0"),
        ([], {"source": "3", "target": "2"}, r"data\.source='target' \(the run: 'source'\)"),
    ):
        with pytest.raises(InputError, match=f"with other settings: {said}"):
            table_run(*settings, **data)
    for content in (lines[1:], lines[:-1], [*lines, "8\tx\ty\n"], [f"1\t{n}\ta\n" for n in range(30)]):
        file.write_text("".join(content))
        for data in ({}, {"source": "source", "target": "target"}):
            with pytest.raises(
                InputError, match=r"other data: the content of data\.train \(.*train\.tsv\) has changed"
            ):
                table_run(**data)
    with pytest.raises(InputError, match=r"data\.valid_share=0\.5"):  # which explains all else
        table_run(valid_share=0.5)


def test_two_columns_of_a_run_stay_what_they_were(tiny_config, tmp_path):
    """Also where this version would ask which of its columns are the texts."""
    path = tmp_path / "train.tsv"
    path.write_text("".join(f"s{n}\tSee {n} here.\tyes\n" for n in range(30)))
    config = tiny_config("text.tokenizer=char", "text.white_space=keep", "training.bleu_tokenizer=13a")
    data = replace(config.data, source=None, target=None, valid=None, train=str(path))
    config = replace(config, data=replace(data, header=False))
    Run.start(tmp_path / "run", "translation", config, training_files(config))
    found = settled_before_reading(replace(config, data=data), tmp_path / "run", True, Report())
    assert found.data == config.data
    assert columns_of(found.data.train, found.data) == FIRST_TWO


def written(folder, form):
    """A corpus of three whole pairs, one without a target, and two more beyond the limit, in a form."""
    pairs = [("abc", "de"), ("a", ""), ("ab", "ééé"), ("c", "d e"), ("long", "longer"), ("x", "y")]
    if form == "files":
        for side, texts in zip("st", zip(*pairs, strict=True), strict=True):
            (folder / f"train.{side}").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        return {"train": str(folder / "train"), "source": "s", "target": "t"}
    rows = pairs if form == "table" else [pair[::-1] for pair in pairs]
    with gzip.open(folder / "train.tsv.gz", "wt", encoding="utf-8") as file:
        file.writelines(f"{source}\t{target}\n" for source, target in rows)
    return {"train": str(folder / "train.tsv.gz"), "swap": form == "swapped", "header": False}


@pytest.mark.parametrize("form", ["files", "table", "swapped"])
def test_settings_that_nobody_set_follow_the_size_of_the_corpus(tmp_path, form):
    tables = {}
    report = Report()
    report.table = lambda title, columns, rows: tables.update({title: rows})
    config = TranslationConfig(data=DataConfig(**written(tmp_path, form), limit=4))
    found = settled_by_size(settled_before_reading(config, tmp_path / "run", False, report), report)
    expected, rows = fitted(found, CorpusSize(pairs=3, characters=8, alphabet=6))
    assert (expected, rows) == (found, [])  # nothing is left
    size = CorpusSize(pairs=3, characters=8, alphabet=6)
    assert found.data.valid_share == 0.1
    assert tables == {
        "Settings that suit 3 pairs, where nothing else is set (docs/corpus_size.md)": fitted(config, size)[1]
    }


def test_a_training_that_goes_on_has_the_settings_that_its_run_chose(tiny_config, tmp_path):
    begun = settled_before_reading(
        tiny_config("training.epochs=none", "model.output_dropout=none"), tmp_path, False, Report()
    )
    begun = settled_by(corpus("Voici.", begun), settled_by_size(begun, Report()), Report())
    Run.start(tmp_path / "run", "translation", begun, training_files(begun))
    path = tmp_path / "run" / "config.json"
    record = json.loads(path.read_text())
    record["config"]["model"]["output_dropout"] = 0.7  # of a version that chose otherwise
    path.write_text(json.dumps(record))
    config = settled_before_reading(tiny_config("model.output_dropout=none"), tmp_path / "run", True, Report())
    assert config.model.output_dropout == 0.7 and config.training.epochs == tiny_config().training.epochs
    with pytest.raises(InputError, match=r"model.output_dropout=0.6 \(the run: 0.7\)"):
        settled_before_reading(tiny_config("model.output_dropout=0.6"), tmp_path / "run", True, Report())


def test_validation_pairs_are_counted_by_those_that_have_text_on_both_sides(tiny_config, tmp_path):
    for blank, whole, monitor in ((110, 5, "loss"), (0, 120, "bleu"), (200, 120, "bleu"), (0, 5, "loss")):
        for side in ("src", "tgt"):
            (tmp_path / f"valid.{side}").write_text("\n" * blank + "a b\n" * whole)
        config = tiny_config(
            "training.monitor=none", "training.validate_bleu=true", data__valid=str(tmp_path / "valid")
        )
        assert settled_by_size(config, Report()).training.monitor == monitor
