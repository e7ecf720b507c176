import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.text.corpus import ParallelText
from seq2seq.text.overlap import Overlap, overlap, pair_hashes

TEXTS = st.sampled_from(["a", "b", "ab", "a b", "été", "été ", ""])
ROWS = st.lists(st.tuples(TEXTS, TEXTS))


def text(rows):
    return ParallelText([row[0] for row in rows], [row[1] for row in rows])


@given(ROWS, ROWS.filter(bool), st.integers(1, 5))
def test_the_overlap_is_counted_by_source_and_by_pair(train, valid, block):
    blocks = [text(train[start : start + block]) for start in range(0, len(train), block)]
    found = overlap(text(valid), (pair_hashes(part.source, part.target) for part in blocks))
    sources = {source for source, _ in train}
    assert found == Overlap(len(valid), sum(row[0] in sources for row in valid), sum(row in train for row in valid))
    assert (found.warning() is None) == (found.sources == 0)


def test_a_warning_has_counts_and_a_share():
    warning = Overlap(2000, 31, 7).warning()
    assert "31 of 2,000 validation pairs (1.6%)" in warning and "7 of them with the same target" in warning


def test_hashes_are_the_same_in_every_process():
    code = "from seq2seq.text.overlap import pair_hashes; print(pair_hashes(['a', 'é'], ['b', 'c']).tolist())"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == str(pair_hashes(["a", "é"], ["b", "c"]).tolist())
    assert len(np.unique(pair_hashes(["a"] * 4, ["b", "c", "b", "d"])["pair"])) == 3
