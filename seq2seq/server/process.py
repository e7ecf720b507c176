"""A server as a process: it listens, and when it is told to stop it answers what it has taken."""

import errno
import gc
import logging
import os
import socket
import sys
import time

import uvicorn

from seq2seq.errors import InputError
from seq2seq.server.connection import Connection
from seq2seq.server.guard import LOOPBACK, MOST_BYTES, Guard
from seq2seq.server.queue import is_computing

KEEP_ALIVE = 30  # seconds that a connection may be idle
SLOW = 5  # seconds that whoever reads slowly has to get an answer to its end when the server stops
_BACKLOG = 2048


def check_host(host: str, token: str) -> None:
    """Raise InputError where others than this machine could ask, and no token is wanted of them."""
    if host not in LOOPBACK and not token:
        raise InputError(
            f"--host {host} lets other machines ask: give --token, or SEQ2SEQ_TOKEN in the environment, which they "
            "must send."
        )
    if any(not 33 <= ord(character) <= 126 for character in token):
        raise InputError("--token: expected printable ASCII characters without blanks.")


def bound(host: str, port: int, shared: bool = False) -> socket.socket:
    """A socket that is bound and does not listen yet.

    Args:
        host: str.
        port: int; 0 for any that is free.
        shared: bool. Other processes may listen there, too, each of which takes its share of the connections.

    Raises:
        InputError: the port is in use, or there is no such host.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        found.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InputError(f"--port {port} is in use: choose another, or end what listens there.") from error
        raise InputError(f"--host {host} --port {port}: {error.strerror or error}.") from error
    return found


def reserved(host: str, port: int) -> socket.socket:
    """A socket that keeps a port for processes that will share it, and takes no connection itself.

    Raises:
        InputError: as `bound`; also where those who use the port would share it.
    """
    with bound(host, port) as alone:
        alone.listen()  # sharing is only for processes of this server: nobody else may be there
        port = alone.getsockname()[1]
    return bound(host, port, shared=True)


def address_of(listening: socket.socket) -> str:
    """Where clients find a socket."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class _Uvicorn(uvicorn.Server):
    """Stops taking work at a signal, and ends when all is answered; at a second signal at once.

    Args:
        config: of uvicorn.
        guard: `Guard`.
        patience: float. Seconds that answers may take.
    """

    def __init__(self, config, guard, patience):
        super().__init__(config)
        self._guard, self._patience, self._ends = guard, patience, None

    def handle_exit(self, sig, frame):
        if self._guard.stopping:
            self.should_exit = self.force_exit = True
        self._guard.stopping = True

    async def on_tick(self, counter):
        if self._guard.stopping:
            self._ends = self._ends or time.monotonic() + self._patience
            if not self._guard.inside or time.monotonic() > self._ends:
                self.should_exit = True
        return await super().on_tick(counter)


def run(guard: Guard, listening: socket.socket, time_limit: float) -> None:
    """Serve until a signal says stop, and what was taken is answered.

    Args:
        guard: `Guard`, of an application.
        listening: bound socket.
        time_limit: float. Seconds that an answer may take.
    """
    config = uvicorn.Config(
        guard,
        http=Connection,
        loop="uvloop",
        ws="websockets-sansio",
        ws_max_size=MOST_BYTES,
        lifespan="on",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=SLOW,
    )
    gc.collect()
    gc.freeze()  # what has been loaded stays: to look through it again and again would hold answers up
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # clients are told what is wrong with what they send
    _Uvicorn(config, guard, time_limit).run([listening])
    if is_computing():
        print("Warning: a call had not ended, and was given up", file=sys.stderr, flush=True)
        # Python would wait for the threads of that call, which may never end; all that is to be written has been.
        os._exit(0)
