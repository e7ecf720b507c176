"""What a pipe, a socket or a terminal has brought is answered at once; a file is read in full lists."""

import os
import pty
import socket
import sys
from itertools import islice
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.cli.arriving import arriving, standard_input
from seq2seq.errors import InputError
from seq2seq.inference.lines import full
from seq2seq.text.splitting import read_lines


def ends_of_pipe(tmp_path):
    return os.pipe()


def ends_of_fifo(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    end = os.open(path, os.O_RDWR)  # opens for both sides at once, and never ends
    return end, end


def ends_of_socket(tmp_path):
    return tuple(end.detach() for end in socket.socketpair())


def ends_of_terminal(tmp_path):
    return tuple(reversed(pty.openpty()))


@pytest.mark.parametrize("ends", [ends_of_pipe, ends_of_fifo, ends_of_socket, ends_of_terminal])
def test_a_line_is_there_before_the_next_is_written(ends, tmp_path, monkeypatch):
    reading, writing = ends(tmp_path)
    monkeypatch.setattr("sys.stdin", os.fdopen(reading, "r", closefd=False))
    stream, grows = standard_input()
    assert grows
    lists = arriving(read_lines(stream), 100)
    for number in range(20):
        os.write(writing, f"line {number}\n".encode())
        assert next(lists) == [f"line {number}"]


def test_half_a_line_waits_for_its_other_half_and_keeps_no_other_back():
    reading, writing = os.pipe()
    lists = arriving(read_lines(os.fdopen(reading, "rb")), 100)
    os.write(writing, b"\xef\xbb\xbfone\r\ntwo\nthr")
    assert list(islice(flattened(lists), 2)) == ["one", "two"]
    os.write(writing, "ee\n\nfü".encode()[:-1])
    assert list(islice(flattened(lists), 2)) == ["three", ""]
    os.write(writing, "ü".encode()[1:])
    os.close(writing)
    assert list(flattened(lists)) == ["fü"]


def flattened(lists):
    return (line for lines in lists for line in lines)


@given(st.lists(st.text("ab \r", max_size=3), max_size=30), st.integers(1, 7))
def test_all_lines_come_in_their_order(lines, size):
    for chunker in (arriving, full):
        lists = list(chunker(iter(lines), size))
        assert list(flattened(lists)) == lines
        assert all(0 < len(each) <= size for each in lists)
    assert [len(each) for each in lists[:-1]] == [size] * (len(lists) - 1)  # of `full`


@pytest.mark.parametrize("chunker", [arriving, full])
def test_the_lines_before_a_bad_one_come_before_its_error(chunker):
    def lines():
        yield from "abc"
        raise InputError("line 4 is bad")

    found = []
    with pytest.raises(InputError, match="line 4 is bad"):
        for each in chunker(lines(), 100):
            found += each
    assert found == ["a", "b", "c"]


def test_a_file_does_not_grow(tmp_path, monkeypatch):
    (tmp_path / "in").write_text("a\nb")
    with open(tmp_path / "in") as file:
        monkeypatch.setattr("sys.stdin", file)
        stream, grows = standard_input()
        assert not grows and list(read_lines(stream)) == ["a", "b"]


def test_a_bad_byte_of_standard_input_is_said_to_be_there(monkeypatch):
    reading, writing = os.pipe()
    os.write(writing, b"caf\xe9\n")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(fileno=lambda: reading, name="<stdin>"))
    with pytest.raises(InputError, match="<stdin>, line 1"):
        list(read_lines(standard_input()[0]))


def test_no_standard_input_is_said(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="no standard input"):
        standard_input()
