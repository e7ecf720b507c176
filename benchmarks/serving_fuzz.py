"""Whether a server answers whatever it is sent, and lives: requests that are damaged, wrong, huge or merely odd.

    python benchmarks/serving_fuzz.py ende tanks air --requests 100000

Each request is one that is right, changed at random: bytes, fields, values, methods, paths, headers. The exit code is 1
if one had the status 500, no answer within `--patience`, or an error that is not told in JSON.
"""

import argparse
import asyncio
import json
import random
import re
import sys
from collections import Counter

import uvloop
from serving import memory, serve

RIGHT = (
    ("/v1/translate", {"texts": ["A man is riding a bike.", ""], "beam_size": 2, "n_best": 2, "scores": True}),
    ("/v1/translate", {"texts": ["Two dogs."], "attention": True, "prefix": "Ein", "length_penalty": 0.5}),
    ("/v1/generate", {"prompt": "The sea", "length": 20, "count": 2, "temperature": 0.8, "top_k": 5, "seed": 7}),
    ("/v1/detect", {"data": {"flow": [0.1, None, 0.3], "heat": [1, 2, 3]}, "events": True, "merge": "2"}),
    ("/v1/reconstruct", {"data": [[[0.1, 1.0], [0.2, 2.0]]], "keep": "flow>0"}),
    ("/v1/forecast", {"data": {"flow": [0.1] * 30, "heat": [1.0] * 30}, "steps": 3, "interval": 0.5, "history": 2}),
    ("/v1/models", None),
    ("/metrics", None),
)
ODD = (None, True, False, 0, -1, 1e308, 2**70, "", "\x00", "\ud800", "a" * 5000, "👩‍🚀 ß ‮", [], {}, [[]], [None] * 50)
METHODS = ("GET", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "BREW")
HEADERS = (
    "Content-Type: multipart/form-data; boundary=x",
    "Content-Type: text/csv; charset=utf-7",
    "Accept: text/csv",
    "Origin: http://elsewhere.example",
    "Authorization: Bearer \xff",
    "Content-Encoding: gzip",
    "Expect: 100-continue",
    "Transfer-Encoding: chunked",
    "Content-Length: -1",
    "Connection: Upgrade\r\nUpgrade: websocket",
    "X: " + "y" * 3000,
)


def changed(value, chance):
    """A value with odd ones in it here and there."""
    if chance.random() < 0.15:
        return chance.choice(ODD)
    if isinstance(value, dict):
        found = {key: changed(each, chance) for key, each in value.items() if chance.random() > 0.05}
        return found | ({chance.choice([*value, "x"]): chance.choice(ODD)} if chance.random() < 0.1 else {})
    return [changed(each, chance) for each in value] if isinstance(value, list) else value


def damaged(data, chance):
    """Bytes of which some are others, gone, or there twice."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(data) + 1)
        data[place : place + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
    return bytes(data)


def request(chance):
    """Bytes of a request; its connection is closed after the answer."""
    path, asked = chance.choice(RIGHT)
    body = b"" if asked is None else json.dumps(changed(asked, chance)).encode()
    if body and chance.random() < 0.2:
        body = damaged(body, chance)
    method = "GET" if asked is None else "POST"
    if chance.random() < 0.05:
        method, path = chance.choice(METHODS), chance.choice([path, "/", "/v1/stream", "/%ff%00", "//", "/v1/../x?a=%"])
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", f"Content-Length: {len(body)}"]
    if chance.random() < 0.1:
        lines.append(chance.choice(HEADERS))
    data = "\r\n".join([*lines, "", ""]).encode("latin-1") + body
    return damaged(data, chance) if chance.random() < 0.05 else data


async def answered(address, data, patience):
    """The status of an answer, or what was wrong about it."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(data)
        async with asyncio.timeout(patience):
            head = await reader.readuntil(b"\r\n\r\n")
            if head.split()[1] == b"100":
                head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            body = await reader.readexactly(int(length[1])) if length and not data.startswith(b"HEAD") else b""
        status = int(head.split()[1])
        if status >= 400 and body and not json.loads(body)["error"]:
            return "no reason"
        return status
    except (ValueError, LookupError):
        return "no JSON"
    except TimeoutError:
        return "hangs"
    except (ConnectionError, asyncio.IncompleteReadError):
        return "closed"
    finally:
        writer.close()


async def fuzz(address, requests, clients, patience, seed):
    """How many requests had which outcome, and some of those that had a wrong one."""
    numbers, outcomes, wrong = iter(range(requests)), Counter(), []

    async def client():
        for number in numbers:
            data = request(random.Random(seed + number))
            outcome = await answered(address, data, patience)
            outcomes[outcome] += 1
            if outcome in (500, "hangs", "no reason", "no JSON"):
                wrong.append((number, outcome, data[:300]))

    await asyncio.gather(*(client() for _ in range(clients)))
    return outcomes, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", help="runs, or exported folders")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=256)
    parser.add_argument("--patience", type=float, default=60.0, help="seconds for an answer")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    # Bodies that never end keep a client for the time limit.
    server, address = serve(given.runs, 1, "--time-limit", "5")
    try:
        outcomes, wrong = uvloop.run(fuzz(address, given.requests, given.clients, given.patience, given.seed))
        print(dict(sorted(outcomes.items(), key=str)), f"{memory(server.pid):,.0f} MiB")
        for each in wrong[:20]:
            print(*each)
    finally:
        server.terminate()
        code = server.wait()
    print(f"the server ended with code {code}")
    sys.exit(bool(wrong or code))


if __name__ == "__main__":
    main()
