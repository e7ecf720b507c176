"""Which pairs of a corpus to train on, and which to hold out."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from seq2seq.errors import InputError
from seq2seq.text.blank import is_blank
from seq2seq.text.corpus import ParallelText

# Short pairs may well differ much in length ("OK" in any language; a spelling and its phones).
_RATIO_FREE_CHARACTERS = 100
_ELSE = ": give more, or validation pairs of their own (--valid)"


@dataclass(frozen=True)
class CleaningReport:
    """What `clean` saw.

    Attributes:
        read: int. Pairs that came in.
        kept: int. Pairs that went out.
        dropped: dict of str to int. Pairs dropped for `"empty side"` (`is_blank`), `"too long"` and `"length ratio"`;
            a pair counts for the first reason that holds.
        duplicates: int. Kept pairs that repeat an earlier one, source and target. They stay.
    """

    read: int
    kept: int
    dropped: dict[str, int]
    duplicates: int

    def rows(self) -> list[tuple[str, str]]:
        """Return the report as (name, value) rows of a table."""
        dropped = [(f"dropped: {reason}", f"{count:,}") for reason, count in self.dropped.items()]
        return [
            ("pairs read", f"{self.read:,}"),
            *dropped,
            ("pairs kept", f"{self.kept:,}"),
            ("of them repeated", f"{self.duplicates:,}"),
        ]


def clean(
    pairs: ParallelText, *, max_characters: int | None = 1000, max_ratio: float | None = 6.0
) -> tuple[ParallelText, CleaningReport]:
    """Drop pairs that cannot or should not be trained on, and count why.

    Args:
        pairs: ParallelText.
        max_characters: int. Longest side to keep, in characters. None keeps all.
        max_ratio: float. Largest ratio of the longer to the shorter side, in characters, to keep; looked at only
            where the longer side has more than 100. None keeps all.

    Returns:
        The kept pairs, a `ParallelText`, and the `CleaningReport`.

    Raises:
        InputError: no pair is left.
    """
    cleaning = Cleaning(max_characters, max_ratio)
    cleaned = pairs.take(cleaning.kept(pairs.source, pairs.target))
    return cleaned, cleaning.report()


class Cleaning:
    """What `clean` does, for a corpus that comes block by block: holds eight bytes a pair, to count repeated ones.

    Args:
        max_characters: as for `clean`.
        max_ratio: as for `clean`.
    """

    def __init__(self, max_characters: int | None, max_ratio: float | None):
        self._max_characters, self._max_ratio = max_characters, max_ratio
        self._read, self._dropped = 0, {"empty side": 0, "too long": 0, "length ratio": 0}
        self._hashes = array("q")  # 64 bits: of ten million pairs, two are taken for one once in 400,000 corpora

    def kept(self, sources: Sequence[str], targets: Sequence[str]) -> list[int]:
        """Return which of these pairs to keep."""
        kept = []
        for row, (source, target) in enumerate(zip(sources, targets, strict=True)):
            if reason := self._reason(source, target):
                self._dropped[reason] += 1
            else:
                kept.append(row)
                self._hashes.append(hash((source, target)))
        self._read += len(sources)
        return kept

    def _reason(self, source, target):
        if is_blank(source) or is_blank(target):
            return "empty side"
        short, long = sorted((len(source), len(target)))
        if self._max_characters is not None and long > self._max_characters:
            return "too long"
        if self._max_ratio is not None and long > _RATIO_FREE_CHARACTERS and long > self._max_ratio * short:
            return "length ratio"
        return None

    def report(self) -> CleaningReport:
        """Return the counts of all blocks.

        Raises:
            InputError: no pair is left.
        """
        kept = len(self._hashes)
        if not kept:
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in self._dropped.items())
            raise InputError(
                f"none of {self._read:,} pairs is left after cleaning ({reasons}): check the data or the limits"
            )
        hashes = np.array(self._hashes)
        hashes.sort()
        duplicates = int(np.count_nonzero(hashes[1:] == hashes[:-1]))
        return CleaningReport(self._read, kept, dict(self._dropped), duplicates)


def hold_out(pairs: ParallelText, share: float, seed: int) -> tuple[ParallelText, ParallelText]:
    """Split off a validation part so that no source text is on both sides.

    Sources are ranked by a keyed hash: the choice depends on the seed, not on the order of the rows, and changes
    little when rows are added.

    Args:
        pairs: ParallelText.
        share: float between 0 and 1. Share of the distinct sources to hold out; at least one source is.
        seed: int.

    Returns:
        `(train, valid)`, both in the order of `pairs`.

    Raises:
        InputError: `share` is not between 0 and 1, or there are fewer than two distinct sources.
    """
    held_out = chosen_sources(source_ranks(pairs.source, seed), share)
    return pairs.take(np.flatnonzero(~held_out)), pairs.take(np.flatnonzero(held_out))


def first_held_out(pairs: int, share: float) -> int:
    """Return where the validation part begins if it is the last `share` of `pairs` pairs: one at least, and not all.

    Raises:
        InputError: there are fewer than two pairs.
    """
    if pairs < 2:
        raise InputError(f"cannot hold out validation data: {pairs} pair, expected at least 2{_ELSE}")
    return min(max(round(pairs * (1.0 - share)), 1), pairs - 1)


def source_ranks(sources: Sequence[str], seed: int) -> np.ndarray:
    """Return a hash of each text keyed by `seed`, uint64 `(texts,)`: equal texts have equal ranks."""
    key = str(seed).encode()[:64]
    digests = [blake2b(text.encode(), digest_size=16, key=key).digest()[:8] for text in sources]
    return np.frombuffer(b"".join(digests), ">u8").astype(np.uint64)


def chosen_sources(ranks: np.ndarray, share: float) -> np.ndarray:
    """Return which pairs to hold out, bool `(pairs,)`: those whose source is among the lowest `share` of the ranks.

    Args:
        ranks: uint64 array, `(pairs,)`. See `source_ranks`.
        share: as for `hold_out`.

    Raises:
        InputError: as `hold_out`.
    """
    if not 0 < share < 1:
        raise InputError(f"the share to hold out must be between 0 and 1, got {share}")
    distinct = np.unique(ranks)
    if len(distinct) < 2:
        raise InputError(
            f"cannot hold out validation data: {len(distinct)} distinct source text, expected at least 2{_ELSE}"
        )
    count = min(max(round(share * len(distinct)), 1), len(distinct) - 1)
    return ranks <= distinct[count - 1]
