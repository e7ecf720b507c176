"""What a translation trains on, from its configuration: in memory where it has room there, or else from a folder."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from seq2seq.config import TranslationConfig
from seq2seq.errors import InputError
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.text.cleaning import CleaningReport, clean, hold_out
from seq2seq.text.corpus import ParallelText, corpus_files, count_lines, read_pairs, stream_pairs
from seq2seq.text.preparation import Preparation, TrainingPart
from seq2seq.text.protection import Protection
from seq2seq.text.stored_corpus import corpus_key, find_or_build
from seq2seq.text.stored_rows import StoredRows
from seq2seq.text.tfds import sibling_split
from seq2seq.text.tokenizer import SUBWORDS, adopt_model, load_tokenizer, resample, train_tokenizer
from seq2seq.text.tokens import CorpusStatistics, Tokenizer, TokenRows, corpus_statistics

# Some 150,000 pairs. Their strings, ids and tokenizer training take about as much memory as the training does.
IN_MEMORY_BYTES = 32 * 2**20
# What SentencePiece is trained on where the corpus is larger: it needs 2 KiB a sentence, so 0.5 GiB.
_TOKENIZER_TEXTS = 250_000

MODELS = ("text.model", "text.target_model")

Tokenizers = tuple[Tokenizer, Tokenizer]
Rows = tuple[TokenRows, TokenRows] | tuple[StoredRows, StoredRows]


@dataclass(frozen=True)
class TrainingText:
    """The encoded corpus of a training.

    Attributes:
        tokenizers: of source and target; one and the same for a joint vocabulary.
        pairs: int. Training pairs, those that are too long included.
        rows: ids of source and target of the training pairs that are not too long.
        resampled: function of a seed that gives the same pairs in random segmentations.
        valid: ParallelText. Validation pairs.
        files: what `data.train`, `data.valid` and the models of `text` were read from.
    """

    tokenizers: Tokenizers
    pairs: int
    rows: Rows
    resampled: Callable[[int], Rows]
    valid: ParallelText
    files: Mapping[str, Sequence[Path]]

    def save_tokenizers(self, run: Run) -> None:
        """Write them into a run directory."""
        source, target = self.tokenizers
        if source is target:
            source.save(run.tokenizer_stem("joint"))
        else:
            source.save(run.tokenizer_stem("source"))
            target.save(run.tokenizer_stem("target"))


def read_training_text(config: TranslationConfig, run: Run, resume: bool, report: Report) -> TrainingText:
    """Read, clean, split and encode the corpus of a training, and tell about it.

    Args:
        config: `TranslationConfig`.
        run: the `Run` to be, which may not have been started.
        resume: bool. The run goes on, with its tokenizers if it has finished an epoch.
        report: `Report`.

    Raises:
        InputError: data that cannot be used.
    """
    data = config.data
    valid = _read_validation(config)
    tokenizers = _tokenizers_of(config, run) if resume and run.checkpoints() else None
    locations = {"data.train": data.train} | ({"data.valid": data.valid} if data.valid else {})
    files = {name: corpus_files(location, data.source, data.target) for name, location in locations.items()}
    models = {name: getattr(config.text, name.removeprefix("text.")) for name in MODELS}
    files |= {name: [Path(model)] for name, model in models.items() if model and Path(model).is_file()}
    if data.cache is None and sum(file.stat().st_size for file in files["data.train"]) <= IN_MEMORY_BYTES:
        return _in_memory(config, files, valid, tokenizers, report)
    return _stored(config, files, valid, tokenizers, Path(data.cache) if data.cache else run.corpus, report)


def _read_validation(config):
    """The validation pairs that were given, or None."""
    data = config.data
    location = data.valid or sibling_split(data.train, "validation")
    if not location:
        return None
    pairs = read_pairs(location, data.source, data.target, split="validation", **_reading(config))
    return clean(pairs, max_characters=data.max_characters, max_ratio=data.max_ratio)[0]


def _reading(config):
    """How any corpus of the training is read."""
    data = config.data
    columns = {"swap": data.swap, "extra_columns": data.extra_columns}
    return {**columns, "keep_white_space": config.text.keeps_white_space}


def _tokenizers_of(config, run) -> Tokenizers:
    source = load_tokenizer(run.tokenizer_file("source"))
    return source, source if config.text.shares_vocabulary else load_tokenizer(run.tokenizer_file("target"))


def _in_memory(config, files, valid, tokenizers, report):
    data, sampling = config.data, config.text.subword_sampling
    pairs = read_pairs(data.train, data.source, data.target, limit=data.limit, **_reading(config))
    pairs, cleaning = clean(pairs, max_characters=data.max_characters, max_ratio=data.max_ratio)
    held_out = valid is None
    if held_out and data.hold_out == "last":
        first_valid = round(len(pairs) * (1.0 - data.valid_share))
        pairs, valid = pairs.take(range(first_valid)), pairs.take(range(first_valid, len(pairs)))
    elif held_out:
        pairs, valid = hold_out(pairs, data.valid_share, config.seed)
    _tell_pairs(cleaning, valid, held_out, report)
    pairs = ParallelText(*Protection(config.text.keep).pairs(pairs.source, pairs.target))
    source, target = tokenizers or _make_tokenizers(config, lambda side, most: getattr(pairs, side))
    rows = source.encode(pairs.source), target.encode(pairs.target)
    short = np.flatnonzero(np.maximum(rows[0].lengths, rows[1].lengths) <= config.batching.max_tokens)
    _tell_tokens((source, target), corpus_statistics(*rows), len(short), config, report)
    count = len(pairs)
    if len(short) < count:
        pairs, rows = pairs.take(short), (rows[0].take(short), rows[1].take(short))

    def resampled(seed):
        return resample(source, pairs.source, sampling, seed), resample(target, pairs.target, sampling, seed)

    return TrainingText((source, target), count, rows, resampled, valid, files)


def _stored(config, files, valid, tokenizers, cache, report):
    data, text = config.data, config.text
    held_out = valid is None
    preparation = Preparation(
        max_characters=data.max_characters,
        max_ratio=data.max_ratio,
        valid_share=data.valid_share if held_out else 0.0,
        by_source=data.hold_out == "by_source",
        max_tokens=config.batching.max_tokens,
        keep_text=text.subword_sampling > 0,
        keep=text.keep,
        seed=config.seed,
    )
    reading = {"source": data.source, "target": data.target, "limit": data.limit, **_reading(config)}
    vocabulary = {name: value for name, value in asdict(text).items() if name != "subword_sampling"}
    tfds = data.train if data.train.startswith("tfds:") else None  # names a split of the files
    settings = {"preparation": asdict(preparation), "text": vocabulary, "tfds": tfds, **reading}

    def build(folder):
        lines = None if tfds else count_lines(files["data.train"][0])
        total = min(lines, data.limit) if lines and data.limit else lines
        pairs = stream_pairs(data.train, **reading)
        preparation.build(folder, pairs, make_tokenizers, report, total)

    def make_tokenizers(part: TrainingPart):
        return tokenizers or _make_tokenizers(config, part.texts)

    models = [file for name in MODELS for file in files.get(name, ())]
    corpus, found = find_or_build(cache, corpus_key([*files["data.train"], *models], settings), build, tokenizers)
    report.say(f"{'using' if found else 'keeping'} the prepared corpus in {corpus.folder}")
    valid = corpus.valid if held_out else valid
    _tell_pairs(corpus.cleaning, valid, held_out, report)
    _tell_tokens(corpus.tokenizers, corpus.statistics, len(corpus.rows[0]), config, report)
    return TrainingText(
        corpus.tokenizers,
        corpus.statistics.pairs,
        corpus.rows,
        lambda seed: corpus.resampled(text.subword_sampling, seed),
        valid,
        files,
    )


def _make_tokenizers(config, texts: Callable[[str, int | None], Iterable[str]]) -> Tokenizers:
    """Those that were given, or tokenizers trained on what `texts` gives for a side, of which it may give only so
    many."""
    text = config.text
    options = {"keep_white_space": text.keeps_white_space, "placeholders": bool(text.keep)}
    if text.model:
        source = adopt_model(text.model, **options)
        return source, adopt_model(text.target_model, **options) if text.target_model else source
    options |= {name: getattr(text, name) for name in ("vocabulary_size", "min_count", "byte_fallback")}

    def trained(kind, *sides):
        most = _TOKENIZER_TEXTS // len(sides) if kind in SUBWORDS else None
        return train_tokenizer(kind, chain.from_iterable(texts(side, most) for side in sides), **options)

    if text.shares_vocabulary:
        joint = trained(text.tokenizer, "source", "target")
        return joint, joint
    return trained(text.tokenizer, "source"), trained(text.target_tokenizer or text.tokenizer, "target")


def _tell_pairs(cleaning: CleaningReport, valid, held_out, report):
    report.table("Pairs read", ("", "pairs"), cleaning.rows())
    report.say(f"validation part: {len(valid):,} pairs{', held out' if held_out else ''}")


def _tell_tokens(tokenizers, statistics: CorpusStatistics, short, config, report):
    sizes = [f"{tokenizer.vocabulary_size:,}" for tokenizer in tokenizers]
    report.table(f"Training part, vocabularies of {' and '.join(sizes)}", ("", "source", "target"), statistics.rows())
    longest = config.batching.max_tokens
    if not short:
        raise InputError(f"All training pairs are longer than batching.max_tokens={longest}: raise it.")
    if short < statistics.pairs:
        report.warn(f"{statistics.pairs - short:,} training pairs exceed {longest} tokens and are left out")
