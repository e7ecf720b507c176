"""`train translation --teacher RUN`: what is refused in a line, what is told, and that a stopped one goes on."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from seq2seq.cli.app import app
from seq2seq.tasks import teachers as module

QUICK = ["--set", "training.validate_bleu=false", "--epochs", "1", "--set", "training.precision=float32"]
SMALL = ["--set", "model.units=16", "--set", "model.embedding_dim=8", "--set", "text.tokenizer=word"]


@pytest.fixture
def command(tiny_data):
    sides = ["--source", "src", "--target", "tgt"]
    data = ["--train", tiny_data / "train", "--valid", tiny_data / "valid", *sides, "--limit", 300]
    return ["train", "translation", *data, *QUICK, *SMALL]


def invoke(*arguments, code=0):
    ended = CliRunner().invoke(app, list(map(str, arguments)))
    assert ended.exit_code == code, ended.output
    return ended.output


def test_what_cannot_teach_is_refused_in_a_line(command, tiny_run, days_plain, exported, tmp_path):
    unfinished = shutil.copytree(tiny_run, tmp_path / "unfinished")
    (unfinished / "metrics.json").unlink()
    for arguments, words in (
        (["--teacher", tiny_run, "--teacher", tiny_run], "are one run: give it once"),
        (["--teacher", tmp_path / "r"], "--teacher r is the folder that --run writes to"),
        (["--teacher", days_plain.run.path], "is a run of the task 'forecaster'"),
        (["--teacher", exported("translation")], "is an exported folder, and teachers are runs"),
        (["--teacher", unfinished], "its training has not finished"),
        (["--teacher", tiny_run, "--swap"], "translates the other way round"),
        (["--teacher", tiny_run, "--cache", tmp_path / "c"], "data.cache="),
        (["--set", "distillation.references=0.3"], "does nothing without teachers"),
    ):
        output = invoke(*command, *arguments, "--run", tmp_path / "r", code=2).replace(f"{tmp_path}/", "")
        assert words in output and len(output.strip().splitlines()) == 1, output
        assert not (tmp_path / "r").exists()


@pytest.mark.slow
def test_a_training_stopped_while_its_teachers_translate_goes_on(command, tiny_run, tiny_data, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SOURCES_AT_ONCE", 100)
    taught = [*command, "--teacher", tiny_run, "--run", tmp_path / "r"]
    output = " ".join(invoke(*taught, "--max-time", "0:00", code=75).split())
    assert "keeps 1 file of what the teachers wrote: the same command goes on from there" in output
    first = (tmp_path / "r" / "taught" / "00000.json").read_bytes()
    output = " ".join(invoke(*taught, "--resume").split())
    assert "300 of 300 training pairs have a translation of the teachers" in output
    assert "50% of the pairs, drawn anew each epoch, learn from their reference" in output
    assert (tmp_path / "r" / "taught" / "00000.json").read_bytes() == first
    assert json.loads((tmp_path / "r" / "config.json").read_text())["teachers"][0]["run"] == str(tiny_run)
    told = " ".join(invoke("evaluate", tmp_path / "r", "--data", tiny_data / "test", "--examples", 0).split())
    assert f"learned from what {tiny_run}" in told
    monkeypatch.setattr(module.Lessons, "_translate", None)
    assert "resuming after epoch 1" in invoke(*taught, "--resume", "--epochs", 2)
    refused = invoke(*command, "--run", tmp_path / "r", "--resume", code=2)
    assert "distillation.teachers=()" in refused
