"""Drawing tokens from the model's distribution."""

from dataclasses import dataclass
from typing import Any

from seq2seq.errors import InputError


@dataclass(frozen=True)
class Sampling:
    """A way to draw the next token.

    Every sentence has its own stream of random numbers, so its draws do not depend on its batch-mates.

    Args:
        temperature: float above 0. Logits are divided by it; below 1 sharpens.
        top_k: int. Only the k most probable tokens can be drawn; 0 is all.
        top_p: float. Only the most probable tokens that together hold this probability (Holtzman et al. 2020), of those
            that `top_k` leaves; 1 is all.
        seed: int. The same seed and stream give the same draws.

    Raises:
        InputError: a number out of range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self):
        if not self.temperature > 0:
            raise InputError(
                f"temperature={self.temperature}: expected a number above 0, or nothing at all, for the most probable."
            )
        if self.top_k < 0:
            raise InputError(f"top_k={self.top_k}: expected a number of tokens to draw from, or 0 for all.")
        if not 0 < self.top_p <= 1:
            raise InputError(f"top_p={self.top_p}: expected a probability above 0 and up to 1.")

    def candidates(self, logits: Any) -> tuple[Any, Any]:
        """The tokens to draw from, see `seq2seq.decoding.drawing.candidates`."""
        from seq2seq.decoding import drawing  # here, since whoever only says how to draw needs no TensorFlow

        return drawing.candidates(self, logits)

    def selector(self, streams: Any) -> Any:
        """The `select` function for `greedy_search`, see `seq2seq.decoding.drawing.selector`."""
        from seq2seq.decoding import drawing

        return drawing.selector(self, streams)
