"""What the benchmarks count and compare. Nothing here looks at a clock."""

import gzip
import importlib.util
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import quality
from chart import costs, draw_curves
from curves import MIDDLE, STEPS, Point, each_amount, steps_of_turn, training_points
from driver import PeerMissingError, Turns, Worker, result_rows
from naive import COLUMNS, generated, summary
from prepare import BATCHING, VOCABULARY_SIZE, even_corpus, generated_corpus
from run import app
from workers.protocol import Batch, batches_of_turn, load_batches, save_batches, target_tokens
from workers.sentences import length_limit, source_batches, spread
from workers.tutorial import make_models, take_weights
from works import PEERS, Bench, check_peers, check_same_model, searchers, trainers

from seq2seq.batches.pairs import PairBatches
from seq2seq.errors import InputError
from seq2seq.models import EncoderDecoder
from seq2seq.special_ids import BOS, EOS
from seq2seq.training.lines import of_epoch


@pytest.fixture(scope="module")
def corpus():
    return generated_corpus(500)


@pytest.fixture(scope="module")
def batches(corpus):
    epoch = PairBatches(*corpus, **BATCHING, seed=1).epoch()
    return [Batch(*inputs, labels) for inputs, labels in epoch.as_numpy_iterator()]


def test_generated_rows_have_the_lengths_asked_for_and_only_usual_ids():
    source, target = generated_corpus(5000, mean_length=20.0)
    for rows in (source, target):
        assert abs(rows.lengths.mean() - 20.0) < 1.0
        assert rows.lengths.min() >= 1
        assert len(rows.values) == rows.lengths.sum()
        assert rows.values.min() > EOS and rows.values.max() < VOCABULARY_SIZE
    again = generated_corpus(5000, mean_length=20.0)[1]
    assert np.array_equal(target.values, again.values)


def test_even_rows_need_no_padding():
    source, target = even_corpus(4, 5, 50)
    (sources, target_inputs), labels = next(PairBatches(source, target, bucket_step=1).epoch().as_numpy_iterator())
    assert sources.shape == target_inputs.shape == labels.shape == (4, 6)
    assert (labels > 0).all() and labels.max() < 50


def test_an_epoch_counts_each_target_token_and_each_end_once(corpus, batches):
    _, target = corpus
    assert target_tokens(batches) == len(target.values) + len(target) == PairBatches(*corpus).amount


def test_batches_survive_their_file(batches, tmp_path):
    save_batches(tmp_path, batches)
    loaded = load_batches(tmp_path)
    assert len(loaded) == len(batches)
    for one, other in zip(loaded, batches, strict=True):
        assert all(map(np.array_equal, one, other))


def test_turns_follow_on_each_other_round_and_round():
    batches = list("abcde")
    done = [batch for turn in range(5) for batch in batches_of_turn(batches, turn, 3)]
    assert done == batches * 3
    assert batches_of_turn(batches, -1, 3) == list("cde")


def test_ratio_is_that_of_the_same_turn_so_a_slower_machine_does_not_matter():
    ours = [100.0, 10.0, 50.0, 70.0]
    rows = result_rows("work", "tokens/s", {"ours": Turns(ours, 5.0), "half": Turns([rate / 2 for rate in ours])})
    assert [row["system"] for row in rows] == ["ours", "half"]
    assert [row["ratio"] for row in rows] == [1.0, 2.0]
    assert (rows[0]["low"], rows[0]["median"], rows[0]["high"]) == (10.0, 60.0, 100.0)


def test_share_of_the_floor_is_that_of_the_same_turn():
    floor = [100.0, 10.0, 50.0]
    turns = {"ours": Turns([50.0, 5.0, 25.0]), "peer": Turns([20.0, 2.0, 10.0]), "floor": Turns(floor)}
    assert [row["share_of_floor"] for row in result_rows("work", "tokens/s", turns, "floor")] == [0.5, 0.2, 1.0]
    assert "share_of_floor" not in result_rows("work", "tokens/s", turns)[0]


def test_another_model_is_not_compared():
    def trained(loss):
        return SimpleNamespace(system="peer", description={"loss": loss, "rounding": 1e-5})

    check_same_model([trained(9.0), trained(9.00001), SimpleNamespace(system="pipeline", description={})])
    for loss in (9.001, float("nan")):
        with pytest.raises(RuntimeError, match="peer has another model"):
            check_same_model([trained(9.0), trained(loss)])


