"""SentencePiece: every character back, none unknown, rare ones left out, models from elsewhere."""

from io import BytesIO

import pytest
import sentencepiece
from hypothesis import example, given
from hypothesis import strategies as st

from seq2seq.errors import InputError
from seq2seq.special_ids import BOS, EOS, PAD, UNK
from seq2seq.text.corpus import normalize
from seq2seq.text.tokenizer import adopt_model, load_tokenizer, train_tokenizer

SUBWORDS = ("unigram", "bpe")
CODE = [
    "def add(first, second):",
    "    total = first + second",
    "\tif total > 25:  ",
    "\t\treturn  total",
    "une page\u00a0: 12\u202f% \u2003fin",
    "a block \u2585 and a bar \u2581\u2581 of blanks",
] * 9
ALPHABET = "".join(sorted(set("".join(CODE))))


def kept(text):
    return normalize(text, keep_white_space=True)


@pytest.fixture(scope="module", params=SUBWORDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def keeping(kind):
    return train_tokenizer(kind, map(kept, CODE), vocabulary_size=120, keep_white_space=True)


@pytest.fixture(scope="module")
def with_bytes(kind):
    options = {"keep_white_space": True, "byte_fallback": True}
    return train_tokenizer(kind, map(kept, CODE), vocabulary_size=400, **options)


# --- white space


@given(st.lists(st.text(ALPHABET + " \t\u00a0").map(kept)))
@example(["\ta", " a ", "  ", "a\u00a0\u00a0b", "\u2581a", ""])
def test_all_white_space_comes_back(keeping, texts):
    encoded = keeping.encode(texts)
    assert keeping.decode(encoded) == texts
    assert UNK not in encoded.values and not any(map(keeping.unknown, texts))


def test_sampled_segmentations_keep_white_space_too(keeping):
    texts = [kept(text) for text in CODE]
    rows = keeping.encode(texts, sampling=0.2, seed=1)
    assert keeping.decode(rows) == texts
    assert rows.values.tolist() != keeping.encode(texts).values.tolist()


def test_white_space_is_seen_in_pieces(keeping):
    pieces = keeping.pieces(keeping.encode(["\tif \u2581"])[0])
    assert "\u21e5" in "".join(pieces) and all(map(str.isprintable, pieces))


def test_saved_and_loaded_keeps_white_space(keeping, tmp_path):
    loaded = load_tokenizer(keeping.save(tmp_path / "source"))
    assert loaded.decode(loaded.encode(CODE)) == CODE


def test_a_text_without_the_odd_characters_still_knows_them(kind):
    tokenizer = train_tokenizer(kind, ["a b c"] * 5, keep_white_space=True)
    assert tokenizer.decode(tokenizer.encode(["\ta \u2581\u2585 b"])) == ["\ta \u2581\u2585 b"]


ODD = st.lists(st.text("abc \u2581\ufdd1\u2585\u6f22").map(normalize).filter(bool), min_size=1)


@given(texts=ODD)
@example(["a\u2581d", "\u2581 \u2581", "\u2581"])
def test_the_sign_of_a_blank_is_none_where_white_space_is_not_kept(collapsing, texts):
    """Every text has tokens, as many words as it has itself, and only what is unknown does not come back."""
    for tokenizer, knows_all in collapsing:
        rows = tokenizer.encode(texts)
        assert rows.lengths.all()
        for text, row, decoded in zip(texts, rows, tokenizer.decode(rows), strict=True):
            surfaces = tokenizer.surfaces(text)
            assert len(surfaces) == len(row) and "".join(surfaces).split() == text.replace("\ufdd1", "\ufffd").split()
            assert "".join(tokenizer.spelling(row)).strip() == decoded
            assert decoded == text.replace("\ufdd1", "\ufffd") or not knows_all


@pytest.fixture(scope="module")
def collapsing(kind):
    """Tokenizers that do not keep white space, and whether all characters are in their vocabulary."""
    bars = [*TEXTS, "a \u2581 of b\u2581c"] * 3
    return [
        (train_tokenizer(kind, TEXTS, vocabulary_size=60), False),
        (train_tokenizer(kind, bars, vocabulary_size=60), False),
        (train_tokenizer(kind, TEXTS, vocabulary_size=400, byte_fallback=True), True),
    ]


def test_a_sign_of_a_blank_in_training_is_in_the_vocabulary(collapsing):
    tokenizer, _ = collapsing[1]
    assert tokenizer.decode(tokenizer.encode(["a\u2581c \u2581"])) == ["a\u2581c \u2581"]
    assert not tokenizer.unknown("a\u2581c \u2581")


# --- unknown characters


@given(st.lists(st.text().map(kept)))
@example(["\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \u6f22\u5b57", "\ufffd", "\U0010ffff"])
def test_with_bytes_nothing_is_unknown(with_bytes, texts):
    encoded = with_bytes.encode(texts)
    assert with_bytes.decode(encoded) == texts
    assert UNK not in encoded.values and not any(map(with_bytes.unknown, texts))


@given(st.text().map(kept))
@example("a\u00a0\U0001f600 \u2581")
def test_bytes_spell_the_text_that_they_stand_for(with_bytes, text):
    ids = with_bytes.encode([text])[0]
    spelled, surfaces = with_bytes.spelling(ids), with_bytes.surfaces(text)
    assert "".join(surfaces) == text and "".join(spelled) == (text and f" {text}")
    assert len(spelled) == len(surfaces) == len(ids)


def test_bytes_that_spell_nothing_are_shown_as_that(with_bytes):
    byte = with_bytes._processor.piece_to_id("<0xC3>")
    assert "".join(with_bytes.spelling([byte, byte, *with_bytes.encode(["a"])[0], byte])).count("\ufffd") == 3


def test_bytes_spell_no_end_of_a_line(with_bytes):
    ids = [with_bytes._processor.piece_to_id(f"<0x{byte:02X}>") for byte in (0x0A, 0x0D, 0x00)]
    assert with_bytes.decode([ids]) == ["   "]


def test_bytes_without_kept_white_space(kind):
    tokenizer = train_tokenizer(kind, TEXTS, vocabulary_size=400, byte_fallback=True)
    assert tokenizer.decode(tokenizer.encode(["caf\u00e9 \U0001f600!"])) == ["caf\u00e9 \U0001f600!"]
    with pytest.raises(InputError, match="the 256 bytes and the special ids"):
        train_tokenizer(kind, TEXTS, vocabulary_size=100, byte_fallback=True)


def test_unknown_characters_are_named(keeping):
    assert "".join(keeping.unknown("\tx\u6f22 y \u5b57\u5b57")) == "x\u6f22y\u5b57\u5b57"


# --- rare characters

TEXTS = ["The small cat sat.", "A larger cat ran", "the cat ran and sat"] * 9


def test_characters_seen_less_often_are_in_no_piece(kind):
    texts = [*TEXTS, "a zebra cat", "zoo and \u00e9t\u00e9"]
    for min_count, unknown in ((1, ""), (2, "b"), (3, "bz\u00e9o")):
        tokenizer = train_tokenizer(kind, texts, vocabulary_size=90, min_count=min_count)
        assert set("".join(tokenizer.unknown("zebra zoo \u00e9t\u00e9 sat"))) == set(unknown)
        assert tokenizer.decode(tokenizer.encode(TEXTS)) == TEXTS


def test_leaving_out_rare_characters_is_what_coverage_does(kind):
    texts = [*TEXTS, "a zebra cat"]
    coverage = 1 - 2.5 / sum(map(len, texts))  # all but the last of z and b, and the tie-break of SentencePiece
    by_coverage = train_tokenizer(kind, texts, vocabulary_size=80, character_coverage=coverage)
    by_count = train_tokenizer(kind, texts, vocabulary_size=80, min_count=2)
    pieces = lambda tokenizer: set(tokenizer.pieces(range(tokenizer.vocabulary_size)))  # noqa: E731
    assert pieces(by_count) <= pieces(by_coverage) | {"\u2581a"}


def test_no_character_is_frequent_enough(kind):
    with pytest.raises(InputError, match="no character is seen at least 99 times"):
        train_tokenizer(kind, ["a b", "c"], min_count=99)


# --- models from elsewhere


def foreign(kind="unigram", **options):
    model = BytesIO()
    given = {"vocab_size": 60, "model_type": kind, "hard_vocab_limit": False, "minloglevel": 2}
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(TEXTS), model_writer=model, **(given | options))
    return model.getvalue()


