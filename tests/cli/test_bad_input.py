"""What is wrong is said in one line before any work begins, and the exit code is 2."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from seq2seq.cli import app

ROOT = Path(__file__).resolve().parents[2]


def refused(*arguments, stdin=None):
    """The one line on standard error with which the command is refused."""
    result = CliRunner().invoke(app, [*map(str, arguments)], input=stdin)
    assert result.exit_code == 2, result.stderr
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line.removeprefix("Error: ")


def refused_training(tmp_path, *arguments):
    line = refused("train", "translation", "--run", tmp_path / "new" / "run", *arguments)
    assert not (tmp_path / "new").exists()
    return line


@pytest.fixture
def pairs(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("a b\tc d\n" * 4)
    return path


def test_a_misspelt_setting_names_the_near_one(tmp_path, pairs):
    line = refused_training(tmp_path, "--train", pairs, "--set", "model.unitz=3")
    assert line == "model.unitz is not a setting: did you mean model.units?"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("model.units=many", "model.units='many': expected int"),
        ("model.units", "--set model.units: expected section.name=value"),
        ("training.epochs=0", "training.epochs=0: expected at least 1"),
        ("model=3", "model is a section"),
        ("[model].units=3", "[model] is not a setting"),
    ],
)
def test_a_setting_that_cannot_be_used(tmp_path, pairs, setting, said):
    assert refused_training(tmp_path, "--train", pairs, "--set", setting).startswith(said)


def test_recipes_that_cannot_be_used(tmp_path, pairs):
    assert "no such file; shipped recipes are" in refused_training(tmp_path, "--train", pairs, "--recipe", "nothing")
    bad = tmp_path / "bad.toml"
    bad.write_text("[model\nunits = 3")
    assert f"{bad} is not a TOML file" in refused_training(tmp_path, "--train", pairs, "--recipe", bad)
    bad.write_text("[modle]\nunits = 3")
    assert "did you mean model" in refused_training(tmp_path, "--train", pairs, "--recipe", bad)


@pytest.mark.parametrize("run", ["/proc/run", "/dev/null/run", "/dev/null"])
def test_a_run_folder_that_cannot_be_written(pairs, run):
    assert refused("train", "translation", "--train", pairs, "--run", run).startswith(f"--run {run}: ")


def test_training_needs_pairs(tmp_path):
    assert "--train" in refused_training(tmp_path)


CORPORA = {
    "missing": (None, "no file"),
    "empty": (b"", "is empty"),
    "blank": (b"\n \n\t\n", "no pair with text"),
    "one column": (b"a\tb\nonly one\n", "line 2: expected source<TAB>target"),
    "latin-1": ("a\tb\ncafé\tc\n".encode("latin-1"), "line 2: byte 4 of the line, 0xe9, is not UTF-8"),
    "nul": (b"a\tb\na\0b\tc\n", "line 2: a NUL byte"),
}


@pytest.mark.parametrize("name", CORPORA)
def test_a_corpus_that_cannot_be_used(tmp_path, name):
    content, said = CORPORA[name]
    path = tmp_path / "corpus.tsv"
    if content is not None:
        path.write_bytes(content)
    line = refused_training(tmp_path, "--train", path)
    assert said in line and str(path) in line


def test_files_that_are_not_aligned(tmp_path):
    (tmp_path / "c.en").write_text("a\nb\nc\n")
    (tmp_path / "c.de").write_text("a\nb\n")
    line = refused_training(tmp_path, "--train", tmp_path / "c", "--source", "en", "--target", "de")
    assert "c.en has 3 lines" in line and "c.de has 2" in line


def test_a_prefix_needs_its_sides(tmp_path):
    (tmp_path / "c.en").write_text("a\n")
    assert "source and target" in refused_training(tmp_path, "--train", tmp_path / "c")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a text", "--input", "in"], "both texts and --input in"),
        (["--attention", "a.png"], "--attention a.png draws one translation"),
        (["one", "two", "--attention", "a.png"], "not 2"),
        (["one", "--top-k", "5", "--seed", "1"], "--top-k, --seed says how to sample: add --temperature"),
        (["one", "--temperature", "0"], "temperature=0.0: expected a number above 0"),
        (["one", "--temperature", "1", "--top-p", "2"], "top_p=2.0: expected a probability"),
        (["one", "--with", ""], "the path of with is empty"),
        (["--input="], "the path of input is empty"),
        (["--input", "no/file"], "--input no/file: there is no such file"),
        (["one", "--output", "no/file"], "--output no/file: there is no folder no"),
        (["one", "--output", "."], "--output . is a folder"),
        (["one", "--attention", "no/file.png"], "--attention no/file.png: there is no folder no"),
    ],
)
def test_options_of_translate_that_do_not_go_together(tmp_path, arguments, said):
    assert said in refused("translate", tmp_path, *arguments)


def test_the_input_is_not_overwritten(tmp_path):
    path = tmp_path / "text"
    path.write_text("a\n")
    assert "is the input" in refused("translate", tmp_path, "--input", path, "--output", path)


@pytest.mark.parametrize("option", ["--json", "--output"])
def test_results_that_cannot_be_written(tmp_path, option):
    line = refused("evaluate", tmp_path, "--data", tmp_path, option, tmp_path / "no" / "file")
    assert line.startswith(f"{option} {tmp_path}/no/file: there is no folder")


@pytest.mark.parametrize("command", ["translate", "evaluate"])
def test_a_folder_that_holds_no_run(tmp_path, command):
    arguments = ["--data", "x"] if command == "evaluate" else ["text"]
    for folder in (tmp_path, tmp_path / "[nowhere]"):
        assert str(folder) in refused(command, folder, *arguments)


def test_the_command_line_itself_ends_without_a_traceback(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LANG", "LC_ALL")}
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "train.py", "translation", "--run", "run", "--set", "model.unitz=3"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert os.listdir(tmp_path) == []
