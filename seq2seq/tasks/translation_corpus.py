"""What a translation trains on, from its configuration: in memory where it has room there, or else from a folder."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from itertools import chain
from pathlib import Path

import numpy as np

from seq2seq.config import DecodingConfig, TranslationConfig
from seq2seq.errors import InputError
from seq2seq.inference.translation_columns import columns_of
from seq2seq.report import Report
from seq2seq.run import RunFolder
from seq2seq.run.parent import Parent, parent_of
from seq2seq.sources import InMemory, Source, count_lines, is_data_set
from seq2seq.tasks.starting import tell_unknown
from seq2seq.text.cleaning import CleaningReport, clean, first_held_out, hold_out
from seq2seq.text.corpus import ParallelText, corpus_files, read_pairs, stream_pairs
from seq2seq.text.data_sets import sibling_split
from seq2seq.text.lengths import length_limit
from seq2seq.text.overlap import overlap, pair_hashes
from seq2seq.text.preparation import Preparation, TrainingPart
from seq2seq.text.protection import Protection
from seq2seq.text.stored_corpus import corpus_key, find_or_build
from seq2seq.text.stored_rows import StoredRows
from seq2seq.text.tokenizer import SUBWORDS, adopt_model, load_tokenizer, resample, train_tokenizer
from seq2seq.text.tokens import CorpusStatistics, Tokenizer, TokenRows, corpus_statistics, rows_with_unknown

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
        statistics: CorpusStatistics of the training pairs, those that are too long included.
        rows: ids of source and target of the training pairs that are not too long.
        resampled: function of a seed that gives the rows of an epoch, or None where each has the same: with
            `text.subword_sampling` the same pairs in random segmentations, with teachers other targets of them.
        valid: ParallelText. Validation pairs.
        files: what `data.train`, `data.valid` and the models of `text` were read from.
        decoding: the `decoding` section of the configuration, with a length limit that suits the pairs.
        texts: ParallelText. The pairs of `rows` as they were read; None where they are in a folder.
    """

    tokenizers: Tokenizers
    statistics: CorpusStatistics
    rows: Rows
    resampled: Callable[[int], Rows] | None
    valid: ParallelText
    files: Mapping[str, Sequence[Source]]
    decoding: DecodingConfig
    texts: ParallelText | None = None

    @property
    def pairs(self) -> int:
        """Training pairs, those that are too long included."""
        return self.statistics.pairs

    def save_tokenizers(self, folder: RunFolder) -> None:
        """Write them into a run directory."""
        source, target = self.tokenizers
        if source is target:
            source.save(folder.tokenizer_stem("joint"))
        else:
            source.save(folder.tokenizer_stem("source"))
            target.save(folder.tokenizer_stem("target"))


def read_training_text(
    config: TranslationConfig, folder: RunFolder, resume: bool, report: Report, parent: Parent | None = None
) -> TrainingText:
    """Read, clean, split and encode the corpus of a training, and tell about it.

    Args:
        config: `TranslationConfig`.
        folder: `RunFolder` of the run to be.
        resume: bool. The run goes on, with its tokenizers if it has finished an epoch.
        report: `Report`.
        parent: the run that a new one starts from, with its tokenizers.

    Raises:
        InputError: data that cannot be used.
    """
    data = config.data
    valid = _read_validation(config, report)
    known = parent.run if parent else folder if resume and folder.checkpoints() else None
    tokenizers = _tokenizers_of(config, known) if known else None
    files = training_files(config)
    is_small = data.cache is None and sum(map(_size_of, files["data.train"])) <= IN_MEMORY_BYTES
    if is_small or config.distillation.teachers:
        if not is_small:
            report.say(f"{data.train} is read into memory, from which its sources go to the teachers")
        text = _in_memory(config, files, valid, tokenizers, report)
    else:
        # A corpus is known by its settings, which do not tell the tokenizers of another run.
        foreign = tokenizers if parent or parent_of(folder.path) else None
        cache = Path(data.cache) if data.cache else folder.corpus
        text = _stored(config, files, valid, tokenizers, foreign, cache, report)
    if parent:
        unknown = {side: getattr(text.statistics, side).unknown_rate for side in ("source", "target")}
        tell_unknown(unknown, _unknown_symbols(text, config), parent, report)
    return text