def test_a_worker_that_cannot_work_says_why(tmp_path):
    with pytest.raises(InputError, match="cannot be run"):
        Worker("torch", "torch_peer", {}, python=str(tmp_path / "python"))
    with pytest.raises(RuntimeError, match=r"No module named workers\.nobody"):
        Worker("nobody", "nobody", {})


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="PyTorch is installed")
def test_a_peer_that_is_not_installed_is_told_from_one_that_fails():
    with pytest.raises(PeerMissingError):
        Worker("torch", "torch_peer", {})


def test_each_peer_works_where_it_can_and_in_its_own_interpreter():
    bench = Bench({}, 1, {peer: f"python of {peer}" for peer in PEERS}, None)
    assert [worker[1] for worker in trainers(bench)] == ["ours", "torch_peer", "keras_peer", "ours", "joeynmt_peer"]
    assert trainers(bench)[1][3] == "python of torch" and trainers(bench)[4][3] == "python of joeynmt"
    greedy, beam = ([worker[1] for worker in searchers(bench, size, 1000)] for size in (1, 5))
    assert greedy == ["translation", "torch_translation", "joeynmt_translation", "tutorial"]
    assert beam == greedy[:-1]
    assert len(trainers(bench.beside())) == len(searchers(bench.beside("keras"), 1, 1000)) == 1
    assert check_peers(" torch, tutorial,") == ["torch", "tutorial"]


def test_sources_come_sorted_in_batches_or_the_first_ones_one_by_one():
    sources = [[5] * length for length in (3, 1, 2, *range(4, 100))]
    spec = {"sources": sources, "most_parts": 2, "limit_ratio": 2, "limit_offset": 10}
    batches = source_batches(spec | {"at_once": 1000})
    assert [batch.shape for batch in batches] == [(64, 64), (35, 99)]
    assert [int((row > 0).sum()) for batch in batches for row in batch] == list(range(1, 100))
    assert length_limit(spec, batches[0]) == 2 * 64 + 10
    assert [batch.tolist() for batch in source_batches(spec | {"at_once": 1})] == [[[5, 5, 5]], [[5]]]


def test_a_few_sources_have_the_mean_length_of_all():
    random = np.random.default_rng(1)
    sources = [[5] * length for length in random.permutation(np.arange(1, 101))]
    lengths = [len(source) for source in spread(sources, 5)]
    assert lengths == [11, 31, 51, 71, 91]
    assert spread(sources[:2], 5) == sorted(sources[:2], key=len)


def test_the_tutorial_computes_what_our_model_does(tmp_path):
    sizes = {"source_vocabulary_size": 11, "target_vocabulary_size": 13, "embedding_dim": 4, "units": 6}
    model = EncoderDecoder(**sizes)
    random = np.random.default_rng(1)
    model.set_weights([random.normal(0.0, 0.5, weight.shape) for weight in model.weights])
    np.savez(
        tmp_path / "translator.npz", **{f"run/{weight.path.partition('/')[2]}": weight for weight in model.weights}
    )
    encoder, decoder = make_models(**sizes)
    take_weights(encoder, decoder, tmp_path / "translator.npz")
    source, target_input = np.array([[4, 5, 6, EOS]]), np.array([[BOS, 7, 8]])
    keys, values, *state = encoder.predict(source, verbose=0)
    found = []
    for token in target_input[0]:
        logits, *state = decoder.predict((np.array([[token]]), keys, values, *state), verbose=0)
        found.append(logits[0, 0])
    np.testing.assert_allclose(found, model((source, target_input))[0], atol=1e-5)


def test_training_curves_meet_in_the_middle_and_grow_one_size_each():
    points = training_points()
    assert len({point.work for point, _ in points}) == len(points)
    for point, sizes in points:
        assert Point.of(point.work) == point
        assert sizes[point.curve.split()[-1]] == point.value
        assert sum(sizes[name] != MIDDLE[name] for name in MIDDLE) <= 1


def test_a_turn_has_fewer_steps_where_they_are_large():
    assert [steps_of_turn(tokens) for tokens in (1, 1000, 10**6)] == [STEPS[1], 4, STEPS[0]]
    turns = each_amount({"ours": Turns([100.0, 50.0], 7.0)}, 10)
    assert turns == {"ours": Turns([10.0, 5.0], 7.0)}