@pytest.mark.parametrize(
    "ids",
    [
        {},
        {"pad_id": 3},
        {"bos_id": -1, "eos_id": -1},
        {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1},
        {"pad_id": 0, "unk_id": 1, "bos_id": 2, "eos_id": 3},
        {"user_defined_symbols": "<pad>,<2de>", "control_symbols": "<mask>"},
    ],
)
def test_a_foreign_model_segments_as_before_under_our_ids(kind, ids, tmp_path):
    model = foreign(kind, **ids)
    (tmp_path / "own.model").write_bytes(model)
    tokenizer = adopt_model(tmp_path / "own.model")
    theirs = sentencepiece.SentencePieceProcessor(model_proto=model)
    for text in [*TEXTS[:3], "the \u6f22 rat", "", "<2de> a cat <s>"]:
        rows = tokenizer.encode([text])
        ids = theirs.encode(text)
        assert tokenizer.decode(rows) == [theirs.decode(ids).replace(" \u2047 ", "\u2047")]
        names = {tokenizer._processor.id_to_piece(i): i for i in range(tokenizer.vocabulary_size)}
        assert rows[0].tolist() == [UNK if i == theirs.unk_id() else names[theirs.id_to_piece(i)] for i in ids]
        assert not {PAD, BOS, EOS} & set(rows[0].tolist())
    loaded = load_tokenizer(tokenizer.save(tmp_path / "source"))
    assert loaded.to_bytes() == tokenizer.to_bytes() and loaded.kind == kind
    assert tokenizer.pieces([PAD, UNK, BOS, EOS])[1] == "<unk>"


