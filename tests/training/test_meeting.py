"""Workers wait for each other, so long and no longer."""

import socket
import time
from threading import Thread

import pytest

from seq2seq.cli.launching import free_addresses
from seq2seq.errors import InputError
from seq2seq.interruption import Stopped
from seq2seq.report import Report
from seq2seq.training import meeting as meeting_module
from seq2seq.training.meeting import meet
from seq2seq.workers import Place


def meeting(*places, late=0.0, seconds=20.0, reports=None):
    """Let the workers at these places meet, the last one late; what each says that has waited in vain."""
    said = {}

    def worker(place, wait):
        time.sleep(wait)
        try:
            meet(place, seconds, reports and reports[place.index])
        except Stopped as stop:
            said[place.index] = str(stop)

    threads = [Thread(target=worker, args=(place, late * (place is places[-1]))) for place in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    return said


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_workers_meet_in_any_order(order):
    addresses = free_addresses(3)
    assert meeting(*(Place(index, addresses) for index in order), late=0.3) == {}


def test_one_that_never_comes_is_named():
    addresses = free_addresses(3)
    said = meeting(Place(0, addresses), Place(1, addresses), seconds=1.0)
    assert said[0] == f"worker 2 ({addresses[2]}) of 3 did not come, in 1 seconds"
    assert f"worker 0 ({addresses[0]})" in said[1]


class Heard(Report):
    """Keeps what is told while something is waited for."""

    def __init__(self):
        self.lines = []

    def wait(self, line):
        self.lines.append(line)


def test_whoever_waits_says_for_whom(monkeypatch):
    monkeypatch.setattr(meeting_module, "TELL_SECONDS", 0.4)
    addresses, reports = free_addresses(3), [Heard() for _ in range(3)]
    assert meeting(*(Place(index, addresses) for index in range(3)), late=1.2, reports=reports) == {}
    assert reports[0].lines == [
        f"waiting for worker 2 ({addresses[2]}) of 3, up to 20 seconds more",
        "all 3 workers have come",
    ]
    assert reports[1].lines[0].startswith(f"waiting for worker 0 ({addresses[0]}) of 3, which waits for others, up to")
    assert reports[1].lines[1:] == ["all 3 workers have come"]
    assert reports[2].lines == []


@pytest.mark.parametrize("index", [0, 1])
def test_a_port_that_somebody_else_has_is_told(index):
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(InputError, match=f"worker {index} cannot listen at its address {address}.*by TF_CONFIG"):
            meet(Place(index, (address, address), origin="TF_CONFIG"), 1.0)


def test_whoever_else_knocks_is_no_worker():
    addresses = free_addresses(2)

    def knock():
        for text in (b"GET / HTTP/1.0\r\n\r\n", b"7", b""):
            for _ in range(100):
                try:
                    with socket.create_connection(("127.0.0.1", int(addresses[0].split(":")[1])), timeout=1) as end:
                        end.sendall(text)
                    break
                except OSError:
                    time.sleep(0.02)

    thread = Thread(target=knock)
    thread.start()
    assert meeting(Place(0, addresses), Place(1, addresses), late=0.5) == {}
    thread.join()
