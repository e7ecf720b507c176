"""Scores of given targets are those of the search, whoever is scored beside them."""

import numpy as np
import pytest

from seq2seq.batches.pairs import PairBatches
from seq2seq.errors import InputError
from seq2seq.inference import scorer as module
from seq2seq.special_ids import EOS
from seq2seq.training.metrics import TeacherForcedScorer

TOLERANCE = {"rtol": 2e-3, "atol": 2e-3}  # of a model that may compute in bfloat16


@pytest.fixture(scope="module")
def pairs(tiny_data):
    sides = ((tiny_data / f"test.{side}").read_text().splitlines() for side in ("src", "tgt"))
    return list(zip(*sides, strict=True))[:30]


@pytest.mark.slow
@pytest.mark.parametrize("search", [{"beam_size": 4, "n_best": 3, "length_penalty": 0.6}, {"beam_size": 1}])
def test_a_translation_has_the_score_of_its_search(translator, scorer, pairs, search):
    sources = [source for source, _ in pairs]
    found = list(translator.stream(sources, **search))
    ended = [
        (source, each)
        for source, hypotheses in zip(sources, found, strict=True)
        for each in hypotheses
        if each.tokens[-1] == EOS
    ]
    penalty = {"length_penalty": search["length_penalty"]} if "length_penalty" in search else {}
    scores = scorer.score([source for source, _ in ended], [each.text for _, each in ended], **penalty)
    assert len(ended) > len(pairs) / 2
    np.testing.assert_allclose([each.score for each in scores], [each.score for _, each in ended], **TOLERANCE)


def test_the_tokens_sum_to_the_whole(scorer, pairs):
    for (_, target), score in zip(pairs, scorer.score(*zip(*pairs, strict=True), length_penalty=1.0), strict=True):
        assert len(score.log_probabilities) == len(score.tokens) == len(target.split()) + 1 and score.tokens[-1] == EOS
        assert score.log_probability == pytest.approx(score.log_probabilities.sum(), rel=1e-5)
        assert score.score == pytest.approx(score.log_probabilities.mean(), rel=1e-5)


def test_the_mean_is_the_loss_of_an_evaluation(translator, scorer, pairs):
    sides = translator.source, translator.target
    rows = [side.encode(texts) for side, texts in zip(sides, zip(*pairs, strict=True), strict=True)]
    loss = TeacherForcedScorer(translator.model)(PairBatches(*rows).epoch())["loss"]
    scores = scorer.score(*zip(*pairs, strict=True))
    mean = sum(each.log_probability for each in scores) / sum(len(each.tokens) for each in scores)
    assert loss * 0.97 < -mean <= loss * 1.001  # which leaves a share of the probability to PAD and BOS


def test_batches_chunks_and_mates_do_not_matter(scorer, pairs, monkeypatch):
    whole = scorer.score(*zip(*pairs, strict=True))
    assert [each.log_probabilities.tolist() for each in scorer.stream(iter(pairs))] == [
        each.log_probabilities.tolist() for each in whole
    ]
    monkeypatch.setattr(module, "LINES_AT_ONCE", 4)
    others = [*scorer.stream(iter(pairs), batch_tokens=20), *scorer.score(*zip(pairs[3], strict=True))]
    for one, other in zip([*whole, whole[3]], others, strict=True):
        np.testing.assert_allclose(one.log_probabilities, other.log_probabilities, **TOLERANCE)


def test_a_blank_side_has_no_score_and_keeps_its_place(scorer, pairs):
    given = [("", "a"), pairs[0], ("b", " \u200b"), ("\u200b", "b"), pairs[1]]
    assert [score is None for score in scorer.stream(given)] == [True, False, True, True, False]
    assert list(scorer.stream([("", "")])) == [None] and list(scorer.stream([])) == []


def test_a_right_target_is_more_probable_than_a_wrong_one(scorer, pairs):
    sources, targets = zip(*pairs, strict=True)
    right, wrong = scorer.score(sources, targets), scorer.score(sources, targets[1:] + targets[:1])
    better = [one.score > other.score for one, other in zip(right, wrong, strict=True)]
    assert np.mean(better) > 0.8


def test_sides_of_different_lengths_are_refused(scorer):
    with pytest.raises(InputError, match="as many targets as sources, got 1 and 2"):
        scorer.score(["a", "b"], ["a"])
    with pytest.raises(InputError, match=r"expected a list of strings, got 'a b' \(str\): write"):
        scorer.score(["a"], "a b")


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([("a", "b"), ("a", None)], r"expected strings, got None \(NoneType\) at position 1"),
        ([(b"a", "b")], "at position 0, counted from 0: decode it"),
        (["ab"], "expected pairs of strings, got 'ab'"),
        ([("a", "b"), ("a", "b", "c")], r"expected pairs of strings, got \('a', 'b', 'c'\) \(tuple\) at position 1"),
        ([("a",)], "expected pairs of strings"),
        ([None], "expected pairs of strings, got None"),
        ("ab", "expected a list of strings"),
    ],
)
def test_what_is_no_pair_of_strings_is_named(scorer, pairs, said):
    with pytest.raises(InputError, match=said):
        list(scorer.stream(pairs))
    with pytest.raises(InputError, match="expected strings, got None"):
        scorer.score([None], ["x"])


# --- own translations


@pytest.mark.parametrize("aligned", [False, True])
def test_explained_translations_are_the_plain_ones(translator, scorer, pairs, aligned):
    lines = ["", *(source for source, _ in pairs), "  "]
    search = {"beam_size": 3, "n_best": 2}
    plain = list(translator.stream(lines, **search))
    explained = scorer.explain(lines, plain, aligned=aligned)
    assert [[(each.text, each.score) for each in found] for found in explained] == [
        [(each.text, each.score) for each in found] for found in plain
    ]
    for each in (each for found in explained for each in found):
        assert len(each.pieces) == len(each.log_probabilities) == len(each.tokens)
        assert each.log_probabilities.mean() == pytest.approx(each.score, rel=2e-3, abs=2e-3)
        words = each.text.split()
        assert (each.alignment is not None) == aligned
        if aligned:
            assert [link.target for link in each.alignment.words] == list(range(len(words)))
            assert all(0 < link.probability <= 1 for link in each.alignment.words)
