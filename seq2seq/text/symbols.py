"""Tokenizers whose vocabulary is a list of symbols: characters, or words."""

import json
from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from itertools import chain

import numpy as np

from seq2seq.errors import InputError
from seq2seq.special_ids import UNK
from seq2seq.text.reserved import JOINER, PLACEHOLDER, PLACEHOLDERS, shown
from seq2seq.text.tokens import SPECIAL_PIECES, UNKNOWN_TEXT, Tokenizer, TokenRows


class _SymbolTokenizer(Tokenizer):
    """A list of symbols, one id each, the most frequent first."""

    suffix = ".json"

    def __init__(self, symbols: Sequence[str]):
        self.symbols = list(symbols)
        self.vocabulary_size = len(SPECIAL_PIECES) + len(self.symbols)
        self._texts = ["", UNKNOWN_TEXT, "", "", *self.symbols]
        self._ids = {symbol: i for i, symbol in enumerate(self.symbols, len(SPECIAL_PIECES))}

    @classmethod
    def train(cls, texts, max_size=None, *, min_count=1, symbols=()):
        """Build the vocabulary, `symbols` in it first. See `train_tokenizer`."""
        given = cls._forms(symbols)
        counts = Counter(chain.from_iterable(map(cls._splitter(given), texts)))
        for symbol in given:
            counts.pop(symbol, None)
        if not counts:
            raise InputError("cannot train a tokenizer: no text was given")
        # Ties go by code point, so that the order of the texts does not matter.
        symbols = sorted((s for s in counts if counts[s] >= min_count), key=lambda symbol: (-counts[symbol], symbol))
        if max_size is not None:
            symbols = symbols[: max(max_size - len(SPECIAL_PIECES) - len(given), 0)]
        if not symbols:
            raise InputError(
                f"nothing is left in a vocabulary of at most {max_size} with symbols seen at least {min_count} times: "
                "raise the vocabulary size or lower the minimum count"
            )
        return cls([*given, *symbols])

    @staticmethod
    def _forms(symbols):
        """All that a symbol which is always in the vocabulary may look like in `_symbols`."""
        return list(symbols)

    @staticmethod
    @abstractmethod
    def _splitter(symbols):
        """A function from a text to its symbols, for a vocabulary that holds `symbols`."""

    def unknown(self, text):
        return [symbol for symbol in self._splitter(self._ids)(text) if symbol not in self._ids]

    def surfaces(self, text):
        return self._spelled([self._separator + symbol for symbol in self._splitter(self._ids)(text)])

    def encode(self, texts, *, sampling=None, seed=0):
        if sampling is not None:
            raise InputError(f"a {self.kind} tokenizer has one segmentation of a text: sampling needs unigram or bpe")
        return self._encode(list(texts))

    def _decode(self, rows):
        return [self._separator.join([self._texts[i] for i in row]) for row in rows]

    def pieces(self, ids):
        table = [*SPECIAL_PIECES, *self.symbols]
        return [shown(table[i]) for i in ids]

    def spelling(self, ids):
        return self._spelled([self._separator + self._texts[i] if self._texts[i] else "" for i in ids])

    def _spelled(self, parts):
        """What symbols, each behind its separator, add to a text."""
        return parts

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
        self._codes, self._ids_of_codes = codes[order], (order + len(SPECIAL_PIECES)).astype(np.int32)

    @staticmethod
    def _splitter(symbols):
        return str

    def _encode(self, texts):
        codes = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
        places = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        values = np.where(self._codes[places] == codes, self._ids_of_codes[places], np.int32(UNK))
        return TokenRows(values, np.fromiter(map(len, texts), np.int32, len(texts)))


class WordTokenizer(_SymbolTokenizer):
    """One id per word, a word being what stands between spaces; decoding puts single spaces between words.

    Punctuation is not separated: what was normalised text comes back as it was, and symbols such as phones
    (`"AA B K"`) stay whole. Only placeholders, in a vocabulary that has them, are symbols wherever they stand, in
    forms that tell whether they touch a word (`JOINER`). For running text prefer `unigram` or `bpe`.

    Args:
        symbols: sequence of str without repeats. The word of id 4, 5, and so on.
    """

    kind = "word"
    _separator = " "

    def __init__(self, symbols):
        super().__init__(symbols)
        self._split = self._splitter(self._ids)

    @staticmethod
    def _forms(symbols):
        return [left + symbol + right for left in ("", JOINER) for right in ("", JOINER) for symbol in symbols]

    @staticmethod
    def _splitter(symbols):
        return _split_at_placeholders if PLACEHOLDERS[0] in symbols else str.split

    def _encode(self, texts):
        return TokenRows.from_rows([[self._ids.get(word, UNK) for word in self._split(text)] for text in texts])

    def _decode(self, rows):
        texts = super()._decode(rows)
        return texts if self._split is str.split else [_joined(text) for text in texts]

    def _spelled(self, parts):
        spelled, joined = [], False
        for part in parts:
            begins, joins = joined or part.startswith(self._separator + JOINER), part.endswith(JOINER)
            part = part.replace(JOINER, "")
            spelled.append(part.removeprefix(self._separator) if begins else part)
            joined = joins if part else joined
        return spelled


def _split_at_placeholders(text):
    words = []
    for word in text.split():
        parts = list(filter(None, PLACEHOLDER.split(word)))
        # A placeholder tells that nothing is between it and its neighbours, of two the first: words stay as they are.
        for before, part, behind in zip([None, *parts], parts, [*parts[1:], None], strict=False):
            if part in PLACEHOLDERS:
                part = (JOINER if before and before not in PLACEHOLDERS else "") + part + (JOINER if behind else "")
            words.append(part)
    return words


def _joined(text):
    return text.replace(" " + JOINER, "").replace(JOINER + " ", "").replace(JOINER, "")


SYMBOL_TOKENIZERS = {"char": CharacterTokenizer, "word": WordTokenizer}


def symbols_from_json(content: bytes) -> Tokenizer:
    """Load the tokenizer that `to_bytes` gave as `content`.

    Raises:
        InputError: it is none.
    """
    try:
        record = json.loads(content)
        kind, symbols = SYMBOL_TOKENIZERS[record["kind"]], record["symbols"]
    except (ValueError, KeyError, TypeError) as error:  # ValueError: neither UTF-8 nor JSON
        raise InputError("expected JSON with a kind (char, word) and symbols") from error
    texts = isinstance(symbols, list) and symbols and all(isinstance(symbol, str) and symbol for symbol in symbols)
    if not texts or len(set(symbols)) < len(symbols) or (record["kind"] == "char" and max(map(len, symbols)) > 1):
        raise InputError(f"expected distinct symbols of the kind {record['kind']!r}")
    return kind(symbols)
