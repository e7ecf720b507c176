"""Workers in turn, and what their turns amount to.

Every system runs in a process of its own, started once; then each has its turn, round after round (A B A B …). So all
are warm, none competes with another for the cores, and a machine that slows down slows all of them.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from workers.protocol import NOT_INSTALLED, WRONG_INPUT

from seq2seq.errors import InputError


class PeerMissingError(Exception):
    """The interpreter of a worker does not have the library to be measured."""


class Worker:
    """A process that does one system's share of the work.

    Args:
        system: str. Its name in the results.
        module: str. Module of `workers` to run.
        spec: dict, JSON-ready. What it shall get ready for.
        python: str. The interpreter.

    Attributes:
        peak_mib: float. The most memory that it had by the end of its last turn.

    Raises:
        InputError: there is no such interpreter, or the worker was given something that it cannot use.
        PeerMissingError: it lacks the library.
        RuntimeError: the worker stopped; with the end of what it wrote to standard error.
    """

    def __init__(self, system, module, spec, python=sys.executable):
        self.system = system
        self.peak_mib = 0.0
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the worker)
        try:
            self._process = subprocess.Popen(
                [python, "-m", f"workers.{module}"],
                cwd=Path(__file__).parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env={"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ},
                text=True,
            )
        except OSError as error:
            raise InputError(f"{python} cannot be run ({error.strerror}): name a Python interpreter.") from error
        with ExitStack() as on_failure:
            on_failure.callback(self.close)
            self.description = self._ask(spec)
            on_failure.pop_all()

    def turn(self, k):
        """Do turn `k`; returns the rate, amount of work per second."""
        result = self._ask({"turn": k})
        self.peak_mib = result["peak_mib"]
        return result["amount"] / result["seconds"]

    def _ask(self, request):
        with suppress(BrokenPipeError):  # a worker that has stopped is told by its missing reply
            print(json.dumps(request), file=self._process.stdin, flush=True)
        reply = self._process.stdout.readline()
        if reply:
            return json.loads(reply)
        code = self._process.wait()
        if code == NOT_INSTALLED:
            raise PeerMissingError(self.system)
        self._log.seek(0)
        end = self._log.read().decode(errors="replace").strip()[-2000:]
        if code == WRONG_INPUT:
            raise InputError(end.splitlines()[-1].removeprefix("Error: "))
        raise RuntimeError(f"The worker of {self.system} stopped with exit code {code}:\n{end}")

    def close(self):
        """Let the process end; a busy one is killed."""
        try:
            self._process.communicate(timeout=10)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self._process.kill()
            self._process.wait()
        self._log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Turns(NamedTuple):
    """The rate of each turn of a system, and the most memory that its process had."""

    rates: list
    peak_mib: float = 0.0


def take_turns(workers, turns, report):
    """`turns` turns of each worker, alternating: a dict from system to `Turns`."""
    rates = {worker.system: [] for worker in workers}
    with report.progress("measuring", turns * len(workers), "turns") as progress:
        for k in range(turns):
            for worker in workers:
                rates[worker.system].append(worker.turn(k))
                progress.advance(1)
    return {worker.system: Turns(rates[worker.system], worker.peak_mib) for worker in workers}


def result_rows(work, unit, turns, floor=None):
    """The rows of one work.

    Args:
        work: str.
        unit: str. Of the rates; more is better.
        turns: dict from system to `Turns`; the first system is the one to be compared with the others.
        floor: str. The system whose rate is the bound of all, or `None`.

    Returns:
        A list of dicts with `work`, `system`, `unit`, the `median`, `low` and `high` of the rates, `ratio`: the first
        system's rate / this system's, turn by turn, and of these the median (above 1 the first is faster), and
        `peak_mib`. With a floor also `share_of_floor`: this system's rate / that of the floor, in the same way.
    """

    def median_ratio(system, other):
        # Of the same turn: the same batches at nearly the same time.
        pairs = zip(turns[system].rates, turns[other].rates, strict=True)
        return statistics.median(one / another for one, another in pairs)

    first = next(iter(turns))
    return [
        {
            "work": work,
            "system": system,
            "unit": unit,
            "median": statistics.median(values),
            "low": min(values),
            "high": max(values),
            "ratio": median_ratio(first, system),
            "peak_mib": round(peak_mib, 1),
            **({"share_of_floor": median_ratio(system, floor)} if floor in turns else {}),
        }
        for system, (values, peak_mib) in turns.items()
    ]
