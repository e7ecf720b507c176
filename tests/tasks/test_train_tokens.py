"""Whole runs with other tokens: white space that counts, texts that come through, models from elsewhere."""

import json
import random
import re
from io import BytesIO

import numpy as np
import pytest
import sentencepiece

from seq2seq.config import TranslationConfig, resolve
from seq2seq.errors import InputError
from seq2seq.inference.translator import Translator
from seq2seq.jobs.inputs import find_inputs
from seq2seq.jobs.job import Job
from seq2seq.jobs.translation import BatchTranslation
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.tasks.measure_translation import evaluate
from seq2seq.tasks.train_translation import train
from seq2seq.tasks.translation_corpus import read_training_text

KEEP = "text.keep=['\\{[a-z]+\\}', '<[^>]+>']"


class Listening(Report):
    def __init__(self):
        self.warnings = []

    def warn(self, line):
        self.warnings.append(line)


def marked_line(draw):
    """One or two of: a letter, a name in braces that is hardly ever the same, a tag."""
    parts = [draw.choice(["a", "b", "c"]), f"{{{''.join(draw.choices('defghij', k=5))}}}", draw.choice(["<i>", "</i>"])]
    return " ".join(draw.choices(parts, k=draw.randint(1, 2)))


@pytest.fixture(scope="module")
def marked_data(tmp_path_factory):
    """Pairs of equal texts: `train.…`, `valid.…`, and `test.…` with names that are nowhere else."""
    folder, draw = tmp_path_factory.mktemp("marked"), random.Random(1)
    for name, count in (("train", 500), ("valid", 40), ("test", 40)):
        lines = "".join(f"{marked_line(draw)}\n" for _ in range(count))
        for side in ("src", "tgt"):
            (folder / f"{name}.{side}").write_text(lines)
    return folder


@pytest.fixture(scope="module")
def marked(marked_data, tiny_config, tmp_path_factory):
    """A function of settings that gives a run of them."""

    def marked(*settings):
        run = tmp_path_factory.mktemp("runs") / "marked"
        where = {f"data__{name}": str(marked_data / name) for name in ("train", "valid")}
        train(tiny_config(KEEP, *settings, "training.validate_bleu=false", **where), run)
        return run

    return marked


@pytest.fixture(scope="module")
def marked_run(marked):
    """A run that has hardly learned anything: what is protected comes through all the same."""
    return marked("training.epochs=1")


def protected(text):
    return sorted(re.findall(r"\{[a-z]+\}|<[^>]+>", text))


@pytest.mark.slow
def test_a_model_that_has_learned_to_copy_puts_protected_texts_where_they_belong(marked, marked_data):
    marked_run = marked("training.epochs=6", "training.learning_rate=0.02", "batching.batch_sentences=8")
    scores = evaluate(Translator.load(marked_run), str(marked_data / "test"), num_examples=0).scores
    assert scores.exact_match > 0.8
    assert json.loads((marked_run / "config.json").read_text())["config"]["text"]["keep"] == [
        "\\{[a-z]+\\}",
        "<[^>]+>",
    ]


@pytest.mark.parametrize("search", [{}, {"beam_size": 3, "n_best": 3}])
def test_protected_texts_come_out_of_every_search_as_often_as_they_went_in(marked_run, search):
    translator = Translator.load(marked_run)
    lines = ["{never} a {seen}", "<x y='1'>{so}</x>,{so}", "b", "{a}" * 9, "", " ".join(f"<{n}>" for n in range(20))]
    translator.report = Listening()
    for line, hypotheses in zip(lines, translator.stream(lines, **search), strict=True):
        assert all(protected(hypothesis.text) == protected(line) for hypothesis in hypotheses) or "<19>" in line
        assert bool(hypotheses) == bool(line)
    told = " ".join(translator.report.warnings)
    assert "4 texts that text.keep protects were too many" in told and "put at the end" in told
    assert len(translator.report.warnings) == len(set(translator.report.warnings)) <= 4


@pytest.mark.slow
def test_attention_is_drawn_over_protected_texts(marked_run):
    picture = Translator.load(marked_run).attention("a {name} b")
    assert picture.source_pieces == ["a", "\u27e81\u27e9", "b", "</s>"] and "{name}" in picture.text
    assert picture.weights.shape == (len(picture.target_pieces), 4)


def test_a_job_restores_them_and_notes_what_was_unknown(marked_run, tmp_path):
    (tmp_path / "in.txt").write_text("{new} a\nz\u6f22 b {x}\n", encoding="utf-8")
    work = BatchTranslation.load(marked_run)
    Job(work, tmp_path / "out").run(find_inputs([str(tmp_path / "in.txt")], tmp_path / "out"))
    assert [protected(line) for line in (tmp_path / "out" / "in.txt").read_text().splitlines()] == [["{new}"], ["{x}"]]
    assert any("1 input lines have 1 symbols" in note and "'z\u6f22' (1)" in note for note in work.notes())


# --- white space

