"""What makes a long job save or stop before its end: signals, and a limit of time."""

import ctypes
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

WORK_LEFT = 75  # EX_TEMPFAIL of sysexits.h: try again later
BY_KEYBOARD = 130  # what shells report for Ctrl-C
_PR_SET_PDEATHSIG = 1  # of Linux's prctl


class Stopped(KeyboardInterrupt):
    """A long job stops before its end; what it has so far is kept.

    Attributes:
        exit_code: int. `BY_KEYBOARD` after Ctrl-C, `WORK_LEFT` otherwise.
    """

    def __init__(self, reason: str, exit_code: int = WORK_LEFT):
        super().__init__(reason)
        self.exit_code = exit_code


def end_with_parent() -> None:
    """Have Linux send this process SIGTERM when its parent has ended; elsewhere it works on."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def hear_again() -> None:
    """Have Python hear the signals that a library has taken to itself, as TensorFlow's servers take SIGTERM."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
            signal.signal(number, signal.getsignal(number))


class Interruption:
    """Listens to signals for a job that can only save between two steps.

    SIGTERM and SIGINT stop it, SIGUSR1 has it write a checkpoint and go on. Where nothing is to be saved, they raise at
    once; so does a second one.

    Args:
        max_seconds: float. Stop when so much time has passed, or `None`.
    """

    def __init__(self, max_seconds: float | None = None):
        self._ends = None if max_seconds is None else time.monotonic() + max_seconds
        self._stop: Stopped | None = None
        self._save_wanted = self._deferring = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle the signals of the process within the block; in a thread that is not the main one, none."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self._receive) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)}
        try:
            yield
        except (SystemError, RuntimeError) as error:  # what a library in C makes of an exception in its midst
            if self._stop and (isinstance(error, SystemError) or Stopped.__name__ in str(error)):
                raise self._stop from error
            raise
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    @contextmanager
    def deferring(self) -> Iterator[None]:
        """Within the block a signal only leaves a mark, for `due` to find."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False

    def _receive(self, number, frame):
        if number == signal.SIGUSR1:
            self._save_wanted = True
            return
        again = self._stop is not None
        if number == signal.SIGINT:
            self._stop = Stopped("Ctrl-C", BY_KEYBOARD)
        else:
            self._stop = Stopped(signal.Signals(number).name)
        if again or not self._deferring:
            raise self._stop

    def save_wanted(self) -> bool:
        """Whether a checkpoint has been asked for since the last call."""
        wanted, self._save_wanted = self._save_wanted, False
        return wanted

    def due(self) -> Stopped | None:
        """What to raise once the checkpoint is written, or `None`."""
        if self._stop is None and self._ends is not None and time.monotonic() > self._ends:
            self._stop = Stopped("its time is over")
        return self._stop
