"""`seq2seq demo` trains on data that the package brings along."""

import tomllib
from pathlib import Path

import pytest
import typer

from seq2seq.cli import app
from seq2seq.cli.demo import DATA, commands
from tests.cli.running import run

ROOT = Path(__file__).resolve().parents[2]


def test_all_commands_of_the_demo_are_commands_with_options_that_there_are(tmp_path):
    program = typer.main.get_command(app)
    for arguments in commands(tmp_path):
        command, rest = program, list(arguments)
        while hasattr(command, "commands"):
            command = command.commands[rest.pop(0)]
        command.make_context(command.name, rest)  # which raises for what it does not know


def test_the_data_are_those_of_the_project_and_the_distribution_has_them():
    for name in ("en-fr", "tanks"):
        assert (DATA / name).resolve() == ROOT / "data" / name
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["seq2seq"]
    packed = {file.resolve() for pattern in patterns for file in (ROOT / "seq2seq").glob(pattern)}
    assert {file for name in ("en-fr", "tanks") for file in (ROOT / "data" / name).iterdir()} < packed
    assert ROOT / "seq2seq/py.typed" in packed
    assert sum(file.stat().st_size for file in packed) < 5e6


def test_every_file_that_the_demo_reads_is_there(tmp_path):
    named = [Path(each) for arguments in commands(tmp_path) for each in arguments if each.startswith(str(DATA))]
    assert len(named) >= 5
    for path in named:
        both = [path.with_name(f"{path.name}.{side}") for side in ("en", "fr")]
        assert path.exists() or all(each.exists() for each in both)


@pytest.mark.parametrize("name", ["demo", "tanks"])
def test_a_run_that_is_there_is_told_of_before_anything_is_trained(tmp_path, name):
    (tmp_path / name).mkdir()
    said = run("demo", "--output", tmp_path, code=2).stderr
    assert f"{tmp_path / name} is there already" in said and said.count("\n") == 1
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_make_demo_is_this_command():
    recipe = (ROOT / "Makefile").read_text().partition("\ndemo: ")[2].partition("\n\n")[0]
    assert "$(BIN)/seq2seq demo" in recipe and "train" not in recipe


@pytest.mark.slow
def test_the_demo_learns_both_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = run("demo").stdout
    assert "Mon frère ne voit pas la maison blanche." in shown
    assert (tmp_path / "runs/scores.png").stat().st_size and (tmp_path / "runs/tanks/detector.npz").is_file()
