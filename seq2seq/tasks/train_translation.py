"""Translation: train a run from parallel text."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seq2seq.batches.pairs import PairBatches
from seq2seq.config import TranslationConfig
from seq2seq.cores import parts_of
from seq2seq.errors import InputError
from seq2seq.evaluation.scripts import check_tokenizer
from seq2seq.evaluation.translation import exact_match, in_case, validation_bleu
from seq2seq.inference.hypothesis import NOTHING
from seq2seq.inference.translator import Translator, build_model
from seq2seq.interruption import Interruption
from seq2seq.report import Report
from seq2seq.run import Run, RunFolder
from seq2seq.run.parent import teachers_of
from seq2seq.tasks.distillation import distilled
from seq2seq.tasks.starting import at_hand, of_kind, warn_of_seen
from seq2seq.tasks.teachers import Lessons, open_teachers, settled_by_teachers
from seq2seq.tasks.translation_corpus import read_training_text
from seq2seq.tasks.translation_risk import risk_objective
from seq2seq.tasks.translation_settling import settled_before_reading, settled_by, settled_by_size
from seq2seq.text.data_sets import sibling_split
from seq2seq.text.in_memory import Pairs, pairs_at
from seq2seq.text.protection import Protection
from seq2seq.training.checkpoint import has_whole_checkpoint
from seq2seq.training.loop import Training
from seq2seq.training.metrics import TeacherForcedScorer
from seq2seq.training.risk import ExpectedRisk
from seq2seq.training.schedules import Consistency, ScheduledSampling
from seq2seq.training.setup import Setup, seed_of
from seq2seq.training.token_losses import TokenCrossEntropy
from seq2seq.training.word_vectors import check_word_vectors, start_from_word_vectors, word_vector_files


def train(
    config: TranslationConfig,
    run_dir: str | Path,
    *,
    data: Pairs | None = None,
    valid: Pairs | None = None,
    resume: bool = False,
    parent: str | Path | None = None,
    report: Report | None = None,
    interruption: Interruption | None = None,
) -> dict[str, Any]:
    """Train a translation model into a run directory.

    Args:
        config: `TranslationConfig`.
        run_dir: folder for the run; made if missing.
        data: the training pairs themselves, a list of sources and one of their targets, in place of the files
            `data.train`; or a `datasets.Dataset` with columns `data.source` and `data.target`. The run keeps their
            checksum, not them.
        valid: the validation pairs likewise, in place of `data.valid`; without any a share of `data` is held out.
        resume: go on with the run that is there, if one is, from its last checkpoint on.
        parent: run whose weights and tokenizers the training starts from; `config` must fit them.
        report: `Report`.
        interruption: `Interruption` that may stop it, or `None`.

    Returns:
        The figures of the best epoch, as in the run's metrics.json.

    Raises:
        InputError: data or run directory that cannot be used.
    """
    report = report or Report()
    config = _with_pairs(config, data, valid)
    if config.training.bleu_tokenizer != "auto":
        check_tokenizer(config.training.bleu_tokenizer)
    in_parts = _in_parts(config) or bool(config.distillation.teachers)  # which translate several batches at once
    setup = Setup(config, run_dir, resume, parent=parent, in_parts=in_parts, report=report)
    config, run_dir = setup.config, setup.run_dir
    folder, vectors = RunFolder(Path(run_dir)), word_vector_files(config)
    if vectors and setup.resume and has_whole_checkpoint(folder):
        vectors = []  # it has the weights that came of them
    check_word_vectors(vectors, config.model.embedding_dim)
    config = settled_before_reading(config, Path(run_dir), setup.resume, report)
    teachers = _teachers(config, setup, resume, report)
    config = settled_by_size(config, report)
    text = read_training_text(config, folder, setup.resume, report, setup.parent)
    config = settled_by(text, config, report)
    config = settled_by_teachers(config, teachers, text.tokenizers, setup.resume, report)
    if setup.parent and config.data.reverses(setup.parent.settings.data):
        report.warn(f"{setup.parent.given} translates the other way round: its weights know little of this direction")
    if not setup.resume:
        drawn = config.data.hold_out != "last" and sibling_split(config.data.train, "validation") is None
        learned_from = [record["run"] for record in teachers]
        warn_of_seen(config, text.files, setup.parent, report, drawn=drawn, teachers=learned_from)
    run = Run.start(run_dir, "translation", config, text.files, setup.resume, setup.parent, teachers)
    text.save_tokenizers(run)
    if teachers:
        lessons = Lessons(config, teachers, text.texts, run.taught, report)
        written = lessons.translations(interruption or Interruption(), setup.at_once)
        text = distilled(text, written, config, report)
        token_teachers = lessons.of_tokens(setup.at_once)
        keras.utils.set_random_seed(seed_of(config))  # whether teachers were loaded, which draws numbers, or not
    source, target = text.tokenizers

    batches, valid_batches = _batches(config, text)
    model = build_model(config, source, target, config.training.precision)
    if teachers:
        model.teachers = token_teachers
    setup.start_weights(model, report)
    start_from_word_vectors(model, config, vectors, text.tokenizers, text.rows, report)
    rows = len(text.rows[0]) / batches(0).num_batches(0) / setup.cluster.place.count
    model.parallel_parts = min(config.training.parts or parts_of(rows, setup.at_once), setup.at_once)
    setup.tell(model, report)
    translator = Translator(config, source, target, model, workers=setup.at_once)
    loss = TokenCrossEntropy(config.training.label_smoothing)
    if config.training.objective == "risk":
        _warn_of_risk(config, setup.is_tuning, report)
        model.objective, loss = risk_objective(config, target), ExpectedRisk(config.training.label_smoothing)
    training = Training(
        model,
        loss,
        batches,
        _validation(config, translator, valid_batches, text.valid, setup.cluster),
        config.training,
        run,
        report,
        interruption,
        callbacks=_scheduled(config.training, model),
        cluster=setup.cluster,
        is_tuning=setup.is_tuning,
    )
    metrics = training.fit() | {"train_pairs": text.pairs}
    run.write_metrics(metrics)
    return metrics


def _with_pairs(config, data, valid):
    """`config` with the pairs that were given beside it."""
    of_kind(TranslationConfig, config)
    if data is not None and config.data.swap:
        raise InputError("data.swap=true: of the lists that are given the first is the sources: leave it out.")
    sides = config.data.source, config.data.target
    train = None if data is None else pairs_at(data, "pairs", *sides)
    held_out = None if valid is None else pairs_at(valid, "validation pairs", *sides)
    return at_hand(config, "train", train=train, valid=held_out)


def _teachers(config, setup, resume, report):
    """What the run keeps of its teachers."""
    known = teachers_of(setup.run_dir)
    if setup.resume:
        teachers = known
    elif resume and known and not config.distillation.teachers:
        raise InputError(
            f"{setup.run_dir} began with teachers, {', '.join(record['run'] for record in known)}, and has no "
            "checkpoint yet: name them by --teacher once more."
        )
    else:
        teachers = open_teachers(config, setup.run_dir) if config.distillation.teachers else ()
        if resume and known and teachers != known:
            raise InputError(
                f"{setup.run_dir} began with other teachers, {', '.join(record['run'] for record in known)}, and has "
                "no checkpoint yet: name these by --teacher once more, or choose another --run."
            )
    if teachers:
        named = ", ".join(f"{record['run']} ({record['weights'][:12]})" for record in teachers)
        report.say(f"learning from what {named} translate{'s' * (len(teachers) == 1)}")
    return teachers


def _warn_of_risk(config, is_tuning, report):
    if not is_tuning:
        report.warn(
            "training.objective=risk learns from what the model draws, and fresh weights draw nothing of use: train "
            "without it first, and start from that run by --from"
        )
    if config.training.monitor == "loss":
        report.warn(
            "the validation loss chooses the best epoch (training.monitor=loss), and it rises where the risk falls: "
            "--set training.monitor=bleu"
        )


def _scheduled(settings, model):
    """Tell the model what it does while training that may change from epoch to epoch; the callbacks that change it."""
    callbacks = []
    first, last = settings.truth_ratio, settings.final_truth_ratio
    if first < 1.0 or last is not None:
        model.truth_ratio = tf.Variable(first, trainable=False, dtype=tf.float32)
        last = first if last is None else last
        callbacks.append(ScheduledSampling(model.truth_ratio, first, last, settings.epochs))
    if settings.consistency:
        model.consistency = settings.consistency
        if first := int(settings.consistency_from * settings.epochs):
            # Not 0 before the first epoch begins: then it is tried whether the memory suffices.
            model.consistency = tf.Variable(settings.consistency, trainable=False, dtype=tf.float32)
            callbacks.append(Consistency(model.consistency, settings.consistency, first))
    return callbacks


def _in_parts(config):
    """Whether to train in parts, as far as that can be told before the batches are there."""
    asked, pairs = config.training.parts, config.batching.batch_sentences
    return asked > 1 or (asked == 0 and (not pairs or parts_of(pairs, cores=2) > 1))


def _batches(config, text):
    """A function from the epoch to its training batches, and the validation batches."""
    sizes = {name: getattr(config.batching, name) for name in ("batch_sentences", "batch_tokens", "bucket_step")}
    fixed = PairBatches(*text.rows, **sizes, seed=seed_of(config))

    @lru_cache(maxsize=1)  # what an epoch begins with asks several times
    def resampled(epoch):
        return PairBatches(*text.resampled(seed_of(config) * 1_000_003 + epoch), **sizes, seed=seed_of(config))

    valid = Protection(config.text.keep, config.text.lowers).pairs(text.valid.source, text.valid.target)
    valid_rows = [tokenizer.encode(texts) for tokenizer, texts in zip(text.tokenizers, valid, strict=True)]
    return resampled if text.resampled else lambda epoch: fixed, PairBatches(*valid_rows, **sizes)


def _validation(config, translator, batches, pairs, cluster):
    """Scores the validation part: teacher-forced, and greedily translated where BLEU is wanted, by all workers."""
    score = TeacherForcedScorer(translator.model, cluster)
    index, workers = cluster.place.index, cluster.place.count
    pairs = pairs.take(np.arange(min(len(pairs), config.training.validation_sentences)))

    def validate():
        figures = score(batches.epoch())
        if config.training.validate_bleu:
            streamed = translator.stream(pairs.source[index::workers], beam_size=1, scored=False)
            found = [hypotheses[0] if hypotheses else NOTHING for hypotheses in streamed]
            given = cluster.gather([[each.text, bool(each.is_cut)] for each in found])
            texts, cut = zip(*(given[k % workers][k // workers] for k in range(len(pairs))), strict=True)
            texts, references = in_case(texts, pairs.references, config.text.lowers)
            figures |= {
                "bleu": validation_bleu(texts, references, config.training.bleu_tokenizer),
                "exact_match": exact_match(texts, references),
                "cut": float(np.mean(cut)),
            }
        return figures

    return validate
