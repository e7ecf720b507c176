"""Costs of single translations: those of sacrebleu's sentence scores, and defined for every text."""

import pytest
from sacrebleu.metrics import BLEU, CHRF

from seq2seq.evaluation.sentence_costs import SentenceCosts

TEXTS = ["the dogs run.", "the dog runs", "a", "", "the dogs run. the dogs run.", "THE DOGS RUN."]


@pytest.mark.parametrize("lowercase", [False, True])
@pytest.mark.parametrize("measure", ["bleu", "chrf"])
def test_what_is_left_of_the_score_of_a_sentence(measure, lowercase):
    metric = BLEU(effective_order=True, lowercase=lowercase) if measure == "bleu" else CHRF(lowercase=lowercase)
    for reference in ("the dogs run.", "cats sleep", "a"):
        expected = [1.0 - metric.sentence_score(text, [reference]).score / 100.0 for text in TEXTS]
        found = SentenceCosts(measure, lowercase=lowercase).of(TEXTS, [reference])
        assert found == pytest.approx(expected, abs=1e-9)
        assert all(0.0 <= cost <= 1.0 for cost in found)


@pytest.mark.parametrize("measure", ["bleu", "chrf"])
@pytest.mark.parametrize("reference", ["", "  "])
def test_an_empty_reference_is_met_by_nothing(measure, reference):
    assert SentenceCosts(measure).of(["", " ", "a dog"], [reference]) == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("measure", ["bleu", "chrf"])
def test_of_several_references_the_nearest_counts(measure):
    costs = SentenceCosts(measure).of(["a dog runs", "the dog runs", "cats"], ["no word of it", "a dog runs"])
    assert costs[0] == 0.0 and costs[0] < costs[1] < costs[2]


def test_texts_without_blanks_are_counted_by_a_tokenizer_of_their_script():
    first, second = SentenceCosts("bleu", "char").of(["大きい犬", "小さい猫が走る"], ["猫が走る"])
    assert second < first
