import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.errors import InputError
from seq2seq.text.blank import is_blank
from seq2seq.text.cleaning import clean, hold_out
from seq2seq.text.corpus import ParallelText


def test_clean_drops_and_counts():
    long = "word " * 10_000
    pairs = ParallelText(
        ["a", "", "b", long, "x" * 200, "SO", "a", "a"],
        ["un", "vide", "", "mot", "y", "x" * 100, "un", "une"],
        [["un", "1"], ["vide"], [""], ["mot"], ["y"], ["x" * 100], ["un"], ["une"]],
    )
    kept, report = clean(pairs)
    assert kept == pairs.take([0, 5, 6, 7])
    assert report.dropped == {"empty side": 2, "too long": 1, "length ratio": 1}
    assert (report.read, report.kept, report.duplicates) == (8, 4, 1)
    assert ("dropped: too long", "1") in report.rows()


@given(st.lists(st.tuples(st.text(max_size=300), st.text(max_size=300)), min_size=1))
def test_clean_accounts_for_every_pair(rows):
    pairs = ParallelText(*map(list, zip(*rows, strict=True)))
    whole = [row for row in rows if not any(map(is_blank, row))]
    if not whole:
        with pytest.raises(InputError, match="none of"):
            clean(pairs)
        return
    kept, report = clean(pairs, max_characters=None, max_ratio=None)
    assert report.read == report.kept + sum(report.dropped.values()) == len(pairs)
    assert list(zip(kept.source, kept.target, strict=True)) == whole


def test_clean_limits_are_inclusive():
    pairs = ParallelText(["a" * 120], ["b" * 20])
    assert clean(pairs, max_characters=120, max_ratio=6)[1].kept == 1
    for limits in ({"max_characters": 119}, {"max_ratio": 5.9}):
        with pytest.raises(InputError, match="none of 1 pairs is left"):
            clean(pairs, **limits)


@given(
    st.lists(st.sampled_from("abcdefghij"), min_size=2).filter(lambda source: len(set(source)) > 1),
    st.floats(0.01, 0.99),
    st.integers(),
    st.randoms(),
)
def test_hold_out_never_shares_a_source(sources, share, seed, random):
    pairs = ParallelText(sources, [f"{text}{row}" for row, text in enumerate(sources)])
    train, valid = hold_out(pairs, share, seed)
    assert set(train.source).isdisjoint(valid.source)
    assert sorted(train.target + valid.target) == sorted(pairs.target)
    assert len(train) and len(valid)
    assert hold_out(pairs, share, seed) == (train, valid)
    shuffled = pairs.take(random.sample(range(len(pairs)), len(pairs)))
    assert set(hold_out(shuffled, share, seed)[1].target) == set(valid.target)


def test_hold_out_takes_the_share_and_depends_on_the_seed():
    pairs = ParallelText([str(i) for i in range(500)], ["x"] * 500)
    parts = [set(hold_out(pairs, 0.2, seed)[1].source) for seed in range(4)]
    assert [len(part) for part in parts] == [100] * 4
    assert all(parts[i] != parts[j] for i in range(4) for j in range(i))


def test_hold_out_needs_two_sources_and_a_share():
    with pytest.raises(InputError, match="1 distinct source"):
        hold_out(ParallelText(["a", "a"], ["b", "c"]), 0.5, 0)
    for share in (0, 1, -0.1):
        with pytest.raises(InputError, match="between 0 and 1"):
            hold_out(ParallelText(["a", "b"], ["b", "c"]), share, 0)
