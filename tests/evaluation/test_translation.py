import gzip
import json
import os
from pathlib import Path

import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.errors import InputError
from seq2seq.evaluation.translation import edit_distance, examples, score_translations, validation_bleu

SENTENCES = [
    "The old boat crosses the quiet harbour at noon.",
    "Two children build a small castle out of wet sand.",
    "She doesn't know where her sister left the blue keys.",
    "A tall gardener waters roses behind the station.",
]
HYPOTHESES = [
    "The old boat crosses a harbour at noon.",
    "Two children build a castle of sand.",
    "she does not know where her sister left the keys.",
    "A tall gardener waters roses behind the station.",
]
REFERENCES = [[text] for text in SENTENCES]
VARYING = [[SENTENCES[0], "At noon the old boat crosses the harbour."], *REFERENCES[1:]]
METRICS = ["bleu", "bleu_lowercased", "chrf", "ter", "exact_match", "token_error_rate", "character_error_rate"]

short = st.text("abc", max_size=6)


def brute_force(first, second):
    if not first or not second:
        return len(first) + len(second)
    return min(
        brute_force(first[1:], second[1:]) + (first[0] != second[0]),
        brute_force(first[1:], second) + 1,
        brute_force(first, second[1:]) + 1,
    )


@settings(max_examples=60)
@given(short, short)
def test_edit_distance_equals_brute_force(first, second):
    assert edit_distance(first, second) == brute_force(first, second)


@settings(max_examples=60)
@given(st.text("abcde", max_size=20), st.text("abcde", max_size=20), st.text("abcde", max_size=20))
def test_edit_distance_is_a_metric(first, second, third):
    distance = edit_distance(first, second)
    assert (distance == 0) == (first == second)
    assert distance == edit_distance(second, first)
    assert abs(len(first) - len(second)) <= distance <= max(len(first), len(second))
    assert edit_distance(first, third) <= distance + edit_distance(second, third)


def test_edit_distance_reads_any_symbols():
    assert edit_distance(["a b", "c"], ["c"]) == 1
    assert edit_distance([(1, 2), 3], [3, (1, 2)]) == 2


def test_identical_text_is_perfect():
    scores = score_translations(SENTENCES, REFERENCES)
    assert [getattr(scores, name) for name in METRICS] == pytest.approx([100, 100, 100, 0, 1, 0, 0])
    assert scores.pronunciation_word_error_rate == 0


def test_blank_hypotheses_are_wholly_wrong():
    scores = score_translations([""] * 4, VARYING)
    assert (scores.bleu, scores.chrf, scores.exact_match) == (0, 0, 0)
    assert (scores.token_error_rate, scores.character_error_rate) == (1, 1)


def test_the_order_of_sentences_and_of_references_does_not_matter():
    scores = score_translations(HYPOTHESES, VARYING)
    turned = score_translations(HYPOTHESES[::-1], [texts[::-1] for texts in VARYING[::-1]])
    assert [getattr(turned, name) for name in METRICS] == pytest.approx([getattr(scores, name) for name in METRICS])


@pytest.mark.parametrize("extra", [HYPOTHESES, SENTENCES[::-1]])
def test_more_references_never_lower_what_counts_the_best_reference(extra):
    few = score_translations(HYPOTHESES, REFERENCES)
    many = score_translations(HYPOTHESES, [[*texts, more] for texts, more in zip(REFERENCES, extra, strict=True)])
    assert many.exact_match >= few.exact_match
    assert many.pronunciation_word_error_rate <= few.pronunciation_word_error_rate
    assert many.chrf >= few.chrf


words = st.lists(st.sampled_from("ABC"), min_size=4, max_size=4).map(" ".join)


@settings(max_examples=25)
@given(st.lists(st.tuples(words, words, words), min_size=1, max_size=4))
def test_more_references_of_the_same_length_never_raise_the_error_rates(rows):
    hypotheses = [row[0] for row in rows]
    few = score_translations(hypotheses, [[row[1]] for row in rows])
    many = score_translations(hypotheses, [list(row[1:]) for row in rows])
    assert many.token_error_rate <= few.token_error_rate
    assert many.character_error_rate <= few.character_error_rate


