import json
import os
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.errors import InputError
from seq2seq.special_ids import BOS, EOS, PAD, UNK
from seq2seq.text.corpus import normalize, read_pairs
from seq2seq.text.symbols import CharacterTokenizer
from seq2seq.text.tokenizer import load_tokenizer, train_tokenizer
from seq2seq.text.tokens import UNKNOWN_TEXT

KINDS = ("unigram", "bpe", "char", "word")
SUBWORDS = ("unigram", "bpe")
NOUNS = ("garden", "gardener", "window", "winter", "müller", "été", "cat", "house")
TEXTS = [
    f"The {size} {noun} of {owner} was {state}, wasn't it?"
    for noun in NOUNS
    for owner in NOUNS
    for size, state in (("smallest", "unhappy"), ("larger", "unusual"), ("small", "happier"))
]


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request):
    return train_tokenizer(request.param, TEXTS, vocabulary_size=120)


def rows_of(encoded):
    return [row.tolist() for row in encoded]


# --- every tokenizer


def test_text_comes_back(tokenizer):
    encoded = tokenizer.encode(TEXTS)
    assert tokenizer.decode(encoded) == TEXTS
    assert encoded.values.dtype == np.int32
    assert encoded.values.min() > EOS
    assert encoded.values.max() < tokenizer.vocabulary_size <= 120


def test_encoding_is_independent_of_the_batch(tokenizer):
    texts = TEXTS * 8  # enough for several threads
    together = rows_of(tokenizer.encode(texts))
    assert together == [row for i in range(0, len(texts), 7) for row in rows_of(tokenizer.encode(texts[i : i + 7]))]


@pytest.mark.parametrize("text", ["<pad> <unk> <s> </s>", "\u4e2d\u6587 漢", "\ufffd", "a" * 50_000, "", " "])
def test_no_text_becomes_a_special_id(tokenizer, text):
    encoded = tokenizer.encode([text, TEXTS[0], ""])
    assert not set(encoded.values.tolist()) & {PAD, BOS, EOS}
    assert len(encoded) == 3 and len(encoded[2]) == 0
    assert tokenizer.decode(encoded)[1:] == [TEXTS[0], ""]


def test_no_texts(tokenizer):
    assert len(tokenizer.encode([])) == 0
    assert tokenizer.decode([]) == []


def test_decoding_stops_at_the_end_and_skips_padding(tokenizer):
    ids = tokenizer.encode(TEXTS[:1])[0].tolist()
    other = tokenizer.encode(TEXTS[1:2])[0].tolist()
    batch = np.zeros((3, len(ids) + len(other) + 4), np.int32)
    batch[0, : len(ids) + 2] = [BOS, *ids, EOS]
    batch[1, : len(ids) + len(other) + 1] = [*ids, EOS, *other]
    batch[2, 2] = EOS
    assert tokenizer.decode(batch) == [TEXTS[0], TEXTS[0], ""]


def test_unknown_symbols_are_visible(tokenizer):
    encoded = tokenizer.encode(["the 漢"])
    assert UNK in encoded[0]
    assert UNKNOWN_TEXT in tokenizer.decode(encoded)[0]


def test_pieces_are_printable(tokenizer):
    pieces = tokenizer.pieces(range(tokenizer.vocabulary_size))
    assert pieces[:4] == ["<pad>", "<unk>", "<s>", "</s>"]
    assert all(piece.strip() and piece.isprintable() for piece in pieces)


def test_saved_and_loaded_is_the_same(tokenizer, tmp_path):
    path = tokenizer.save(tmp_path / "source.v1")
    assert path.name == f"source.v1{tokenizer.suffix}"
    assert list(tmp_path.iterdir()) == [path]
    loaded = load_tokenizer(path)
    assert (loaded.kind, loaded.vocabulary_size) == (tokenizer.kind, tokenizer.vocabulary_size)
    assert loaded.to_bytes() == tokenizer.to_bytes() == path.read_bytes()
    assert rows_of(loaded.encode(TEXTS)) == rows_of(tokenizer.encode(TEXTS))


@pytest.mark.parametrize("kind", KINDS)
def test_training_is_reproducible_and_silent(kind, capfd):
    first, second = (train_tokenizer(kind, iter(TEXTS), vocabulary_size=100).to_bytes() for _ in range(2))
    assert first == second
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("texts", [["a"], ["Hi. Ho."], ["é", "b c"], TEXTS[:3]])
def test_a_small_corpus_gives_a_small_vocabulary(kind, texts):
    tokenizer = train_tokenizer(kind, texts, vocabulary_size=8000)
    assert 4 < tokenizer.vocabulary_size < 500
    assert tokenizer.decode(tokenizer.encode(texts)) == texts


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_to_train_on(kind):
    for texts in ([], ["", ""]):
        with pytest.raises(InputError, match="no text"):
            train_tokenizer(kind, texts)
    with pytest.raises(InputError, match="raise the vocabulary size"):
        train_tokenizer(kind, TEXTS, vocabulary_size=4)


def test_unknown_kind():
    with pytest.raises(InputError, match="'words': expected unigram, bpe, char or word"):
        train_tokenizer("words", TEXTS)


# --- SentencePiece


@pytest.mark.parametrize("kind", SUBWORDS)
def test_sampling(kind):
    tokenizer = train_tokenizer(kind, TEXTS, vocabulary_size=120)
    texts = TEXTS * 4
    best = rows_of(tokenizer.encode(texts))
    samples = [rows_of(tokenizer.encode(texts, sampling=0.3, seed=seed)) for seed in (1, 2, 1)]
    assert samples[0] == samples[2]
    assert samples[0] != samples[1]
    assert best not in samples
    for sample in samples:
        assert tokenizer.decode(sample) == texts
    assert rows_of(tokenizer.encode(texts)) == best


