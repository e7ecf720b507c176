"""What a translation run may be told of its tokenizers."""

import pytest

from seq2seq.config import TranslationConfig, from_mapping, from_stored, resolve
from seq2seq.errors import InputError


def text(*settings):
    return resolve(TranslationConfig, settings=[f"text.{setting}" for setting in settings]).text


def test_white_space_is_decided_once():
    assert text("tokenizer=char").decided().keeps_white_space
    for others in ((), ("tokenizer=word",), ("tokenizer=char", "target_tokenizer=word"), ("model=m.model",)):
        decided = text(*others).decided()
        assert not decided.keeps_white_space and decided.white_space == "collapse"
    assert text("white_space=keep").decided().keeps_white_space
    assert not text("tokenizer=char", "white_space=collapse").decided().keeps_white_space


def test_a_run_from_before_collapses():
    assert not from_mapping(TranslationConfig, {"text": {"tokenizer": "char"}}).text.keeps_white_space


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["white_space=keep", "tokenizer=word"], "does not go with a word tokenizer"),
        (["white_space=keep", "tokenizer=char", "target_tokenizer=word"], "does not go with a word tokenizer"),
        (["byte_fallback=true", "tokenizer=char"], "byte_fallback=true needs unigram or bpe"),
        (["byte_fallback=true", "target_tokenizer=word"], "byte_fallback=true needs unigram or bpe"),
        (["keep=['(']"], r"text\.keep: '\(' is no regular expression"),
        (["keep=['<.>', 'a*']"], r"'a\*' matches the empty text"),
        (["keep=['(?i)a']"], "goes with others"),
        (["keep=['(?P<n>a)', '(?P<n>b)']"], "goes with others: redefinition"),
        (["keep=['(a)\\1']"], "refers back to a group"),
        (["target_model=t.model"], "text.model alone is the tokenizer of both sides"),
        (["model=m.model", "target_model=t.model"], "text.joint=false"),
        (["model=m.model", "joint=false"], "text.target_model"),
        (["model=m.model", "vocabulary_size=99"], r"text\.vocabulary_size=99 does nothing with text\.model"),
        (["model=m.model", "min_count=2"], r"text\.min_count=2 does nothing with text\.model"),
        (["model=m.model", "tokenizer=char"], r"text\.tokenizer=char does nothing with text\.model"),
        (["model=m.model", "byte_fallback=true"], r"text\.byte_fallback=True does nothing with text\.model"),
    ],
)
def test_settings_that_do_not_go_together(settings, message):
    with pytest.raises(InputError, match=message):
        text(*settings)


def test_a_run_of_an_earlier_version_with_a_model_of_its_own_loads():
    stored = {"text": {"model": "m.model", "tokenizer": "unigram", "vocabulary_size": 8000}}
    assert from_stored(TranslationConfig, stored).text == text("model=m.model")
