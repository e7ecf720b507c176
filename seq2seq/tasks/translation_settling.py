"""What a translation leaves to its data: settled once, told, kept in the run; one that goes on keeps its own."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

from seq2seq.config import DataConfig, TranslationConfig
from seq2seq.config.fitting import COUNTED, ENOUGH_FOR_BLEU, OPEN, CorpusSize, fitted
from seq2seq.evaluation.scripts import choose_tokenizer
from seq2seq.inference.translation_columns import columns_of, settle_columns
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.run.resuming import refuse_other_data, refuse_other_settings
from seq2seq.tasks.translation_corpus import TrainingText, reading_of, training_files
from seq2seq.text.corpus import stream_pairs
from seq2seq.text.data_sets import sibling_split
from seq2seq.text.table import is_table


def settled_before_reading(config: TranslationConfig, run_dir: Path, resume: bool, report: Report) -> TranslationConfig:
    """`config` with what decides how the corpus is read: the columns of a table, and whether white space is kept.

    A training that goes on has all that `config` leaves open as its run has it, also where this version would settle it
    otherwise.

    Args:
        config: `TranslationConfig`.
        run_dir: the run directory.
        resume: bool. Whether a run goes on.
        report: `Report`, told what was found.

    Raises:
        InputError: columns that are not there, or that leave open which are meant; or the run to go on with was started
            with other settings or other data.
    """
    if not resume:
        return settle_columns(replace(config, text=config.text.decided()), run_dir, resume, report)
    run = Run.open(run_dir, "translation")
    stored = run.read_config_as(TranslationConfig)
    config = _as_in(stored, config)
    # What has changed is named before a look into a changed file, and before anything is prepared from it.
    refuse_other_settings(run, _with_columns_of(stored, config))
    refuse_other_data(run, training_files(config))
    config = settle_columns(config, run_dir, resume, report)
    refuse_other_settings(run, config)
    return config


def settled_by_size(config: TranslationConfig, report: Report) -> TranslationConfig:
    """`config` with the settings that it leaves open as they suit the size of its corpus, see `fitted`.

    Args:
        config: `TranslationConfig`, settled before reading; that of a run that goes on has nothing left open.
        report: `Report`, told of each setting and why.

    Raises:
        InputError: data that cannot be used.
    """
    data = config.data
    given = data.valid or sibling_split(data.train, "validation")
    if given and not data.valid and (data.valid_share, data.hold_out) != (None, DataConfig.hold_out):
        report.warn(f"{data.train} has a validation part: data.valid_share and data.hold_out do nothing")
    if not any(_is_open(config, name) for name in OPEN):
        return config
    size = _size_of(config, given)
    config, rows = fitted(config, size)
    if rows:
        report.table(
            f"Settings that suit {size.text}, where nothing else is set (docs/corpus_size.md)", ("", "", "why"), rows
        )
    return config


def settled_by(text: TrainingText, config: TranslationConfig, report: Report) -> TranslationConfig:
    """`config` with the length limit and the tokenizer of BLEU that suit the corpus, where it leaves them open."""
    training, held_out = config.training, len(text.valid)
    if training.monitor != "loss" and held_out < ENOUGH_FOR_BLEU:
        report.warn(
            f"{training.monitor} of {held_out} validation pairs, by which the best epoch is chosen, is much luck: hold "
            "out more (data.valid_share, --valid), or choose by the loss (training.monitor=loss)"
        )
    if training.bleu_tokenizer == "auto":
        tokenizer, reason = choose_tokenizer(text.valid.references)
        report.say(f"BLEU counts tokens of {tokenizer}: {reason}")
        training = replace(training, bleu_tokenizer=tokenizer)
    return replace(config, training=training, decoding=text.decoding)


def _size_of(config, valid):
    """How much text there is in the training data, of which no more is read than `COUNTED` pairs."""
    data = config.data
    limit = COUNTED if data.limit is None else min(data.limit, COUNTED)
    pairs, characters, alphabet = 0, 0, set()
    for source, target in _pairs_of(config, data.train, limit):
        pairs, characters = pairs + 1, characters + len(target)
        alphabet.update(source, target)
    held_out = sum(1 for _ in islice(_pairs_of(config, valid), ENOUGH_FOR_BLEU)) if valid else None
    return CorpusSize(pairs, characters, len(alphabet), held_out)


def _pairs_of(config, location, limit=None):
    """Pairs with text on both sides, of the first `limit` lines."""
    columns = columns_of(location, config.data)
    reading = {**reading_of(config), "extra_columns": "ignore", "columns": columns}
    pairs = stream_pairs(location, config.data.source, config.data.target, limit=limit, **reading)
    return (pair for pair in pairs if all(pair))


def _is_open(config, name):
    section, setting = name.split(".")
    return getattr(getattr(config, section), setting) is None


def _with_columns_of(stored, config, given=True):
    """`config` with the columns of a run in place of its own, be they `given`: until settled, words for them differ."""
    if not is_table(config.data.train):
        return config
    own = {name: getattr(config.data, name) for name in ("source", "target", "header")}
    columns = {name: getattr(stored.data, name) for name, value in own.items() if given or value is None}
    return replace(config, data=replace(config.data, **columns))


def _as_in(stored, config):
    config = _with_columns_of(stored, config, given=False)
    for section, setting in (name.split(".") for name in OPEN if _is_open(config, name)):
        kept = {setting: getattr(getattr(stored, section), setting)}
        config = replace(config, **{section: replace(getattr(config, section), **kept)})
    text, training, decoding = config.text, config.training, stored.decoding
    if text.white_space == "auto":
        text = replace(text, white_space=stored.text.white_space)
    if training.bleu_tokenizer == "auto":  # a run of a version without the setting counted 13a
        kept = stored.training.bleu_tokenizer
        training = replace(training, bleu_tokenizer="13a" if kept == "auto" else kept)
    decoding = config.decoding.with_length_limit(decoding.max_length_ratio, decoding.max_length_extra)
    distillation = config.distillation
    if distillation.tokens is None:
        distillation = replace(distillation, tokens=stored.distillation.tokens)
    return replace(config, text=text, training=training, decoding=decoding, distillation=distillation)
