"""All that the package shows at its front door is there."""

import subprocess
import sys
from pathlib import Path

import seq2seq


def test_every_name_is_found():
    for name in seq2seq.__all__:
        assert getattr(seq2seq, name).__name__ == name or name.startswith(("train_", "evaluate_", "refit_"))


def test_the_package_is_its_command():
    done = subprocess.run(
        [sys.executable, "-m", "seq2seq", "--help"], cwd=Path(__file__).parents[1], capture_output=True
    )
    assert done.returncode == 0 and b"translate" in done.stdout, done.stderr
