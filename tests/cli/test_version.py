"""`--version` tells what is installed, and shells complete what can be typed."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from seq2seq.cli import app
from seq2seq.cli.options import version as module
from seq2seq.cli.runtime import app as runtime

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("program", [app, runtime])
def test_the_version_is_that_of_the_distribution(program):
    shown = CliRunner().invoke(program, ["--version"])
    assert (shown.exit_code, shown.stdout) == (0, f"seq2seq {version('seq2seq')}\n")


def test_a_checkout_that_is_not_installed_says_so(monkeypatch):
    def missing(name):
        raise module.PackageNotFoundError(name)

    monkeypatch.setattr(module, "version", missing)
    shown = CliRunner().invoke(app, ["--version"])
    assert (shown.exit_code, shown.stdout) == (0, "seq2seq, a checkout that is not installed\n")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("seq2seq tr", {"train", "translate"}),
        ("seq2seq train translation --sou", {"--source"}),
        ("seq2seq train translation --recipe mul", {"multi30k"}),
        ("seq2seq recipes g", {"g2p"}),
    ],
)
def test_a_shell_completes_commands_and_options(typed, offered):
    asked = {"_SEQ2SEQ_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    code = "from seq2seq.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env={**os.environ, **asked}
    )
    assert set(done.stdout.split()) == offered
