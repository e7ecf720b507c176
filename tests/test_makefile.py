"""`make` takes a Python that TensorFlow is made for, or says which ones are."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).resolve().parents[1] / "Makefile"
# Stands in for a Python of another version: it answers what is asked of `sys.version_info`, and makes the environment.
STAND_IN = """#!/bin/sh
if [ "$1" = -c ]; then exec {real} -c 'import sys; sys.version_info = {version}; exec(sys.argv[1])' "$2"; fi
mkdir -p .venv/bin && echo {name} > .venv/bin/python
"""


@pytest.fixture
def make(tmp_path):
    """A function that makes the environment where there are these Pythons alone: the one taken, or what is said."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("make", "mkdir"):
        if not (found := shutil.which(tool)):
            pytest.skip(f"there is no {tool}")
        (tools / tool).symlink_to(found)
    shutil.copy(MAKEFILE, tmp_path)

    def made(*arguments, **pythons):
        for name, version in pythons.items():
            file = tools / name.replace("_", ".")
            file.write_text(STAND_IN.format(real=sys.executable, version=version, name=file.name))
            file.chmod(0o755)
        command = ["make", "--silent", ".venv/bin/python", "DRIVER=", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env={"PATH": str(tools)}, capture_output=True, text=True)
        return done.stderr if done.returncode else (tmp_path / ".venv/bin/python").read_text().strip()

    return made


@pytest.mark.parametrize("minor", [11, 12, 13])
def test_a_python_that_fits_is_taken(make, minor):
    assert make(python3=(3, minor, 1), python3_12=(3, 12, 0)) == "python3"


@pytest.mark.parametrize("minor", [9, 10, 14, 15])
def test_another_is_taken_where_the_first_does_not_fit(make, minor):
    assert make(python3=(3, minor, 1), python3_12=(3, 12, 0), python3_11=(3, 11, 0)) == "python3.12"


@pytest.mark.parametrize("pythons", [{}, {"python3": (3, 14, 0)}, {"python3": (3, 9, 2), "python3_14": (3, 14, 0)}])
def test_where_none_fits_those_that_would_are_named(make, pythons):
    said = make(**pythons).splitlines()[0]
    assert said.startswith("python3 is not Python 3.11, 3.12 or 3.13") and "make PYTHON=python3.12" in said


def test_the_one_that_is_asked_for_is_taken_or_refused(make):
    pythons = {"python3": (3, 12, 0), "python3_13": (3, 13, 0), "python3_14": (3, 14, 0)}
    assert make("PYTHON=python3.14", **pythons).startswith("python3.14 is not Python 3.11, 3.12 or 3.13")
    assert make("PYTHON=python3.13", **pythons) == "python3.13"


@pytest.mark.parametrize(
    ("given", "extra"),
    [(["DRIVER="], "."), (["DRIVER=/proc/driver/nvidia/version"], ".[gpu]")]
    + [
        ([f"DRIVER={driver}", f"GPU={gpu}"], extra) for driver in ("", "/x") for gpu, extra in ((0, "."), (1, ".[gpu]"))
    ],
)
@pytest.mark.parametrize("target", ["install", "demo", "test"])
def test_cuda_is_installed_where_there_is_a_driver_or_somebody_asks_for_it(given, extra, target):
    if not shutil.which("make"):
        pytest.skip("there is no make")
    planned = subprocess.run(
        ["make", "--dry-run", "--always-make", target, *given], cwd=MAKEFILE.parent, capture_output=True, text=True
    )
    assert f"constraint constraints.txt --editable '{extra}'" in planned.stdout
    assert ("libraries of CUDA" in planned.stdout) == (extra == ".[gpu]")


def test_gpu_is_yes_or_no():
    done = subprocess.run(["make", "-n", "install", "GPU=2"], cwd=MAKEFILE.parent, capture_output=True, text=True)
    assert done.returncode and "GPU=2: expected 0 or 1" in done.stderr
