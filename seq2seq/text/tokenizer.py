"""Texts to ids and back: SentencePiece, character and word tokenizers behind one small interface."""

import json
import os
import random
import re
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from itertools import chain
from pathlib import Path

import numpy as np
import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from seq2seq.errors import InputError

# The ids that every vocabulary starts with; PAD must be 0 for masks, and no text is ever encoded to PAD, BOS or EOS.
PAD, UNK, BOS, EOS = 0, 1, 2, 3
SPECIAL_PIECES = ("<pad>", "<unk>", "<s>", "</s>")
# What an unknown symbol looks like in plain text: U+2047, as in SentencePiece.
UNKNOWN_TEXT = "\u2047"

# A trained SentencePiece model depends on the number of threads, so it is not the number of cores.
_TRAINING_THREADS = 4
_MAX_TRAINING_TEXTS = 2_000_000
# SentencePiece skips longer lines (4192 bytes; a character has at most 4) and their characters with them.
_MAX_TRAINING_CHARACTERS = 1000
# The seed of SentencePiece's sampling is global to the process.
_SAMPLING = threading.Lock()


@dataclass(frozen=True, eq=False)
class TokenRows:
    """Sequences of ids of any lengths, stored end to end.

    Attributes:
        values: int32 array, `(total,)`. The ids of all rows, without PAD, BOS and EOS.
        lengths: int32 array, `(rows,)`. Number of ids of each row.
    """

    values: np.ndarray
    lengths: np.ndarray

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[int]]) -> "TokenRows":
        """Store a list of sequences of ids."""
        values = np.fromiter(chain.from_iterable(rows), np.int32)
        return cls(values, np.fromiter(map(len, rows), np.int32, len(rows)))

    @cached_property
    def offsets(self) -> np.ndarray:
        """int64 array, `(rows + 1,)`: row `i` is `values[offsets[i]:offsets[i + 1]]`."""
        return np.concatenate([[0], np.cumsum(self.lengths, dtype=np.int64)])

    def __len__(self):
        return len(self.lengths)

    def __getitem__(self, row: int) -> np.ndarray:
        row = range(len(self))[row]  # for IndexError and negative rows
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def take(self, rows: Sequence[int]) -> "TokenRows":
        """Return the rows at the positions `rows` (ints or a Boolean mask), in that order."""
        lengths = self.lengths[rows]
        ends = np.cumsum(lengths, dtype=np.int64)
        # Position in `values` = start of the old row + steps since the start of the new one.
        shift = self.offsets[:-1][rows] - (ends - lengths)
        return TokenRows(self.values[np.arange(lengths.sum()) + np.repeat(shift, lengths)], lengths)


class Tokenizer(ABC):
    """What the rest of the library may know of a tokenizer.

    Texts are expected to be normalised (`seq2seq.text.corpus.normalize`).

    Attributes:
        kind: str. `"unigram"`, `"bpe"`, `"char"` or `"word"`.
        vocabulary_size: int. Number of ids, special ids included.
    """

    kind: str
    suffix: str
    vocabulary_size: int

    @abstractmethod
    def encode(self, texts: Sequence[str], *, sampling: float | None = None, seed: int = 0) -> TokenRows:
        """Return the ids of each text, without special ids other than UNK.

        Args:
            texts: sequence of str.
            sampling: float above 0 and up to 1. Draw a random segmentation of each text instead of the best one:
                smoothing `alpha` of unigram (small is more random), dropout probability of BPE (large is more
                random). None for the best one.
            seed: int. Seed of the sampling; the same texts and seed give the same ids.

        Raises:
            InputError: `sampling` where there is nothing to sample from (`char`, `word`), or out of range.
        """

    def decode(self, rows: Sequence[Sequence[int]] | np.ndarray) -> list[str]:
        """Return plain text for each row of ids. A row ends at its first EOS; PAD and BOS are skipped."""
        return self._decode([_content(np.asarray(row, np.int64)) for row in rows])

    @abstractmethod
    def _decode(self, rows: list[list[int]]) -> list[str]: ...

    @abstractmethod
    def pieces(self, ids: Sequence[int]) -> list[str]:
        """Return a printable piece for each id, special ids included: the labels of a plot."""

    @abstractmethod
    def to_bytes(self) -> bytes:
        """Return the content of the tokenizer's file."""

    def save(self, path: str | Path) -> Path:
        """Write the tokenizer's file, `path` with the suffix `.model` or `.json` added, and return its path."""
        path = Path(f"{path}{self.suffix}")
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_bytes(self.to_bytes())
        temporary.replace(path)
        return path


