"""Perfect text scores as perfect in every script, nearly perfect text nearly so, and figures say what they counted."""

from typing import get_args

import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.config.translation_training import BleuTokenizer
from seq2seq.errors import InputError
from seq2seq.evaluation import scripts
from seq2seq.evaluation.scripts import SPACED, UNSPACED, check_tokenizer, choose_tokenizer
from seq2seq.evaluation.translation import score_translations, validation_bleu

LETTERS = {
    "Latin": ("abcdéß", "13a"),
    "Greek": ("αβγδώ", "13a"),
    "Cyrillic": ("абвгдё", "13a"),
    "Arabic": ("ابتثج", "13a"),
    "Devanagari": ("कखगिी", "13a"),
    "Hangul": ("가나다라", "13a"),
    "Chinese": ("我们昨天买了一只黑色的猫", "zh"),
    "Japanese": ("私たちは昨日黒い猫を買いました", "char"),
    "Katakana": ("アメリカテレビー", "char"),
    "Thai": ("เมื่อวานเราซื้อแมวดำ", "char"),
    "Lao": ("ມື້ວານພວກເຮົາຊື້ແມວ", "char"),
    "Khmer": ("ម្សិលមិញយើងបានទិញឆ្មា", "char"),
    "Burmese": ("မနေ့ကကြောင်ဝယ်ခဲ့တယ်", "char"),
    "Tibetan": ("བོདསྐདནིབོདམིའི", "char"),
}
spaced = [name for name, (_, tokenizer) in LETTERS.items() if tokenizer == "13a"]
unspaced = [name for name in LETTERS if name not in spaced]
by_script = pytest.mark.parametrize("script", LETTERS)


def lines(script, shortest=1, longest=9, blank=""):
    """Lists of lines in the letters of a script."""
    line = st.text(LETTERS[script][0] + blank, min_size=shortest, max_size=longest)
    return st.lists(line.map(lambda text: " ".join(text.split())).filter(bool), min_size=1, max_size=4)


@pytest.fixture(autouse=True, scope="module")
def no_mecab():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scripts, "_missing", lambda tokenizer: tokenizer in scripts._PACKAGES)
        yield


@by_script
@settings(max_examples=12)
@given(data=st.data())
def test_perfect_text_is_perfect_however_short(script, data):
    texts = data.draw(lines(script, blank="   "))
    scores = score_translations(texts, [[text] for text in texts])
    assert (scores.bleu, scores.bleu_lowercased, scores.chrf) == pytest.approx((100, 100, 100))
    assert (scores.ter, scores.exact_match) == (0, 1)
    assert (scores.token_error_rate, scores.character_error_rate) == (0, 0)
    assert validation_bleu(texts, [[text] for text in texts]) == pytest.approx(100)


@pytest.mark.parametrize("script", unspaced)
@settings(max_examples=12)
@given(data=st.data())
def test_without_blanks_one_wrong_character_costs_little(script, data):
    texts = data.draw(lines(script, shortest=16, longest=30))
    scores = score_translations([text[:-1] + "@" for text in texts], [[text] for text in texts])
    assert 70 < scores.bleu < 100
    assert 0 < scores.ter < 20 and 0 < scores.token_error_rate < 0.2


@by_script
def test_the_script_of_most_letters_decides(script):
    letters, tokenizer = LETTERS[script]
    assert choose_tokenizer([[letters]])[0] == tokenizer
    assert choose_tokenizer([[f"{letters} OK 12:30!"], [letters]])[0] == tokenizer
    assert choose_tokenizer([[f"a word, {letters[:1]}, explained in English"], ["and nothing else"]])[0] == "13a"


def test_numbers_alone_have_no_script():
    assert choose_tokenizer([["12 34"], ["--"]])[0] == "13a"


def test_japanese_is_cut_into_words_where_that_can_be_done(monkeypatch):
    assert "pip install 'sacrebleu[ja]'" in choose_tokenizer([[LETTERS["Japanese"][0]]])[1]
    monkeypatch.setattr(scripts, "_missing", lambda tokenizer: False)
    assert choose_tokenizer([[LETTERS["Japanese"][0]]])[0] == "ja-mecab"


def test_chinese_scores_are_those_of_sacrebleu():
    texts, references = ["我们买了一只猫。", "他看见 3 只狗"], ["我们昨天买了一只猫。", "他看不见三只狗"]
    scores = score_translations(texts, [[text] for text in references])
    assert scores.bleu == sacrebleu.corpus_bleu(texts, [references], tokenize="zh").score
    assert scores.ter == sacrebleu.corpus_ter(texts, [references], normalized=True, asian_support=True).score
    assert "tok:zh" in scores.signatures["bleu"] and "asian:yes" in scores.signatures["ter"]


def test_where_no_reference_has_four_tokens_shorter_ngrams_count_and_the_signature_says_so():
    references = [["b"], ["a b", "c"], ["d"]]
    scores = score_translations(["b", "a b", "x"], references)
    assert 0 < scores.bleu < 100 and "|order:2|" in scores.signatures["bleu"]
    assert "no reference has 4 tokens" in scores.rows()[0][2]
    # One long line among many right ones costs what it should, not three quarters.
    rambling = score_translations(["b"] * 50 + ["x y z x y"], [["b"]] * 51)
    assert rambling.bleu > 90
    assert "order" not in score_translations(["b"], [["a b c d"]]).signatures["bleu"]


def test_the_settings_know_the_same_tokenizers():
    assert {"auto", *SPACED, *UNSPACED} == set(get_args(BleuTokenizer))


def test_a_tokenizer_that_is_not_there_is_refused():
    check_tokenizer("13a")
    with pytest.raises(InputError, match="'moses' is none of 13a, intl"):
        check_tokenizer("moses")
    with pytest.raises(InputError, match=r"needs packages: pip install 'sacrebleu\[ko\]'"):
        validation_bleu(["a"], [["a"]], "ko-mecab")
