"""What a translator answers."""

import math
from dataclasses import dataclass, field

import numpy as np

from seq2seq.special_ids import EOS


@dataclass(frozen=True)
class Hypothesis:
    """One translation.

    Attributes:
        text: str. Plain text.
        score: float, nats, where it was asked for: log-probability / length ** length_penalty.
        tokens: int32 array, `(length,)`. Its ids, the last one EOS unless it was cut at its longest length.
    """

    text: str
    score: float | None
    tokens: np.ndarray | tuple = field(default=(), compare=False, repr=False)

    @property
    def is_cut(self) -> bool:
        """Whether the length limit cut it off before its end."""
        return len(self.tokens) > 0 and self.tokens[-1] != EOS


NOTHING = Hypothesis("", math.nan)  # It stands for that of a blank source, which has none.


@dataclass(frozen=True)
class Attention:
    """What the decoder looked at: `weights`, float32 `(target_pieces, source_pieces)`, each row summing to 1."""

    weights: np.ndarray
    source_pieces: list[str]
    target_pieces: list[str]
    text: str