def _unknown_symbols(text, config):
    """How often what the tokenizers do not know is there, of pairs that are in memory."""
    found, protection = Counter(), Protection(config.text.keep, config.text.lowers)
    if text.texts is not None:
        for side, (tokenizer, rows) in enumerate(zip(text.tokenizers, text.rows, strict=True)):
            pairs = text.texts.take(rows_with_unknown(rows).tolist())
            for each in protection.pairs(pairs.source, pairs.target)[side]:
                found.update(tokenizer.unknown(each))
    return found


def _size_of(file: Source) -> int:
    return file.size if isinstance(file, InMemory) else file.stat().st_size


def training_files(config: TranslationConfig) -> dict[str, Sequence[Source]]:
    """Return what `data.train`, `data.valid` and the models of `text` are read from, as far as they are given.

    Raises:
        InputError: there are no such files.
    """
    data = config.data
    locations = {"data.train": data.train} | ({"data.valid": data.valid} if data.valid else {})
    files: dict[str, Sequence[Source]] = {}
    for name, location in locations.items():
        files[name] = corpus_files(location, data.source, data.target)
    models = {name: getattr(config.text, name.removeprefix("text.")) for name in MODELS}
    return files | {name: [Path(model)] for name, model in models.items() if model and Path(model).is_file()}


def _read_validation(config, report):
    """The validation pairs that were given, or None."""
    data = config.data
    location = data.valid or sibling_split(data.train, "validation")
    if not location:
        return None
    columns = columns_of(location, data, report)
    pairs = read_pairs(location, data.source, data.target, columns=columns, split="validation", **reading_of(config))
    pairs, cleaning = clean(pairs, max_characters=data.max_characters, max_ratio=data.max_ratio)
    if left_out := cleaning.read - cleaning.kept:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in cleaning.dropped.items() if count)
        report.warn(f"{location}: {left_out:,} of {cleaning.read:,} validation pairs are left out: {reasons}")
    return pairs


def reading_of(config: TranslationConfig) -> dict[str, object]:
    """How any corpus of the training is read: arguments of `read_pairs` and `stream_pairs`."""
    data = config.data
    sides = {"swap": data.swap, "extra_columns": data.extra_columns}
    return {**sides, "keep_white_space": config.text.keeps_white_space}


def _tokenizers_of(config, folder) -> Tokenizers:
    source = load_tokenizer(folder.tokenizer_file("source"))
    return source, source if config.text.shares_vocabulary else load_tokenizer(folder.tokenizer_file("target"))


def _in_memory(config, files, valid, tokenizers, report):
    data, sampling = config.data, config.text.subword_sampling
    columns = columns_of(data.train, data)
    pairs = read_pairs(data.train, data.source, data.target, columns=columns, limit=data.limit, **reading_of(config))
    pairs, cleaning = clean(pairs, max_characters=data.max_characters, max_ratio=data.max_ratio)
    held_out = valid is None
    if held_out and data.hold_out == "last":
        first_valid = first_held_out(len(pairs), data.valid_share)
        pairs, valid = pairs.take(range(first_valid)), pairs.take(range(first_valid, len(pairs)))
    elif held_out:
        pairs, valid = hold_out(pairs, data.valid_share, config.seed)
    _tell_pairs(cleaning, valid, held_out, report)
    if not held_out:
        _warn_of_overlap(valid, [pair_hashes(pairs.source, pairs.target)], report)
    texts, pairs = (
        pairs,
        ParallelText(*Protection(config.text.keep, config.text.lowers).pairs(pairs.source, pairs.target)),
    )
    source, target = tokenizers or _make_tokenizers(config, lambda side, most: getattr(pairs, side))
    rows = source.encode(pairs.source), target.encode(pairs.target)
    statistics = corpus_statistics(*rows)
    short = np.flatnonzero(np.maximum(rows[0].lengths, rows[1].lengths) <= config.batching.max_tokens)
    if len(short) < statistics.pairs:
        texts, pairs = texts.take(short), pairs.take(short)
        rows = rows[0].take(short), rows[1].take(short)
    decoding = _tell_tokens((source, target), statistics, rows, config, report)

    def resampled(seed):
        return resample(source, pairs.source, sampling, seed), resample(target, pairs.target, sampling, seed)

    anew = resampled if sampling else None
    return TrainingText((source, target), statistics, rows, anew, valid, files, decoding, texts)


