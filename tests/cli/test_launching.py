"""Workers of this machine are the command once more for each; how they end is how it ends."""

import os
import sys
from pathlib import Path

import pytest

from seq2seq.cli import launching
from seq2seq.cli.launching import run_workers, starts_workers
from seq2seq.errors import InputError
from seq2seq.workers import BY_OPTION, tf_config

WORKER = """
import json, os, signal, sys, time
index = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
"""


def run(code, count, monkeypatch):
    """The exit code of workers that run some Python, in which `index` tells which of them it is."""
    monkeypatch.setattr(sys, "orig_argv", [sys.executable, "-c", WORKER + code])
    return run_workers(count)


@pytest.mark.parametrize(
    ("codes", "code"),
    [([0, 0, 0], 0), ([0, 75, 75], 75), ([75, 2, 75], 2), ([1, 75, 75], 1), ([130, 130, 130], 130), ([-9, 75, 0], 75)],
)
def test_the_exit_code_tells_why(codes, code, monkeypatch):
    ends = f"code = {codes}[index]\nos.kill(os.getpid(), 9) if code < 0 else sys.exit(code)"
    assert run(ends, 3, monkeypatch) == code


def test_signals_reach_all_workers(monkeypatch):
    waits = """
def stop(*_):
    sys.exit(75)
signal.signal(signal.SIGTERM, stop)
open(f"ready{index}", "w").close()
while index == 0 and not os.path.exists("ready1"):
    time.sleep(0.01)
if index == 0:
    os.kill(os.getppid(), signal.SIGTERM)
time.sleep(30)
"""
    assert run(waits, 2, monkeypatch) == 75


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_those_that_do_not_end_are_ended(monkeypatch):
    monkeypatch.setattr(launching, "GRACE_SECONDS", 0.2)
    assert run("sys.exit(1) if index else time.sleep(30)", 2, monkeypatch) == 1


@pytest.mark.parametrize("refuses", [0, 1])
def test_where_one_refuses_its_input_the_chief_is_asked_to_end_and_others_are_ended(refuses, monkeypatch):
    waits = (
        f"refuses = {refuses}"
        + """
def stop(*_):
    open(f"asked{index}", "w").close()
    sys.exit(75)
signal.signal(signal.SIGTERM, stop)
open(f"ready{index}", "w").close()
while not all(os.path.exists(f"ready{each}") for each in range(3)):
    time.sleep(0.01)
sys.exit(2) if index == refuses else time.sleep(30)
"""
    )
    assert run(waits, 3, monkeypatch) == 2
    assert [path.name for path in Path().glob("asked*")] == ["asked0"] * refuses


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_cores_are_shared_out(count, monkeypatch):
    cores = sorted(os.sched_getaffinity(0))
    run('open(f"cores{index}", "w").write(" ".join(map(str, os.sched_getaffinity(0))))', count, monkeypatch)
    taken = [{int(core) for core in Path(f"cores{index}").read_text().split()} for index in range(count)]
    assert all(taken) and set.union(*taken) == set(cores)
    assert len(cores) < count or sum(map(len, taken)) == len(cores)
    assert sorted(os.sched_getaffinity(0)) == cores


def test_where_a_system_binds_no_process_workers_have_all_cores(monkeypatch):
    cores = os.sched_getaffinity(0)
    for name in ("sched_getaffinity", "sched_setaffinity"):
        monkeypatch.delattr(os, name)
    run('open(f"cores{index}", "w").write(" ".join(map(str, os.sched_getaffinity(0))))', 2, monkeypatch)
    assert all(set(map(int, Path(f"cores{index}").read_text().split())) == cores for index in range(2))


def test_who_starts_workers(monkeypatch):
    assert not starts_workers(None) and not starts_workers(1) and starts_workers(2)
    with pytest.raises(InputError, match="--workers 0"):
        starts_workers(0)
    monkeypatch.setenv("TF_CONFIG", tf_config(1, ("a:1", "b:1"), BY_OPTION))
    assert not starts_workers(2)
    monkeypatch.setenv("TF_CONFIG", tf_config(1, ("a:1", "b:1")))
    assert not starts_workers(None)
    for count in (1, 2, 3):
        with pytest.raises(InputError, match="worker 1 of 2 already, by TF_CONFIG: leave it out"):
            starts_workers(count)
