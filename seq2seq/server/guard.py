"""The door of a server: who may come in, with how much; and what is said when something goes wrong."""

import json
import secrets
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from seq2seq.server.figures import Figures

MOST_BYTES = 16 * 2**20  # of a body
OPEN = ("/", "/healthz", "/readyz")  # paths that need no token
LOOPBACK = ("127.0.0.1", "::1", "localhost")
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]


class TooLargeError(Exception):
    """A body has more than `MOST_BYTES`."""


class Guard:
    """ASGI middleware: checks origin, token and size, counts, and answers what nobody else has caught.

    Args:
        app: ASGI application.
        token: str. What clients must send; empty for none, which is for this machine alone.
        host: str. Where the server listens.
        figures: `Figures`.
        paths: that are counted apart.

    Attributes:
        stopping: bool. No new work is taken.
        inside: int. Requests that are being answered.
    """

    def __init__(self, app: Callable, token: str, host: str, figures: Figures, paths: Iterable[str]):
        self.app, self.token, self.figures = app, token.encode(), figures
        self.names, self.paths = {*LOOPBACK, host}, frozenset(paths)
        self.stopping, self.inside = False, 0

    async def __call__(self, scope: dict[str, Any], receive: Callable, send: Callable) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        headers = dict(scope["headers"])
        refusal = self.refusal(scope["path"], headers, scope["type"] == "websocket")
        if scope["type"] == "websocket":
            if refusal:
                await receive()
                return await send({"type": "websocket.close", "code": 1008, "reason": refusal[1]})
            return await self.app(scope, receive, send)
        await self._answer(scope, headers, refusal, receive, send)

    def refusal(self, path: str, headers: Mapping[bytes, bytes], stream: bool) -> tuple[int, str] | None:
        """Status and reason of not answering a request; None where it may come in."""
        host, origin = headers.get(b"host", b"").decode("latin-1"), headers.get(b"origin", b"").decode("latin-1")
        if origin and origin.partition("://")[2] != host:
            return 403, "asked by a page of another origin."
        if not self.token and _name(host) not in self.names:
            return 403, "without a token this server answers under the names of its own machine alone."
        # A browser cannot send a header with a stream: its first message may have the token.
        if not stream and path not in OPEN and not self.knows(headers.get(b"authorization", b"")):
            return 401, "send the header Authorization: Bearer TOKEN, with the token of this server."
        if self.stopping and path not in ("/healthz", "/readyz"):
            return 503, "the server is stopping."
        return None

    def knows(self, authorization: bytes) -> bool:
        """Whether a header has the token, if one is wanted; however wrong it is, the answer takes as long."""
        scheme, _, token = authorization.partition(b" ")
        given = scheme.lower() + b" " + token.strip()
        return not self.token or secrets.compare_digest(given, b"bearer " + self.token)

    async def _answer(self, scope, headers, refusal, receive, send):
        began, status = time.monotonic(), 499  # of a client that has gone

        async def told(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        self.inside += 1
        try:
            if refusal:
                await refuse(told, *refusal)
            elif int(headers.get(b"content-length", b"0") or 0) > MOST_BYTES:
                await refuse(told, 413, TOO_LARGE)
            else:
                limited = receive if b"content-length" in headers else _limited(receive)
                await self.app(scope, limited, told)
        except Exception:  # it has been answered by the application
            traceback.print_exc(file=sys.stderr)
        finally:
            self.inside -= 1
            path = scope["path"] if scope["path"] in self.paths else "other"
            self.figures.requests.labels(path, status).inc()
            self.figures.seconds.labels(path).observe(time.monotonic() - began)


TOO_LARGE = f"a body has at most {MOST_BYTES // 2**20} MiB: send less at a time."


async def refuse(send: Callable, status: int, reason: str, retry: int = 1) -> None:
    """Send an error."""
    body = json.dumps({"error": reason}, ensure_ascii=False).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status in (429, 503):
        headers.append((b"retry-after", str(retry).encode()))
    if status == 503:  # whoever asks again is to find another server
        headers.append((b"connection", b"close"))
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _limited(receive):
    """`receive` of a body whose length was not told."""
    total = 0

    async def limited():
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > MOST_BYTES:
            raise TooLargeError
        return message

    return limited


def _name(host):
    """The name in a `Host` header, without its port."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
