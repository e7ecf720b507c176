import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.text.symbols import WordTokenizer
from seq2seq.text.tokens import TokenRows, corpus_statistics


@given(st.lists(st.lists(st.integers(4, 99))), st.data())
def test_token_rows_behave_like_a_list_of_lists(rows, data):
    tokens = TokenRows.from_rows(rows)
    assert [row.tolist() for row in tokens] == rows
    assert len(tokens) == len(rows)
    assert tokens.values.dtype == tokens.lengths.dtype == np.int32
    places = data.draw(st.lists(st.integers(0, len(rows) - 1))) if rows else []
    taken = tokens.take(np.array(places, int))
    assert [row.tolist() for row in taken] == [rows[i] for i in places]
    assert taken.values.dtype == taken.lengths.dtype == np.int32
    assert [row.tolist() for row in tokens.take(tokens.lengths > 2)] == [row for row in rows if len(row) > 2]
    assert [row.tolist() for row in taken.followed_by(tokens)] == [rows[i] for i in places] + rows
    with pytest.raises(IndexError):
        tokens[len(rows)]


def test_statistics_count_tokens():
    words = WordTokenizer(["a", "b"])
    statistics = corpus_statistics(words.encode(["a b", "a", "c c c"]), words.encode(["b", "", "a a"]))
    assert statistics.pairs == 3
    source, target = statistics.source, statistics.target
    assert (source.tokens, source.mean_length, source.median_length, source.max_length) == (6, 2.0, 2.0, 3)
    assert (source.unknown_rate, target.unknown_rate) == (0.5, 0.0)
    assert ("unknown", "50.000%", "0.000%") in statistics.rows()
    assert {len(row) for row in statistics.rows()} == {3}
