"""Texts to ids and back: training and loading of tokenizers, and those of SentencePiece."""

import os
import random
import re
import threading
from collections.abc import Iterable, Sequence
from io import BytesIO
from itertools import chain
from pathlib import Path

import numpy as np
import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from seq2seq.errors import InputError
from seq2seq.special_ids import BOS, EOS, PAD, UNK
from seq2seq.text.symbols import SYMBOL_TOKENIZERS, symbols_from_json
from seq2seq.text.tokens import UNKNOWN_TEXT, Tokenizer, TokenRows

# A trained SentencePiece model depends on the number of threads, so it is not the number of cores.
_TRAINING_THREADS = 4
_MAX_TRAINING_TEXTS = 2_000_000
# SentencePiece skips longer lines (4192 bytes; a character has at most 4) and their characters with them.
_MAX_TRAINING_CHARACTERS = 1000
# The seed of SentencePiece's sampling is global to the process.
_SAMPLING = threading.Lock()


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
            if not proto.pieces:  # a processor without a model ends the process when it is asked anything
                raise ValueError("no pieces")
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
            rows = self._processor.encode(texts, num_threads=threads)
        elif not 0 < sampling <= 1:
            raise InputError(f"sampling must be above 0 and at most 1, got {sampling}")
        else:
            with _SAMPLING:  # one thread: which of several takes which text, and so its randomness, is left to chance
                sentencepiece.set_random_generator_seed(seed % 2**32)
                options = {"enable_sampling": True, "alpha": sampling, "nbest_size": -1}
                rows = self._processor.encode(texts, num_threads=1, **options)
        lengths = np.fromiter(map(len, rows), np.int32, len(rows))
        return TokenRows(np.fromiter(chain.from_iterable(rows), np.int32, int(lengths.sum())), lengths)

    def _decode(self, rows):
        return self._processor.decode(rows) if rows else []

    def pieces(self, ids):
        return [self._processor.id_to_piece(int(i)) for i in ids]

    def spelling(self, ids):
        silent = {PAD: "", BOS: "", EOS: "", UNK: UNKNOWN_TEXT}
        return [silent.get(i, piece.replace("\u2581", " ")) for i, piece in zip(ids, self.pieces(ids), strict=True)]

    def to_bytes(self):
        return self._processor.serialized_model_proto()


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
    if kind not in SYMBOL_TOKENIZERS:
        raise InputError(f"unknown tokenizer {kind!r}: expected unigram, bpe, char or word")
    return SYMBOL_TOKENIZERS[kind].train(texts, vocabulary_size, min_count=min_count)


def resample(tokenizer: Tokenizer, texts: Sequence[str], sampling: float, seed: int) -> TokenRows:
    """Encode texts, each in a random segmentation where the tokenizer has several; see `Tokenizer.encode`."""
    if tokenizer.kind in ("unigram", "bpe"):
        return tokenizer.encode(texts, sampling=sampling, seed=seed)
    return tokenizer.encode(texts)


def load_tokenizer(path: str | Path) -> Tokenizer:
    """Load the file of a tokenizer, `.model` or `.json`. Never executes anything from it.

    Raises:
        InputError: the file is missing, damaged or not a tokenizer's.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        return SentencePieceTokenizer(content) if path.suffix == ".model" else symbols_from_json(content)
    except OSError as error:
        raise InputError(f"the tokenizer {path} cannot be read: {error.strerror}") from error
    except InputError as error:
        raise InputError(f"{path} is not a tokenizer of this library: {error}") from error