def test_a_foreign_model_may_be_sampled_and_gets_placeholders(kind, tmp_path):
    (tmp_path / "own.model").write_bytes(foreign(kind))
    tokenizer = adopt_model(tmp_path / "own.model", placeholders=True)
    text = "the \ufde0cat, \ufde1"
    assert tokenizer.unknown(text) == [","]
    assert tokenizer.decode(tokenizer.encode([text])) == [text.replace(",", "\u2047")]
    assert tokenizer.encode(TEXTS, sampling=0.1, seed=1).values.tolist() != tokenizer.encode(TEXTS).values.tolist()


def test_foreign_models_that_change_white_space_do_not_keep_it(tmp_path):
    (tmp_path / "own.model").write_bytes(foreign())
    with pytest.raises(InputError, match=r"own\.model cannot be a tokenizer.*white_space=collapse"):
        adopt_model(tmp_path / "own.model", keep_white_space=True)
    options = {"normalization_rule_name": "identity", "remove_extra_whitespaces": False}
    (tmp_path / "own.model").write_bytes(foreign(**options))
    tokenizer = adopt_model(tmp_path / "own.model", keep_white_space=True)
    for text in ("  the  cat ", "\tthe\t\u2581cat \u2585"):
        assert tokenizer.decode(tokenizer.encode([text])) == [text] and not tokenizer.unknown(text)


def test_an_adopted_model_agrees_with_what_it_was_adopted_from(kind, tmp_path):
    tokenizer, other = (train_tokenizer(kind, texts, vocabulary_size=60) for texts in (CODE, CODE[:2]))
    adopted = adopt_model(tokenizer.save(tmp_path / "own"))
    assert adopted.agrees_with(tokenizer) and tokenizer.agrees_with(adopted)
    assert not other.agrees_with(tokenizer) and not train_tokenizer("char", CODE).agrees_with(tokenizer)


@pytest.mark.parametrize("content", [b"", b"\x80\x04\x95", b'{"kind": "char"}', foreign()[:-9]])
def test_what_is_no_model_is_not_adopted(content, tmp_path):
    (tmp_path / "own.model").write_bytes(content)
    with pytest.raises(InputError, match=r"own\.model cannot be a tokenizer: it is not a SentencePiece model"):
        adopt_model(tmp_path / "own.model")


def test_a_missing_model(tmp_path):
    with pytest.raises(InputError, match=r"none\.model cannot be read: No such file"):
        adopt_model(tmp_path / "none.model")
