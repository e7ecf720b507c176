"""The job scripts for schedulers, with stand-ins for the scheduler and for the work."""

import os
import re
import shutil
import signal
import subprocess
import textwrap
import time
import tomllib
from pathlib import Path

import pytest

from seq2seq.workers import find_place

JOBS = Path(__file__).resolve().parents[1] / "scripts" / "jobs"
SCRIPTS = sorted(JOBS.glob("*.sbatch"))
WORK = """#!/bin/sh
echo "$@" > arguments
trap 'exit 75' TERM
[ "$ENDS" ] && exit "$ENDS"
touch started
while :; do sleep 0.1; done
"""
# It starts one task, passes signals on to all of its processes, and gives its code.
SRUN = """setsid "$@" &
job=$!
trap 'kill -TERM "-$job"' TERM
wait "$job"
code=$?
[ "$code" -gt 128 ] && { wait "$job"; code=$?; }
exit "$code"
"""


@pytest.fixture
def stand_ins(tmp_path):
    """A folder in which `python` is a work that leaves with 75 at SIGTERM, or at once with the code `ENDS`."""
    others = {"scontrol": 'echo "$@" > requeued', "srun": SRUN}
    for name, content in {"python": WORK, **{each: f"#!/bin/sh\n{line}\n" for each, line in others.items()}}.items():
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(content)
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "activate").write_text("")
    return tmp_path


def start(script, folder, ends=""):
    paths = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": paths, "ENDS": str(ends), "SLURM_JOB_ID": "7"}
    return subprocess.Popen(["bash", script], cwd=folder, env=environment)


@pytest.mark.parametrize("code", [0, 1, 2, 75])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_job_is_queued_again_where_work_is_left(script, stand_ins, code):
    assert start(script, stand_ins, code).wait(30) == code
    assert (stand_ins / "requeued").exists() == (code == 75)


def test_a_pattern_reaches_the_command_as_it_is(stand_ins):
    (stand_ins / "in").mkdir()
    (stand_ins / "in" / "a.txt.gz").touch()
    start(JOBS / "slurm_translate.sbatch", stand_ins, 0).wait(30)
    assert "--input in/*.txt.gz --output out" in (stand_ins / "arguments").read_text()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_the_signal_before_the_end_reaches_the_work(script, stand_ins):
    process = start(script, stand_ins)
    while not (stand_ins / "started").exists():
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 75
    assert (stand_ins / "requeued").read_text().strip() == "requeue 7"


def test_pods_tell_each_other_who_they_are(stand_ins):
    text = (JOBS / "kubernetes_train.yaml").read_text()
    command = textwrap.dedent(re.search(r"- \|\n(.*?)\n +env:", text, re.DOTALL)[1])
    (stand_ins / "bin" / "python").write_text('#!/bin/sh\necho "$TF_CONFIG" > "config$JOB_COMPLETION_INDEX"\n')
    paths = f"{stand_ins / 'bin'}{os.pathsep}{os.environ['PATH']}"
    for index in range(3):
        environment = {**os.environ, "PATH": paths, "JOB_COMPLETIONS": "3", "JOB_COMPLETION_INDEX": str(index)}
        subprocess.run(["bash", "-c", command], cwd=stand_ins, env=environment, check=True)
        place = find_place({"TF_CONFIG": (stand_ins / f"config{index}").read_text()})
        assert place.index == index
        assert place.addresses == ("train-0.train:12345", "train-1.train:12345", "train-2.train:12345")


def test_the_image_is_made_of_what_is_there():
    lines = (JOBS / "Dockerfile").read_text().splitlines()
    copied = [name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]]
    assert [name for name in copied if not (JOBS.parents[1] / name).exists()] == []
    sent = {line[1:] for line in (JOBS / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    assert sent == set(copied)  # what is not sent to the build cannot be copied
    extras = tomllib.loads((JOBS.parents[1] / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {"serve", "onnx", "gpu"} <= extras.keys()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
def test_systemd_understands_the_unit(tmp_path):
    unit = (JOBS / "serve.service").read_text()
    (tmp_path / "seq2seq.service").write_text(re.sub("ExecStart=[^ ]+", f"ExecStart={shutil.which('true')}", unit))
    found = subprocess.run(["systemd-analyze", "verify", tmp_path / "seq2seq.service"], capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "")
