"""Translation: train a run from parallel text, evaluate it on a test set."""

import importlib.util
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from seq2seq.batches.pairs import PairBatches
from seq2seq.config import TranslationConfig, from_mapping
from seq2seq.device import kernels_of, multiplies_in, share_cores, use_device
from seq2seq.errors import InputError
from seq2seq.evaluation.translation import validation_bleu
from seq2seq.inference.translator import Translator, build_model
from seq2seq.interruption import Interruption
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.tasks.translation_corpus import read_training_text
from seq2seq.text.protection import Protection
from seq2seq.training.loop import Training
from seq2seq.training.metrics import TeacherForcedScorer
from seq2seq.training.token_losses import TokenCrossEntropy


def train(
    config: TranslationConfig,
    run_dir: str | Path,
    *,
    resume: bool = False,
    report: Report | None = None,
    interruption: Interruption | None = None,
) -> dict:
    """Train a translation model into a run directory.

    Args:
        config: `TranslationConfig`.
        run_dir: folder for the run; made if missing.
        resume: go on with the run that is there, if one is, from its last checkpoint on.
        report: `Report`.
        interruption: `Interruption` that may stop it, or `None`.

    Returns:
        The figures of the best epoch, as in the run's metrics.json.

    Raises:
        InputError: data or run directory that cannot be used.
    """
    report = report or Report()
    if config.training.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise InputError("training.tensorboard=true needs the package tensorboard: pip install 'seq2seq[tensorboard]'.")
    resume = Run.check(run_dir, resume)  # before the corpus is read, which may take long
    config = _decided(config, Run.open(run_dir, "translation") if resume else None)
    text = read_training_text(config, Run(Path(run_dir), "translation", {}), resume, report)
    run = Run.start(run_dir, "translation", config, text.files, resume)
    text.save_tokenizers(run)
    source, target = text.tokenizers

    device, parts = use_device(), share_cores()
    keras.utils.set_random_seed(config.seed)
    batches, valid_batches = _batches(config, text)
    model = build_model(config, source, target, config.training.precision)
    model.parallel_parts = parts
    precision = config.training.precision
    report.say(f"running on {device} in {precision}{kernels_of(model)}; the model has {model.count_params():,} weights")
    if not multiplies_in(precision):
        report.warn(f"this device has no fast products in {precision}: --set training.precision=float32 is faster here")

    if config.training.truth_ratio < 1.0 or config.training.final_truth_ratio is not None:
        model.truth_ratio = tf.Variable(config.training.truth_ratio, trainable=False, dtype=tf.float32)
    training = Training(
        model,
        TokenCrossEntropy(config.training.label_smoothing),
        batches,
        _validation(config, Translator(config, source, target, model, workers=parts), valid_batches, text.valid),
        config.training,
        run,
        report,
        interruption,
    )
    metrics = training.fit() | {"train_pairs": text.pairs}
    run.write_metrics(metrics)
    return metrics


def _decided(config, run):
    """The configuration with what is left to the training decided: as in the run, where one goes on."""
    text = config.text
    if run is None or text.white_space != "auto":
        return replace(config, text=text.decided())
    white_space = from_mapping(TranslationConfig, run.config).text.white_space
    return replace(config, text=replace(text, white_space=white_space))


def _batches(config, text):
    """A function from the epoch to its training batches, and the validation batches."""
    sizes = {name: getattr(config.batching, name) for name in ("batch_sentences", "batch_tokens", "bucket_step")}
    fixed = PairBatches(*text.rows, **sizes, seed=config.seed)

    @lru_cache(maxsize=1)  # what an epoch begins with asks several times
    def resampled(epoch):
        return PairBatches(*text.resampled(config.seed * 1_000_003 + epoch), **sizes, seed=config.seed)

    valid = Protection(config.text.keep).pairs(text.valid.source, text.valid.target)
    valid_rows = [tokenizer.encode(texts) for tokenizer, texts in zip(text.tokenizers, valid, strict=True)]
    return resampled if config.text.subword_sampling else lambda epoch: fixed, PairBatches(*valid_rows, **sizes)


def _validation(config, translator, batches, pairs):
    """Scores the validation part: teacher-forced, and greedily translated where BLEU is wanted."""
    score = TeacherForcedScorer(translator.model)
    pairs = pairs.take(np.arange(min(len(pairs), config.training.validation_sentences)))

    def validate():
        figures = score(batches.epoch())
        if config.training.validate_bleu:
            hypotheses = translator.translate(pairs.source, beam_size=1)
            matches = [text in references for text, references in zip(hypotheses, pairs.references, strict=True)]
            figures |= {
                "bleu": validation_bleu(hypotheses, pairs.references),
                "exact_match": float(np.mean(matches)),
            }
        return figures

    return validate
