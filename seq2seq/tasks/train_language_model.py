"""Language modelling: train a run on the characters of a text."""

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from seq2seq.batches.chunks import ChunkBatches, connected_parts
from seq2seq.batches.protocol import Share
from seq2seq.config import LanguageConfig
from seq2seq.inference.writer import TASK, build_model
from seq2seq.interruption import Interruption
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.special_ids import UNK
from seq2seq.tasks.starting import at_hand, of_kind, tell_unknown, warn_of_seen
from seq2seq.text.in_memory import text_at
from seq2seq.text.plain import read_text, split_text, text_files
from seq2seq.text.tokenizer import load_tokenizer, train_tokenizer
from seq2seq.text.tokens import SPECIAL_PIECES
from seq2seq.training.loop import Training
from seq2seq.training.metrics import CrossEntropy, TokenAccuracy, add_up
from seq2seq.training.setup import Setup
from seq2seq.training.token_losses import TokenCrossEntropy


def train(
    config: LanguageConfig,
    run_dir: str | Path,
    *,
    data: str | None = None,
    resume: bool = False,
    parent: str | Path | None = None,
    report: Report | None = None,
    interruption: Interruption | None = None,
) -> dict[str, Any]:
    """Train a character language model on a text into a run directory.

    Args:
        config: `LanguageConfig`.
        run_dir: folder for the run; made if missing.
        data: the text itself, in place of the file `data.text`. The run keeps its checksum, not the text.
        resume: go on with the run that is there, if one is, from its last checkpoint on.
        parent: run whose weights and characters the training starts from; `config` must fit them.
        report: `Report`.
        interruption: `Interruption` that may stop it, or `None`.

    Returns:
        The figures of the best epoch, as in the run's metrics.json.

    Raises:
        InputError: text or run directory that cannot be used.
    """
    report = report or Report()
    config = at_hand(of_kind(LanguageConfig, config), "text", text=None if data is None else text_at(data))
    setup = Setup(config, run_dir, resume, parent=parent, report=report)
    config, run_dir = setup.config, setup.run_dir
    train_text, valid_text = split_text(read_text(config.data.text), config.data.valid_share, config.data.text)
    files = {"data.text": text_files(config.data.text)}
    warn_of_seen(config, files, setup.parent, report, drawn=False)
    run = Run.start(run_dir, TASK, config, files, setup.resume, setup.parent)
    tokenizer = _tokenizer(config, train_text, run, setup.parent)
    if setup.parent:
        unknown = Counter(tokenizer.unknown(train_text))
        tell_unknown({"training part": unknown.total() / len(train_text)}, unknown, setup.parent, report)

    batches, valid_batches = _batches(config, tokenizer, train_text, valid_text, report)
    model = build_model(config, tokenizer, config.training.precision)
    setup.start_weights(model, report)
    setup.tell(model, report)
    training = Training(
        model,
        TokenCrossEntropy(config.training.label_smoothing),
        lambda epoch: batches,
        _validation(model, valid_batches, setup.cluster),
        config.training,
        run,
        report,
        interruption,
        cluster=setup.cluster,
        is_tuning=setup.is_tuning,
    )
    metrics = training.fit() | {"train_characters": len(train_text)}
    run.write_metrics(metrics)
    return metrics


def _tokenizer(config, text, run, parent):
    """The characters of the training part, saved in the run; `data.min_count` alone limits their number. Or those of
    the parent."""
    if run.checkpoints():
        return load_tokenizer(run.tokenizer_file("text"))
    if parent:
        tokenizer = load_tokenizer(parent.run.tokenizer_file("text"))
        tokenizer.save(run.tokenizer_stem("text"))
        return tokenizer
    size = len(set(text)) + len(SPECIAL_PIECES)
    tokenizer = train_tokenizer("char", [text], vocabulary_size=size, min_count=config.data.min_count)
    tokenizer.save(run.tokenizer_stem("text"))
    return tokenizer


def _batches(config, tokenizer, train_text, valid_text, report):
    """Training and validation batches, and a table of what they are."""
    data, batches, rows = config.data, [], []
    for name, text in (("training", train_text), ("validation", valid_text)):
        ids = tokenizer.encode([text])[0]
        parts = connected_parts(ids, data.slots, data.chunk)
        batches.append(ChunkBatches(parts, chunk=data.chunk, slots=len(parts)))
        slots = f"{len(parts)} of {len(parts[0]):,}"
        rows.append((name, f"{len(ids):,}", f"{np.mean(ids == UNK):.3%}", slots, f"{len(batches[-1]):,}"))
    report.table(
        f"Text of {tokenizer.vocabulary_size - len(SPECIAL_PIECES):,} different characters, in chunks of {data.chunk}",
        ("", "characters", "unknown", "parts side by side", "batches"),
        rows,
    )
    return batches


def _validation(model, batches, cluster):
    """Scores the held-out end of the text, its parts read in connected chunks; traced once."""
    cross_entropy, accuracy = CrossEntropy(), TokenAccuracy()

    @tf.function(reduce_retracing=True, autograph=False)
    def update(tokens, fresh, targets, states):
        states = tf.nest.map_structure(lambda part: tf.where(fresh[:, None], 0.0, part), states)
        logits, states = model.run(tokens, states)
        cross_entropy.update_state(targets, logits)
        accuracy.update_state(targets, logits)
        return states

    def validate():
        cross_entropy.reset_state()
        accuracy.reset_state()
        if cluster.place.index < batches.slots:
            share = Share(cluster.place.index, min(cluster.place.count, batches.slots))
            states = model.initial_state(len(range(share.index, batches.slots, share.of)))
            for (tokens, fresh), targets in batches.epoch(share=share):
                states = update(tokens, fresh, targets, states)
        add_up(cluster, cross_entropy, accuracy)
        return {**figures_of(float(cross_entropy.result())), "accuracy": float(accuracy.result())}

    return validate


def figures_of(loss: float) -> dict[str, float]:
    """`loss`, nats per character, also as `perplexity` and as `bits_per_character`."""
    return {"loss": loss, "perplexity": math.exp(min(loss, 700.0)), "bits_per_character": loss / math.log(2.0)}
