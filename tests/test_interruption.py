"""Signals wait where something must be finished first, and otherwise do not."""

import ctypes
import os
import signal
import threading
import time

import pytest

from seq2seq.interruption import BY_KEYBOARD, WORK_LEFT, Interruption, Stopped, hear_again

SIGNALS = pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, WORK_LEFT), (signal.SIGINT, BY_KEYBOARD)])


def send(number):
    os.kill(os.getpid(), number)


@SIGNALS
def test_a_signal_stops_at_once_where_nothing_is_to_be_finished(number, code):
    with pytest.raises(Stopped) as stopped, Interruption().listening():
        send(number)
    assert stopped.value.exit_code == code


@SIGNALS
def test_a_deferred_signal_is_found_later_and_a_second_one_waits_no_longer(number, code):
    interruption = Interruption()
    with interruption.listening(), interruption.deferring():
        assert interruption.due() is None
        send(number)
        assert interruption.due().exit_code == code
        with pytest.raises(Stopped):
            send(number)


def test_a_stop_in_the_midst_of_a_library_is_a_stop():
    with pytest.raises(Stopped), Interruption().listening():
        try:
            send(signal.SIGTERM)
        except Stopped as stop:
            raise SystemError("returned a result with an exception set") from stop
    with pytest.raises(Stopped), Interruption().listening():
        try:
            send(signal.SIGTERM)
        except Stopped as stop:
            raise RuntimeError("error replaced by Stopped") from stop
    with pytest.raises(SystemError, match="its own"), Interruption().listening():
        raise SystemError("its own")
    interruption = Interruption()
    with pytest.raises(RuntimeError, match="its own"), interruption.listening(), interruption.deferring():
        send(signal.SIGTERM)
        raise RuntimeError("its own")


def test_a_signal_that_a_library_has_taken_is_heard_again():
    with pytest.raises(Stopped), Interruption().listening():
        ctypes.CDLL(None).signal(signal.SIGTERM, 1)  # SIG_IGN, without Python's knowledge
        send(signal.SIGTERM)
        hear_again()
        send(signal.SIGTERM)
        time.sleep(1)


def test_sigusr1_asks_for_one_checkpoint():
    interruption = Interruption()
    with interruption.listening():
        send(signal.SIGUSR1)
        assert [interruption.save_wanted(), interruption.save_wanted()] == [True, False]
        assert interruption.due() is None


def test_time_runs_out():
    assert Interruption(3600).due() is None
    assert Interruption(-1).due().exit_code == WORK_LEFT


def test_handlers_come_back_and_other_threads_have_none():
    before = signal.getsignal(signal.SIGTERM)
    with Interruption().listening():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before

    def listen():
        with Interruption().listening():
            seen.append(signal.getsignal(signal.SIGTERM))

    seen = []
    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert seen == [before]
