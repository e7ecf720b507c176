"""What the benchmarks count and compare. Nothing here looks at a clock."""

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

from driver import PeerMissingError, Turns, Worker, result_rows
from prepare import BATCHING, VOCABULARY_SIZE, generated_corpus
from run import app
from workers.protocol import Batch, batches_of_turn, load_batches, save_batches, target_tokens
from works import check_same_model

from seq2seq.errors import InputError
from seq2seq.text.batching import PairBatches
from seq2seq.text.tokens import EOS


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


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["training", "--peers", "torch,kers"], "'kers' is none of torch, keras, bfloat16"),
        (["translation"], "--run RUN --data PREFIX"),
        (["training", "--json", "no/such/folder/rows.json"], "there is no folder"),
    ],
)
def test_wrong_arguments_end_with_one_line(arguments, complaint):
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert complaint in result.output and result.output.count("\n") == 1