INDENTED = [(f"\tif {a} > 1:  {b}", f"    if {a}\u00a0> 1: {b} ") for a in "xyz" for b in "abcdefgh"]


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    folder = tmp_path_factory.mktemp("code")
    for side, lines in zip(("src", "tgt"), zip(*INDENTED, strict=True), strict=True):
        (folder / f"train.{side}").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


def code_config(code, *settings, **given):
    where = {"data__train": str(code / "train"), "data__source": "src", "data__target": "tgt"}
    fast = ["model.units=8", "model.embedding_dim=8", "training.epochs=1", "training.validate_bleu=false"]
    return resolve(TranslationConfig, settings=[*fast, *settings], **(where | given))


@pytest.mark.parametrize(
    "settings",
    [
        ("text.tokenizer=char", "text.white_space=keep"),
        ("text.tokenizer=unigram", "text.white_space=keep", "text.vocabulary_size=80", "text.subword_sampling=0.2"),
        ("text.tokenizer=bpe", "text.white_space=keep", "text.byte_fallback=true", "text.vocabulary_size=400"),
        ("text.tokenizer=word", "text.keep=['[0-9]+:', '[xy]']"),
    ],
)
def test_a_corpus_is_the_same_in_memory_and_in_a_folder(code, tmp_path, monkeypatch, settings):
    config = code_config(code, *settings, data__valid_share=0.2)

    def read(name):
        return read_training_text(config, Run(tmp_path / name, "translation", {}), False, Report())

    memory = read("memory")
    monkeypatch.setattr("seq2seq.tasks.translation_corpus.IN_MEMORY_BYTES", 0)
    stored = read("stored")
    assert stored.valid == memory.valid and stored.pairs == memory.pairs
    assert [one.to_bytes() for one in stored.tokenizers] == [one.to_bytes() for one in memory.tokenizers]
    sides = [*zip(stored.rows, memory.rows, strict=True)]
    if config.text.subword_sampling:
        sides += zip(stored.resampled(3), memory.resampled(3), strict=True)
    for one, other in sides:
        np.testing.assert_array_equal(one.take(np.arange(len(one))).values, other.values)
    if config.text.keeps_white_space:
        texts = [tokenizer.decode(rows) for tokenizer, rows in zip(memory.tokenizers, memory.rows, strict=True)]
        assert set(zip(*texts, strict=True)) | set(zip(memory.valid.source, memory.valid.target, strict=True)) == set(
            INDENTED
        )


@pytest.mark.slow
def test_characters_keep_white_space_from_file_to_score(code, tmp_path):
    config = code_config(code, "text.tokenizer=char", "data.valid_share=0.2")
    assert config.text.white_space == "auto"
    train(config, tmp_path / "run")
    assert json.loads((tmp_path / "run" / "config.json").read_text())["config"]["text"]["white_space"] == "keep"
    translator = Translator.load(tmp_path / "run")
    seen = []
    monitored = translator.source.encode
    translator.source.encode = lambda texts, **options: seen.extend(texts) or monitored(texts, **options)
    translator.translate(["\tif x:  a \r\n", "   "])
    assert seen == ["\tif x:  a ", ""]
    result = evaluate(translator, str(code / "train"), limit=3, num_examples=1)
    assert {text for pair in INDENTED[:3] for text in pair} <= set(seen)
    assert "\u00a0" in result.examples[0].references[0]
    again = [path for path in code.glob("train.*") if path.read_text() == "".join(f"{pair[1]}\n" for pair in INDENTED)]
    result = evaluate(translator, str(code / "train"), references=again, num_examples=1)
    assert len(again) == 1 and all(len(set(example.references)) == 1 for example in result.examples)
    indented = translator.translate([INDENTED[0][0]], prefix="\t  ")[0]
    assert indented.startswith("\t  ")
    assert train(config, tmp_path / "run", resume=True)["epochs"] == 1


# --- models from elsewhere


@pytest.mark.slow
def test_a_run_with_a_model_from_elsewhere_stands_by_itself(code, tmp_path):
    model = BytesIO()
    texts = [text for pair in INDENTED for text in pair]
    options = {"vocab_size": 60, "hard_vocab_limit": False, "minloglevel": 2}
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(texts), model_writer=model, **options)
    (tmp_path / "own.model").write_bytes(model.getvalue())
    config = code_config(code, f"text.model={tmp_path / 'own.model'}", KEEP, "data.valid_share=0.2")
    train(config, tmp_path / "run")
    (tmp_path / "own.model").unlink()
    translator = Translator.load(tmp_path / "run", report=Listening())
    theirs = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    assert translator.source.vocabulary_size == theirs.get_piece_size() + 1 + 16
    assert "{name}" in translator.translate(["if {name} > \u6f22"])[0]
    assert any("'\u6f22' (1)" in warning for warning in translator.report.warnings)
    assert train(config, tmp_path / "run", resume=True)["epochs"] == 1


def test_another_model_is_another_corpus(code, tmp_path):
    (tmp_path / "own.model").write_bytes(b"no model")
    config = code_config(code, f"text.model={tmp_path / 'own.model'}", data__cache=str(tmp_path / "cache"))
    with pytest.raises(InputError, match=r"own\.model cannot be a tokenizer: it is not a SentencePiece model"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
