"""Processes to be killed: forked from one that has imported TensorFlow and not used it, so that each starts at once.

Run as a program it reads lines of JSON, `{"call": "module:function", "arguments": {…}, "seconds": s, "signal": n}`,
forks a child that makes the call, sends it the signal after so many seconds if it still lives, and answers with a line
`{"code": c, "seconds": s}`: the exit code, or minus the signal that ended the child.
"""

import importlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Nursery:
    """Makes calls, each in a process of its own."""

    def __init__(self):
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, Path(__file__).parent)))}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen([sys.executable, __file__], env=environment, text=True, **pipes)

    def call(self, function: str, seconds: float | None = None, number: int = signal.SIGKILL, **arguments) -> dict:
        """Call `function`, "module:name", with JSON-ready arguments; after `seconds` send signal `number`."""
        record = {"call": function, "arguments": arguments, "seconds": seconds, "signal": int(number)}
        print(json.dumps(record), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def _serve():
    for module in (
        "train_translation",
        "train_autoencoder",
        "train_forecaster",
        "train_language_model",
        "measure_detection",
    ):
        importlib.import_module(f"seq2seq.tasks.{module}")
    for line in sys.stdin:
        record = json.loads(line)
        start = time.monotonic()
        child = os.fork()
        if child == 0:
            os._exit(_child(record))
        if record["seconds"] is not None:
            ended = os.pidfd_open(child)
            if not select.select([ended], [], [], record["seconds"])[0]:
                os.kill(child, record["signal"])
            os.close(ended)
        _, status = os.waitpid(child, 0)
        reply = {"code": os.waitstatus_to_exitcode(status), "seconds": time.monotonic() - start}
        print(json.dumps(reply), flush=True)


def _child(record):
    os.dup2(2, 1)  # standard output is for the answers
    module, _, name = record["call"].partition(":")
    try:
        getattr(importlib.import_module(module), name)(**record["arguments"])
    except BaseException as error:
        if not hasattr(error, "exit_code"):
            traceback.print_exc()
        return getattr(error, "exit_code", 1)
    return 0


if __name__ == "__main__":
    _serve()
