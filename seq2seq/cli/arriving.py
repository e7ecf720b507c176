"""Lines as they come, for what answers them while their writer waits."""

import io
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from typing import BinaryIO

from seq2seq.errors import InputError

# A writer that is at it needs microseconds for its next line. One that waits for an answer gets it so much later.
PATIENCE = 0.002


def standard_input() -> tuple[BinaryIO, bool]:
    """Return standard input, and whether it is no file: whether it grows while it is read.

    Raises:
        InputError: it is closed.
    """
    if sys.stdin is None:
        raise InputError("there is no standard input: give texts, or --input FILE.")
    try:
        number = sys.stdin.fileno()
    except io.UnsupportedOperation:  # Python code has put something of its own in its place
        return sys.stdin.buffer, False
    # With a buffer of its own: Python cannot end while a thread waits in that of sys.stdin.
    raw = io.FileIO(number, closefd=False)
    raw.name = sys.stdin.name
    return io.BufferedReader(raw), not stat.S_ISREG(os.fstat(number).st_mode)


def arriving(lines: Iterable[str], size: int) -> Iterator[list[str]]:
    """Lists of the lines that have come since the list before, at least one, at most `size`, as soon as no more come.

    A thread reads, and up to `size` lines ahead, so that a fast writer gets full lists. The thread may wait for its
    writer for ever: it ends with the process.
    """
    come: Queue[str | Exception] = Queue(size)
    Thread(target=_read, args=(lines, come), daemon=True).start()
    end = None
    while end is None:
        found = [come.get()]
        with suppress(Empty):
            while isinstance(found[-1], str) and len(found) < size:
                found.append(come.get(timeout=PATIENCE))
        end = None if isinstance(found[-1], str) else found.pop()
        if found:
            yield found
    if not isinstance(end, EOFError):
        raise end


def _read(lines, come):
    """Put lines into a queue, and behind them the exception that ended them."""
    try:
        for line in lines:
            come.put(line)
        come.put(EOFError())
    except Exception as error:
        come.put(error)
