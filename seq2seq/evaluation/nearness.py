"""Which of several texts is nearest to its references."""

from collections.abc import Sequence
from typing import Literal

from sacrebleu.metrics import BLEU, CHRF


class Nearness:
    """Chooses by a score of single sentences.

    Args:
        measure: str. `"bleu"`, smoothed and of the orders that a text has; or `"chrf"`.
        tokenizer: str. What BLEU counts, a tokenizer of sacrebleu.
        lowercase: bool. Without regard to case.

    >>> Nearness("chrf").nearest(["a dog", "the dogs run"], ["the dog runs"])
    1
    """

    def __init__(self, measure: Literal["bleu", "chrf"], tokenizer: str = "13a", lowercase: bool = False):
        options = {"lowercase": lowercase}
        self._metric = (
            CHRF(**options)
            if measure == "chrf"
            else BLEU(tokenize=tokenizer, effective_order=True, force=True, **options)
        )

    def nearest(self, texts: Sequence[str], references: Sequence[str]) -> int:
        """Return the place of the nearest text; of equally near ones, of the first."""
        scores = [self._metric.sentence_score(text, references).score for text in texts]
        return scores.index(max(scores))
