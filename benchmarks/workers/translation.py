"""Translates the same sentences each turn with the model of a run directory."""

import sys
import time

import tensorflow as tf

from seq2seq.errors import InputError
from seq2seq.tasks.translator import Translator
from seq2seq.training.device import use_device
from workers.protocol import WRONG_INPUT, serve

WARM_UP_SENTENCES = 64


def start(spec):
    """Get ready to translate all `lines` each turn, warmed up by one batch of them."""
    tf.config.threading.set_intra_op_parallelism_threads(spec["threads"])
    device = use_device()
    try:
        translator = Translator.load(spec["run"])
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(WRONG_INPUT)

    def turn(_):
        began = time.perf_counter()
        translator.translate(spec["lines"], beam_size=spec["beam_size"])
        return len(spec["lines"]), time.perf_counter() - began

    translator.translate(spec["lines"][:WARM_UP_SENTENCES], beam_size=spec["beam_size"])
    return {"about": device}, turn


if __name__ == "__main__":
    serve(start)
