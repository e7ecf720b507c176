"""The limit that the training pairs suggest has room for them, and for little more."""

import numpy as np
import pytest

from seq2seq.text import lengths
from seq2seq.text.lengths import length_limit


def pairs(kind, count=5000, seed=0):
    """Lengths of source and target of several kinds of tasks."""
    random = np.random.default_rng(seed)
    source = 1 + random.poisson(12, count)
    if kind == "translation":
        return source, np.maximum(1, np.round(source * random.lognormal(0.05, 0.2, count)).astype(int))
    if kind == "numbers to words":
        source = random.integers(1, 4, count)
        return source, random.integers(3, 11 * source - 1)
    if kind == "letters to words":
        return 4 * source, np.maximum(1, source + random.integers(-1, 2, count))
    if kind == "all alike":
        return np.full(count, 7), np.full(count, 7)
    if kind == "shorter the longer":
        return source, np.maximum(1, 40 - source)
    return source, source  # copies


KINDS = ["translation", "numbers to words", "letters to words", "all alike", "shorter the longer", "copies"]


@pytest.mark.parametrize("kind", KINDS)
def test_hardly_a_pair_is_longer_and_what_comes_later_has_room(kind):
    ratio, extra = length_limit(*pairs(kind))
    for seed in (0, 1):
        source, target = pairs(kind, seed=seed)
        assert np.mean(target + 1 > ratio * source + extra) <= lengths.OUTLIERS


@pytest.mark.parametrize("kind", KINDS)
def test_no_line_above_the_pairs_would_be_lower_at_their_mean(kind):
    source, target = pairs(kind, 900)  # too few for an outlier
    ratio, extra = length_limit(source, target)
    factor, more = lengths.HEAD_ROOM
    least = target.mean() / source.mean()  # a line rises as the targets do on the whole
    slopes = least + np.linspace(0, 12, 1201)
    lowest = min(slope * source.mean() + max(1, (target + 1 - slope * source).max()) for slope in slopes)
    assert ratio * source.mean() + extra <= factor * (lowest + 0.01 * source.mean()) + more + 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_longer_than_all_that_was_seen_has_room_for_a_usual_translation(kind):
    source, target = pairs(kind)
    ratio, extra = length_limit(source, target)
    for longer in (2, 10):
        tokens = longer * source.max()
        assert ratio * tokens + extra > tokens * target.mean() / source.mean()


def test_a_few_pairs_that_are_no_translations_do_not_slow_down_all_others():
    source, target = pairs("translation")
    clean = np.dot(length_limit(source, target), [source.mean(), 1])
    dirty = length_limit(np.append(source, [1, 5, 9, 3]), np.append(target, [250, 200, 250, 90]))
    assert np.dot(dirty, [source.mean(), 1]) < 1.15 * clean


def test_a_single_pair_is_enough():
    ratio, extra = length_limit(np.array([3], np.uint8), np.array([255], np.uint8))
    assert ratio * 3 + extra >= 256


@pytest.mark.parametrize("kind", KINDS)
def test_millions_of_pairs_are_counted_in_blocks_of_any_type(kind, monkeypatch):
    source, target = pairs(kind)
    expected = length_limit(source, target)
    monkeypatch.setattr(lengths, "_PAIRS_AT_ONCE", 777)
    assert length_limit(source.astype(np.uint8), target.astype(np.uint16)) == expected


def test_sources_without_a_token_have_a_limit():
    """A tokenizer from elsewhere may make nothing of them."""
    targets = np.array([3, 5, 4])
    ratio, extra = length_limit(np.zeros(3, int), targets)
    assert ratio > 0 and extra > targets.max()
