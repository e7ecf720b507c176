"""Embeddings start from word vectors: which rows of which table, how the others do, and never again later."""

import numpy as np
import pytest

from seq2seq.config import TranslationConfig, from_mapping, resolve, to_mapping
from seq2seq.errors import InputError
from seq2seq.inference.translator import Translator, build_model
from seq2seq.report import Report
from seq2seq.tasks.train_translation import train
from seq2seq.text.tokenizer import train_tokenizer
from seq2seq.training.word_vectors import check_word_vectors, start_from_word_vectors, word_vector_files

TEXTS = ["the dog sees the cat", "a cat sees the dog", "the dogs"]
WORDS = {"the": 5.0, "cat": -2.0, "dog": 3.0}  # what their vectors are made of


class Telling(Report):
    def __init__(self):
        self.rows = []

    def table(self, title, columns, rows):
        self.rows += rows


@pytest.fixture
def vectors(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("".join(f"{word} {value} {-value} {value} 0\n" for word, value in WORDS.items()))
    return path


def started(vectors, *settings, kind="word", sides=("source",), report=None):
    """A small model, its first tokenizer, and its embeddings before and after they have started from the vectors."""
    given = [f"model.{side}_vectors={vectors}" for side in sides]
    size = ["model.units=4", "model.embedding_dim=4", "training.precision=float32", f"text.tokenizer={kind}"]
    size += [f"model.{place}_dropout=0.0" for place in ("embedding", "output", "word")]
    config = resolve(TranslationConfig, settings=[*size, *given, *settings])
    source = train_tokenizer(kind, TEXTS, vocabulary_size=40)
    target = source if config.text.shares_vocabulary else train_tokenizer(kind, TEXTS[1:], vocabulary_size=40)
    model = build_model(config, source, target)
    tables = [side.embedding.table.embeddings for side in (model.encoder, model.decoder)]
    before = [table.numpy() for table in tables]
    files = word_vector_files(config)
    check_word_vectors(files, config.model.embedding_dim)
    rows = source.encode(TEXTS), target.encode(TEXTS)
    start_from_word_vectors(model, config, files, (source, target), rows, report or Report())
    return (source, target), before, [table.numpy() for table in tables]


def rows_of(tokenizer):
    return {piece: row for row, piece in enumerate(tokenizer.pieces(range(tokenizer.vocabulary_size)))}


@pytest.mark.parametrize("kind", ["word", "unigram", "bpe"])
def test_rows_of_known_words_are_their_vectors_and_others_are_random_ones_of_their_size(vectors, kind):
    (tokenizer, _), before, after = started(vectors, kind=kind)
    known = [row for piece, row in rows_of(tokenizer).items() if piece.removeprefix("\u2581") in WORDS]
    assert known
    for piece, row in rows_of(tokenizer).items():
        value = WORDS.get(piece.removeprefix("\u2581"))
        if value is not None:
            np.testing.assert_array_equal(after[0][row], [value, -value, value, 0])
    others = np.setdiff1d(np.arange(len(after[0])), known)
    scales = after[0][others] / before[0][others]
    np.testing.assert_allclose(scales, scales[0, 0], rtol=1e-5)
    np.testing.assert_allclose(np.mean(after[0][others] ** 2), np.mean(after[0][known] ** 2), rtol=1e-5)


def test_a_piece_that_the_file_has_as_it_stands_takes_that_vector(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("the 1 1 1 1\n\u2581the 2 2 2 2\n")
    (tokenizer, _), _, after = started(path, kind="bpe")
    np.testing.assert_array_equal(after[0][rows_of(tokenizer)["\u2581the"]], [2, 2, 2, 2])


def test_special_ids_take_no_vector(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("the 1 1 1 1\n</s> 2 2 2 2\n<unk> 2 2 2 2\n")
    assert not (started(path)[2][0][:4] == 2).any()


def test_each_table_has_its_own_file_and_a_shared_one_goes_by_either_name(vectors):
    _, before, after = started(vectors, sides=["target"])
    np.testing.assert_array_equal(after[0], after[1])  # one table
    assert (after[0] != before[0]).any()
    for sides, changed in ((["source"], [True, False]), (["target"], [False, True])):
        for untied in ("text.joint=false", "model.tie_source=false"):
            _, before, after = started(vectors, untied, sides=sides)
            assert [(one != other).any() for one, other in zip(before, after, strict=True)] == changed


def test_two_files_for_one_embedding_are_refused(vectors):
    settings = [f"model.source_vectors={vectors}", "model.target_vectors=other.txt"]
    with pytest.raises(InputError, match=r"for one embedding, which both sides share: .*model\.tie_source=false"):
        resolve(TranslationConfig, settings=settings)
    resolve(TranslationConfig, settings=[*settings, "text.joint=false"])
    resolve(TranslationConfig, settings=[settings[0], f"model.target_vectors={vectors}"])


def test_what_was_found_is_told(vectors):
    report = Telling()
    started(vectors, "text.joint=false", sides=["source", "target"], report=report)
    (source, _, pieces, tokens, _), (target, place, *_) = report.rows
    assert (source, target) == ("model.source_vectors", "model.target_vectors")
    assert place == "the target, output layer"
    assert pieces == f"{3 / 6:.1%}"  # the dog sees cat a dogs
    assert tokens == f"{8 / 12:.1%}"


def test_files_that_do_not_fit_are_refused(vectors, tmp_path):
    with pytest.raises(InputError, match=r"vectors of 4 numbers, .* set model\.embedding_dim=4"):
        started(vectors, "model.embedding_dim=6")
    other = tmp_path / "other.txt"
    other.write_text("chien 1 2 3 4\n")
    with pytest.raises(InputError, match=r"has none of the 6 pieces .*text\.tokenizer=word"):
        started(other)


# --- in a training


@pytest.mark.slow
def test_a_run_starts_from_them_and_needs_them_no_more(tiny_config, tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("".join(f"{letter} {' '.join([str(k - 3)] * 16)}\n" for k, letter in enumerate("abcdefgh")))
    still = ["training.learning_rate=0.0", "training.validate_bleu=false", f"model.source_vectors={path}"]
    config = tiny_config(*still, "training.epochs=1", data__limit=60)
    train(config, tmp_path / "run")
    path.unlink()
    loaded = Translator.load(tmp_path / "run")
    table = loaded.model.encoder.embedding.table.embeddings.numpy()
    for k, letter in enumerate("abcdefgh"):
        np.testing.assert_allclose(table[rows_of(loaded.source)[letter]], k - 3, atol=1e-6)
    assert loaded.config.model.source_vectors == str(path)

    train(config, tmp_path / "run", resume=True)
    resumed = Translator.load(tmp_path / "run").model.get_weights()
    for one, other in zip(resumed, loaded.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)

    for checkpoint in (tmp_path / "run" / "checkpoints").iterdir():
        checkpoint.write_bytes(b"damaged")
    with pytest.raises(InputError, match="cannot be read"):  # what starts again needs them
        train(config, tmp_path / "run", resume=True)


def test_a_run_from_before_there_were_any_loads():
    config = to_mapping(resolve(TranslationConfig))
    del config["model"]["source_vectors"], config["model"]["target_vectors"]
    assert from_mapping(TranslationConfig, config) == resolve(TranslationConfig)
