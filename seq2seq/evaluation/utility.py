"""How near texts are to one another, each to each: chrF2 and BLEU of single texts, from counts of n-grams.

An n-gram that stands in a text `k` times counts as `k` different ones, its first to its `k`-th occurrence. So a text is
a set, and what two texts share, the sum of the smaller of both counts of each n-gram, is the product of two rows of
zeros and ones: one matrix product tells it of all pairs, exactly.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np

CHARACTERS, WORDS = 6, 4  # in the longest n-grams: of chrF, of BLEU
BETA2 = 4.0  # chrF2: of precision and recall the second counts twice as much
_WORD = re.compile(r"\w+|[^\w\s]")


def chrf_matrix(texts: Sequence[str]) -> np.ndarray:
    """chrF2 of texts, as sacrebleu has it of a single one, with each of them as the reference.

    Args:
        texts: sequence of str.

    Returns:
        float64 `(texts, texts)`, percent: row by the text that is judged, column by the reference.

    >>> chrf_matrix(["a cat", "a  cat", "a dog"]).round(1).tolist()
    [[100.0, 100.0, 6.2], [100.0, 100.0, 6.2], [6.2, 6.2, 100.0]]
    """
    texts = ["".join(text.split()) for text in texts]
    symbols = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
    precision, recall, orders = np.zeros((3, len(texts), len(texts)))
    for shared, sizes in _shared(symbols, list(map(len, texts)), CHARACTERS):
        both = np.minimum(sizes[:, None], sizes) > 0
        precision += np.where(both, shared / np.maximum(sizes[:, None], 1), 0.0)
        recall += np.where(both, shared / np.maximum(sizes, 1), 0.0)
        orders += both
    precision, recall = precision / np.maximum(orders, 1), recall / np.maximum(orders, 1)
    weighted = BETA2 * precision + recall
    return 100 * (1 + BETA2) * precision * recall / np.where(weighted > 0, weighted, 1.0)


def bleu_matrix(texts: Sequence[str]) -> np.ndarray:
    """BLEU of texts, each by itself, with each of them as the reference.

    It counts words and marks; from two on, one more of each n-gram than there are is found, so that texts without a
    common one of four differ (Lin and Och 2004).

    Args:
        texts: sequence of str.

    Returns:
        float64 `(texts, texts)`, percent: row by the text that is judged, column by the reference.
    """
    texts, known = [_WORD.findall(text) for text in texts], {}
    symbols = np.array([known.setdefault(word, len(known)) for words in texts for word in words], np.int64)
    logarithms, lengths = np.zeros((len(texts), len(texts))), np.array(list(map(len, texts)), np.float64)
    for order, (shared, sizes) in enumerate(_shared(symbols, list(map(len, texts)), WORDS), 1):
        more = float(order > 1)
        with np.errstate(divide="ignore"):  # without a common word it is 0
            logarithms += np.log((shared + more) / np.maximum(sizes[:, None] + more, 1))
    brevity = np.minimum(1.0 - lengths / np.maximum(lengths[:, None], 1), 0.0)
    return 100 * np.exp(logarithms / WORDS + brevity)


def _shared(symbols: np.ndarray, lengths: Sequence[int], longest: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of n-grams of 1, 2, … `longest` symbols: how many any two texts share, and how many each has.

    Args:
        symbols: int64, those of all texts, one text after the other.
        lengths: of the texts.
        longest: int.
    """
    count, owners, different = len(lengths), np.repeat(np.arange(len(lengths)), lengths), symbols.max(initial=0) + 1
    at, ids = np.arange(len(symbols)), symbols  # where n-grams begin, and which they are
    for order in range(1, longest + 1):
        if order > 1:
            going = at + order - 1 < len(symbols)
            going[going] = owners[at[going] + order - 1] == owners[at[going]]
            at, ids = at[going], ids[going] * different + symbols[at[going] + order - 1]
        ids, shared = _products(ids, owners[at], count)
        yield shared, np.bincount(owners[at], minlength=count).astype(np.float64)


def _products(ids, owners, count):
    """The ranks of n-grams, numbers that stay small, and how many any two of `count` owners share."""
    order = np.argsort(ids * count + owners)  # by n-gram, and of each by owner
    grams, owners = ids[order], owners[order]
    places, new = np.arange(len(order)), np.diff(grams, prepend=-1) != 0
    first = np.maximum.accumulate(np.where(new, places, 0))  # of this n-gram
    occurrences = places - np.maximum.accumulate(np.where(new | (np.diff(owners, prepend=-1) != 0), places, 0))
    columns = first + occurrences  # an n-gram has as many as it occurs, and needs no more
    several = np.bincount(columns) > 1  # what a single text has, it shares with itself alone
    kept = several[columns]
    there = np.zeros((count, np.count_nonzero(several)), np.float32)
    there[owners[kept], (np.cumsum(several) - 1)[columns[kept]]] = 1.0
    shared = (there @ there.T).astype(np.float64)
    np.fill_diagonal(shared, np.bincount(owners, minlength=count))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.cumsum(new) - 1
    return ranks, shared
