"""Which pairs of a corpus to train on, and which to hold out."""

from dataclasses import dataclass
from hashlib import blake2b

from seq2seq.errors import InputError
from seq2seq.text.corpus import ParallelText

# Short pairs may well differ much in length ("OK" in any language; a spelling and its phones).
_RATIO_FREE_CHARACTERS = 100


@dataclass(frozen=True)
class CleaningReport:
    """What `clean` saw.

    Attributes:
        read: int. Pairs that came in.
        kept: int. Pairs that went out.
        dropped: dict of str to int. Pairs dropped for `"empty side"`, `"too long"` and `"length ratio"`; a pair
            counts for the first reason that holds.
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
    kept, dropped = [], {"empty side": 0, "too long": 0, "length ratio": 0}
    for row, lengths in enumerate(zip(map(len, pairs.source), map(len, pairs.target), strict=True)):
        short, long = sorted(lengths)
        if short == 0:
            dropped["empty side"] += 1
        elif max_characters is not None and long > max_characters:
            dropped["too long"] += 1
        elif max_ratio is not None and long > _RATIO_FREE_CHARACTERS and long > max_ratio * short:
            dropped["length ratio"] += 1
        else:
            kept.append(row)
    if not kept:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in dropped.items())
        raise InputError(
            f"none of {len(pairs):,} pairs is left after cleaning ({reasons}): check the data or the limits"
        )
    cleaned = pairs.take(kept)
    duplicates = len(kept) - len(set(zip(cleaned.source, cleaned.target, strict=True)))
    return cleaned, CleaningReport(len(pairs), len(kept), dropped, duplicates)


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
    if not 0 < share < 1:
        raise InputError(f"the share to hold out must be between 0 and 1, got {share}")
    sources = list(set(pairs.source))
    if len(sources) < 2:
        raise InputError(f"cannot hold out validation data: {len(sources)} distinct source text, expected at least 2")
    key = str(seed).encode()[:64]
    sources.sort(key=lambda text: blake2b(text.encode(), digest_size=16, key=key).digest())
    held_out = set(sources[: min(max(round(share * len(sources)), 1), len(sources) - 1)])
    train = pairs.take(i for i, text in enumerate(pairs.source) if text not in held_out)
    return train, pairs.take(i for i, text in enumerate(pairs.source) if text in held_out)
