"""A batch job on a Ray cluster: actors do the parts, and the one process that has the job writes what they give.

Each actor loads the run by itself and has a part at hand. A part that is lost with its actor, or with the node of that
one, is done again by another: what was written stays written, and nothing is written twice.
"""

import logging
import os
import re
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from math import ceil, inf
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from seq2seq.cores import usable_cores
from seq2seq.errors import InputError
from seq2seq.interruption import Stopped
from seq2seq.jobs.copies import Copies
from seq2seq.jobs.folder import UnreachableError
from seq2seq.jobs.inputs import Source
from seq2seq.jobs.parts import HeldParts, Parts
from seq2seq.jobs.work import Work
from seq2seq.report import Progress, Report

# Ray reads these when it is imported. A node that starts on a busy machine takes longer than Ray expects.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_COLOR_PREFIX", "0")
os.environ.setdefault("RAY_worker_register_timeout_seconds", "300")
try:
    import grpc
    import ray
    from ray.exceptions import RayError, RayTaskError
except ModuleNotFoundError as error:
    raise InputError("--engine ray needs the package ray: pip install 'seq2seq[ray]'") from error

REACH_WITHIN = 20.0  # seconds for a cluster to answer: it may just be starting
BEGIN_WITHIN = 900.0  # seconds for any actor to begin: a node may have to be started for it
CORES = 4  # of an actor, where nothing is said; a run makes good use of so many
LOSSES = 3  # for each actor, in a row: more have a cause that will not go away


@contextmanager
def connected(address: str | None = None) -> Iterator[bool]:
    """Join a Ray cluster, or start one on this machine that goes when the block ends; tells whether it may grow.

    Args:
        address: `HOST:PORT` of the cluster, or `"auto"` for the one that runs on this machine. Default: RAY_ADDRESS;
            without it one is started.

    Raises:
        InputError: no cluster answers there.
    """
    given = f"--address {address}" if address else f"RAY_ADDRESS={os.environ.get('RAY_ADDRESS')}"
    address = address or os.environ.get("RAY_ADDRESS")
    if address and address != "auto":
        _check_reachable(address, given)
    # What Ray tells of lost processes it prints; and it leaves its logs, of a node that was started here for nobody.
    with (
        redirect_stdout(sys.stderr),
        TemporaryDirectory(prefix="seq2seq-ray-", dir="/tmp", ignore_cleanup_errors=True) as folder,
    ):
        try:
            _join(address, given, folder)
            with _without_gpus():
                yield bool(address)
        finally:
            ray.shutdown()


def _check_reachable(address, given):
    """Ray itself would ask for ever whatever is there and is no cluster, and hear no signal meanwhile."""
    host, _, port = address.rpartition(":")
    if not re.fullmatch(r"[^/\s]+", host) or not port.isdigit() or not 0 < int(port) < 2**16:
        raise InputError(f"{given}: expected HOST:PORT of a Ray cluster, such as head:6379, or auto.")
    try:
        socket.getaddrinfo(host.strip("[]"), int(port))
    except OSError as error:
        raise InputError(f"{given}: there is no machine {host} ({error.strerror}).") from error
    if os.environ.get("RAY_USE_TLS", "0") != "0":  # which only Ray knows how to ask
        return
    with grpc.insecure_channel(address, [("grpc.enable_http_proxy", 0)]) as channel:
        try:
            grpc.channel_ready_future(channel).result(REACH_WITHIN)
        except grpc.FutureTimeoutError as error:
            raise InputError(
                f"{given}: no Ray cluster has answered there for {REACH_WITHIN:g} seconds: start one with "
                "`ray start --head`, or leave it out."
            ) from error


def _join(address, given, folder):
    started = {} if address else {"num_cpus": usable_cores(), "_temp_dir": folder}
    quiet = {"include_dashboard": False, "log_to_driver": False, "logging_level": logging.ERROR}
    heard = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=address or "local", **quiet, **started)
    except SystemExit as end:  # what Ray makes of SIGTERM while it starts
        raise Stopped("SIGTERM") from end
    except Exception as error:  # of any kind: Ray raises a bare one where a node does not start in time
        reason = str(error).splitlines()[0]
        if address:
            advice = "start one with `ray start --head`; one that asks for a token is joined with RAY_AUTH_MODE=token."
            raise InputError(f"{given}: no cluster can be joined there ({reason}); {advice}") from error
        advice = "start it with `ray start --head`, and give --address auto."
        raise InputError(f"--engine ray: Ray cannot be started here ({reason}): {advice}") from error
    finally:
        signal.signal(signal.SIGTERM, heard)  # Ray takes it for itself


