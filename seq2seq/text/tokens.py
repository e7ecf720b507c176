"""Ids of tokens: the special ones, rows of them, what makes them of text (`Tokenizer`), and their statistics."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np

from seq2seq.special_ids import BOS, EOS, PAD, UNK
from seq2seq.storage import replacing

SPECIAL_PIECES = ("<pad>", "<unk>", "<s>", "</s>")
# What an unknown symbol looks like in plain text: U+2047, as in SentencePiece.
UNKNOWN_TEXT = "\u2047"


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

    def followed_by(self, other: "TokenRows") -> "TokenRows":
        """Return these rows and then those of another one."""
        return TokenRows(np.concatenate((self.values, other.values)), np.concatenate((self.lengths, other.lengths)))

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


def rows_with_unknown(rows: TokenRows) -> np.ndarray:
    """The positions of the rows that have an UNK, in their order."""
    places = np.flatnonzero(rows.values == UNK)
    return np.unique(np.searchsorted(rows.offsets, places, side="right") - 1)


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

    @abstractmethod
    def unknown(self, text: str) -> list[str]:
        """Return what of a text becomes UNK, in its order, as it stands there: characters or words."""

    @abstractmethod
    def surfaces(self, text: str) -> list[str]:
        """Return what each token of `encode([text])` stands for, as it stands in the text, unknown ones too.

        The spaces between words are included. Where bytes stand for a character, it is that of the last of them.
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
    def spelling(self, ids: Sequence[int]) -> list[str]:
        """Return what each id adds to plain text, the spaces between words included; nothing for PAD, BOS and EOS.

        Where bytes spell a character, the last of them adds it, and the others nothing.
        """

    @abstractmethod
    def to_bytes(self) -> bytes:
        """Return the content of the tokenizer's file."""

    def agrees_with(self, other: "Tokenizer") -> bool:
        """Return whether another one gives the same ids of all texts, and the same texts of all ids."""
        return self.kind == other.kind and self._essence() == other._essence()

    def _essence(self) -> bytes:
        """What ids and texts depend on, beside the kind."""
        return self.to_bytes()

    def save(self, path: str | Path) -> Path:
        """Write the tokenizer's file, `path` with the suffix `.model` or `.json` added, and return its path."""
        path = Path(f"{path}{self.suffix}")
        with replacing(path) as temporary:
            temporary.write_bytes(self.to_bytes())
        return path


def _content(row):
    ends = np.flatnonzero(row == EOS)
    row = row[: ends[0]] if ends.size else row
    return row[(row != PAD) & (row != BOS)].tolist()


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
        return cls.of_lengths(rows.lengths, int(np.count_nonzero(rows.values == UNK)))

    @classmethod
    def of_lengths(cls, lengths: np.ndarray, unknown: int) -> "SideStatistics":
        """Compute them from the lengths of the rows, at least one, and the number of ids that are UNK."""
        tokens = int(lengths.sum())
        median, longest = float(np.median(lengths)), int(lengths.max())
        return cls(tokens, float(lengths.mean()), median, longest, unknown / max(tokens, 1))


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


def pad_rows(rows: TokenRows, steps: int | None = None, *, end: bool = True) -> np.ndarray:
    """Return rows padded on the right.

    Args:
        rows: `TokenRows`.
        steps: int. Width, at least that of the longest row. None: just that.
        end: bool. Append EOS to each row; it counts for the width.

    Returns:
        int32 array, `(rows, steps)`, PAD behind the end of each row.
    """
    steps = steps or int(rows.lengths.max(initial=0)) + end
    padded = np.full((len(rows), steps), PAD, np.int32)
    padded[np.arange(steps) < rows.lengths[:, None]] = rows.values
    if end:
        padded[np.arange(len(rows)), rows.lengths] = EOS
    return padded
