"""The workers of a training on this machine: the same command once more for each, with a place in `TF_CONFIG`."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

from seq2seq.cores import cores_of, own_cores
from seq2seq.errors import InputError
from seq2seq.interruption import WORK_LEFT, end_with_parent
from seq2seq.workers import BY_OPTION, find_place, tf_config

CANNOT = 2  # code of a worker that was given what it cannot use
GRACE_SECONDS = 60.0  # for the others to end by themselves where a worker has failed
# Each worker reads its options once more: what those have changed in this process, such as CUDA_VISIBLE_DEVICES by
# --device, it must not find already changed.
_STARTED_WITH = dict(os.environ)
# What a terminal sends as it closes, or by a key, counts as SIGTERM.
_FORWARDED = {each: each for each in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)}
_FORWARDED |= dict.fromkeys((signal.SIGHUP, signal.SIGQUIT), signal.SIGTERM)


def starts_workers(workers: int | None) -> bool:
    """Whether this process is to start others and to wait for them, and trains nothing itself.

    Args:
        workers: what `--workers` says, or `None`.

    Raises:
        InputError: no number of workers, or this process is one of several already, by something else than `--workers`.
    """
    if workers is None:
        return False
    if workers < 1:
        raise InputError(f"--workers {workers}: expected at least 1.")
    place = find_place()
    if place.count > 1 and place.origin != BY_OPTION:
        raise InputError(
            f"--workers {workers} starts processes on this machine, but this one is worker {place.index} of "
            f"{place.count} already, by {place.origin}: leave it out."
        )
    return workers > 1 and place.count == 1


def run_workers(count: int) -> int:
    """Run the command of this process as so many workers on this machine, each on its share of the cores.

    SIGINT, SIGTERM and SIGUSR1 are passed on to all of them; where this process is killed, they end as after SIGTERM.

    Returns:
        0, or an exit code: of the workers that failed, one that tells why, rather than one that lost another.
    """
    addresses, workers = free_addresses(count), []
    with _passing_on(workers):
        for index in range(count):
            with _on_cores(cores_of(index, count)):
                environment = _STARTED_WITH | {"TF_CONFIG": tf_config(index, addresses, BY_OPTION)}
                # A group of its own: Ctrl-C reaches each once, through this process.
                started = subprocess.Popen(sys.orig_argv, env=environment, process_group=0, preexec_fn=end_with_parent)
                workers.append(started)
        codes = _wait(workers)
    # A worker that is killed leaves no code to try again by.
    codes = [WORK_LEFT if code < 0 else code for code in codes]
    return next((code for code in codes if code not in (0, WORK_LEFT)), max(codes))


def _wait(workers):
    """Wait for all of them, and no longer than `GRACE_SECONDS` after one has failed.

    Where one was given what it cannot use, the others end at once, as they may be waiting for it to come: the chief is
    asked to, for it may have something to keep, and the others have nothing.
    """
    ends, refused = None, False
    while any(worker.poll() is None for worker in workers):
        if ends is None and any(worker.poll() for worker in workers):
            ends = time.monotonic() + GRACE_SECONDS
        if not refused and any(worker.poll() == CANNOT for worker in workers):
            refused = True
            workers[0].terminate()
            for worker in workers[1:]:
                worker.kill()
        if ends is not None and time.monotonic() > ends:
            for worker in workers:
                worker.kill()
        time.sleep(0.1)
    return [worker.returncode for worker in workers]


@contextmanager
def _passing_on(workers):
    """Pass the signals of this process on to `workers`, a list that may still grow."""

    def pass_on(number, frame):
        for worker in workers:
            worker.send_signal(_FORWARDED[number])

    before = {number: signal.signal(number, pass_on) for number in _FORWARDED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def free_addresses(count: int) -> tuple[str, ...]:
    """Addresses of this machine that are free: held until all are known, so that they differ."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return tuple(f"127.0.0.1:{each.getsockname()[1]}" for each in sockets)


@contextmanager
def _on_cores(cores):
    """Start processes within the block on these cores; on any, where a system does not bind them."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = own_cores()
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
