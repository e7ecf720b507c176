"""Minimum Bayes risk: of many draws the one that is nearest to all others (Eikema and Aziz 2020)."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from seq2seq.evaluation.utility import bleu_matrix, chrf_matrix
from seq2seq.inference.search import UTILITIES
from seq2seq.text.tokens import Tokenizer

_MATRICES = dict(zip(UTILITIES, (chrf_matrix, bleu_matrix), strict=True))


def nearest(tokenizer: Tokenizer, drawn: np.ndarray, draws: int, utility: str) -> np.ndarray:
    """Choose among the draws of each sentence.

    Args:
        tokenizer: of the target.
        drawn: int32 ids `(sentences · draws, steps)`, those of a sentence one after the other.
        draws: int. Of each sentence.
        utility: str. A key of `UTILITIES`: what tells how near texts are.

    Returns:
        int `(sentences,)`, the row of the draw of highest mean utility, all draws of its sentence taken for the
        reference in turn; of equal ones the first.
    """
    different = {row.tobytes(): row for row in drawn}
    texts = dict(zip(different, tokenizer.decode(np.array([*different.values()])), strict=True))
    said = [texts[row.tobytes()] for row in drawn]
    groups = [said[first : first + draws] for first in range(0, len(said), draws)]
    return np.array([k * draws + group.index(_nearest(group, utility)) for k, group in enumerate(groups)], np.int64)


def _nearest(texts: Sequence[str], utility: str) -> str:
    """Of texts, some of which may be equal, the one of highest mean utility: each different one is looked at once."""
    counts = Counter(texts)  # in the order of their first ones
    if len(counts) == 1:
        return texts[0]
    expected = _MATRICES[utility](list(counts)) @ np.array([*counts.values()], np.float64)
    return list(counts)[int(np.argmax(expected))]
