"""How far single translations are from their references, fast enough for every update of a training."""

from collections.abc import Sequence
from typing import Literal

from sacrebleu.metrics import BLEU, CHRF


class SentenceCosts:
    """1 - the score of a sentence, from 0, the reference itself, to 1.

    Args:
        measure: str. `"bleu"`, smoothed (exponentially) and of the orders that a text has; or `"chrf"`.
        tokenizer: str. What BLEU counts, a tokenizer of sacrebleu.
        lowercase: bool. Without regard to case.

    >>> SentenceCosts("bleu").of(["the dogs run", "a cat"], ["the dogs run"])
    [0.0, 1.0]
    """

    def __init__(self, measure: Literal["bleu", "chrf"], tokenizer: str = "13a", lowercase: bool = False):
        options = {"tokenize": tokenizer, "effective_order": True, "force": True} if measure == "bleu" else {}
        self._metric = (BLEU if measure == "bleu" else CHRF)(lowercase=lowercase, **options)

    def of(self, texts: Sequence[str], references: Sequence[str]) -> list[float]:
        """Return the cost of each text. By empty references an empty text costs 0, and any other 1."""
        if not any(reference.strip() for reference in references):
            return [float(bool(text.strip())) for text in texts]
        metric = self._metric
        known = metric._extract_reference_info([*map(metric._preprocess_segment, references)])  # once for all texts
        found = (metric._compute_segment_statistics(metric._preprocess_segment(text), known) for text in texts)
        return [max(1.0 - metric._compute_score_from_stats(each).score / 100.0, 0.0) for each in found]
