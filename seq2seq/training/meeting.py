"""Workers wait for each other before TensorFlow does, which hears no signal and knows no end while it waits."""

import socket
import time
from contextlib import ExitStack, nullcontext, suppress

from seq2seq.errors import InputError
from seq2seq.interruption import Stopped
from seq2seq.report import Report
from seq2seq.workers import PORT, Place

WAIT_SECONDS = 600.0  # for workers that have not come: a scheduler may start them at different times
TELL_SECONDS, TELL_AGAIN_SECONDS = 10.0, 60.0  # of waiting, until a line says for whom; all of a machine start slowly
_ANSWER_SECONDS = 5.0


def meet(place: Place, seconds: float = WAIT_SECONDS, report: Report | None = None) -> None:
    """Wait until all workers are there.

    They tell the chief, at its address, where TensorFlow is not yet listening; it tells them when all have come.

    Args:
        place: `Place` of this worker.
        seconds: float. How long to wait.
        report: `Report`, told for whom where that takes more than some seconds.

    Raises:
        InputError: somebody else has the port of this worker.
        Stopped: a worker has not come.
    """
    patience = _Patience(seconds, report or Report())
    with _server(place) if not place.is_chief else nullcontext():
        pass  # TensorFlow, which listens there later, does not say in one line that somebody else does
    missing = _gather_others(place, patience) if place.is_chief else _tell_chief(place, patience)
    if missing:
        missed = "did not come" if place.is_chief else "did not say that all have come"
        raise Stopped(f"{_named(place, missing)} {missed}, in {seconds:.0f} seconds")
    patience.end(f"all {place.count} workers have come")


class _Patience:
    """So long and no longer; whoever waits for more than a moment says for what."""

    def __init__(self, seconds, report):
        now = time.monotonic()
        self._ends, self._tells, self._report, self._told = now + seconds, now + TELL_SECONDS, report, False

    def left(self, what):
        """How long to wait for `what` before asking once more; 0 where that was all."""
        now = time.monotonic()
        if self._tells <= now < self._ends:
            self._report.wait(f"waiting for {what}, up to {self._ends - now:.0f} seconds more")
            self._told, self._tells = True, now + TELL_AGAIN_SECONDS
        return max(min(self._ends, self._tells) - now, 0.0)

    def end(self, line):
        """Say how it ended, where it was told of."""
        if self._told:
            self._report.wait(line)


def _named(place, indices):
    return f"{' and '.join(f'worker {index} ({place.addresses[index]})' for index in sorted(indices))} of {place.count}"


def _gather_others(place, patience):
    """Wait for all others as the chief; which of them are missing."""
    missing = set(range(1, place.count))
    with _server(place) as server, ExitStack() as connections:
        came: dict[int, socket.socket] = {}
        while missing and (left := patience.left(_named(place, missing - came.keys()))):
            server.settimeout(left)
            with suppress(OSError, ValueError):  # none came, or it was no worker
                connection = connections.enter_context(server.accept()[0])
                connection.settimeout(_ANSWER_SECONDS)
                came[int(connection.recv(16))] = connection
            if missing <= came.keys():  # one may have come, and ended since
                missing = {index for index in missing if not _answers(came[index])}
                came = {}
    return missing - came.keys()


def _server(place):
    try:
        return socket.create_server(("", _host_and_port(place, place.index)[1]))
    except OSError as error:
        raise InputError(
            f"worker {place.index} cannot listen at its address {place.addresses[place.index]} ({error.strerror}), by "
            f"{place.origin}: another training may have this port; name another one, under Slurm by {PORT}."
        ) from error


def _answers(connection):
    with suppress(OSError):
        connection.sendall(b"all")
        return connection.recv(16) == b"here"
    return False


def _tell_chief(place, patience):
    """Wait for the chief as another worker; `{0}` where it does not say that all have come."""
    while patience.left(_named(place, {0})):
        with suppress(OSError), socket.create_connection(_host_and_port(place), timeout=_ANSWER_SECONDS) as connection:
            connection.sendall(str(place.index).encode())
            if _heard(connection, patience, f"{_named(place, {0})}, which waits for others") == b"all":
                connection.sendall(b"here")
                return set()
        time.sleep(0.2)
    return {0}


def _heard(connection, patience, what):
    """What comes next; nothing where nobody says anything for too long."""
    while left := patience.left(what):
        connection.settimeout(left)
        with suppress(TimeoutError):
            return connection.recv(16)
    return b""


def _host_and_port(place, index=0):
    host, _, port = place.addresses[index].rpartition(":")
    return host, int(port)
