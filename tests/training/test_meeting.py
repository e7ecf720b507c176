"""Workers wait for each other, so long and no longer."""

import socket
import time
from threading import Thread

import pytest

from seq2seq.cli.launching import free_addresses
from seq2seq.errors import InputError
from seq2seq.interruption import Stopped
from seq2seq.training.meeting import meet
from seq2seq.workers import Place


def meeting(*places, late=0.0, seconds=20.0):
    """Let the workers at these places meet, the last one late; what each says that has waited in vain."""
    said = {}

    def worker(place, wait):
        time.sleep(wait)
        try:
            meet(place, seconds)
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


def test_a_port_that_somebody_else_has_is_told():
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(InputError, match=f"cannot listen at its address {address}"):
            meet(Place(0, (address, "127.0.0.1:1"), origin="TF_CONFIG"), 1.0)


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
