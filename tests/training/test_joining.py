"""Workers that are not alike are refused, before they have read anything, and hear in what they differ."""

from contextlib import nullcontext

import pytest

from seq2seq.config import TranslationConfig
from seq2seq.config.resolving import to_mapping
from seq2seq.errors import InputError
from seq2seq.training import joining


class Others:
    """The chief among workers that say `others` where it says something itself."""

    is_chief = True
    ending_together = nullcontext

    def __init__(self, *others):
        self.others = others

    def gather(self, content):
        self.said = content
        return [content, *(content | other for other in self.others)]


def test_workers_alike_may_begin():
    others = Others({}, {})
    assert joining.join(others, TranslationConfig()) is None
    assert others.said["settings"] == to_mapping(TranslationConfig())


def test_another_version_of_the_code_is_refused():
    with pytest.raises(InputError, match="worker 2 has another version of seq2seq than worker 0: install one"):
        joining.join(Others({}, {"code": "another"}), TranslationConfig())


def test_another_command_is_refused_by_the_settings_that_differ():
    settings = to_mapping(TranslationConfig())
    settings |= {"training": settings["training"] | {"epochs": 77}, "seed": 2}
    differing = r"than worker 0: training.epochs=77 \(worker 0: None\), seed=2 \(worker 0: 1\)\. Give"
    with pytest.raises(InputError, match=differing):
        joining.join(Others({"settings": settings}), TranslationConfig())


def test_the_code_is_every_file_of_the_package(tmp_path, monkeypatch):
    found = set()
    for text in ("1", "1", "2"):
        (tmp_path / "__init__.py").write_text("")
        (tmp_path / "part.py").write_text(f"answer = {text}\n")
        monkeypatch.setattr(joining.seq2seq, "__file__", str(tmp_path / "__init__.py"))
        found.add(joining._digest_of_code())
    assert len(found) == 2
