"""Help is complete, and answers without loading TensorFlow."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from seq2seq.cli import app

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = [
    ["train", "translation"],
    ["train", "forecaster"],
    ["translate"],
    ["forecast"],
    ["evaluate"],
    ["score"],
    ["explain"],
    ["train", "language-model"],
    ["generate"],
    ["batch", "translate"],
    ["batch", "reconstruct"],
]


def command(names):
    found = typer.main.get_command(app)
    for name in names:
        found = found.commands[name]
    return found


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_every_parameter_is_explained_and_shown(names):
    shown = CliRunner().invoke(app, [*names, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert "Examples" in shown.stdout
    for parameter in command(names).params:
        if parameter.name != "help":
            assert parameter.help and parameter.help.endswith("."), parameter.name
            assert parameter.help[:40] in shown.stdout
        for option in parameter.opts if parameter.param_type_name == "option" else ():
            assert option in shown.stdout


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_options_stand_in_groups(names):
    options = [each for each in command(names).params if each.param_type_name == "option" and each.name != "help"]
    assert all(each.rich_help_panel for each in options)
    assert len({each.rich_help_panel for each in options}) >= 3


def test_help_of_no_command_loads_tensorflow():
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom seq2seq.cli import app\n"
        f"codes = [CliRunner().invoke(app, [*names, '--help']).exit_code for names in {[[], *COMMANDS]}]\n"
        "print(codes, {'tensorflow', 'keras', 'sentencepiece', 'matplotlib', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == f"{[0] * (len(COMMANDS) + 1)} set()"


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_scripts_run_their_command_from_any_folder(names, tmp_path):
    script = ROOT / "scripts" / f"{names[0]}.py"
    arguments = [sys.executable, str(script), *names[1:], "--help"]
    environment = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0
    assert f"{names[0]}.py" in done.stdout and command(names).params[-2].help[:30] in done.stdout
