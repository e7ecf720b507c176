"""The works that can be measured: which workers take turns at it, and what their rates mean."""

import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from driver import PeerMissingError, Worker, result_rows, take_turns

from seq2seq.config import TranslationConfig
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

# Work → the series and the model, and whether PyTorch also trains one window at a time.
AUTOENCODERS = {
    "autoencoder": ({"features": 2, "units": 32, "look_back": 24, "windows": 20_000}, True),
    "autoencoder, 140 steps, 64 units": ({"features": 1, "units": 64, "look_back": 140, "windows": 2000}, False),
}

# Who trains: peer → its name in the results, its worker, and what it trains with.
TRAINERS = {
    "torch": ("PyTorch nn.LSTM", "torch_peer", "float32"),
    "keras": ("keras.layers.LSTM", "keras_peer", "float32"),
    "bfloat16": ("seq2seq, mixed_bfloat16", "ours", "mixed_bfloat16"),
    "joeynmt": ("JoeyNMT", "joeynmt_peer", "float32"),
}
# Who translates: peer → its name in the results and its worker.
SEARCHERS = {
    "torch": ("PyTorch nn.LSTM", "torch_translation"),
    "joeynmt": ("JoeyNMT", "joeynmt_translation"),
    "tutorial": ("Keras tutorial, predict for each token", "tutorial"),
}
PEERS = list(TRAINERS | SEARCHERS)


@dataclass(frozen=True)
class Bench:
    """How to measure: `spec` for the workers, `turns` of each, the interpreters of the `peers` that are measured, and
    who is told."""

    spec: dict[str, Any]
    turns: int
    peers: dict[str, str]
    report: Report

    def having(self, **spec):
        """This with more in the spec."""
        return replace(self, spec=self.spec | spec)

    def beside(self, *peers):
        """This with only those of its peers."""
        return replace(self, peers={peer: python for peer, python in self.peers.items() if peer in peers})

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


def trainers(bench):
    """Workers that train the translator: ours first."""
    workers = [(OURS, "ours", {"precision": "float32"}, sys.executable)]
    for peer, (system, module, precision) in TRAINERS.items():
        if peer in bench.peers:
            workers.append((system, module, {"precision": precision}, bench.peers[peer]))
    return workers


def training(bench):
    """Training steps of the same model on the same batches."""
    rates = bench.rates(*trainers(bench), (FLOOR, "floor", {}, sys.executable))
    return result_rows("training", "target tokens/s", rates, FLOOR)


def autoencoder(bench, write_series):
    """Training of the same autoencoder on the windows of one series, short and long ones.

    `write_series` writes these, see `prepare`.
    """
    rows = []
    for work, (shape, one_by_one) in AUTOENCODERS.items():
        material = write_series(**shape)
        workers = [(OURS, "autoencoder", material, sys.executable)]
        if "torch" in bench.peers:
            system, python = TRAINERS["torch"][0], bench.peers["torch"]
            workers.append((system, "torch_autoencoder", material, python))
            if one_by_one:
                one = material | {"batch_size": 1, "most_windows": 300}
                workers.append((f"{system}, one window a batch", "torch_autoencoder", one, python))
        workers.append((FLOOR, "floor", material, sys.executable))
        rows += result_rows(work, "windows/s", bench.rates(*workers), FLOOR)
    return rows


def pipeline(bench):
    """The input pipeline alone, against the training that it has to feed."""
    rates = bench.rates(
        (f"{OURS} pipeline", "pipeline", {}, sys.executable),
        (f"{OURS} training", "ours", {"precision": "float32"}, sys.executable),
    )
    return result_rows("pipeline", "target tokens/s", rates)


def translation_bench(bench, run, data, source, target, write_translator, sentences=SENTENCES):
    """A `Bench` that knows the first sentences of `data` and the run that translates them, less the peers that cannot.

    `write_translator` writes what the workers of others need of the run, see `prepare`.

    Raises:
        InputError: `run` or `data` cannot be used.
    """
    config = Run.open(run, "translation").read_config_as(TranslationConfig).data
    pairs = read_pairs(data, source or config.source, target or config.target, swap=config.swap, limit=sentences)
    if len(pairs) < sentences:
        bench.report.warn(f"{data} has {len(pairs):,} sentences, fewer than the {sentences:,} that are usual here")
    for_peers = write_translator(run, pairs.source) if SEARCHERS.keys() & bench.peers.keys() else None
    can = {peer: python for peer, python in bench.peers.items() if for_peers and _can_search(peer, for_peers)}
    for peer in SEARCHERS.keys() & bench.peers.keys() - can.keys():
        bench.report.warn(
            f"{SEARCHERS[peer][0]} is left out: its model is that of the training benchmark, the run's is not"
        )
    common = {"run": str(Path(run).resolve()), "lines": pairs.source, "most_parts": MOST_PARTS}
    return replace(bench, peers=can).having(**common, **(for_peers or {}))


def _can_search(peer, for_peers):
    """Whether the peer has a model for the run's weights: that of JoeyNMT needs a wide decoder."""
    model = for_peers["translator"]
    return peer != "joeynmt" or model["embedding_dim"] < model["units"]


def searchers(bench, beam_size, at_once):
    """Workers that translate by a `translation_bench`: ours first."""
    own = {"beam_size": beam_size, "at_once": at_once}
    workers = [(OURS, "translation", own, sys.executable)]
    for peer, (system, module) in SEARCHERS.items():
        if peer in bench.peers and (peer != "tutorial" or beam_size == 1):
            workers.append((system, module, own, bench.peers[peer]))
    return workers


def translation(bench):
    """Greedy and beam search of all sentences of a `translation_bench`, at once and one after the other."""
    rows = []
    for beam_size in BEAM_SIZES:
        for name, at_once in (("", SENTENCES), (", one at a time", 1)):
            rates = bench.rates(*searchers(bench, beam_size, at_once))
            rows += result_rows(f"translation, beam {beam_size}{name}", "sentences/s", rates)
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
