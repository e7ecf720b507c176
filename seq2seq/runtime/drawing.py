"""Drawing tokens with NumPy: of the same logits and the same seed the same tokens as TensorFlow draws.

Its `stateless_uniform` is Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), of a key
and a counter that come from the seed by the same function once more.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

_MULTIPLIERS, _WEYL = (0xD2511F53, 0xCD9E8D57), (0x9E3779B9, 0xBB67AE85)
_SCRAMBLE = (0x3EC8F720, 0x02461E29)  # the key by which a seed becomes key and counter
_LOW = np.uint64(0xFFFFFFFF)
LEAST = np.float32(1e-20)  # of a draw: its logarithm is finite


def uniform(seed: tuple[int, int], count: int) -> np.ndarray:
    """float32 `(count,)`, from `LEAST` to below 1, of two 64-bit integers."""
    counter = np.array([[word & 0xFFFFFFFF, word >> 32 & 0xFFFFFFFF] for word in seed], np.uint64).reshape(4, 1)
    mixed = _philox(counter, _SCRAMBLE)[:, 0]
    blocks = np.arange(-(-count // 4), dtype=np.uint64)
    high, low = mixed[3], mixed[2]
    counters = np.stack((blocks, np.zeros_like(blocks), np.full_like(blocks, low), np.full_like(blocks, high)))
    bits = _philox(counters, (int(mixed[0]), int(mixed[1]))).T.reshape(-1)[:count].astype(np.uint32)
    # 23 bits become the mantissa of a number from 1 to below 2.
    return ((bits & np.uint32(0x7FFFFF)) | np.uint32(0x3F800000)).view(np.float32) - np.float32(1.0) + LEAST


def _philox(counters, key):
    """Ten rounds over uint64 `(4, blocks)` that hold 32-bit words."""
    x0, x1, x2, x3 = counters
    for number in range(10):
        keys = [np.uint64((word + number * step) & 0xFFFFFFFF) for word, step in zip(key, _WEYL, strict=True)]
        first, second = x0 * np.uint64(_MULTIPLIERS[0]), x2 * np.uint64(_MULTIPLIERS[1])
        shift = np.uint64(32)
        x0, x1, x2, x3 = (second >> shift) ^ x1 ^ keys[0], second & _LOW, (first >> shift) ^ x3 ^ keys[1], first & _LOW
    return np.stack((x0, x1, x2, x3))


def selector(sampling: Any, streams: np.ndarray) -> Callable:
    """Make the `select` function for `greedy_search`, see `seq2seq.decoding.drawing.selector`.

    Args:
        sampling: `Sampling`.
        streams: int32 `(batch,)`. Number of each sentence's random stream.
    """

    def select(logits, t, rows):
        tokens, scores = _candidates(sampling, logits)
        # Several sentences may have one stream, of which each number is drawn once.
        different, places = np.unique(streams[rows], return_inverse=True)
        draws = np.stack([uniform((sampling.seed, (int(each) << 32) + t), scores.shape[1]) for each in different])
        chosen = np.argmax(scores - np.log(-np.log(draws))[places], axis=1)  # Gumbel-max
        return np.take_along_axis(tokens, chosen[:, None], 1)[:, 0].astype(np.int32)

    return select


def _candidates(sampling, logits):
    """The tokens to draw from, and logits to draw them by, `-inf` where excluded; both `(batch, n)`."""
    scores = logits / np.float32(sampling.temperature)
    size = scores.shape[1]
    if not sampling.top_k and sampling.top_p == 1.0:
        return np.broadcast_to(np.arange(size), scores.shape), scores
    tokens = np.argsort(-scores, axis=1, kind="stable")[:, : min(sampling.top_k or size, size)]
    scores = np.take_along_axis(scores, tokens, 1)
    if sampling.top_p < 1.0:
        shares = np.exp(scores - scores[:, :1])
        shares /= shares.sum(axis=1, keepdims=True)
        before = np.cumsum(shares, axis=1) - shares  # mass of the more probable tokens
        scores = np.where(before < sampling.top_p, scores, -np.inf)
    return tokens, scores
