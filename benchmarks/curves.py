"""How the cost of the works grows with one size at a time, all else as in the works themselves."""

import sys
import tempfile
from dataclasses import replace
from typing import NamedTuple

from driver import Turns, result_rows
from works import OURS, searchers, trainers

# Sizes of the training curves: the point where they meet, and the values of each.
MIDDLE = {"batch": 64, "length": 15, "units": 512, "vocabulary": 8000}
SIZES = {
    "batch": (1, 4, 16, 64, 256),
    "length": (5, 15, 50, 200),
    "units": (128, 256, 512, 1024),
    "vocabulary": (1000, 4000, 8000, 32_000),
}
BEAMS = (1, 2, 5, 10)
SENTENCES = 200  # that are translated at each beam size
PAIRS = (10_000, 100_000, 1_000_000, 5_000_000)
MANY_PAIRS = 1_000_000  # more have one turn, which takes long enough
TOKENS = 4000  # of a turn of training, within these steps
STEPS = (2, 20)


class Point(NamedTuple):
    """A point of a curve: the `value` of one size; written as the name of a work, `curve value`."""

    curve: str
    value: int

    @property
    def work(self):
        return f"{self.curve} {self.value}"

    @classmethod
    def of(cls, work):
        """The point that has that name."""
        curve, _, value = work.rpartition(" ")
        return cls(curve, int(value))


def training_points():
    """`(point, sizes)` of all training curves, sizes in the form of `MIDDLE`."""
    return [
        (Point(f"training, {name}", value), MIDDLE | {name: value})
        for name, values in SIZES.items()
        for value in values
    ]


def steps_of_turn(tokens):
    """Training steps in a turn where each has so many target tokens: many small ones, few large ones."""
    return min(max(TOKENS // tokens, STEPS[0]), STEPS[1])


def each_amount(turns, amount):
    """Turns whose rates count pieces of work of that `amount` each."""
    return {system: Turns([rate / amount for rate in values], peak_mib) for system, (values, peak_mib) in turns.items()}


def training_turns(bench, prepare, sizes):
    """Turns, in updates per second, of the training with these sizes, on full batches that need no padding."""
    batch, length = sizes["batch"], sizes["length"]
    model = prepare.MODEL | {
        "source_vocabulary_size": sizes["vocabulary"],
        "target_vocabulary_size": sizes["vocabulary"],
        "units": sizes["units"],
    }
    batching = {"batch_sentences": batch, "bucket_step": 1}
    tokens = batch * (length + 1)
    with tempfile.TemporaryDirectory() as folder:
        corpus = prepare.even_corpus(batch, length, sizes["vocabulary"])
        material = prepare.write_material(folder, *corpus, model, batching, batches=1)
        steps = min(steps_of_turn(tokens), bench.spec["steps"])
        return each_amount(bench.having(**material, steps=steps).rates(*trainers(bench)), tokens)


def pipeline_turns(bench, prepare, pairs):
    """Turns, in epochs per second, of the input pipeline over so many pairs."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = prepare.generated_corpus(pairs)
        material = prepare.write_corpus(folder, source, target)
        turns = 1 if pairs > MANY_PAIRS else bench.turns
        rates = replace(bench.having(**material), turns=turns).rates((OURS, "pipeline", {}, sys.executable))
        return each_amount(rates, len(target.values) + pairs)


def curves(bench, prepare, translating=None):
    """All curves, ours beside PyTorch where it has the work.

    Args:
        bench: `works.Bench`.
        prepare: the module, which is slow to import.
        translating: `works.translation_bench` of some sentences, or `None` to leave the beams out.

    Returns:
        Rows, see `driver.result_rows`, each work a `Point`.
    """
    bench, rows = bench.beside("torch"), []
    for point, sizes in training_points():
        bench.report.say(point.work)
        turns = training_turns(bench, prepare, sizes)
        rows += result_rows(point.work, "updates/s", turns)
        if len(turns) == 1:
            bench = bench.beside()  # that PyTorch is missing was said once
    if translating is None:
        bench.report.warn("translation is left out: it needs a trained run and sentences, --run RUN --data PREFIX")
    for beam_size in BEAMS if translating else ():
        point = Point("translation, beam", beam_size)
        bench.report.say(point.work)
        found = translating.beside(*bench.peers)
        rows += result_rows(point.work, "sentences/s", found.rates(*searchers(found, beam_size, SENTENCES)))
    for pairs in PAIRS:
        point = Point("pipeline, pairs", pairs)
        bench.report.say(point.work)
        rows += result_rows(point.work, "epochs/s", pipeline_turns(bench, prepare, pairs))
    return rows
