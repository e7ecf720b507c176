"""The works that can be measured: which workers take turns at it, and what their rates mean."""

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from driver import PeerMissingError, Worker, result_rows, take_turns

from seq2seq.config import TranslationConfig, from_mapping
from seq2seq.errors import InputError
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.text.corpus import read_pairs

OURS = "seq2seq"
FLOOR = "the arithmetic alone"
ONE_SENTENCE = "Translate this sentence."
SENTENCES = 1000
MOST_PARTS = 100  # sentences in a turn, where they are translated one at a time
BEAM_SIZES = (1, 5)

# Peer → its name in the results, its worker, and what it trains with.
PEERS = {
    "torch": ("PyTorch nn.LSTM", "torch_peer", "float32"),
    "keras": ("keras.layers.LSTM", "keras_peer", "float32"),
    "bfloat16": ("seq2seq, mixed_bfloat16", "ours", "mixed_bfloat16"),
}


@dataclass(frozen=True)
class Bench:
    """How to measure: `spec` for the workers, `turns` of each, the interpreter of PyTorch's, and who is told."""

    spec: dict[str, Any]
    turns: int
    torch_python: str
    report: Report

    def rates(self, *workers):
        """Start workers, `(system, module, own part of the spec, interpreter)`, and take turns: rates by system."""
        with ExitStack() as running:
            started = []
            for system, module, own, python in workers:
                try:
                    worker = running.enter_context(Worker(system, module, self.spec | own, python))
                except PeerMissingError:
                    self.report.warn(f"{system} is left out: {python} does not have it (see benchmarks/README.md)")
                    continue
                self.report.say(f"{system}: {worker.description['about']}")
                started.append(worker)
            check_same_model(started)
            return take_turns(started, self.turns, self.report)


def check_same_model(workers):
    """All that train must have the same loss on the first batch, up to rounding, or the comparison means nothing.

    Raises:
        RuntimeError: they have not.
    """
    losses = [(worker, worker.description["loss"]) for worker in workers if "loss" in worker.description]
    for worker, loss in losses[1:]:
        first = losses[0][1]
        if not abs(loss - first) <= worker.description["rounding"] * first:
            raise RuntimeError(f"{worker.system} has another model: its first loss is {loss}, not {first}.")


def training(bench, peers):
    """Training steps of the same model on the same batches."""
    workers = [(OURS, "ours", {"precision": "float32"}, sys.executable)]
    for peer in peers:
        system, module, precision = PEERS[peer]
        python = bench.torch_python if peer == "torch" else sys.executable
        workers.append((system, module, {"precision": precision}, python))
    workers.append((FLOOR, "floor", {}, sys.executable))
    return result_rows("training", "target tokens/s", bench.rates(*workers))


def autoencoder(bench, peers, material):
    """Training of the same autoencoder on the windows of one series."""
    workers = [(OURS, "autoencoder", material, sys.executable)]
    if "torch" in peers:
        one = material | {"batch_size": 1, "most_windows": 300}
        workers.append(("PyTorch nn.LSTM", "torch_autoencoder", material, bench.torch_python))
        workers.append(("PyTorch nn.LSTM, one window a batch", "torch_autoencoder", one, bench.torch_python))
    workers.append((FLOOR, "floor", material, sys.executable))
    return result_rows("autoencoder", "windows/s", bench.rates(*workers))


def pipeline(bench):
    """The input pipeline alone, against the training that it has to feed."""
    rates = bench.rates(
        (f"{OURS} pipeline", "pipeline", {}, sys.executable),
        (f"{OURS} training", "ours", {"precision": "float32"}, sys.executable),
    )
    return result_rows("pipeline", "target tokens/s", rates)


def translation(bench, peers, run, data, source, target, write_translator):
    """Greedy and beam search of the first sentences of `data` by a trained run, at once and one after the other.

    `write_translator` writes what PyTorch's worker needs of the run, see `prepare`.

    Raises:
        InputError: `run` or `data` cannot be used.
    """
    config = from_mapping(TranslationConfig, Run.open(run, "translation").config).data
    pairs = read_pairs(data, source or config.source, target or config.target, swap=config.swap, limit=SENTENCES)
    if len(pairs) < SENTENCES:
        bench.report.warn(f"{data} has {len(pairs):,} sentences, fewer than the {SENTENCES:,} that are usual here")
    common = {"run": str(Path(run).resolve()), "lines": pairs.source, "most_parts": MOST_PARTS}
    of_torch = write_translator(run, pairs.source) if "torch" in peers else None
    if of_torch is None and "torch" in peers:
        bench.report.warn(
            f"{PEERS['torch'][0]} is left out: its model is that of the training benchmark, the run's is not"
        )
    rows = []
    for beam_size in BEAM_SIZES:
        for name, at_once in (("", SENTENCES), (", one at a time", 1)):
            own = common | {"beam_size": beam_size, "at_once": at_once}
            workers = [(OURS, "translation", own, sys.executable)]
            if of_torch is not None:
                workers.append((PEERS["torch"][0], "torch_translation", own | of_torch, bench.torch_python))
            rows += result_rows(f"translation, beam {beam_size}{name}", "sentences/s", bench.rates(*workers))
    return rows


def startup(bench, run):
    """The command that translates one sentence, from nothing to its end, beside the import of TensorFlow alone."""
    script = str(Path(__file__).parents[1] / "scripts" / "translate.py")
    commands = {
        OURS: ([sys.executable, script, str(run), ONE_SENTENCE], "translate.py, one sentence"),
        "import tensorflow": ([sys.executable, "-c", "import tensorflow"], "TensorFlow's import alone"),
    }
    workers = [
        (system, "command", {"command": command, "about": about}, sys.executable)
        for system, (command, about) in commands.items()
    ]
    return result_rows("startup", "starts/s", bench.rates(*workers))


def check_peers(names):
    """The list of peers in a comma-separated string.

    Raises:
        InputError: an unknown one.
    """
    peers = [name.strip() for name in names.split(",") if name.strip()]
    for name in peers:
        if name not in PEERS:
            raise InputError(f"--peers {names}: {name!r} is none of {', '.join(PEERS)}.")
    return peers