def test_error_rates_by_hand():
    # Source 1: one of 5 phones is wrong. Source 2: one edit from the second reference (4 phones), three from the first.
    scores = score_translations(["AH B AE D IY", "K AE T"], [["AH B EY D IY"], ["D AO G", "K AE T S"]])
    assert scores.exact_match == 0
    assert scores.token_error_rate == 2 / (5 + 4)
    # Characters: AE → EY is two edits of 12; " S" two more, and the reference has 8.
    assert scores.character_error_rate == 4 / (12 + 8)
    assert scores.pronunciation_word_error_rate == 1


def test_of_equally_close_references_the_longest_counts():
    assert score_translations(["A B C"], [["A B", "A B C D"]]).token_error_rate == 1 / 4


def test_white_space_counts_as_it_is_and_so_does_case():
    scores = score_translations(["a  b\u00a0c ", "A b", "  x = 1"], [["a b c"], ["a b"], ["  x = 1"]])
    assert scores.exact_match == 1 / 3
    assert scores.token_error_rate == 1 / 8
    assert scores.character_error_rate == 4 / 15
    blank = score_translations(["  ", " "], [["  "], ["  "]])
    assert (blank.exact_match, blank.token_error_rate, blank.character_error_rate) == (0.5, 0, 1 / 4)


@pytest.mark.parametrize("references", [REFERENCES, [[text, text[4:]] for text in SENTENCES]])
def test_scores_equal_those_of_sacrebleu(references):
    scores = score_translations(HYPOTHESES, references)
    columns = list(zip(*references, strict=True))
    assert scores.bleu == sacrebleu.corpus_bleu(HYPOTHESES, columns).score
    assert scores.bleu_lowercased == sacrebleu.corpus_bleu(HYPOTHESES, columns, lowercase=True).score
    assert scores.chrf == sacrebleu.corpus_chrf(HYPOTHESES, columns).score
    assert scores.ter == sacrebleu.corpus_ter(HYPOTHESES, columns).score
    assert validation_bleu(HYPOTHESES, references) == scores.bleu
    assert scores.bleu < scores.bleu_lowercased < 100


def test_a_varying_number_of_references_is_the_same_as_repeating_one():
    varying, repeated = (
        score_translations(HYPOTHESES, references)
        for references in (VARYING, [VARYING[0], *([text, text] for [text] in REFERENCES[1:])])
    )
    for name in METRICS:
        assert getattr(varying, name) == pytest.approx(getattr(repeated, name)), name
    assert "nrefs:var" in varying.signatures["bleu"]
    assert "nrefs:2" in repeated.signatures["bleu"]


def test_signatures_say_what_was_measured():
    signatures = score_translations(HYPOTHESES, REFERENCES).signatures
    version = f"version:{sacrebleu.__version__}"
    assert signatures["bleu"] == f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|{version}"
    assert "case:lc" in signatures["bleu_lowercased"]
    assert "nc:6" in signatures["chrf"] and "tok:tercom" in signatures["ter"]


def test_a_dict_survives_json_and_rows_hold_percents():
    scores = score_translations(HYPOTHESES, VARYING)
    read = json.loads(json.dumps(scores.as_dict()))
    assert read == scores.as_dict()
    assert read["exact_match"] + read["pronunciation_word_error_rate"] == 1
    assert read["signatures"].keys() == {"bleu", "bleu_lowercased", "chrf", "ter"}
    table = {metric: (value, note) for metric, value, note in scores.rows()}
    assert table["BLEU"] == (scores.bleu, scores.signatures["bleu"])
    assert table["Exact match"][0] == 25
    assert table["Token error rate"][0] == pytest.approx(100 * scores.token_error_rate)


def test_nothing_is_said_in_an_epoch(caplog, capfd):
    tokenised = ["a b c d ."] * 200
    assert validation_bleu(tokenised, [[text] for text in tokenised]) == pytest.approx(100)
    assert not caplog.records and capfd.readouterr() == ("", "")


