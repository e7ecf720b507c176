"""What is read for a training, and what is told of it."""

import pytest

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
        (warning,) = warnings_of(config, tmp_path / "run")
        assert warning.startswith("7 of 9 validation pairs (77.8%)") and "6 of them with the same target" in warning
    assert warnings_of(tiny_config(data__limit=100), tmp_path / "run") == []
    assert warnings_of(tiny_config(data__limit=100, data__valid=None), tmp_path / "run") == []
