"""What is read for a training, and what is told of it."""

from dataclasses import replace

import pytest

from seq2seq.config import DataConfig
from seq2seq.errors import InputError
from seq2seq.report import Report
from seq2seq.run import RunFolder
from seq2seq.tasks.translation_corpus import read_training_text


class Warned(Report):
    def __init__(self):
        self.warnings = []

    def warn(self, line):
        self.warnings.append(line)


def warnings_of(config, folder):
    report = Warned()
    read_training_text(config, RunFolder(folder), False, report)
    return report.warnings


@pytest.mark.parametrize("memory", [0, 2**20])
def test_validation_pairs_that_are_trained_on_are_told_once(tiny_config, tiny_data, tmp_path, monkeypatch, memory):
    """In memory and from a prepared corpus, there for the first time or found again."""
    monkeypatch.setattr("seq2seq.tasks.translation_corpus.IN_MEMORY_BYTES", memory)
    sides = [(tiny_data / f"train.{side}").read_text().splitlines() for side in ("src", "tgt")]
    rows = list(zip(*sides, strict=True))[:40]
    valid = [*rows[:6], (f" {rows[6][0]}\u2028", "another"), ("new", rows[7][1]), ("newer", "newest"), ("", "x")]
    (tmp_path / "valid.tsv").write_text("".join("\t".join(row) + "\n" for row in valid), encoding="utf-8")
    config = tiny_config(data__limit=100, data__valid=str(tmp_path / "valid.tsv"))
    for _ in range(2):
        left_out, warning = warnings_of(config, tmp_path / "run")
        assert left_out.endswith("valid.tsv: 1 of 10 validation pairs are left out: empty side 1")
        assert warning.startswith("7 of 9 validation pairs (77.8%)") and "6 of them with the same target" in warning
    assert warnings_of(tiny_config(data__limit=100), tmp_path / "run") == []
    held_out = tiny_config(data__limit=100, data__valid=None, data__valid_share=0.02)
    assert warnings_of(held_out, tmp_path / "run") == []


@pytest.mark.parametrize("memory", [0, 2**20])
@pytest.mark.parametrize("share", [0.001, 0.02, 0.5, 0.99, 0.999])
def test_the_last_pairs_to_hold_out_are_one_at_least_and_not_all(tiny_config, tmp_path, monkeypatch, memory, share):
    monkeypatch.setattr("seq2seq.tasks.translation_corpus.IN_MEMORY_BYTES", memory)
    for count in (2, 3, 20):
        rows = [f"a {n} b\tc {n} d\n" for n in range(count)]
        (tmp_path / f"{count}.tsv").write_text("".join(rows))
        data = DataConfig(train=str(tmp_path / f"{count}.tsv"), header=False, hold_out="last", valid_share=share)
        config = replace(tiny_config("text.tokenizer=char"), data=data)
        text = read_training_text(config, RunFolder(tmp_path / "run"), False, Report())
        assert text.pairs == len(text.rows[0]) and text.pairs + len(text.valid) == count
        assert 1 <= len(text.valid) == min(max(count - round(count * (1 - share)), 1), count - 1)
        assert text.valid.source[-1] == f"a {count - 1} b"
    (tmp_path / "2.tsv").write_text("a\tb\n")
    config = replace(config, data=replace(data, train=str(tmp_path / "2.tsv")))
    with pytest.raises(InputError, match=r"validation data: 1 pair, expected at least 2: .*--valid"):
        read_training_text(config, RunFolder(tmp_path / "run"), False, Report())
