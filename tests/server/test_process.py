"""`seq2seq serve` as a process: it ends when all is answered, tells what is wrong in a line, and replaces what dies."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import httpx
import pytest

from tests.conftest import OLDER_RUNS

PATIENCE = 120  # seconds, of a slow machine


@contextmanager
def serving(*arguments, **environment):
    """A server, ready, and its address."""
    command = [sys.executable, "-c", "from seq2seq.cli.runtime import main; main()", "serve", *map(str, arguments)]
    server = subprocess.Popen(
        [*command, "--port", "0"], stderr=subprocess.PIPE, text=True, env=dict(os.environ) | environment
    )
    try:
        told = server.stderr.readline()
        address = re.search(r"http://\S+", told)
        assert address, told + server.stderr.read()
        wait_until(lambda: is_ready(address[0]))
        yield server, address[0]
    finally:
        server.kill()
        server.wait()
        server.stderr.close()


def wait_until(there):
    ends = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < ends
        time.sleep(0.05)


def is_ready(address):
    try:
        return httpx.get(f"{address}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_sigterm_lets_what_was_taken_be_answered(folders):
    texts = (OLDER_RUNS / "texts.src").read_text(encoding="utf-8").splitlines() * 20
    answers = []
    with serving(folders["translation"]) as (server, address):

        def ask():
            asked = {"texts": texts[:1000], "beam_size": 8}
            answers.append(httpx.post(f"{address}/v1/translate", json=asked, timeout=PATIENCE))

        asking = threading.Thread(target=ask)
        asking.start()
        wait_until(lambda: "seq2seq_batch_size_count 0.0" not in httpx.get(f"{address}/metrics").text)
        server.send_signal(signal.SIGTERM)
        asking.join()
        assert server.wait(PATIENCE) == 0
    assert answers[0].status_code == 200
    assert len(answers[0].json()["translations"]) == len(texts[:1000])


def test_a_port_in_use_is_one_line(folders):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for workers in ("1", "2"):
            done = run(folders["translation"], "--port", str(taken.getsockname()[1]), "--workers", workers)
            assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
            assert "is in use" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["{stream}", "--host", "0.0.0.0"], "give --token"),
        (["{stream}", "{stream}"], "would both be called 'exported-stream'"),
        (["{nothing}"], "is no exported folder"),
    ],
)
def test_what_cannot_be_served_is_one_line(folders, tmp_path, arguments, line):
    places = {"stream": folders["stream"], "nothing": tmp_path}
    done = run(*(each.format(**places) for each in arguments), "--port", "0")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert line in done.stderr


def run(*arguments):
    command = [sys.executable, "-c", "from seq2seq.cli.runtime import main; main()", "serve", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)


def test_a_worker_that_is_killed_is_started_again_and_all_end_together(folders):
    with serving(folders["stream"], "--workers", "2", SEQ2SEQ_TOKEN="x") as (server, address):
        wait_until(lambda: len(children(server.pid)) == 2)
        before = children(server.pid)
        os.kill(min(before), signal.SIGKILL)
        wait_until(lambda: len(children(server.pid) - {min(before)}) == 2)
        wait_until(lambda: is_ready(address))
        assert httpx.get(f"{address}/v1/models", headers={"authorization": "Bearer x"}).status_code == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE) == 0
        assert "is started again" in server.stderr.read()


def children(pid):
    """The workers of a process: what Python starts beside them looks after resources."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        found = {int(each) for each in file.read().split()}
    return {each for each in found if b"spawn_main" in command_of(each)}


def command_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def test_an_exported_folder_is_served_without_tensorflow(folders):
    code = (
        "import sys; from seq2seq.server.app import application; from seq2seq.server import models, process; "
        f"models.load(map(__import__('pathlib').Path, {[str(each) for each in folders.values()]})); "
        "print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE)
    assert done.stdout.strip() == "[]", done.stderr


def test_processes_share_the_time_of_a_container(monkeypatch):
    from seq2seq import cores
    from seq2seq.server.supervisor import share_of_cores

    monkeypatch.setattr(cores, "own_cores", lambda: list(range(8)))
    assert [share_of_cores(number, 2) for number in range(2)] == [{0, 2, 4, 6}, {1, 3, 5, 7}]
    monkeypatch.setattr(cores, "time_limit", lambda: 4.0)  # cores' time for all of them
    assert [len(share_of_cores(number, 2)) for number in range(2)] == [2, 2]
    assert len(share_of_cores(0, 8)) == 1
