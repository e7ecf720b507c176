"""A server as a process: it listens, and when it is told to stop it answers what it has taken."""

import asyncio
import errno
import gc
import logging
import os
import socket
import sys
import time
from contextlib import suppress

import uvicorn

from seq2seq.errors import InputError
from seq2seq.server.connection import Connection
from seq2seq.server.guard import LOOPBACK, MOST_BYTES, Guard
from seq2seq.server.queue import is_computing

KEEP_ALIVE = 30  # seconds that a connection may be idle
GRACE = 1  # seconds that clients who ask on an open connection are told that the server stops
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

    Nobody new comes in then. Who is there and has just sent a request, or does so within a moment, is told that the
    server stops; a connection where nothing comes is closed.

    Args:
        config: of uvicorn.
        guard: `Guard`.
        listening: bound socket.
        patience: float. Seconds that answers may take.
    """

    def __init__(self, config, guard, listening, patience):
        super().__init__(config)
        self._guard, self._listening, self._patience, self._stopped = guard, listening, patience, None

    def handle_exit(self, sig, frame):
        if self._guard.stopping:
            self.should_exit = self.force_exit = True
        self._guard.stopping = True

    async def on_tick(self, counter):
        if self._guard.stopping:
            if self._stopped is None:
                self._stopped = time.monotonic()
                await self._close_door()
            since = time.monotonic() - self._stopped
            clients = [each for each in self.server_state.connections if isinstance(each, Connection)]
            for client in clients:
                if since > GRACE:
                    client.shutdown()
                else:
                    client.finish()
            if since > self._patience or not (clients or self._guard.inside):
                self.should_exit = True
        return await super().on_tick(counter)

    async def _close_door(self):
        """Listen no more. Whose connection stands, though this process has not looked at it yet, comes in."""
        accepted = []
        self._listening.listen(0)  # whoever comes from here on waits outside, until nobody listens
        with suppress(OSError):  # nobody waits inside
            while True:
                accepted.append(self._listening.accept()[0])
        for server in self.servers:
            server.close()
        for each in accepted:
            each.setblocking(False)
            await asyncio.get_running_loop().connect_accepted_socket(self._connection, each)

    def _connection(self):
        return Connection(self.config, self.server_state, self.lifespan.state)


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
    _Uvicorn(config, guard, listening, time_limit).run([listening])
    if is_computing():
        print("Warning: a call had not ended, and was given up", file=sys.stderr, flush=True)
        # Python would wait for the threads of that call, which may never end; all that is to be written has been.
        os._exit(0)
