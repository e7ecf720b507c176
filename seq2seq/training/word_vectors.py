"""Embeddings that start from word vectors of a file, where a training begins."""

from collections.abc import Sequence

import numpy as np

from seq2seq.config import TranslationConfig
from seq2seq.errors import InputError
from seq2seq.models import EncoderDecoder
from seq2seq.report import Report
from seq2seq.text.stored_rows import StoredRows
from seq2seq.text.tokens import SPECIAL_PIECES, Tokenizer, TokenRows
from seq2seq.text.vectors import read_vectors, vector_dimension

WORD_BEGIN = "\u2581"  # begins the pieces of SentencePiece that begin a word
_ROWS_AT_ONCE = 2**16


Files = Sequence[tuple[str, str]]  # setting and file of each embedding that starts from one


def word_vector_files(config: TranslationConfig) -> Files:
    """Setting and file of each embedding that starts from one; an embedding of both sides has one file."""
    settings = {f"model.{side}_vectors": getattr(config.model, f"{side}_vectors") for side in ("source", "target")}
    given = [(setting, path) for setting, path in settings.items() if path]
    return given[:1] if config.shares_embedding else given


def check_word_vectors(files: Files, width: int) -> None:
    """Look at the first lines of files, before anything takes long.

    Raises:
        InputError: a file that cannot be read, or whose vectors have not the `width` of the embedding.
    """
    for setting, path in files:
        dimension = vector_dimension(path)
        if dimension != width:
            raise InputError(
                f"{setting}={path} has vectors of {dimension} numbers, the embedding has model.embedding_dim={width}: "
                f"set model.embedding_dim={dimension}, or take other vectors."
            )


def start_from_word_vectors(
    model: EncoderDecoder,
    config: TranslationConfig,
    files: Files,
    tokenizers: Sequence[Tokenizer],
    rows: Sequence[TokenRows | StoredRows],
    report: Report,
) -> None:
    """Set the embeddings of a model from files of word vectors.

    A piece of the vocabulary takes the vector of itself as it stands, or else of itself without the mark that begins a
    word. Other rows keep their random values, scaled so that their root mean square is that of the rows found.

    Args:
        model: `EncoderDecoder` with fresh weights.
        config: its `TranslationConfig`.
        files: what `word_vector_files` says.
        tokenizers: those of source and target.
        rows: ids of the training pairs, source and target.
        report: `Report` that hears how much was found.

    Raises:
        InputError: a file that cannot be read, or that has nothing of the vocabulary.
    """
    embeddings, told = (model.encoder.embedding, model.decoder.embedding), []
    for setting, path in files:
        side = int(setting == "model.target_vectors")
        weights = embeddings[side].table.embeddings
        table, found, scale = _filled(weights.numpy(), path, tokenizers[side])
        if not found.any():
            raise InputError(
                f"{setting}={path} has none of the {len(found) - len(SPECIAL_PIECES):,} pieces of the vocabulary: "
                "take vectors of this language, or a tokenizer whose pieces are words (text.tokenizer=word)."
            )
        weights.assign(table)
        counts = _counts(rows if config.shares_embedding else rows[side : side + 1], len(found))
        of_pieces, of_tokens = found[len(SPECIAL_PIECES) :].mean(), counts[found].sum() / counts.sum()
        told.append((setting, _place(config, side), f"{of_pieces:.1%}", f"{of_tokens:.1%}", f"{scale:.3g}"))
    if told:
        columns = ("", "embedding of", "of the vocabulary", "of the training tokens", "other rows scaled by")
        report.table("Word vectors found", columns, told)


def _filled(table, path, tokenizer):
    """The table with the vectors of the file, which rows have one, and by what the others were scaled."""
    first = len(SPECIAL_PIECES)
    pieces = tokenizer.pieces(range(first, tokenizer.vocabulary_size))
    names = [(piece, piece.removeprefix(WORD_BEGIN)) for piece in pieces]
    vectors = read_vectors(path, {name for pair in names for name in pair if name})
    table, found = table.copy(), np.zeros(len(table), bool)
    for row, (piece, word) in enumerate(names, first):
        vector = vectors.get(piece, vectors.get(word))
        if vector is not None:
            table[row], found[row] = vector, True
    if not found.any():
        return table, found, 1.0
    scale = np.sqrt(np.mean(table[found] ** 2) / np.mean(table[~found] ** 2))
    return np.where(found[:, None], table, table * scale), found, scale


def _place(config, side):
    name = "both sides" if config.shares_embedding else ("the source", "the target")[side]
    is_output = config.model.tie_output and (side or config.shares_embedding)
    return f"{name}, output layer" if is_output else name


def _counts(rows, size):
    """How often each id comes, int64 `(size,)`; rows of a file are read block by block."""
    counts = np.zeros(size, np.int64)
    for some in rows:
        for first in range(0, len(some), _ROWS_AT_ONCE):
            block = some.take(np.arange(first, min(first + _ROWS_AT_ONCE, len(some))))
            counts += np.bincount(block.values, minlength=size)
    return counts
