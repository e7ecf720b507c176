"""What a translation leaves to its data is settled once, told and kept; a training that goes on keeps to it."""

import json
from types import SimpleNamespace

import pytest

from seq2seq.config import TranslationConfig
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.tasks.translation_settling import settled_before_reading, settled_by


class Said(Report):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def corpus(reference, config):
    """What is asked of a `TrainingText`."""
    limit = config.decoding.with_length_limit(1.5, 7)
    return SimpleNamespace(valid=SimpleNamespace(references=[[reference]]), decoding=limit)


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
    Run.start(tmp_path / "run", "translation", settled)
    if not known:
        older(tmp_path / "run", "text.white_space", "training.bleu_tokenizer")
    config = settled_before_reading(tiny_config(char), tmp_path / "run", True, Report())
    assert config.text.keeps_white_space == known
    assert config.training.bleu_tokenizer == ("char" if known else "13a")
    assert (config.decoding.max_length_ratio, config.decoding.max_length_extra) == (4.0, 3)