def test_curves_are_drawn_as_time_for_one_unit_of_work(tmp_path):
    rows = []
    for units, rate in ((128, 4.0), (256, 2.0)):
        turns = {"ours": Turns([rate, rate]), "peer": Turns([rate / 4, rate / 2])}
        rows += result_rows(f"training, units {units}", "updates/s", turns)
    rows += result_rows("pipeline, pairs 10000", "epochs/s", {"ours": Turns([0.5])})
    found = costs(rows)
    assert found["training, units"][0] == "update" and found["pipeline, pairs"][0] == "epoch"
    assert found["training, units"][1]["ours"] == [(128, 0.25, 0.25, 0.25), (256, 0.5, 0.5, 0.5)]
    assert found["training, units"][1]["peer"][0] == (128, 1 / 1.5, 0.5, 1.0)
    assert found["pipeline, pairs"][1] == {"ours": [(10_000, 2.0, 2.0, 2.0)]}
    draw_curves(rows, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 0


def test_generated_series_are_the_same_each_time_and_of_three_kinds(tmp_path):
    series = generated()
    assert len({source.name for source in series}) == 9
    for source, again in zip(series, generated(), strict=True):
        assert len(source.values) == 3000 and np.array_equal(source.values, again.values)
        assert source.horizons == ((1, 7) if source.name.startswith("temperature") else (1, 24))
    pollution, load = (
        next(source.values for source in series if source.name == name) for name in ("pollution 1", "load 1")
    )
    assert (pollution >= 0).all() and (pollution == pollution.round()).all()
    assert np.corrcoef(load[:-168], load[168:])[0, 1] > np.corrcoef(load[:-24], load[24:])[0, 1] > 0.5
    series[0].write(tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text().startswith("when,value\n2015-01-01,")


def test_losses_are_counted_and_those_told_of():
    def row(skill, told, holds):
        return dict.fromkeys(COLUMNS) | {"skill": skill, "told of a loss": told, "holds": holds}

    said = summary([row(0.5, "no", 0.9), row(-0.1, "yes", 0.8), row(-0.01, "no", 1.0), row(0.0, "no", 0.9)])
    assert said.startswith("better than the best naive forecast in 1 of 4; told of 1 of 2 losses; ")
    assert said.endswith("intervals hold 0.900 on average, 0.800 at least")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["training", "--peers", "torch,kers"], "'kers' is none of torch, keras, bfloat16"),
        (["curves", "training", "--plot", "rates.png"], "a picture of their own"),
        (["naive", "training"], "a table of its own"),
        (["translation"], "--run RUN --data PREFIX"),
        (["training", "--json", "no/such/folder/rows.json"], "there is no folder"),
    ],
)
def test_wrong_arguments_end_with_one_line(arguments, complaint):
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert complaint in result.output and result.output.count("\n") == 1


def test_minutes_to_a_bleu_are_those_of_the_first_validation_that_has_it():
    points = [(60.0, 10.0), (120.0, 30.5), (180.0, 29.0), (240.0, 31.0)]
    assert quality.reached(points, 30) == 2.0 and quality.reached(points, 31) == 4.0
    assert quality.reached(points, 32) is None


def test_joeynmt_reads_the_pieces_of_both_languages_by_the_ids_that_they_have(tmp_path):
    for side, text in (("en", "A dog runs.\nTwo dogs sleep.\n"), ("de", "Ein Hund läuft.\nZwei Hunde schlafen.\n")):
        for part in ("train", "val"):
            with gzip.open(tmp_path / f"{part}.{side}.gz", "wt", encoding="utf-8") as file:
                file.write(text * 20)
    quality.prepare(tmp_path, tmp_path / "work", 40, None)
    assert (tmp_path / "work" / "train.de").read_text(encoding="utf-8").startswith("ein hund läuft.\nzwei")
    model = quality.sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "work" / "pieces.model"))
    pieces = (tmp_path / "work" / "pieces.txt").read_text(encoding="utf-8").splitlines()
    assert pieces == [model.id_to_piece(number) for number in range(40)]
    quality.prepare(tmp_path, tmp_path / "few", 40, 7)
    lines = [
        len((tmp_path / "few" / f"{part}.de").read_text(encoding="utf-8").splitlines()) for part in ("train", "val")
    ]
    assert lines == [7, 40]


def test_bleu_is_found_in_what_a_training_says(tmp_path):
    arguments = SimpleNamespace(system="seq2seq", data=tmp_path, set=[], pairs=None, recipe=True)
    _, pattern = quality.command_of(arguments, tmp_path)
    figures = {"loss": 3.0, "val_loss": 2.0, "val_bleu": 31.456, "val_exact_match": 0.1, "tokens_per_second": 9.0}
    assert re.search(pattern, f"epoch 3/36: {of_epoch(figures, 'loss')}")[1] == "31.46"
