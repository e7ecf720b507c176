"""A loaded run answers in the process that loaded it; a fork of that is told so at once, and does not hang."""

import multiprocessing
from pathlib import Path

import seq2seq.inference
from seq2seq.errors import InputError
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.inference.translator import Translator

FORK = multiprocessing.get_context("fork")


def in_a_fork(call, *arguments):
    """What a call in a forked process answers, or the InputError that it raises."""
    receiver, sender = FORK.Pipe(duplex=False)

    def child():
        try:
            sender.send(call(*arguments))
        except InputError as error:
            sender.send(error)

    process = FORK.Process(target=child)
    process.start()
    try:
        assert receiver.poll(30), "it hangs"
        return receiver.recv()
    finally:
        process.kill()
        process.join()


def is_refused(call, *arguments):
    found = in_a_fork(call, *arguments)
    return isinstance(found, InputError) and "was forked from one in which TensorFlow runs" in str(found)


def test_a_fork_neither_translates_nor_loads(tiny_run):
    translator = Translator.load(tiny_run)
    before = translator.translate(["a b c"])
    assert is_refused(translator.translate, ["a b c"])
    assert is_refused(Translator.load, tiny_run)
    assert translator.translate(["a b c"]) == before  # the parent goes on


def test_a_fork_reconstructs_nothing(beats_run, beats_file):
    reconstructor = Reconstructor.load(beats_run)
    series = reconstructor.read(str(beats_file), array="test")
    assert is_refused(reconstructor.reconstruct, series)
    assert is_refused(reconstructor.codes, series)


def test_whatever_answers_asks_in_which_process_it_is():
    """All graphs of loaded runs are made by `graph`; the translator's wait for a thread, and ask before."""
    modules = Path(seq2seq.inference.__file__).parent.glob("*.py")
    assert {path.name for path in modules if "tf.function" in path.read_text()} == {
        "compiled.py",
        "compiled_text.py",
    }
