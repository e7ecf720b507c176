"""Which of several texts is nearest to its references."""

import pytest

from seq2seq.evaluation.nearness import Nearness


@pytest.mark.parametrize("measure", ["bleu", "chrf"])
def test_the_reference_itself_is_nearest_and_of_equals_the_first(measure):
    nearness = Nearness(measure)
    texts = ["the dogs run", "a dog runs", "the dog runs", "the dog runs", ""]
    assert nearness.nearest(texts, ["the dog runs"]) == 2
    assert nearness.nearest(texts, ["no word of it", "a dog runs"]) == 1
    assert nearness.nearest(["x"], ["the dog runs"]) == 0


def test_case_counts_unless_it_shall_not():
    texts = ["the dog runs", "The Dog Runs fast"]
    assert Nearness("bleu").nearest(texts, ["The Dog Runs"]) == 1
    assert Nearness("bleu", lowercase=True).nearest(texts, ["The Dog Runs"]) == 0


def test_texts_without_blanks_are_counted_by_a_tokenizer_of_their_script():
    texts = ["大きい犬", "小さい猫が走る"]
    assert Nearness("bleu", "char").nearest(texts, ["猫が走る"]) == 1