def test_examples_are_the_worst_and_others():
    hypotheses = [*SENTENCES[:3], "Nothing like it"]
    picked = examples(SENTENCES, hypotheses, REFERENCES, scores=[-0.1, -0.2, -0.3, -9], worst=1, random=2, seed=5)
    assert [example.chosen for example in picked] == ["worst", "random", "random"]
    assert (picked[0].index, picked[0].hypothesis, picked[0].score) == (3, "Nothing like it", -9)
    assert picked[0].references == (SENTENCES[3],)
    assert picked[0].chrf < min(example.chrf for example in picked[1:]) == pytest.approx(100)
    assert [example.index for example in picked[1:]] == sorted({example.index for example in picked[1:]} - {3})
    for example in picked:
        assert example.source == SENTENCES[example.index]


def test_examples_follow_the_seed_and_never_repeat():
    many = [f"sentence number {number}" for number in range(40)]
    arguments = (many, many[::-1], [[text] for text in many])
    assert examples(*arguments, seed=1) == examples(*arguments, seed=1)
    assert examples(*arguments, seed=1) != examples(*arguments, seed=2)
    everything = examples(*arguments, worst=30, random=30)
    assert sorted(example.index for example in everything) == list(range(40))
    worst = [example.chrf for example in everything[:30]]
    assert worst == sorted(worst)
    assert everything[0].score is None
    assert examples(*arguments, worst=0, random=0) == []


@pytest.mark.parametrize(
    ("hypotheses", "references", "message"),
    [
        (["a"], [], "1 hypotheses for 0"),
        ([], [], "no hypotheses"),
        (["a"], ["a"], "source 1 are a str"),
        (["a", "b"], [["a"], []], "Source 2 has no reference"),
        (["a"], [["a", ""]], "Source 1 .* empty"),
    ],
)
@pytest.mark.parametrize("function", [score_translations, validation_bleu])
def test_what_cannot_be_scored_is_refused_in_one_line(function, hypotheses, references, message):
    with pytest.raises(InputError, match=message) as caught:
        function(hypotheses, references)
    assert "\n" not in str(caught.value)


def test_examples_refuse_other_lengths():
    with pytest.raises(InputError, match="1 sources for 2"):
        examples(["a"], ["a", "b"], [["a"], ["b"]])
    with pytest.raises(InputError, match="1 scores for 2"):
        examples(["a", "b"], ["a", "b"], [["a"], ["b"]], scores=[1.0])


@pytest.fixture
def real_data():
    if "SEQ2SEQ_REAL_DATA" not in os.environ:
        pytest.skip("SEQ2SEQ_REAL_DATA names no folder with the real data sets")
    return Path(os.environ["SEQ2SEQ_REAL_DATA"])


@pytest.mark.real_data
def test_pronunciations_with_several_references(real_data):
    lines = (real_data / "g2p" / "g014b2b.ref").read_text(encoding="utf-8").splitlines()
    references = [line.split("\t")[1:] for line in lines]
    scores = score_translations([texts[-1] for texts in references], references)
    assert scores.sentences == 12_000
    assert (scores.exact_match, scores.token_error_rate) == (1, 0)
    # One phone more at the end of every second word: half of the words wrong, one edit each.
    spoilt = [texts[0] + " ZZ" if row % 2 else texts[0] for row, texts in enumerate(references)]
    scores = score_translations(spoilt, references)
    assert scores.pronunciation_word_error_rate == 0.5
    assert 6000 / scores.token_error_rate == pytest.approx(sum(len(texts[0].split()) for texts in references), rel=0.01)


@pytest.mark.real_data
def test_another_language_scores_next_to_nothing(real_data):
    def lines(language):
        name = real_data / "multi30k" / f"test_2016_flickr.{language}.gz"
        return gzip.decompress(name.read_bytes()).decode("utf-8").split("\n")[:-1]

    german, references = lines("de"), [[text] for text in lines("de")]
    assert score_translations(german, references).bleu == pytest.approx(100)
    assert validation_bleu(lines("en"), references) < 5
