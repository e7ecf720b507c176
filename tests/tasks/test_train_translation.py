"""Training, resuming, loading and translating: properties of whole runs, on a task that is learned in seconds."""

import csv
import inspect
import json
import shutil
from contextlib import contextmanager

import numpy as np
import pytest
from trainings import StopsAfter

from seq2seq.batches.pairs import PairBatches
from seq2seq.decoding import Sampling
from seq2seq.errors import InputError
from seq2seq.inference.scorer import Scorer
from seq2seq.inference.translator import LINES_AT_ONCE, Translator, length_batches
from seq2seq.interruption import Stopped
from seq2seq.report import Progress, Report
from seq2seq.run import Run
from seq2seq.tasks import train_translation
from seq2seq.tasks.measure_translation import evaluate
from seq2seq.tasks.train_translation import _validation, train
from seq2seq.tasks.translation_corpus import read_training_text
from seq2seq.tasks.translation_settling import settled_by_size
from seq2seq.text.corpus import ParallelText, read_pairs
from seq2seq.training import setup
from seq2seq.training.cluster import Cluster


@pytest.fixture(scope="module")
def translator(tiny_run):
    return Translator.load(tiny_run)


@pytest.fixture(scope="module")
def sources(tiny_data):
    return (tiny_data / "test.src").read_text().splitlines()


