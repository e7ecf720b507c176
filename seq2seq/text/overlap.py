"""How much of the validation pairs is among the training pairs too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from seq2seq.text.corpus import ParallelText

PAIR_HASHES = np.dtype([("source", "<u8"), ("pair", "<u8")])


@dataclass(frozen=True)
class Overlap:
    """How many validation pairs are found among the training pairs.

    Attributes:
        valid: int. Validation pairs.
        sources: int. Those of them whose source text is.
        pairs: int. Those of them that are as a whole, source and target.
    """

    valid: int
    sources: int
    pairs: int

    def warning(self) -> str | None:
        """What to warn of; None where nothing is on both sides."""
        if not self.sources:
            return None
        return (
            f"{self.sources:,} of {self.valid:,} validation pairs ({self.sources / self.valid:.1%}) have a source text "
            f"that is in the training part, too, {self.pairs:,} of them with the same target: their figures say how "
            "much was learned by heart"
        )


def pair_hashes(sources: Sequence[str], targets: Sequence[str]) -> np.ndarray:
    """Return 64 bits of a hash of each source and of each pair, an array of `PAIR_HASHES`, `(pairs,)`.

    The hashes are the same in every process.
    """
    digests = bytearray()
    for source, target in zip(sources, targets, strict=True):
        state = blake2b(source.encode(), digest_size=8)
        digests += state.digest()
        state.update(b"\n" + target.encode())  # no text that was normalised has a line break
        digests += state.digest()
    return np.frombuffer(bytes(digests), PAIR_HASHES)


def overlap(valid: ParallelText, train: Iterable[np.ndarray]) -> Overlap:
    """Count the validation pairs that are among training pairs.

    Args:
        valid: ParallelText.
        train: `pair_hashes` of the training pairs, block by block; one block is held at a time.
    """
    hashes = pair_hashes(valid.source, valid.target)
    found = {name: np.zeros(len(hashes), bool) for name in PAIR_HASHES.names}
    wanted = {name: np.unique(hashes[name], return_inverse=True) for name in PAIR_HASHES.names}
    for block in train:
        for name, (values, rows) in wanted.items():
            # The places of many hashes among few, rather than the other way round, which would sort the many.
            places = np.searchsorted(values, block[name]).clip(max=len(values) - 1)
            hit = np.zeros(len(values), bool)
            hit[places[values[places] == block[name]]] = True
            found[name] |= hit[rows]
    return Overlap(len(hashes), *(int(np.count_nonzero(rows)) for rows in found.values()))
