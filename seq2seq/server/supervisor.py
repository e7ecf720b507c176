"""Several processes of one server: those that end are started again."""

import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Any

from prometheus_client.multiprocess import mark_process_dead

from seq2seq.cores import cores_of, usable_cores
from seq2seq.errors import InputError
from seq2seq.interruption import end_with_parent
from seq2seq.report import Report
from seq2seq.server.figures import FOLDER

CANNOT = 2  # code of a process that cannot work: starting it again would not help
LEAST_SECONDS = 1.0  # from one start of a process to the next


def supervise(count: int, work: Callable, arguments: tuple, report: Report) -> int:
    """Have processes work until a signal says stop, each on its share of the cores.

    Args:
        count: int.
        work: function of a module, that takes the number of its process, and `arguments`.
        arguments: tuple, of what can be pickled.
        report: `Report`, told of processes that ended.

    Returns:
        0, or the code of a process that cannot work.
    """
    # New processes, not forks: TensorFlow does not work in one whose parent has loaded it.
    context, running, started, stopped = multiprocessing.get_context("spawn"), {}, {}, []

    def start(number: int) -> None:
        started[number] = time.monotonic()
        running[number] = context.Process(target=_work, args=(work, number, count, arguments))
        running[number].start()
        if stopped:  # a signal came meanwhile
            _stop(running)

    with _counting_together(), _stopping(running, stopped):
        for number in range(count):
            start(number)
        while running:
            wait([each.sentinel for each in running.values()], timeout=1.0)
            for number, ended in [each for each in running.items() if each[1].exitcode is not None]:
                del running[number]
                mark_process_dead(ended.pid)
                if stopped:
                    continue
                if ended.exitcode == CANNOT:
                    stopped.append(CANNOT)
                    _stop(running)
                    continue
                report.warn(f"process {number + 1} of {count} has ended ({_told(ended.exitcode)}): it is started again")
                time.sleep(max(started[number] + LEAST_SECONDS - time.monotonic(), 0.0))
                start(number)
    return max(stopped, default=0)


def _work(work: Callable, number: int, count: int, arguments: tuple[Any, ...]) -> None:
    end_with_parent()
    os.setpgid(0, 0)  # Ctrl-C reaches the first process alone, which passes it on
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, share_of_cores(number, count))
    try:
        work(number, *arguments)
    except InputError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(CANNOT)


def share_of_cores(number: int, count: int) -> set[int]:
    """The cores of one of `count` processes: no more than it has time for in a container that limits that of all."""
    return set(sorted(cores_of(number, count))[: usable_cores(count)])


@contextmanager
def _stopping(running, stopped):
    """Within the block signals are passed on to all processes, and noted in `stopped`."""

    def stop(number, frame):
        stopped.append(0)
        _stop(running)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(running):
    for each in list(running.values()):
        each.terminate()


@contextmanager
def _counting_together():
    """Within the block processes that start keep their counts where each of them finds all."""
    with tempfile.TemporaryDirectory(prefix="seq2seq-") as folder:
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER]


def _told(code):
    return f"by {signal.Signals(-code).name}" if code < 0 else f"code {code}"
