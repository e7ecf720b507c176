"""A client's connection: requests have to begin soon, their heads are small, and what is no HTTP is told so in JSON."""

import json
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from seq2seq.server.guard import HEADERS

HEAD_SECONDS = 10.0  # from a connection, or the first byte of a request, to the end of the request's head
MOST_HEAD = 64 * 2**10  # bytes of it
STREAM = b"/v1/stream"  # the only path of a WebSocket


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, with limits of what comes before a request can be answered."""

    def connection_made(self, transport):
        super().connection_made(transport)
        self._head, self._late, self._in_body = 0, None, False
        self._expect_head()

    def connection_lost(self, exc):
        self._found_head()
        super().connection_lost(exc)

    def data_received(self, data):
        if self._late is None and (self.cycle is None or self.cycle.response_complete):
            self._expect_head()
        self._head += len(data)
        in_body = self._in_body
        super().data_received(data)
        if self._late is None or self._in_body or in_body:  # it has ended; or a body came that was not waited for
            self._head = 0
        elif self._head > MOST_HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self):
        self._found_head()
        self._in_body = True
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MOST_HEAD:
            self._in_body = False
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            raise ValueError  # which ends the parser
        super().on_headers_complete()

    def on_message_complete(self):
        self._in_body = False
        super().on_message_complete()

    def _should_upgrade(self):
        """Whether a stream begins: whatever else wants to be one is answered as a request."""
        is_stream = self.url.partition(b"?")[0] == STREAM and self.parser.get_method() == b"GET"
        return is_stream and super()._should_upgrade()

    def send_400_response(self, msg):
        self._refuse(HTTPStatus.BAD_REQUEST)

    def _expect_head(self):
        self._late = self.loop.call_later(HEAD_SECONDS, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def _found_head(self):
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _refuse(self, status):
        """Close the connection, with an error where none is being answered there."""
        self._found_head()
        answering = self._in_body or (self.cycle is not None and not self.cycle.response_complete)
        if not self.transport.is_closing() and not answering:
            body = json.dumps({"error": _REASONS[status]}).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *HEADERS]
            lines = [b"HTTP/1.1 %d %s" % (status, status.phrase.encode()), *(b"%s: %s" % each for each in headers)]
            self.transport.write(b"\r\n".join([*lines, b"connection: close", b"", body]))
        self.transport.close()


_REASONS = {
    HTTPStatus.BAD_REQUEST: "this is no HTTP request.",
    HTTPStatus.REQUEST_TIMEOUT: f"no request came within {HEAD_SECONDS:g} seconds.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: f"the head of a request has at most {MOST_HEAD // 2**10} KiB.",
}
