"""Rates of trainings on this machine, of a translator on drawn sentences."""

import subprocess
import sys
import time
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from seq2seq.batches.options import fixed_parallelism
from seq2seq.config import TokenTrainingConfig
from seq2seq.device import share_cores, use_device
from seq2seq.models import EncoderDecoder
from seq2seq.report import Report
from seq2seq.training.optimizers import make_optimizer
from seq2seq.training.schedules import make_schedule
from seq2seq.training.token_losses import TokenCrossEntropy

SENTENCES, TOKENS, VOCABULARY, TURNS = 64, 16, 8000, 5  # that rates are measured with


def training_rates(
    precisions: Sequence[str], seconds: float, parts: int, report: Report
) -> tuple[dict[str, float], tuple[str, ...]]:
    """Train translators (bidirectional LSTM of 512 units, vocabulary 8,000) on drawn sentences, in turns.

    Args:
        precisions: names of Keras policies.
        seconds: float. How long in each, after the first updates, in which its graph is made.
        parts: int. How many parts of a batch to compute at once.
        report: `Report`.

    Returns:
        Of each precision the target tokens per second, the median of its turns, so that a neighbour's work for a moment
        is no matter; and the precisions in which the loss was not finite at the end.
    """
    draw = np.random.default_rng(1)
    real = np.arange(TOKENS) < draw.integers(TOKENS // 2, TOKENS + 1, (SENTENCES, 1))  # padded, as sentences are
    tokens = tf.constant(np.where(real, draw.integers(4, VOCABULARY, real.shape), 0), tf.int32)
    batches = tf.data.Dataset.from_tensors(((tokens, tokens), tokens)).repeat().with_options(fixed_parallelism())
    rates: dict[str, list[float]] = {name: [] for name in precisions}
    models, losses = {name: _trained(name, parts, batches) for name in rates}, {}
    with report.progress("Training in each precision", TURNS * len(rates), "turns") as progress:
        for _ in range(TURNS):
            for name, model in models.items():
                began, updates = time.perf_counter(), 0
                while not updates or time.perf_counter() - began < seconds / TURNS:
                    history = model.fit(batches, steps_per_epoch=2, shuffle=False, verbose=0).history
                    updates += 2
                rates[name].append(updates * real.sum() / (time.perf_counter() - began))
                losses[name] = history["loss"][-1]
                progress.advance()
    diverged = tuple(name for name, loss in losses.items() if not np.isfinite(loss))
    return {name: float(np.median(found)) for name, found in rates.items()}, diverged


def rates_in_parts(precision: str, taken: int, cores: int, seconds: float, report: Report) -> dict[int, float]:
    """Train in one part, in as many as are `taken`, in half and in twice as many, at most one a core.

    Each in a process of its own, as the threads of one cannot change.

    Returns:
        Of each number of parts the target tokens per second.
    """
    numbers, rates = sorted({1, max(taken // 2, 1), taken, min(2 * taken, cores)}), {}
    with report.progress("Training in parts", len(numbers), "trainings") as progress:
        for parts in numbers:
            call = f"rate_of({precision!r}, {parts}, {seconds})"
            code = f"from seq2seq.tasks.training_rates import rate_of; print({call})"
            told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
            rates[parts] = float(told.split()[-1])
            progress.advance()
    return rates


def rate_of(precision: str, parts: int, seconds: float) -> float:
    """Target tokens per second of a training in this process, where nothing has run in TensorFlow before."""
    use_device()
    if parts > 1:
        share_cores()
    rates, _ = training_rates([precision], seconds, parts, Report())
    return rates[precision]


def _trained(precision, parts, batches):
    """A translator whose graph is made."""
    model = EncoderDecoder(VOCABULARY, VOCABULARY, embedding_dim=256, units=512, dtype=precision)
    model.parallel_parts = parts
    settings = TokenTrainingConfig(schedule="constant", lr_ramp_steps=0)
    model.compile(make_optimizer(settings, make_schedule(settings, updates=1)), TokenCrossEntropy(0.1))
    model.fit(batches, steps_per_epoch=2, shuffle=False, verbose=0)
    return model