@pytest.mark.parametrize("kind", SUBWORDS)
def test_long_lines_are_trained_on(kind):
    tokenizer = train_tokenizer(kind, [*TEXTS, "zebra " * 8000, "q" * 50_000], vocabulary_size=150)
    assert UNK not in tokenizer.encode(["zebra qq"])[0]


@pytest.mark.parametrize("sampling", [0, -1, 1.5])
def test_sampling_out_of_range(sampling):
    with pytest.raises(InputError, match="above 0"):
        train_tokenizer("unigram", TEXTS[:3]).encode(["a"], sampling=sampling)


def test_vocabulary_too_small_for_the_characters():
    with pytest.raises(InputError, match="vocabulary of 10 is too small") as caught:
        train_tokenizer("bpe", TEXTS, vocabulary_size=10)
    needed = int(str(caught.value).split(" alone are ")[1].split(";")[0])
    assert train_tokenizer("bpe", TEXTS, vocabulary_size=needed).vocabulary_size == needed


def test_rare_characters_may_be_left_out():
    texts = [*TEXTS, "漢"]
    assert UNK not in train_tokenizer("bpe", texts).encode(["漢"])[0]
    assert UNK in train_tokenizer("bpe", texts, character_coverage=0.999).encode(["漢"])[0]


# --- characters and words


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1).filter(lambda texts: any(texts)))
def test_characters_round_trip(texts):
    tokenizer = train_tokenizer("char", texts)
    encoded = tokenizer.encode(texts)
    assert tokenizer.decode(encoded) == texts
    assert encoded.lengths.tolist() == [len(text) for text in texts]
    assert encoded.values.size == 0 or encoded.values.min() > EOS


@given(st.lists(st.text().map(normalize), min_size=1).filter(lambda texts: any(texts)))
def test_words_of_normalised_text_round_trip(texts):
    tokenizer = train_tokenizer("word", texts)
    assert tokenizer.decode(tokenizer.encode(texts)) == texts


def test_the_most_frequent_come_first_and_ties_by_code_point():
    assert train_tokenizer("char", ["cab", "bc", "c"]).symbols == ["c", "b", "a"]
    assert train_tokenizer("char", ["zyx"]).symbols == train_tokenizer("char", ["xyz"]).symbols == ["x", "y", "z"]
    assert train_tokenizer("word", ["AA K", "K B"]).symbols == ["K", "AA", "B"]
    assert train_tokenizer("word", ["AA K", "K B"], min_count=2).symbols == ["K"]
    assert train_tokenizer("word", ["AA K", "K B"], vocabulary_size=6).symbols == ["K", "AA"]


@pytest.mark.parametrize("kind", ["char", "word"])
def test_symbols_have_no_sampling(kind):
    with pytest.raises(InputError, match="sampling needs unigram or bpe"):
        train_tokenizer(kind, TEXTS).encode(TEXTS, sampling=0.1)


# --- files


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04\x95",
        b"[]",
        b"{}",
        b'{"kind": "char"}',
        b'{"kind": ["char"], "symbols": ["a"]}',
        b'{"kind": "unigram", "symbols": ["a"]}',
        b'{"kind": "char", "symbols": ["a", "a"]}',
        b'{"kind": "char", "symbols": ["ab"]}',
        b'{"kind": "char", "symbols": [1]}',
        b'{"kind": "word", "symbols": "ab"}',
        b'{"kind": "word", "symbols": []}',
    ],
)
@pytest.mark.parametrize("suffix", [".json", ".model"])
def test_damaged_and_foreign_files(tmp_path, content, suffix):
    path = tmp_path / f"source{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"source.*is not a tokenizer"):
        load_tokenizer(path)


def test_truncated_and_foreign_models(tmp_path):
    path = train_tokenizer("unigram", TEXTS).save(tmp_path / "source")
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(InputError, match=r"source\.model is not a tokenizer"):
        load_tokenizer(path)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS), model_prefix=str(tmp_path / "foreign"), vocab_size=35, minloglevel=2
    )
    with pytest.raises(InputError, match=r"foreign.*pad, unk, bos, eos = \[-1, 0, 1, 2\], expected \[0, 1, 2, 3\]"):
        load_tokenizer(tmp_path / "foreign.model")


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"none\.model cannot be read"):
        load_tokenizer(tmp_path / "none.model")


def test_symbols_are_stored_as_readable_text():
    content = CharacterTokenizer(["é", " "]).to_bytes().decode()
    assert "é" in content
    assert json.loads(content) == {"kind": "char", "symbols": ["é", " "]}


@pytest.mark.real_data
@pytest.mark.skipif("SEQ2SEQ_REAL_DATA" not in os.environ, reason="SEQ2SEQ_REAL_DATA names no folder")
@pytest.mark.parametrize("kind", KINDS)
def test_real_captions_round_trip(kind):
    pairs = read_pairs(Path(os.environ.get("SEQ2SEQ_REAL_DATA", "")) / "multi30k" / "train", "en", "de")
    texts = pairs.source + pairs.target
    tokenizer = train_tokenizer(kind, texts, vocabulary_size=40_000 if kind == "word" else 6000)
    assert tokenizer.decode(tokenizer.encode(texts)) == texts
