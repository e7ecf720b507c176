"""Run batch jobs in forked processes and kill them, again and again until all are done: `killed.py JSON`.

A program of its own, since processes can be forked only where TensorFlow is imported but nothing has run in it yet.
The JSON has `task`, `run`, or null for a translator that is no model, `inputs`, `output`, `shards`, `part_size`,
`kills`, `seconds` (the longest life of a process that is killed) and `seed`; printed is how many were killed.
"""

import json
import os
import random
import signal
import sys
import time
import traceback
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from seq2seq.config import DecodingConfig
from seq2seq.inference.hypothesis import Hypothesis
from seq2seq.inference.search import Search
from seq2seq.jobs.inputs import find_inputs
from seq2seq.jobs.job import Job
from seq2seq.jobs.reconstruction import BatchReconstruction
from seq2seq.jobs.shards import Shard
from seq2seq.jobs.translation import BatchTranslation


class Echo:
    """A translator without a model: slow enough to be killed, and what it says of a line depends on the whole list."""

    def settled(self, search=None, **options):
        return Search(**options).settled(DecodingConfig())

    def stream_chunks(self, chunks, search, *, progress, remarks):
        for chunk in chunks:
            time.sleep(0.01)
            salt = zlib.crc32("\n".join(chunk).encode())
            yield [[Hypothesis(f"{line} {salt}", 0.0)] if line.strip() else [] for line in chunk]


def work_of(plan):
    if plan["task"] == "reconstruct":
        return BatchReconstruction.load(plan["run"], part_size=plan["part_size"])
    if plan["run"]:
        return BatchTranslation.load(plan["run"], part_size=plan["part_size"])
    return BatchTranslation(Echo(), "echo", field="text", part_size=plan["part_size"])


def child(plan, number):
    status = 1
    try:
        sources = find_inputs(plan["inputs"], plan["output"])
        Job(work_of(plan), plan["output"], shard=Shard(number, plan["shards"])).run(sources)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def start(plan, number):
    sys.stdout.flush()
    process = os.fork()
    if not process:
        child(plan, number)
    return process


def main(plan):
    draw, killed = random.Random(plan["seed"]), 0
    shards = range(1, plan["shards"] + 1)
    running = {number: start(plan, number) for number in shards}
    while killed < plan["kills"] and running:
        time.sleep(draw.uniform(0.0, plan["seconds"]))
        number = draw.choice(sorted(running))
        os.kill(running[number], signal.SIGKILL)
        _, status = os.waitpid(running[number], 0)
        if os.WIFEXITED(status):  # it was faster
            assert os.WEXITSTATUS(status) == 0
            del running[number]
        else:
            killed += 1
            running[number] = start(plan, number)
    for process in running.values():
        assert os.waitpid(process, 0)[1] == 0
    for number in shards:  # who was done before the others were finds their parts there
        assert os.waitpid(start(plan, number), 0)[1] == 0
    print(killed)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
