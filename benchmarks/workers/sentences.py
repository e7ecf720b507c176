"""What a worker that searches from token ids translates in a turn. Needs nothing but NumPy."""

import numpy as np

from workers.protocol import PAD

BATCH = 64


def padded(rows):
    """Lists of ids as one int64 array `(rows, longest)`, 0 at padding."""
    array = np.full((len(rows), max(map(len, rows))), PAD)
    for line, ids in zip(array, rows, strict=True):
        line[: len(ids)] = ids
    return array


def source_batches(spec):
    """The sources of a turn, int64 arrays `(sentences, steps)`: all of them, sorted by length, in batches of at most
    `BATCH`; or, where `at_once` is 1, the first `most_parts` of them one by one."""
    one_by_one = spec["at_once"] == 1
    sources = spec["sources"][: spec["most_parts"]] if one_by_one else sorted(spec["sources"], key=len)
    size = min(BATCH, spec["at_once"])
    return [padded(sources[k : k + size]) for k in range(0, len(sources), size)]


def length_limit(spec, source):
    """Most target tokens, EOS included, of a batch of sources."""
    return spec["limit_ratio"] * source.shape[1] + spec["limit_offset"]


def spread(sources, count):
    """`count` of the sources, whose lengths are those in the middle of as many equal parts of the sorted ones."""
    ordered, count = sorted(sources, key=len), min(count, len(sources))
    return [ordered[(2 * k + 1) * len(ordered) // (2 * count)] for k in range(count)]
