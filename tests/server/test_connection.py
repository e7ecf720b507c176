"""What comes before a request can be answered has its limits, and each error is JSON."""

import asyncio
import json

import pytest
import uvicorn

from seq2seq.server import connection
from seq2seq.server.connection import MOST_HEAD, Connection


async def hello(scope, receive, send):
    while scope["path"] != "/early" and (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


def talk(*parts, seconds=0.0):
    """What a server says to bytes, those of each part after `seconds`, until it closes the connection."""

    async def main():
        config = uvicorn.Config(hello, http=Connection, ws="none", lifespan="off", log_level="error", port=0)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_connection(*server.servers[0].sockets[0].getsockname()[:2])
        for part in parts:
            await asyncio.sleep(seconds)
            writer.write(part)
        said = await reader.read()
        writer.close()
        server.should_exit = True
        await serving
        return said

    return asyncio.run(asyncio.wait_for(main(), 60))


def status_and_error(said):
    head, _, body = said.rpartition(b"\r\n\r\n")
    assert b"content-type: application/json" in head and b"connection: close" in head
    return int(head.split()[1]), json.loads(body)["error"]


@pytest.mark.parametrize("said", [b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"nothing at all\r\n\r\n"])
def test_what_is_no_http_is_told_so(said):
    assert status_and_error(talk(said)) == (400, "this is no HTTP request.")


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nx: ", b"GET /?"])
def test_a_head_is_small(start, end):
    status, error = status_and_error(talk(start + b"a" * (MOST_HEAD + 1) + end))
    assert (status, error) == (431, "the head of a request has at most 64 KiB.")


def test_many_headers_are_no_way_round():
    lines = [b"a%d: %s\r\n" % (number, b"b" * 1000) for number in range(66)]
    assert status_and_error(talk(b"GET / HTTP/1.1\r\n" + b"".join(lines)))[0] == 431


@pytest.mark.parametrize("parts", [(), (b"GET / HT",), (b"\r\n", b"\r\n"), (b"GET / HTTP/1.1\r\n", b"a: b\r\n")])
def test_a_head_comes_soon(monkeypatch, parts):
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    assert status_and_error(talk(*parts, seconds=0.05))[0] == 408


@pytest.mark.parametrize("start", [b"POST /v1/stream", b"GET /v1/models", b"POST /"])
def test_what_is_no_stream_does_not_become_one(start):
    head = b" HTTP/1.1\r\nconnection: upgrade, close\r\nupgrade: websocket\r\ncontent-length: 2\r\n\r\n{}"
    assert talk(start + head).startswith(b"HTTP/1.1 200")


def test_a_body_that_is_not_waited_for_is_no_head():
    body = [b"b" * MOST_HEAD * 2] * 2
    said = talk(
        b"POST /early HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % (4 * MOST_HEAD), *body, b"?\r\n\r\n", seconds=0.02
    )
    assert said.startswith(b"HTTP/1.1 200") and said.count(b"HTTP/1.1") == 2  # then what is no request


def test_bodies_may_be_long_and_slow(monkeypatch):
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    body = [b"b" * MOST_HEAD] * 4
    head = b"POST / HTTP/1.1\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % (4 * MOST_HEAD)
    assert talk(head, *body, seconds=0.1).startswith(b"HTTP/1.1 200")