@contextmanager
def _without_gpus():
    """This process only hands out and writes: the GPUs of its machine are for actors."""
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    try:
        yield
    finally:
        del os.environ["CUDA_VISIBLE_DEVICES"]
        if before is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = before


@ray.remote(max_restarts=0, max_task_retries=0)
class PartActor:
    """A process somewhere in the cluster that does parts.

    Args:
        load: function that loads the `Work`.
        folder: of the process that has the job: what names of files are relative to.
        cores, gpus: what the actor has of its node.
    """

    def __init__(self, load: Callable[[], Work], folder: str, cores: int, gpus: float):
        self._load, self._cores, self._gpus = load, cores, gpus
        self._copies, self._held, self._latest = Copies(), ExitStack(), None
        with suppress(OSError):  # where it is not there all names may be absolute ones
            os.chdir(folder)

    def begin(self) -> tuple[str, Any]:
        """Load the run; gives its model and settings."""
        if not self._gpus:
            os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        from seq2seq.device import keep_to_cores, use_device

        keep_to_cores(self._cores)
        use_device()
        with _named_node():
            self._work = self._load()
        return self._work.model, self._work.settings

    def do(self, source: Source, number: int) -> tuple[bytes, bytes, Any]:
        """Do a part of an input; gives its content, the list of its bad records and what was noted."""
        # The part comes from what was looked at, or not at all.
        if self._latest is None or (self._latest.place, self._latest.checksum) != (source.place, source.checksum):
            self._held.close()
            self._latest = None
            with _named_node():
                found = self._held.enter_context(self._copies.held(source))
                if found.checksum != source.checksum:
                    raise InputError(f"{source.place} is another file there, or was changed while the job ran.")
            self._latest = found
        held = HeldParts()
        with self._copies.naming():
            for _ in self._work.work([(self._latest, held, [number])], Progress()):
                pass
        return *held.take(number), self._work.take_notes()


@contextmanager
def _named_node():
    """Say of a file that is not as it should be on which node that is."""
    try:
        yield
    except UnreachableError:
        raise
    except (InputError, OSError) as error:
        place = ray.util.get_node_ip_address()
        raise InputError(f"On the node {place}: {error} All nodes need the same run and inputs.") from error


class _Part(NamedTuple):
    source: Source
    parts: Parts
    number: int


