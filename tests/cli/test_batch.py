"""`seq2seq batch`: how it is told what to do, and how it ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from seq2seq.cli import app
from seq2seq.interruption import WORK_LEFT
from seq2seq.jobs.job import Job

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments, code=0, env=None):
    result = CliRunner().invoke(app, ["batch", *map(str, arguments)], env=env)
    assert result.exit_code == code, (result.stderr, result.exception)
    return result


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("a b\nc d\n")
    (tmp_path / "in" / "b.txt").write_text("e f\n")
    (tmp_path / "c.jsonl").write_text('{"text": "a b"}\nbroken\n')
    (tmp_path / "c.parquet").write_bytes(b"PAR1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_job_says_what_plain_translation_says(tiny_run, folder):
    assert "2 outputs finished" in run("translate", tiny_run, "--input", "in/*.txt", "--output", "out").stderr
    plain = CliRunner().invoke(app, ["translate", str(tiny_run), "--input", "in/a.txt"]).stdout
    assert (folder / "out" / "a.txt").read_text() == plain
    assert "2 had been finished before" in run("translate", tiny_run, "--input", "in/*.txt", "--output", "out").stderr


def test_a_pattern_that_the_shell_has_replaced_is_understood(tiny_run, folder):
    run("translate", tiny_run, "--input", "in/a.txt", "in/b.txt", "--output", "out")
    assert (folder / "out" / "b.txt").read_text().count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--input", "in/*.csv"], "matches nothing"),
        (["--input", "in/*.txt", "--output", "in/a.txt"], "is a file"),
        (["--input", "in/*.txt", "--output", "in"], "lies among"),
        (["--input", "in/*.txt", "--shard", "4/3"], "such as 3/16"),
        (["--input", "c.jsonl"], "such as --field text"),
        (["--input", "in/*.txt", "--field", "text"], "leave it out"),
        (["--input", "c.parquet"], "is no text"),
        (["--input", "c.jsonl", "--field", "text", "--strict"], "c.jsonl, line 2: is no JSON"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(tiny_run, folder, arguments, said):
    arguments = arguments if "--output" in arguments else [*arguments, "--output", "out"]
    (line,) = run("translate", tiny_run, *arguments, code=2).stderr.splitlines()
    assert line.startswith("Error: ") and said in line


def test_the_run_must_be_of_the_task(tiny_run, folder):
    np.save(folder / "a.npy", np.zeros((3, 24)))
    line = run("reconstruct", tiny_run, "--input", "a.npy", "--output", "out", code=2).stderr
    assert "is a run of the task 'translation'" in line
    line = run("reconstruct", tiny_run, "--input", "in/*", "--input", "c.jsonl", "--output", "out", code=2).stderr
    assert "c.jsonl is of no known kind" in line


def test_the_scheduler_says_which_shard_it_is(tiny_run, folder):
    environment = {"JOB_COMPLETION_INDEX": "1", "JOB_COMPLETIONS": "2"}
    run("translate", tiny_run, "--input", "in/*.txt", "--output", "out", env=environment)
    assert not (folder / "out" / "a.txt").exists() and (folder / "out" / "b.txt").exists()
    assert (folder / "out" / "manifest-2-of-2.json").exists()
    line = run(
        "translate", tiny_run, "--input", "in/*.txt", "--output", "out2", env={"JOB_COMPLETION_INDEX": "1"}, code=2
    )
    assert "JOB_COMPLETIONS" in line.stderr


def test_inputs_that_cannot_be_read_give_exit_code_1_and_are_named_at_the_end(tiny_run, folder):
    for name in ("a.txt.gz", "b.txt.gz"):
        (folder / "in" / name).write_bytes(b"\x1f\x8b no gzip")
    shown = run("translate", tiny_run, "--input", "in/*", "--output", "out", code=1).stderr
    *_, said, first, second = shown.splitlines()
    assert said.startswith("2 outputs finished in out; 2 inputs could not be used")
    assert "a.txt.gz" in first and "b.txt.gz" in second


def test_bad_records_are_no_failure(tiny_run, folder):
    shown = run("translate", tiny_run, "--input", "c.jsonl", "--field", "text", "--output", "out").stderr
    assert "*.rejected.jsonl lists 1 bad record\n" in shown


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, WORK_LEFT), (signal.SIGINT, 130)])
def test_a_signal_ends_the_job_and_says_that_it_goes_on(tiny_run, folder, monkeypatch, number, code):
    usual = Job.run

    def interrupted(job, sources):
        threading.Timer(0.2, os.kill, (os.getpid(), number)).start()
        time.sleep(60)
        return usual(job, sources)

    monkeypatch.setattr(Job, "run", interrupted)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background jobs ignore it
    before = signal.getsignal(signal.SIGTERM)
    shown = run("translate", tiny_run, "--input", "in/*.txt", "--output", "out", code=code).stderr
    assert "the same command goes on" in shown.splitlines()[-1]
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--actors", "2"], "--actors is for a cluster: add --engine ray"),
        (["--engine", "spark"], "--engine spark: expected ray"),
        (["--engine", "ray", "--gpus-per-actor", "1.5"], "a whole number, or a part of one GPU"),
        (["--engine", "ray", "--address", "head"], "--address head: expected HOST:PORT"),
        (["--engine", "ray", "--address", "127.0.0.1:99999"], "expected HOST:PORT"),
        (["--engine", "ray", "--address", "ray://127.0.0.1:10001"], "expected HOST:PORT"),
        (
            ["--engine", "ray", "--address", "no.such.machine.invalid:6379"],
            "there is no machine no.such.machine.invalid",
        ),
        (["--engine", "ray", "--address", "127.0.0.1:1"], "no Ray cluster has answered there for 0.1 seconds"),
    ],
)
def test_an_engine_that_cannot_be_used_is_said_in_one_line(folder, monkeypatch, arguments, said):
    if "--address" in arguments:
        pytest.importorskip("ray")
        monkeypatch.setattr("seq2seq.jobs.ray_engine.REACH_WITHIN", 0.1)
    given = ["translate", "runs/none", "--input", "in/*.txt", "--output", "out", *arguments]
    (line,) = run(*given, code=2).stderr.splitlines()
    assert line.startswith("Error: ") and said in line


def test_without_ray_its_engine_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "seq2seq.jobs.ray_engine", raising=False)
    given = ["translate", "runs/none", "--input", "in/*.txt", "--output", "out", "--engine", "ray"]
    (line,) = run(*given, code=2).stderr.splitlines()
    assert line == "Error: --engine ray needs the package ray: pip install '.[ray]' in this project's folder"


@pytest.mark.slow
@pytest.mark.parametrize("engine", [[], ["--engine", "ray", "--actors", "1"]], ids=["alone", "ray"])
def test_a_terminated_process_leaves_within_seconds_and_goes_on(tiny_run, folder, engine):
    if engine:
        pytest.importorskip("ray")
    (folder / "in" / "a.txt").write_text("a b c d e f g h\n" * 400_000)
    command = [sys.executable, ROOT / "scripts" / "batch.py", "translate", tiny_run, "--input", "in/*.txt"]
    command += ["--output", "out", "--part-size", "500", *engine]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not list(folder.glob("out/.parts/a.txt/*/0*")):
        time.sleep(0.1)
    process.terminate()
    _, shown = process.communicate(timeout=60)
    assert process.returncode == WORK_LEFT
    assert "Traceback" not in shown and "the same command goes on" in shown
    assert not list(folder.rglob(".writing-*")) and not (folder / "out" / "a.txt").exists()


def test_series_are_scored_to_tables_of_scores_or_events(pumps_run, pumps_files, tmp_path):
    run("detect", pumps_run, "--input", pumps_files / "test.csv", "--output", tmp_path / "scores")
    assert len((tmp_path / "scores" / "test.csv").read_text().splitlines()) == 241
    given = ["--input", pumps_files / "test.csv", "--output", tmp_path / "events"]
    run("detect", pumps_run, *given, "--events", "--merge", "6h", "--threshold", "quantile=0.999")
    heading = "pump,start,end,steps,peak,peak_at,column,share,known_at\n"
    assert (tmp_path / "events" / "test.csv").read_text().startswith(heading)
    assert (
        "1 had been finished before"
        in run("detect", pumps_run, *given, "--events", "--merge", "6h", "--threshold", "quantile=0.999").stderr
    )
    for options, said in (
        (["--merge", "6h"], "--merge and --min-length make events of alarms: add --events"),
        (["--threshold", "f_beta=1"], "--threshold f_beta is fitted on labelled data"),
        (["--events", "--merge", "soon"], "'soon' is neither a number of steps"),
    ):
        assert said in run("detect", pumps_run, *given, *options, code=2).stderr
