"""Workers wait for each other before TensorFlow does, which hears no signal and knows no end while it waits."""

import socket
import time
from contextlib import ExitStack, suppress

from seq2seq.errors import InputError
from seq2seq.interruption import Stopped
from seq2seq.workers import Place

WAIT_SECONDS = 600.0  # for workers that have not come: a scheduler may start them at different times
_ANSWER_SECONDS = 5.0


def meet(place: Place, seconds: float = WAIT_SECONDS) -> None:
    """Wait until all workers are there.

    They tell the chief, at its address, where TensorFlow is not yet listening; it tells them when all have come.

    Args:
        place: `Place` of this worker.
        seconds: float. How long to wait.

    Raises:
        InputError: somebody else has the port of the chief.
        Stopped: a worker has not come.
    """
    ends = time.monotonic() + seconds
    missing = _gather_others(place, ends) if place.is_chief else _tell_chief(place, ends)
    if missing:
        named = " and ".join(f"worker {index} ({place.addresses[index]})" for index in sorted(missing))
        missed = "did not come" if place.is_chief else "did not say that all have come"
        raise Stopped(f"{named} of {place.count} {missed}, in {seconds:.0f} seconds")


def _gather_others(place, ends):
    """Wait for all others as the chief; which of them are missing."""
    missing = set(range(1, place.count))
    with _server(place) as server, ExitStack() as connections:
        came: dict[int, socket.socket] = {}
        while missing and (left := ends - time.monotonic()) > 0:
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
        return socket.create_server(("", _host_and_port(place)[1]))
    except OSError as error:
        raise InputError(
            f"the chief cannot listen at its address {place.addresses[0]} ({error.strerror}), by {place.origin}: name "
            "another port, another training may have this one."
        ) from error


def _answers(connection):
    with suppress(OSError):
        connection.sendall(b"all")
        return connection.recv(16) == b"here"
    return False


def _tell_chief(place, ends):
    """Wait for the chief as another worker; `{0}` where it does not say that all have come."""
    while (left := ends - time.monotonic()) > 0:
        with suppress(OSError), socket.create_connection(_host_and_port(place), timeout=_ANSWER_SECONDS) as connection:
            connection.sendall(str(place.index).encode())
            connection.settimeout(left)
            if connection.recv(16) == b"all":
                connection.sendall(b"here")
                return set()
        time.sleep(0.2)
    return {0}


def _host_and_port(place):
    host, _, port = place.addresses[0].rpartition(":")
    return host, int(port)
