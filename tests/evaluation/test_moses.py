"""BLEU in the tokens of Moses, by the rules of the language."""

import pytest

from seq2seq.errors import InputError
from seq2seq.evaluation.moses import MosesRules, language_of
from seq2seq.evaluation.translation import score_translations


@pytest.mark.parametrize(
    ("language", "text", "tokens"),
    [
        ("fr", "L'herbe n'est pas verte.", "l' herbe n' est pas verte ."),
        ("it", "L'erba dell'uomo", "l' erba dell' uomo"),
        ("en", "It's the dogs' «home»!", "it 's the dogs ' \" home \" !"),
        ("de", "Ein T-Shirt für 3,50 Euro …", "ein t-shirt für 3,50 euro ..."),
    ],
)
def test_tokens(language, text, tokens):
    assert MosesRules(language)(text) == tokens


def test_elided_articles_count_as_words_of_their_own():
    scores = score_translations(
        ["Le chien court dans l'herbe haute"], [["le chien court dans l'eau haute"]], "13a", "fr"
    )
    assert scores.bleu < scores.bleu_lowercased < scores.bleu_moses < 100
    assert "|case:lc|" in scores.signatures["bleu_moses"] and "|tok:moses-fr|" in scores.signatures["bleu_moses"]
    assert "sacremoses:" in scores.signatures["bleu_moses"]
    assert [row[0] for row in scores.rows()][2] == "BLEU, lower-cased, Moses"


def test_there_is_none_without_a_language_or_blanks():
    for scores in (score_translations(["a b"], [["a b"]]), score_translations(["我们"], [["我们"]], language="zh")):
        assert scores.bleu_moses is None and "bleu_moses" not in scores.signatures
        assert "Moses" not in str(scores.rows())


def test_references_may_vary_in_number():
    scores = score_translations(["a b c d", "e f g h"], [["a b c d"], ["x", "e f g h"]], language="en")
    assert scores.bleu_moses == pytest.approx(100) and "nrefs:var" in scores.signatures["bleu_moses"]


def test_a_language_is_known_by_the_suffix():
    assert language_of("fr") == language_of("lc.norm.fr") == language_of("fr_CA") == language_of("FR") == "fr"
    assert language_of("tgt", None, "de") == "de"
    assert language_of("tgt", None, "", "phones") is None


def test_other_languages_are_refused():
    with pytest.raises(InputError, match="no rules for the language 'tgt', but for as, bn"):
        score_translations(["a"], [["a"]], language="tgt")