def _content(row):
    ends = np.flatnonzero(row == EOS)
    row = row[: ends[0]] if ends.size else row
    return row[(row != PAD) & (row != BOS)].tolist()


class SentencePieceTokenizer(Tokenizer):
    """A SentencePiece model, `unigram` or `bpe`, with the special ids of this library.

    Args:
        model: bytes. A serialized SentencePiece model.

    Raises:
        InputError: not a SentencePiece model, or one with other special ids.
    """

    suffix = ".model"

    def __init__(self, model: bytes):
        proto = sentencepiece_model_pb2.ModelProto()
        try:
            proto.ParseFromString(model)
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        except Exception as error:  # protobuf and SentencePiece have several
            raise InputError("not a SentencePiece model, or a damaged one") from error
        found = [getattr(self._processor, f"{name}_id")() for name in ("pad", "unk", "bos", "eos")]
        if found != [PAD, UNK, BOS, EOS]:
            raise InputError(f"a SentencePiece model with pad, unk, bos, eos = {found}, expected [0, 1, 2, 3]")
        self.kind = sentencepiece_model_pb2.TrainerSpec.ModelType.Name(proto.trainer_spec.model_type).lower()
        self.vocabulary_size = self._processor.get_piece_size()

    @classmethod
    def train(cls, texts, vocabulary_size, *, kind="unigram", character_coverage=1.0, seed=0, threads=None):
        """Train a model. See `train_tokenizer`."""
        texts = [text for text in texts if text.strip()]
        if not texts:
            raise InputError("cannot train a tokenizer: no text was given")
        if len(texts) > _MAX_TRAINING_TEXTS:
            texts = random.Random(seed).sample(texts, _MAX_TRAINING_TEXTS)
        size = _MAX_TRAINING_CHARACTERS
        lines = (text[start : start + size] for text in texts for start in range(0, len(text), size))
        model = BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=lines,
                model_writer=model,
                model_type=kind,
                vocab_size=vocabulary_size,
                hard_vocab_limit=False,  # a small corpus gives a smaller vocabulary instead of an error
                character_coverage=character_coverage,
                normalization_rule_name="identity",  # the corpus is normalised, and plain text must come back as it was
                pad_id=PAD,
                unk_id=UNK,
                bos_id=BOS,
                eos_id=EOS,
                unk_surface=UNKNOWN_TEXT,
                num_threads=threads or _TRAINING_THREADS,
                minloglevel=2,
            )
        except RuntimeError as error:
            needed = re.search(r"smaller than required_chars\. \d+ vs (\d+)", str(error))
            if not needed:
                raise
            raise InputError(
                f"a vocabulary of {vocabulary_size} is too small: the characters of the text and the special ids "
                f"alone are {needed[1]}; raise the vocabulary size"
            ) from error
        return cls(model.getvalue())

    def encode(self, texts, *, sampling=None, seed=0):
        texts = list(texts)
        if sampling is None:
            threads = min(_cores(), 1 + len(texts) // 256)
            rows = self._processor.encode(texts, num_threads=threads, return_type="numpy")
        elif not 0 < sampling <= 1:
            raise InputError(f"sampling must be above 0 and at most 1, got {sampling}")
        else:
            with _SAMPLING:  # one thread: which of several takes which text, and so its randomness, is left to chance
                sentencepiece.set_random_generator_seed(seed % 2**32)
                options = {"enable_sampling": True, "alpha": sampling, "nbest_size": -1}
                rows = self._processor.encode(texts, num_threads=1, return_type="numpy", **options)
        lengths = np.fromiter(map(len, rows), np.int32, len(rows))
        return TokenRows(np.concatenate([np.zeros(0, np.int32), *rows]), lengths)

    def _decode(self, rows):
        return self._processor.decode(rows) if rows else []

    def pieces(self, ids):
        return [self._processor.id_to_piece(int(i)) for i in ids]

    def to_bytes(self):
        return self._processor.serialized_model_proto()


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _SymbolTokenizer(Tokenizer):
    """A list of symbols, one id each, the most frequent first."""

    suffix = ".json"

    def __init__(self, symbols: Sequence[str]):
        self.symbols = list(symbols)
        self.vocabulary_size = len(SPECIAL_PIECES) + len(self.symbols)
        self._texts = ["", UNKNOWN_TEXT, "", "", *self.symbols]

    @classmethod
    def train(cls, texts, max_size=None, *, min_count=1):
        """Build the vocabulary. See `train_tokenizer`."""
        counts = Counter(chain.from_iterable(map(cls._symbols, texts)))
        if not counts:
            raise InputError("cannot train a tokenizer: no text was given")
        # Ties go by code point, so that the order of the texts does not matter.
        symbols = sorted((s for s in counts if counts[s] >= min_count), key=lambda symbol: (-counts[symbol], symbol))
        if max_size is not None:
            symbols = symbols[: max(max_size - len(SPECIAL_PIECES), 0)]
        if not symbols:
            raise InputError(
                f"nothing is left in a vocabulary of at most {max_size} with symbols seen at least {min_count} times: "
                "raise the vocabulary size or lower the minimum count"
            )
        return cls(symbols)

    def encode(self, texts, *, sampling=None, seed=0):
        if sampling is not None:
            raise InputError(f"a {self.kind} tokenizer has one segmentation of a text: sampling needs unigram or bpe")
        return self._encode(list(texts))

    def _decode(self, rows):
        return [self._separator.join([self._texts[i] for i in row]) for row in rows]

    def pieces(self, ids):
        table = [*SPECIAL_PIECES, *self.symbols]
        return [table[i].replace(" ", "\u2423") for i in ids]

    def to_bytes(self):
        content = {"kind": self.kind, "symbols": self.symbols}
        return (json.dumps(content, ensure_ascii=False, indent=0, sort_keys=True) + "\n").encode()


class CharacterTokenizer(_SymbolTokenizer):
    """One id per character (Unicode code point), spaces included.

    Args:
        symbols: sequence of str of length 1, without repeats. The character of id 4, 5, and so on.
    """

    kind = "char"
    _separator = ""

    def __init__(self, symbols):
        super().__init__(symbols)
        codes = np.fromiter(map(ord, self.symbols), np.uint32, len(self.symbols))
        order = np.argsort(codes)
        self._codes, self._ids = codes[order], (order + len(SPECIAL_PIECES)).astype(np.int32)

    @staticmethod
    def _symbols(text):
        return text

    def _encode(self, texts):
        codes = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
        places = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        values = np.where(self._codes[places] == codes, self._ids[places], np.int32(UNK))
        return TokenRows(values, np.fromiter(map(len, texts), np.int32, len(texts)))


class WordTokenizer(_SymbolTokenizer):
    """One id per word, a word being what stands between spaces; decoding puts single spaces between words.

    Punctuation is not separated: what was normalised text comes back as it was, and symbols such as phones
    (`"AA B K"`) stay whole. For running text prefer `unigram` or `bpe`.

    Args:
        symbols: sequence of str without repeats. The word of id 4, 5, and so on.
    """

    kind = "word"
    _separator = " "

    def __init__(self, symbols):
        super().__init__(symbols)
        self._ids = {symbol: i for i, symbol in enumerate(self.symbols, len(SPECIAL_PIECES))}

    @staticmethod
    def _symbols(text):
        return text.split()

    def _encode(self, texts):
        return TokenRows.from_rows([[self._ids.get(word, UNK) for word in text.split()] for text in texts])


def train_tokenizer(
    kind: str,
    texts: Iterable[str],
    *,
    vocabulary_size: int = 8000,
    min_count: int = 1,
    character_coverage: float = 1.0,
    seed: int = 0,
    threads: int | None = None,
) -> Tokenizer:
    """Train a tokenizer; the same texts and arguments give the same one.

    Args:
        kind: str. `"unigram"` or `"bpe"` (SentencePiece), `"char"` or `"word"`.
        texts: iterable of str, normalised. For a joint vocabulary, those of both sides.
        vocabulary_size: int. Upper limit, special ids included. A corpus that gives fewer pieces gets fewer:
            `tokenizer.vocabulary_size` says how many.
        min_count: int. `char` and `word`: symbols seen less often become UNK.
        character_coverage: float. `unigram` and `bpe`: share of the characters of the text that get a piece of
            their own; 0.9995 for languages with thousands of characters.
        seed: int. `unigram` and `bpe`: which texts to train on where there are more than two million.
        threads: int. `unigram` and `bpe`. The model depends on it, so None is 4 on every machine.

    Raises:
        InputError: unknown `kind`, no text, or a vocabulary too small for the characters of the text.

    >>> tokenizer = train_tokenizer("char", ["a cab"])
    >>> tokenizer.decode([[*tokenizer.encode(["cab a"])[0], EOS, PAD]])
    ['cab a']
    """
    if kind in ("unigram", "bpe"):
        options = {"character_coverage": character_coverage, "seed": seed, "threads": threads}
        return SentencePieceTokenizer.train(texts, vocabulary_size, kind=kind, **options)
    if kind not in _SYMBOL_TOKENIZERS:
        raise InputError(f"unknown tokenizer {kind!r}: expected unigram, bpe, char or word")
    return _SYMBOL_TOKENIZERS[kind].train(texts, vocabulary_size, min_count=min_count)


_SYMBOL_TOKENIZERS = {"char": CharacterTokenizer, "word": WordTokenizer}


def load_tokenizer(path: str | Path) -> Tokenizer:
    """Load the file of a tokenizer, `.model` or `.json`. Never executes anything from it.

    Raises:
        InputError: the file is missing, damaged or not a tokenizer's.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        return SentencePieceTokenizer(content) if path.suffix == ".model" else _symbols_from_json(content)
    except OSError as error:
        raise InputError(f"the tokenizer {path} cannot be read: {error.strerror}") from error
    except InputError as error:
        raise InputError(f"{path} is not a tokenizer of this library: {error}") from error


def _symbols_from_json(content):
    try:
        record = json.loads(content)
        kind, symbols = _SYMBOL_TOKENIZERS[record["kind"]], record["symbols"]
    except (ValueError, KeyError, TypeError) as error:  # ValueError: neither UTF-8 nor JSON
        raise InputError("expected JSON with a kind (char, word) and symbols") from error
    texts = isinstance(symbols, list) and symbols and all(isinstance(symbol, str) and symbol for symbol in symbols)
    if not texts or len(set(symbols)) < len(symbols) or (record["kind"] == "char" and max(map(len, symbols)) > 1):
        raise InputError(f"expected distinct symbols of the kind {record['kind']!r}")
    return kind(symbols)


@dataclass(frozen=True)
class SideStatistics:
    """Numbers of one side of a corpus: `tokens`, lengths in tokens, and the share of tokens that are UNK."""

    tokens: int
    mean_length: float
    median_length: float
    max_length: int
    unknown_rate: float

    @classmethod
    def of(cls, rows: TokenRows) -> "SideStatistics":
        """Compute them; `rows` must not be empty."""
        lengths = rows.lengths
        unknown = float(np.mean(rows.values == UNK)) if rows.values.size else 0.0
        return cls(int(lengths.sum()), float(lengths.mean()), float(np.median(lengths)), int(lengths.max()), unknown)


@dataclass(frozen=True)
class CorpusStatistics:
    """The numbers to look at before training.

    Attributes:
        pairs: int.
        source: SideStatistics.
        target: SideStatistics.
    """

    pairs: int
    source: SideStatistics
    target: SideStatistics

    def rows(self) -> list[tuple[str, str, str]]:
        """Return (name, source, target) rows of a table."""
        formats = {
            "tokens": ("tokens", "{:,}"),
            "mean_length": ("mean length", "{:.1f}"),
            "median_length": ("median length", "{:g}"),
            "max_length": ("longest", "{:,}"),
            "unknown_rate": ("unknown", "{:.3%}"),
        }
        sides = (self.source, self.target)
        table = [(name, *(form.format(getattr(side, key)) for side in sides)) for key, (name, form) in formats.items()]
        return [("pairs", f"{self.pairs:,}", f"{self.pairs:,}"), *table]


def corpus_statistics(source: TokenRows, target: TokenRows) -> CorpusStatistics:
    """Return the statistics of an encoded corpus of at least one pair."""
    return CorpusStatistics(len(source), SideStatistics.of(source), SideStatistics.of(target))
