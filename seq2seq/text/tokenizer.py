"""Texts to ids and back: training, adopting and loading of tokenizers."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from seq2seq.errors import InputError
from seq2seq.text.reserved import PLACEHOLDERS
from seq2seq.text.subwords import SentencePieceTokenizer
from seq2seq.text.symbols import SYMBOL_TOKENIZERS, symbols_from_json
from seq2seq.text.tokens import Tokenizer, TokenRows

SUBWORDS = ("unigram", "bpe")


def train_tokenizer(
    kind: str,
    texts: Iterable[str],
    *,
    vocabulary_size: int = 8000,
    min_count: int = 1,
    character_coverage: float = 1.0,
    keep_white_space: bool = False,
    byte_fallback: bool = False,
    placeholders: bool = False,
    seed: int = 0,
    threads: int | None = None,
) -> Tokenizer:
    """Train a tokenizer; the same texts and arguments give the same one.

    Args:
        kind: str. `"unigram"` or `"bpe"` (SentencePiece), `"char"` or `"word"`.
        texts: iterable of str, normalised. For a joint vocabulary, those of both sides.
        vocabulary_size: int. Upper limit, special ids included. A corpus that gives fewer pieces gets fewer:
            `tokenizer.vocabulary_size` says how many.
        min_count: int. `char` and `word`: symbols seen less often become UNK. `unigram` and `bpe`: characters seen
            less often are in no piece.
        character_coverage: float. `unigram` and `bpe`: share of the characters of the text that get a piece of
            their own; 0.9995 for languages with thousands of characters.
        keep_white_space: bool. Texts come back with all their white space: they were normalised so. `char` always
            does that, `word` cannot.
        byte_fallback: bool. `unigram` and `bpe`: what is in no piece becomes UTF-8 bytes, 256 pieces of their own, so
            that nothing is unknown.
        placeholders: bool. Have the symbols of `Protection` in the vocabulary, each a token that nothing merges with.
        seed: int. `unigram` and `bpe`: which texts to train on where there are more than two million.
        threads: int. `unigram` and `bpe`. The model depends on it, so None is 4 on every machine.

    Raises:
        InputError: unknown `kind`, no text, a vocabulary too small for the characters of the text, or an option that
            does not go with the kind.

    >>> from seq2seq.special_ids import EOS, PAD
    >>> tokenizer = train_tokenizer("char", ["a cab"])
    >>> tokenizer.decode([[*tokenizer.encode(["cab a"])[0], EOS, PAD]])
    ['cab a']
    """
    symbols = PLACEHOLDERS if placeholders else ()
    if kind in SUBWORDS:
        return SentencePieceTokenizer.train(
            texts,
            vocabulary_size,
            kind=kind,
            min_count=min_count,
            character_coverage=character_coverage,
            keep_white_space=keep_white_space,
            byte_fallback=byte_fallback,
            symbols=symbols,
            seed=seed,
            threads=threads,
        )
    if kind not in SYMBOL_TOKENIZERS:
        raise InputError(f"unknown tokenizer {kind!r}: expected unigram, bpe, char or word")
    if byte_fallback:
        raise InputError(f"a {kind} tokenizer has no byte fallback: that needs unigram or bpe")
    if keep_white_space and kind == "word":
        raise InputError("a word tokenizer cannot keep white space, which ends its words: use char, unigram or bpe")
    return SYMBOL_TOKENIZERS[kind].train(texts, vocabulary_size, min_count=min_count, symbols=symbols)


def adopt_model(path: str | Path, *, keep_white_space: bool = False, placeholders: bool = False) -> Tokenizer:
    """Make a tokenizer of a SentencePiece model that was trained elsewhere. Never executes anything from it.

    Args:
        path: file of the model.
        keep_white_space: bool. Whether it must give back white space as it was.
        placeholders: bool. Add the symbols of `Protection`.

    Raises:
        InputError: the file is missing, no SentencePiece model, or one that changes white space which must be kept.
    """
    symbols = PLACEHOLDERS if placeholders else ()
    try:
        return SentencePieceTokenizer.adopt(Path(path).read_bytes(), keep_white_space=keep_white_space, symbols=symbols)
    except OSError as error:
        raise InputError(f"the SentencePiece model {path} cannot be read: {error.strerror}") from error
    except InputError as error:
        raise InputError(f"{path} cannot be a tokenizer: it is {error}") from error


def resample(tokenizer: Tokenizer, texts: Sequence[str], sampling: float, seed: int) -> TokenRows:
    """Encode texts, each in a random segmentation where the tokenizer has several; see `Tokenizer.encode`."""
    if tokenizer.kind in SUBWORDS:
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