def _stored(config, files, valid, tokenizers, foreign, cache, report):
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
        lower=text.lowers,
        seed=config.seed,
    )
    reading = {"source": data.source, "target": data.target, "limit": data.limit, **reading_of(config)}
    columns = columns_of(data.train, data)
    vocabulary = {name: value for name, value in asdict(text).items() if name != "subword_sampling"}
    prepared = asdict(preparation)
    if not text.lowers:  # so that what was prepared before there was this setting is found
        del vocabulary["case"], prepared["lower"]
    data_set = data.train if is_data_set(data.train) else None  # names a split of the files
    settings = {"preparation": prepared, "text": vocabulary, "tfds": data_set, **reading}
    settings["columns"] = asdict(columns)
    if foreign:
        settings["tokenizers"] = [blake2b(tokenizer.to_bytes()).hexdigest() for tokenizer in foreign]

    def build(folder):
        first = files["data.train"][0]
        lines = len(first.content[0]) if isinstance(first, InMemory) else None if data_set else count_lines(first)
        total = min(lines, data.limit) if lines and data.limit else lines
        pairs = stream_pairs(data.train, columns=columns, **reading)
        preparation.build(folder, pairs, make_tokenizers, report, total)

    def make_tokenizers(part: TrainingPart):
        if tokenizers:
            return tokenizers
        report.say("training the tokenizer")
        return _make_tokenizers(config, part.texts)

    models = [file for name in MODELS for file in files.get(name, ())]
    corpus, found = find_or_build(cache, corpus_key([*files["data.train"], *models], settings), build, tokenizers)
    report.say(f"{'using' if found else 'keeping'} the prepared corpus in {corpus.folder}")
    valid = corpus.valid if held_out else valid
    _tell_pairs(corpus.cleaning, valid, held_out, report)
    if not held_out:
        _warn_of_overlap(valid, corpus.hashes(), report)
    decoding = _tell_tokens(corpus.tokenizers, corpus.statistics, corpus.rows, config, report)
    return TrainingText(
        corpus.tokenizers,
        corpus.statistics,
        corpus.rows,
        (lambda seed: corpus.resampled(text.subword_sampling, seed)) if text.subword_sampling else None,
        valid,
        files,
        decoding,
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


def _warn_of_overlap(valid, hashes, report):
    if warning := overlap(valid, hashes).warning():
        report.warn(warning)


def _tell_tokens(tokenizers, statistics: CorpusStatistics, rows: Rows, config, report) -> DecodingConfig:
    """Tell of the tokens of the training part, whose `rows` are those that are not too long; return how long a
    translation may become, as the `decoding` section."""
    short, longest = len(rows[0]), config.batching.max_tokens
    decoding = config.decoding
    if short:
        decoding = decoding.with_length_limit(*length_limit(rows[0].lengths, rows[1].lengths))
    limit = f"{decoding.max_length_ratio:g} × source + {decoding.max_length_extra:,}" if short else ""
    sizes = [f"{tokenizer.vocabulary_size:,}" for tokenizer in tokenizers]
    table = [*statistics.rows(), ("longest translation", "", limit)]
    report.table(f"Training part, vocabularies of {' and '.join(sizes)}", ("", "source", "target"), table)
    if not short:
        raise InputError(f"All training pairs are longer than batching.max_tokens={longest}: raise it.")
    if short < statistics.pairs:
        report.warn(f"{statistics.pairs - short:,} training pairs exceed {longest} tokens and are left out")
    return decoding