class Crew:
    """Actors that do the parts of a `Job`, all of whose other work is done by the process that has it.

    Args:
        work: `Work`, loaded in this process.
        load: function that loads it; is sent to the actors.
        actors: int. How many; default: as many as the cluster has GPUs for, or one for every four cores.
        gpus: float. Of each actor; a part of one where actors share it, 0 for none.
        grows: bool. Whether actors that have no room now may have some later.
        report: `Report`.
    """

    def __init__(
        self,
        work: Work,
        load: Callable[[], Work],
        *,
        actors: int | None = None,
        gpus: float = 0.0,
        grows: bool = True,
        report: Report | None = None,
    ):
        self._work, self._load, self._asked, self._gpus, self._grows = work, load, actors, gpus, grows
        self._report = report or Report()
        self._waiting: deque[_Part] = deque()
        self._awaited: dict[ray.ObjectRef, tuple[Any, _Part | None]] = {}  # from which actor: its part, or its begin
        self._free: list[Any] = []
        self._count = self._cores = self._lost = 0

    def work(self, todo: Sequence[tuple[Source, Parts, list[int]]], progress: Progress) -> Iterator[Source]:
        """As `Work.work`.

        Raises:
            InputError: a record or input that cannot be read, with `strict`; a node has another run than this one; or
                actors are lost again and again.
            Stopped: no actor could begin.
        """
        self._waiting.extend(_Part(source, parts, number) for source, parts, numbers in todo for number in numbers)
        left, self._heard_at = len(self._waiting), time.monotonic()
        if left:
            self._count, self._cores = self.planned(left)
        for _ in range(self._count):
            self._begin()
        while left:
            for awaited in self._settled():
                actor, part = self._awaited.pop(awaited)
                try:
                    answer = ray.get(awaited)
                except RayTaskError as error:
                    raise error.cause from error
                except RayError as error:  # the actor, its node or what it gave is lost
                    self._replace(actor, part, error)
                    continue
                if part is None:
                    self._check(answer)
                self._hand_to(actor)  # which is busy while this part is written
                if part is not None:
                    left, self._lost = left - 1, 0
                    self._write(part, *answer)
                    progress.advance(part.source.sizes[part.number])
                    yield part.source

    def planned(self, parts: int) -> tuple[int, int]:
        """How many actors there are for so many parts, and how many cores each has: as many as leave room for all.

        Raises:
            InputError: they have no room in a cluster that does not grow.
        """
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        cpus = [int(node.get("CPU", 0)) for node in nodes]
        for_gpus = [int(node.get("GPU", 0) // self._gpus) if self._gpus else inf for node in nodes]
        usual = sum(for_gpus) if self._gpus else sum(ceil(count / CORES) for count in cpus)
        count = min(self._asked or max(usual, 1), parts)

        def room(cores):
            return sum(min(cpu // cores, most) for cpu, most in zip(cpus, for_gpus, strict=True))

        cores = max((cores for cores in range(1, max(cpus) + 1) if room(cores) >= count), default=1)
        each = f"{cores} CPU" + f" and {self._gpus:g} GPU" * bool(self._gpus)
        if room(cores) < count:
            there = f"the cluster has room for {room(cores)} of {count} actors, each with {each}"
            if not self._grows:
                asks = "--gpus-per-actor" if self._gpus and not room(1) else "--actors"
                raise InputError(f"{asks}: {there}: ask for less.")
            self._report.warn(f"{there}: the others begin when it has more.")
        self._report.say(f"Ray: actors: {count}, each with {each}; nodes: {len(nodes)}, with {sum(cpus)} CPU")
        return count, cores

    def _begin(self):
        given = {"num_cpus": self._cores, "num_gpus": self._gpus, "scheduling_strategy": "SPREAD"}
        actor = PartActor.options(**given).remote(self._load, os.getcwd(), self._cores, self._gpus)
        self._awaited[actor.begin.remote()] = actor, None

    def _hand_to(self, actor):
        if not self._waiting:
            self._free.append(actor)
            return
        part = self._waiting.popleft()
        self._awaited[actor.do.remote(part.source, part.number)] = actor, part

    def _settled(self):
        """What has come of all that is awaited, maybe nothing yet."""
        settled, _ = ray.wait(list(self._awaited), timeout=1.0)
        now = time.monotonic()
        if settled or any(part for _, part in self._awaited.values()):
            self._heard_at = now
        elif now - self._heard_at > BEGIN_WITHIN:
            raise Stopped(f"no actor could begin within {BEGIN_WITHIN / 60:.0f} minutes")
        return settled

    def _replace(self, actor, part, error):
        """Begin another actor for one that is lost, and have its part done again."""
        self._lost += 1
        at = f"at part {part.number + 1} of {part.source.place}" if part else "as it began"
        if self._lost > LOSSES * self._count:
            reason = " ".join(str(error).split())[:400]
            raise InputError(f"{self._lost} actors were lost one after the other, the last {at}: {reason}")
        self._report.warn(f"An actor was lost {at}: another one makes up for it.")
        ray.kill(actor)  # one that cannot be reached may still be there
        self._begin()
        if part:
            self._waiting.appendleft(part)
            if self._free:
                self._hand_to(self._free.pop())

    def _check(self, answer):
        if answer != (self._work.model, self._work.settings):
            raise InputError("A node has another run than this one: all nodes need the same.")

    def _write(self, part, content, rejected, notes):
        part.parts.put(part.number, content, rejected)
        self._work.add_notes(notes)
