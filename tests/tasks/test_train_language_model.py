"""A character language model: the text as it is, in connected parts, learned, and written on."""

import gzip
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.batches.chunks import connected_parts
from seq2seq.config import LanguageConfig, resolve
from seq2seq.decoding import Sampling
from seq2seq.errors import InputError
from seq2seq.inference.writer import Writer, build_model
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.tasks.train_language_model import figures_of, train
from seq2seq.text.plain import read_text, split_text
from seq2seq.text.tokenizer import train_tokenizer

VERSE = "one  two\r\n\tthree   \n\n"  # line ends and blanks of every kind
TINY = ["data.chunk=20", "data.slots=8", "model.units=48", "model.embedding_dim=8"]
TINY += [f"model.{part}_dropout=0.0" for part in ("embedding", "layer", "output")]
TINY += ["training.learning_rate=0.02", "training.lr_ramp_steps=5", "training.epochs=5", "training.precision=float32"]


class Heard(Report):
    """Remembers the warnings."""

    def __init__(self):
        self.warnings = []

    def warn(self, line):
        self.warnings.append(line)


@pytest.fixture(scope="module")
def text_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "verses.txt"
    path.write_bytes((VERSE * 300).encode())
    return path


@pytest.fixture(scope="module")
def run(text_file, tmp_path_factory):
    """A run directory, trained in seconds on a text that repeats itself."""
    path = tmp_path_factory.mktemp("runs") / "verses"
    train(resolve(LanguageConfig, settings=TINY, data__text=str(text_file)), path)
    return path


@pytest.fixture(scope="module")
def writer(run):
    return Writer.load(run)


@pytest.mark.parametrize("name", ["text", "text.gz"])
def test_every_character_of_a_file_is_read(tmp_path, name):
    text = "a\r\nb\rc\n\n  \t\u2028\u0085\u00a0 e\u0301 🙂 \n"
    path = tmp_path / name
    content = b"\xef\xbb\xbf" + text.encode()
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    assert read_text(path) == text
    tokenizer = train_tokenizer("char", [text], vocabulary_size=100)
    assert tokenizer.decode([tokenizer.encode([text])[0]]) == [text]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none", None, "No such file"),
        ("empty", b"", "is empty"),
        ("latin1", "fine\ncafé\n".encode("latin1"), "line 2: the byte 0xe9 is not UTF-8"),
        ("utf16", "text".encode("utf-16le"), "iconv -f utf-16le"),
        ("binary", b"a\0b\n", "NUL bytes"),
        ("cut.gz", gzip.compress(b"text" * 99, mtime=0)[:-12], "not a whole gzip file"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_text(tmp_path / name)


@given(st.integers(2, 300), st.integers(1, 40), st.integers(1, 40))
def test_parts_are_equal_and_connected_and_lose_nothing(characters, slots, chunk):
    ids = np.arange(characters)
    parts = connected_parts(ids, slots, chunk)
    assert parts[0][0] == 0
    assert np.array_equal(np.concatenate([part[1:] for part in parts]), ids[1:])  # each predicted once
    assert all(after[0] == before[-1] for before, after in pairwise(parts))
    lengths = [len(part) - 1 for part in parts]
    assert max(lengths) - min(lengths) <= 1
    assert len(parts) == slots or (len(parts) < slots and min(lengths) < 2 * chunk)
    assert len(parts) == 1 or min(lengths) >= chunk


def test_the_end_of_the_text_is_held_out():
    assert split_text("abcdefghij", 0.2) == ("abcdefgh", "ij")
    with pytest.raises(InputError, match=r"poem.txt has 9 characters, too few .*data.valid_share"):
        split_text("abcdefghi", 0.1, "poem.txt")


def test_perplexity_and_bits_say_the_same():
    figures = figures_of(float(np.log(8.0)))
    assert figures["perplexity"] == pytest.approx(8.0) and figures["bits_per_character"] == pytest.approx(3.0)


def test_the_validation_loss_is_that_of_the_parts_read_whole(run, writer, text_file):
    _, held_out = split_text(read_text(text_file), writer.config.data.valid_share)
    data, losses = writer.config.data, []
    for part in connected_parts(writer.tokenizer.encode([held_out])[0], data.slots, data.chunk):
        logits = writer.model(part[None, :-1]).numpy()[0].astype(np.float64)
        logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
        losses += (-logits[np.arange(len(logits)), part[1:]]).tolist()
    assert len(losses) == len(held_out) - 1
    with open(run / "history.csv") as rows:
        names, *values = (line.strip().split(",") for line in rows)
    best = min(float(row[names.index("val_loss")]) for row in values)
    assert np.mean(losses) == pytest.approx(best, rel=1e-4, abs=1e-6)


def test_a_text_that_repeats_itself_is_written_on(writer):
    (written,) = writer.write(VERSE + VERSE[:9], length=3 * len(VERSE))
    assert VERSE[:9] + written == VERSE * 3 + VERSE[:9]


def test_draws_depend_on_seed_and_place_alone(writer):
    def drawn(seed, count=1):
        return writer.write("one", 50, Sampling(temperature=3.0, seed=seed), count)

    assert drawn(1) == drawn(1) != drawn(2)
    several = drawn(1, count=3)
    assert several[:1] == drawn(1) and len(set(several)) == 3
    assert writer.write("one", 50, Sampling(temperature=3.0, top_k=1), count=2) == writer.write("one", 50, count=2)


def test_only_characters_of_the_text_are_written_however_little_was_learned(writer):
    fresh = Writer(writer.config, writer.tokenizer, build_model(writer.config, writer.tokenizer))
    for text in fresh.write("", 300, Sampling(temperature=100.0), count=3):
        assert len(text) == 300
        assert set(text) <= set(VERSE)


def test_prompts_with_unknown_characters_and_none(writer):
    report = Heard()
    reported = Writer(writer.config, writer.tokenizer, writer.model, report)
    assert len(reported.write("one 'two' two", 7)[0]) == 7
    assert report.warnings == ["""the model's text had no "'": read as an unknown character"""]
    assert reported.write("", 30) == reported.write("\n", 30)
    with pytest.raises(InputError, match="not UTF-8"):
        writer.write("\udce9")
    for options in ({"length": 0}, {"count": 0}):
        with pytest.raises(InputError, match="at least 1, got 0"):
            writer.write("one", **options)
    no_lines = train_tokenizer("char", ["one two"])
    with pytest.raises(InputError, match="a prompt is needed"):
        Writer(writer.config, no_lines, build_model(writer.config, no_lines)).write()


@pytest.mark.slow
def test_training_goes_on_where_it_stopped(text_file, tmp_path):
    def config(*more, epochs):
        given = {"data__text": str(text_file), "training__epochs": epochs, "data__min_count": 400}
        return resolve(LanguageConfig, settings=[*TINY, "model.units=8", *more], **given)

    run = tmp_path / "run"
    train(config(epochs=1), run, resume=True)  # nothing there yet: it begins
    first = Run.open(run, "language-model")
    assert len(Writer.load(run).tokenizer.symbols) < len(set(VERSE))  # the rare ones are unknown
    metrics = train(config(epochs=2), run, resume=True)
    assert metrics["epochs"] == 2 and metrics["val_bits_per_character"] > 0
    assert len((first.path / "history.csv").read_text().splitlines()) == 3
    with pytest.raises(InputError, match=r"data.chunk=10 \(the run: 20\)"):
        train(config("data.chunk=10", epochs=3), run, resume=True)
    with pytest.raises(InputError, match="holds a run already"):
        train(config(epochs=3), run)
