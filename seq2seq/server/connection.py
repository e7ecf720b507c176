"""A client's connection: requests have to begin soon, their heads are small, what is no HTTP is told so in JSON.

What has come whole is answered, whatever comes behind it.
"""

import json
import select
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from seq2seq.server.guard import HEADERS

HEAD_SECONDS = 10.0  # from a connection, or the first byte of a request, to the end of the request's head
MOST_HEAD = 64 * 2**10  # bytes of it
LINGER = 2.0  # seconds that a client has to read an error while it is still sending
STREAM = b"/v1/stream"  # the only path of a WebSocket


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, with limits of what comes before a request can be answered, and gentler ends."""

    def connection_made(self, transport):
        super().connection_made(transport)
        self._head, self._late, self._in_body = 0, None, False
        self._refusal, self._ending = None, False  # the error that comes behind all answers; whether no more is said
        self._expect_head()

    def connection_lost(self, exc):
        self._found_head()
        super().connection_lost(exc)

    def data_received(self, data):
        if self._refusal is not None or self._ending:
            return
        if self._late is None and not self._is_answering():
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
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MOST_HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            raise ValueError  # which ends the parser
        before = self.cycle
        super().on_headers_complete()
        self._in_body = True
        if self.cycle is not before:
            self.cycle.transport = self  # so that it is closed as is said here

    def on_message_complete(self):
        self._in_body = False
        super().on_message_complete()

    def on_response_complete(self):
        is_last = not self.pipeline
        super().on_response_complete()
        if self._refusal is not None and is_last:
            self._tell_refusal()

    def _should_upgrade(self):
        """Whether a stream begins: whatever else wants to be one is answered as a request."""
        is_stream = self.url.partition(b"?")[0] == STREAM and self.parser.get_method() == b"GET"
        return is_stream and super()._should_upgrade()

    def send_400_response(self, msg):
        self._refuse(HTTPStatus.BAD_REQUEST)

    def write(self, data):
        """Send bytes of an answer."""
        self.transport.write(data)

    def is_closing(self):
        """Whether no answer can be sent any more."""
        return self._ending or self.transport.is_closing()

    def close(self):
        """Close the connection behind what has been sent.

        Where more may be on its way the client gets the end now, and what it sends is dropped for a while: were all
        closed at once, the client's machine would take that for a fault, and forget the answer.
        """
        self._found_head()
        if self.is_closing():
            return
        if self._in_body or self._refusal is not None:
            self._ending = True
            self.transport.write_eof()
            self.flow.resume_reading()
            self.loop.call_later(LINGER, self.transport.close)
        else:
            self.transport.close()

    def finish(self):
        """Close the connection behind the answer that it waits for, if it waits for one."""
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def shutdown(self):
        """Close the connection now if nothing is to be answered, nor on its way; else behind the last answer."""
        self.finish()
        if not (self._head or self._in_body or self._is_answering() or _has_come(self.transport)):
            self.close()

    def timeout_keep_alive_handler(self):
        if not self.is_closing() and not _has_come(self.transport):
            self.close()

    def _is_answering(self):
        return self.cycle is not None and not self.cycle.response_complete

    def _expect_head(self):
        self._late = self.loop.call_later(HEAD_SECONDS, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def _found_head(self):
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _refuse(self, status):
        """End the connection with an error, behind the answers to what came before."""
        self._found_head()
        if self._refusal is not None:
            return
        self._refusal = status
        if not self._in_body:
            if not self._is_answering():
                self._tell_refusal()
        elif self.pipeline and self.pipeline[0][0] is self.cycle:  # others are answered before the broken request
            self.pipeline.popleft()
        else:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self.close()
            else:
                self._tell_refusal()

    def _tell_refusal(self):
        if not self.is_closing():
            body = json.dumps({"error": _REASONS[self._refusal]}).encode()
            status = b"HTTP/1.1 %d %s" % (self._refusal, self._refusal.phrase.encode())
            headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *HEADERS]
            lines = [status, *(b"%s: %s" % each for each in headers), b"connection: close", b"", body]
            self.transport.write(b"\r\n".join(lines))
            self.close()


def _has_come(transport):
    """Whether there is something that has not been read."""
    poll = select.poll()
    poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(poll.poll(0))


_REASONS = {
    HTTPStatus.BAD_REQUEST: "this is no HTTP request.",
    HTTPStatus.REQUEST_TIMEOUT: f"no request came within {HEAD_SECONDS:g} seconds.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: f"the head of a request has at most {MOST_HEAD // 2**10} KiB.",
}
