"""How fast a server answers many clients at once, beside `translate` on a file, and whether all answers are the file's.

    python benchmarks/serving.py runs/ende --lines test.en --requests 10000
    python benchmarks/serving.py ende --lines test.en --workers 2 --rude 0.2      # some clients misbehave
    python benchmarks/serving.py ende --lines test.en --workers 2 --trouble kill --turns 1

Turn by turn: the file through a loaded run, one client alone, many clients, the file again. A rude client breaks off
before its answer, reads it slowly, or sends more than is taken. The exit code is 1 if an answer was wrong, lost, or no
answer at all; but what a worker that is killed was answering is lost with it, at most one request of each client.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import uvloop

PASSES = 3  # of the file, before the clients of a turn and after them
RUDE = ("break off", "slow", "oversized")


class Connection(asyncio.Protocol):
    """One client's connection to a server; opened again where it was closed."""

    def __init__(self, host, port):
        self._at, self._transport, self._answer, self._received = (host, port), None, None, b""

    async def ask(self, body, slowly=False):
        """Status and body of an answer."""
        await self._send(body)
        if slowly and self._transport:  # else it has been closed again
            self._transport.pause_reading()
            await asyncio.sleep(0.5)
            if self._transport:
                self._transport.resume_reading()
        return await self._answer

    async def break_off(self, body):
        """Send a request and go."""
        await self._send(body)
        self.close()

    async def _send(self, body):
        loop = asyncio.get_running_loop()
        if self._transport is None:
            await loop.create_connection(lambda: self, *self._at)
        self._answer, self._received = loop.create_future(), b""
        head = f"POST /v1/translate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if end and len(body) >= int(length[1] if length else 0) and not self._answer.done():
            self._answer.set_result((int(head.split()[1]), body))
            if b"connection: close" in head:
                self.close()

    def connection_lost(self, error):
        self._transport = None
        if self._answer and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError("closed without an answer"))
            self._answer.exception()  # whoever broke off does not look at it

    def close(self):
        if self._transport:
            self._transport.close()
        self._transport = None


async def load(address, lines, expected, clients, requests, rude=0.0, trouble=lambda: None):
    """Seconds of each answer, and how many came out how; there is `trouble` when half of them have been sent."""
    numbers, seconds, outcomes = iter(range(requests)), [], Counter()

    async def client():
        connection = Connection(*address)
        for number in numbers:
            if number == requests // 2:
                trouble()
            line = number % len(lines)
            body = json.dumps({"texts": [lines[line]]}).encode()
            kind = RUDE[number % len(RUDE)] if number % 1000 < rude * 1000 else ""
            began = time.perf_counter()
            body += b" " * (17 * 2**20 if kind == "oversized" else 0)
            try:
                if kind == "break off":
                    await connection.break_off(body)
                    connection = Connection(*address)
                    outcomes["broken off"] += 1
                    continue
                status, answer = await connection.ask(body, kind == "slow")
            except OSError as error:
                refused = isinstance(error, ConnectionRefusedError)  # nobody listens
                outcomes["refused" if refused else "no answer"] += 1
                connection = Connection(*address)
                continue
            if not kind:
                seconds.append(time.perf_counter() - began)
            right = status == 200 and json.loads(answer)["translations"][0]["text"] == expected[line]
            outcomes["right" if right else "wrong" if status == 200 else str(status)] += 1
        connection.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return time.perf_counter() - began, seconds, outcomes


def memory(pid):
    """MiB of a process and those that it has started; of one that has just ended, 0."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1] if found else 0) / 1024 + sum(map(memory, children))


def processor_seconds(pid):
    """Of a process and those that it has started."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + sum(map(processor_seconds, children))


def make_trouble(server, kind):
    """Kill a worker of a server, or tell the server to stop."""
    if kind == "kill":
        children = map(int, Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split())
        worker = next(pid for pid in children if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text())
        os.kill(worker, signal.SIGKILL)
    elif kind == "stop":
        server.terminate()


def file_rate(translator, lines):
    """Translations of lines, how many a second, and processor seconds for each."""
    began, busy = time.perf_counter(), time.process_time()
    found = translator.translate(lines)
    return found, len(lines) / (time.perf_counter() - began), (time.process_time() - busy) / len(lines)


def serve(runs, workers, *options):
    """A server that is ready, and its address."""
    command = [sys.executable, "-c", "from seq2seq.cli import main; main()", "serve", *runs]
    server = subprocess.Popen(
        [*command, "--port", "0", "--workers", str(workers), *options], stderr=subprocess.PIPE, text=True
    )
    told = server.stderr.readline()
    found = re.search(r"http://([\d.]+):(\d+)", told)
    if not found:
        sys.exit(told + server.stderr.read())
    time.sleep(1.0 + workers * 5.0 * (workers > 1))  # the others come later
    return server, (found[1], int(found[2]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="run of a translator, or an exported folder")
    parser.add_argument("--lines", required=True, help="file of sentences")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--rude", type=float, default=0.0, help="share of requests by clients that misbehave")
    parser.add_argument("--trouble", choices=("kill", "stop"), help="kill a worker, or stop the server, in the middle")
    given = parser.parse_args()

    from seq2seq import Translator

    lines = Path(given.lines).read_text(encoding="utf-8").splitlines()
    translator = Translator.load(given.run)
    expected, *_ = file_rate(translator, lines)
    server, address = serve([given.run], given.workers)
    failed = 0
    try:
        for turn in range(1, given.turns + 1):
            files = [file_rate(translator, lines)[1:] for _ in range(PASSES)]
            _, alone, _ = uvloop.run(load(address, lines, expected, 1, 100))
            trouble = partial(make_trouble, server, given.trouble)
            asked = (address, lines, expected, given.clients, given.requests, given.rude, trouble)
            before = processor_seconds(server.pid), time.process_time()
            taken, seconds, outcomes = uvloop.run(load(*asked))
            after = processor_seconds(server.pid), time.process_time()
            files += [file_rate(translator, lines)[1:] for _ in range(PASSES)]
            rate, busy = map(statistics.mean, zip(*files, strict=True))
            own, theirs = (1e3 * (end - start) / given.requests for start, end in zip(before, after, strict=True))
            *_, p99 = statistics.quantiles(seconds, n=100)
            middle, one = statistics.median(seconds), statistics.median(alone)
            many = given.requests / taken
            print(
                f"turn {turn}: file {rate:,.0f}/s; alone {one * 1e3:.1f} ms; {given.clients} clients {many:,.0f}/s "
                f"({many / rate:.2f} ×), median {middle * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms ({p99 / one:.1f} ×); "
                f"{dict(outcomes)}; {memory(server.pid):,.0f} MiB; "
                f"processor ms for each: file {busy * 1e3:.2f}, server {own:.2f}, clients {theirs:.2f}",
                flush=True,
            )
            lost = outcomes["no answer"] > given.clients if given.trouble == "kill" else outcomes["no answer"]
            failed += outcomes["wrong"] + lost + (sum(outcomes.values()) != given.requests)
    finally:
        server.terminate()
        code = server.wait()
    print(f"the server ended with code {code}")
    sys.exit(bool(failed or code))


if __name__ == "__main__":
    main()
