"""Translates the same sentences each turn with the model of a run directory."""

import sys
import time

from seq2seq.device import share_cores, use_device
from seq2seq.errors import InputError
from seq2seq.inference.translator import Translator
from workers.protocol import WRONG_INPUT, serve

WARM_UP_SENTENCES = 64


def start(spec):
    """Get ready to translate all `lines` each turn, or the first of them one after the other, warmed up by some."""
    share_cores(spec["threads"])
    device = use_device()
    try:
        translator = Translator.load(spec["run"])
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(WRONG_INPUT)

    def turn(_):
        began = time.perf_counter()
        for some in parts:
            translator.translate(some, beam_size=spec["beam_size"])
        return sum(map(len, parts)), time.perf_counter() - began

    at_once = spec["at_once"]
    parts = [spec["lines"][k : k + at_once] for k in range(0, len(spec["lines"]), at_once)][: spec["most_parts"]]
    translator.translate(spec["lines"][:WARM_UP_SENTENCES], beam_size=spec["beam_size"])
    translator.translate(spec["lines"][:1], beam_size=spec["beam_size"])
    return {"about": device}, turn


if __name__ == "__main__":
    serve(start)