class Interrupting(Report):
    """Presses Ctrl-C in the middle of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    @contextmanager
    def progress(self, title, total, unit):
        interrupted = f"epoch {self.epoch}/"

        class Pressing(Progress):
            def advance(self, steps=1, amount=0.0, of="", **figures):
                if title.startswith(interrupted):
                    raise KeyboardInterrupt

        yield Pressing()


def weights_of(run_dir):
    return Translator.load(run_dir).model.get_weights()


# --- the run directory


def test_a_run_holds_what_the_design_says(tiny_run):
    names = {file.name for file in tiny_run.iterdir()}
    assert names == {
        "config.json",
        "joint.json",
        "weights.npz",
        "history.csv",
        "metrics.json",
        "learning_curve.png",
        "checkpoints",
        "lock",
    }
    config = json.loads((tiny_run / "config.json").read_text())
    assert {"tensorflow", "keras", "numpy", "sentencepiece", "seq2seq"} <= set(config["versions"])
    with open(tiny_run / "history.csv") as file:
        history = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in history] == [1, 2, 3]
    assert float(history[-1]["val_loss"]) < float(history[0]["val_loss"])
    best = json.loads((tiny_run / "metrics.json").read_text())
    assert best["val_loss"] == min(float(row["val_loss"]) for row in history)


def test_a_run_moves_to_another_folder(tiny_run, translator, sources, tmp_path):
    moved = shutil.copytree(tiny_run, tmp_path / "elsewhere")
    assert Translator.load(moved).translate(sources[:20]) == translator.translate(sources[:20])


def test_a_second_run_does_not_overwrite_the_first(tiny_run, tiny_config):
    with pytest.raises(InputError, match="holds a run already"):
        train(tiny_config(), tiny_run)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda run: (run / "config.json").write_text("{"), "damaged"),
        (lambda run: (run / "config.json").unlink(), "not a run directory"),
        (lambda run: (run / "weights.npz").unlink(), "no weights"),
        (lambda run: (run / "weights.npz").write_bytes(b"x" * 100), "damaged"),
        (lambda run: (run / "joint.json").unlink(), "joint.json and weights.npz do not belong together"),
        (lambda run: (run / "joint.json").write_text("[]"), "joint.json"),
        (lambda run: edit_config(run, format=99), "newer seq2seq"),
        (lambda run: edit_config(run, task="forecaster"), "run of the task 'forecaster'"),
        (lambda run: edit_config(run, format=1), "older seq2seq"),
        (lambda run: edit_config(run, config={"model": {"unitz": 3}}), "config.json and weights.npz do not belong"),
    ],
)
def test_damaged_runs_are_refused_in_one_line(tiny_run, tmp_path, damage, message):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    damage(run)
    with pytest.raises(InputError, match=message) as caught:
        Translator.load(run)
    assert "\n" not in str(caught.value)


def test_weights_of_another_shape_are_refused(tiny_run, tmp_path):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    opened = Run.open(run, "translation")
    opened.save_weights([np.zeros((4, 4)), np.zeros(100_000, np.float32)])
    with pytest.raises(InputError, match="does not fit"):
        Translator.load(run)


def edit_config(run, **changes):
    content = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(content | changes))


# --- resuming


@pytest.mark.slow
def test_an_interrupt_in_the_first_epoch_leaves_usable_weights(tiny_config, tmp_path):
    config = tiny_config("training.epochs=1", "training.validate_bleu=false", data__limit=100)
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "run", report=Interrupting(epoch=1))
    assert len(Translator.load(tmp_path / "run").translate(["a b c"])) == 1
    assert train(config, tmp_path / "run", resume=True)["epochs"] == 1


def test_resuming_with_other_settings_names_them(tiny_run, tiny_config):
    with pytest.raises(InputError, match=r"model.units=48 \(the run: 32\)"):
        train(tiny_config("model.units=48"), tiny_run, resume=True)


# --- data


def test_training_from_tfds_uses_its_validation_split(tiny_config, tfds_pairs, tmp_path):
    where = {"data__train": "tfds:tiny_pairs/en_fr", "data__valid": None, "data__source": "en", "data__target": "fr"}
    report = Telling()
    config = settled_by_size(tiny_config("data.valid_share=0.5", **where), report)
    assert read_training_text(config, Run(tmp_path, "translation", {}), False, report).pairs == 30
    assert any("has a validation part: data.valid_share" in warning for warning in report.warnings)


def test_training_from_a_saved_data_set_uses_its_validation_split(tiny_config, hf_pairs, tmp_path):
    where = {"data__train": str(hf_pairs), "data__valid": None, "data__source": "en", "data__target": "fr"}
    text, stored = (
        read_training_text(tiny_config(*settings, **where), Run(tmp_path, "translation", {}), False, Report())
        for settings in ([], [f"data.cache={tmp_path}/cache"])
    )
    assert text.pairs == stored.pairs == 30 and len(text.valid) == len(stored.valid) == 5
    assert [file.parent.name for file in text.files["data.train"]] == ["train", "dev"]


@pytest.mark.slow
def test_a_training_from_a_saved_data_set_goes_on_with_no_other_one(tiny_config, hf_pairs, tmp_path):
    datasets = pytest.importorskip("datasets")
    shutil.copytree(hf_pairs, tmp_path / "data")
    where = {"data__train": str(tmp_path / "data"), "data__valid": None, "data__source": "en", "data__target": "fr"}
    config = tiny_config("training.epochs=1", **where)
    train(config, tmp_path / "run")
    assert train(config, tmp_path / "run", resume=True)["train_pairs"] == 30
    shutil.rmtree(tmp_path / "data")
    several = datasets.load_from_disk(str(hf_pairs))
    several["train"] = several["train"].select(range(29, -1, -1))
    several.save_to_disk(tmp_path / "data")
    with pytest.raises(InputError, match=r"cannot go on with other data: the content of data\.train \(.*\.arrow, "):
        train(config, tmp_path / "run", resume=True)


def test_held_out_share_comes_out_of_the_training_part(tiny_config, tmp_path):
    config = tiny_config("data.valid_share=0.1", data__valid=None)
    assert read_training_text(config, Run(tmp_path, "translation", {}), False, Report()).pairs == 630


class Telling(Report):
    """Keeps what it is told."""

    def __init__(self):
        self.lines, self.warnings = [], []

    def say(self, line):
        self.lines.append(line)

    def warn(self, line):
        self.warnings.append(line)


@pytest.mark.slow
def test_an_interrupted_training_of_a_large_corpus_ends_with_the_weights_of_a_whole_one_in_memory(
    tiny_config, tmp_path, monkeypatch
):
    settings = ["text.tokenizer=unigram", "text.subword_sampling=0.2", "model.embedding_dropout=0.2"]
    settings += ["training.epochs=2", "training.validate_bleu=false"]
    settings += ["training.ema_decay=0.0", "training.average_checkpoints=2"]  # the other average is in reliability
    settings += ["training.accumulate_batches=2", "batching.batch_sentences=8", "batching.bucket_step=32"]
    settings += ["model.bidirectional=false", "model.attention=none"]  # which take the time of graphs to be traced
    config = tiny_config(*settings, data__limit=100, data__valid=None)
    train(config, tmp_path / "memory")
    monkeypatch.setattr("seq2seq.tasks.translation_corpus.IN_MEMORY_BYTES", 0)
    with pytest.raises(Stopped):  # within the second epoch, of 12 batches
        train(config, tmp_path / "run", interruption=StopsAfter(17))
    (corpus,) = (tmp_path / "run" / "corpus").iterdir()
    report = Telling()
    train(config, tmp_path / "run", resume=True, report=report)
    assert f"using the prepared corpus in {corpus}" in report.lines
    for one, another in zip(weights_of(tmp_path / "run"), weights_of(tmp_path / "memory"), strict=True):
        np.testing.assert_array_equal(one, another)


def test_runs_share_a_cache_unless_they_need_another_corpus(tiny_config, tmp_path):
    def told(run, *settings):
        report = Telling()
        config = tiny_config(*settings, data__limit=100, data__cache=str(tmp_path / "cache"))
        text = read_training_text(config, Run(tmp_path / run, "translation", {}), False, report)
        assert text.pairs == len(text.rows[0]) == 100
        return next(line.split()[0] for line in report.lines if "prepared corpus" in line)

    assert told("first") == "keeping"
    assert told("second", "model.units=64", "training.epochs=9") == "using"
    for other in ("text.tokenizer=char", "data.swap=true", "batching.max_tokens=99", "data.max_characters=99"):
        assert told("third", other) == "keeping"
        assert told("fourth", other) == "using"
    assert list(tmp_path.iterdir()) == [tmp_path / "cache"]


def test_a_checkpoint_left_behind_gives_no_tokenizers(tiny_config, tmp_path):
    (tmp_path / "checkpoint.npz").touch()
    text = read_training_text(tiny_config(data__limit=100), Run(tmp_path, "translation", {}), False, Report())
    assert text.tokenizers[0].kind == "word"


@pytest.mark.parametrize(
    ("setting", "message"),
    [("data.max_characters=1", "none of 100 pairs"), ("batching.max_tokens=2", r"max_tokens=2: raise it")],
)
def test_a_large_corpus_that_cannot_be_used_leaves_no_run(tiny_config, tmp_path, monkeypatch, setting, message):
    monkeypatch.setattr("seq2seq.tasks.translation_corpus.IN_MEMORY_BYTES", 0)
    with pytest.raises(InputError, match=message):
        train(tiny_config(setting, "text.tokenizer=char", data__limit=100, data__valid=None), tmp_path / "run")
    assert not (tmp_path / "run" / "config.json").exists()


# --- translating


def test_output_lines_follow_input_lines(translator, sources):
    lines = [sources[0], "", *sources[1:5], "   ", sources[5]]
    translations = translator.translate(lines)
    assert translations[1] == translations[6] == ""
    kept = [line for line in lines if line.strip()]
    assert [text for text in translations if text] == translator.translate(kept)


@pytest.mark.parametrize("search", [{}, {"beam_size": 4}])
def test_results_do_not_depend_on_the_batch(translator, sources, search):
    together = list(translator.stream(sources, **search))
    alone = list(translator.stream(sources, batch_tokens=1, **search))
    assert [[h.text for h in row] for row in together] == [[h.text for h in row] for row in alone]
    np.testing.assert_allclose([row[0].score for row in together], [row[0].score for row in alone], atol=1e-4)


def test_n_best_is_sorted_and_starts_with_the_best(translator, sources):
    best = [row[0].text for row in translator.stream(sources[:20], beam_size=4)]
    for first, row in zip(best, translator.stream(sources[:20], beam_size=4, n_best=3), strict=True):
        scores = [hypothesis.score for hypothesis in row]
        assert len(row) == 3 and scores == sorted(scores, reverse=True) and scores[0] <= 0
        assert row[0].text == first


def test_a_search_is_traced_once(tiny_run, sources):
    translator = Translator.load(tiny_run)
    for lines in (sources[:1], sources[:7], sources):
        for search in ({}, {"beam_size": 3}):
            translator.translate(lines, **search)
            translator.translate(lines, batch_tokens=40, **search)
    for penalty in (0.3, 0.7):
        translator.translate(sources[:1], beam_size=3, length_penalty=penalty)
        assert len(next(translator.stream(sources[:1], beam_size=3, n_best=2))) == 2
    assert [search.experimental_get_tracing_count() for search in translator._graphs.values()] == [1, 1]


def test_a_stream_is_read_in_pieces(translator):
    taken = 0

    def lines():
        nonlocal taken
        for _ in range(3 * LINES_AT_ONCE):
            taken += 1
            yield ""

    next(translator.stream(lines()))
    assert taken == LINES_AT_ONCE


def test_a_long_line_is_cut_with_a_warning(tiny_run):
    warnings = []

    class Listening(Report):
        def warn(self, line):
            warnings.append(line)

    translator = Translator.load(tiny_run, report=Listening())
    translations = translator.translate(["a b", "a " * 3000])
    assert len(translations) == 2 and "the first is line 2" in warnings[0]


def test_one_string_is_not_a_list_of_strings(translator):
    for text in ("a b c", b"a b c", None):
        with pytest.raises(InputError, match="list of strings"):
            translator.translate(text)


@pytest.mark.parametrize(
    ("wrong", "told"), [(None, "None"), (1, "1 .int"), (b"a b", "bytes.*: decode it"), (["a"], "list")]
)
def test_what_is_no_string_is_named_with_its_place(translator, wrong, told):
    with pytest.raises(InputError, match=told) as refused:
        translator.translate(["a b", "", wrong])
    assert "at position 2, counted from 0" in str(refused.value)


def test_attention_has_a_row_for_each_target_piece(translator):
    picture = translator.attention("a b c d")
    assert picture.weights.shape == (len(picture.target_pieces), len(picture.source_pieces))
    np.testing.assert_allclose(picture.weights.sum(axis=1), 1.0, atol=1e-5)


def test_attention_is_drawn_of_the_translation_that_is_given(translator):
    """Two samples of a text differ, and so does what they attend to."""
    drawn = [next(translator.stream(["a b c d"], sampling=Sampling(3.0, seed=seed)))[0] for seed in (1, 2)]
    seen = [translator.attention_of("a b c d", each) for each in drawn]
    assert [each.target_pieces for each in seen] == [translator.target.pieces(each.tokens) for each in drawn]
    assert seen[0].target_pieces != seen[1].target_pieces and seen[0].weights.shape[0] == len(drawn[0].tokens)


@pytest.mark.parametrize("text", ["", " \u200b"])
def test_a_text_without_tokens_is_blank(translator, text):
    assert list(translator.stream([text])) == [[]] and translator.translate([text]) == [""]
    with pytest.raises(InputError, match="is blank"):
        translator.attention(text)


@pytest.mark.slow
def test_a_text_that_a_tokenizer_drops_is_blank(tiny_run, tiny_data, monkeypatch):
    """As one from elsewhere may; a validation goes on, and so does what draws attention or scores."""
    translator = Translator.load(tiny_run)
    encode = translator.source.encode
    monkeypatch.setattr(
        translator.source, "encode", lambda texts: encode(["" if "?" in text else text for text in texts])
    )
    config = translator.config
    pairs = read_pairs(tiny_data / "valid", "src", "tgt", limit=6)
    pairs = ParallelText([*pairs.source, "??"], [*pairs.target, "a"])
    batches = PairBatches(*translator.encode_pairs(pairs.source, pairs.target))
    figures = _validation(config, translator, batches, pairs, Cluster())()
    assert 0 <= figures["bleu"] <= 100 and figures["cut"] == 0
    with pytest.raises(InputError, match="is blank"):
        translator.attention("??")
    assert list(Scorer(translator).stream([("??", "a")])) == [None]


def test_length_batches_hold_every_row_once_within_the_budget():
    lengths = np.random.default_rng(0).integers(0, 30, 500)
    batches = list(length_batches(lengths, 64))
    assert sorted(np.concatenate(batches)) == list(np.flatnonzero(lengths))
    assert all(len(batch) * (lengths[batch].max() + 1) <= 64 for batch in batches)


def test_evaluation_counts_every_pair(translator, tiny_data, sources):
    result = evaluate(translator, str(tiny_data / "test"), beam_size=2, num_examples=2)
    assert len(result.hypotheses) == len(sources) and len(result.examples) == 4
    figures = result.as_dict()
    assert json.loads(json.dumps(figures)) == figures
    assert figures["perplexity"] == pytest.approx(np.exp(figures["loss"]))


# --- what BLEU counts


def test_a_tokenizer_of_bleu_without_its_packages_is_refused_before_anything_is_read(
    tiny_config, monkeypatch, tmp_path
):
    monkeypatch.setattr("seq2seq.evaluation.scripts.importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"sacrebleu\[ja\]"):
        train(tiny_config("training.bleu_tokenizer=ja-mecab", data__train="nowhere"), tmp_path / "run")


@pytest.mark.parametrize(
    ("settings", "parts", "at_once"),
    [
        (["batching.batch_sentences=300"], 8, 8),
        (["batching.batch_sentences=20"], 1, 1),
        (["batching.batch_sentences=20", "training.parts=3"], 3, 8),
        (["training.parts=20"], 8, 8),
        (["training.parts=1"], 1, 1),
    ],
)
def test_a_batch_is_trained_on_in_parts_as_its_pairs_and_the_cores_allow(
    tiny_config, tmp_path, monkeypatch, settings, parts, at_once
):
    class ToldError(Exception):
        pass

    def tell(model, loss, batches, validate, *_, **__):
        raise ToldError(model.parallel_parts, inspect.getclosurevars(validate).nonlocals["translator"].workers)

    monkeypatch.setattr(setup, "share_cores", lambda: 8)
    monkeypatch.setattr(train_translation, "Training", tell)
    with pytest.raises(ToldError) as told:
        train(tiny_config(*settings), tmp_path / "run")
    assert told.value.args == (parts, at_once)
