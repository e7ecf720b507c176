"""Training for the least expected cost of what a model draws: costs of candidates, and whole trainings."""

import csv

import numpy as np
import pytest
from trainings import StopsAfter

from seq2seq.config import TranslationConfig, resolve
from seq2seq.errors import InputError
from seq2seq.evaluation.sentence_costs import SentenceCosts
from seq2seq.interruption import Stopped
from seq2seq.run.parent import Parent
from seq2seq.tasks.train_translation import train
from seq2seq.tasks.translation_risk import CandidateCosts
from seq2seq.text.tokenizer import train_tokenizer
from tests.tasks.test_starting import Heard, weights_of

RISK = [
    "training.objective=risk",
    "training.monitor=bleu",
    "training.validation_sentences=60",
    "model.output_dropout=0.1",
    "risk.candidates=4",
]


def costs_of(*texts, reference=True):
    """Costs of texts of words, the last of them the reference, and which of them count."""
    words = ["dogs cats run sleep the"] * 2
    tokenizer = train_tokenizer("word", words, vocabulary_size=20)
    rows = np.zeros((1, len(texts), 6), np.int32)
    for k, text in enumerate(texts):
        ids = [*tokenizer.encode([text])[0], 3]
        rows[0, k, : len(ids)] = ids
    costs, counts = CandidateCosts(tokenizer, SentenceCosts("bleu"), reference)(rows)
    assert (costs.dtype, costs.shape, counts.dtype) == (np.float32, rows.shape[:2], bool)
    return costs[0].tolist(), counts[0].tolist()


def test_of_equal_candidates_one_counts_and_of_those_like_the_reference_the_reference():
    texts = "the dogs run", "cats", "the dogs", "cats", "the dogs run"
    costs, counts = costs_of(*texts)
    assert counts == [False, False, True, True, True]
    assert costs[4] == costs[0] == 0.0 and costs[1] == costs[3] == 1.0 and 0.0 < costs[2] < 1.0
    assert costs_of(*texts, reference=False) == (costs, [True, False, True, True, False])


def test_an_empty_reference_costs_nothing_where_nothing_is_drawn():
    assert costs_of("cats", "", "") == ([1.0, 0.0, 0.0], [True, False, True])


def tuned(config, run, start, *settings, **arguments):
    base = Parent.open(start, TranslationConfig, run).settings
    data = {f"data__{name}": getattr(config().data, name) for name in ("train", "valid", "source", "target")}
    settings = resolve(TranslationConfig, settings=["training.epochs=2", *RISK, *settings], base=base, **data)
    report = Heard()
    return train(settings, run, report=report, **({"parent": start} | arguments)), report


def test_risk_without_candidates_to_compare_is_refused(tiny_config):
    with pytest.raises(InputError, match=r"risk\.candidates=1: expected at least 2"):
        tiny_config(*RISK, "risk.reference=false", "risk.candidates=1")


@pytest.mark.slow
def test_fresh_weights_and_a_choice_by_the_loss_are_warned_of(tiny_config, tmp_path):
    report = Heard()
    settings = [*RISK, "training.monitor=loss", "data.limit=60", "training.epochs=1"]
    train(tiny_config(*settings), tmp_path / "fresh", report=report)
    assert ["--from" in line for line in report.warnings if "training.objective" in line] == [True]
    assert any("training.monitor=bleu" in line for line in report.warnings)


@pytest.mark.slow
def test_a_run_is_tuned_for_less_risk_and_a_stopped_training_ends_with_the_same_bits(tiny_config, tiny_run, tmp_path):
    settings = ["training.learning_rate=0.005", "training.epochs=3", "training.ema_decay=0.0", "data.limit=300"]
    _, report = tuned(tiny_config, tmp_path / "whole", tiny_run, *settings)
    with open(tmp_path / "whole" / "history.csv") as file:
        risks = [float(row["loss"]) for row in csv.DictReader(file)]
    assert 0.0 < risks[-1] < risks[0] < 1.0
    assert sum(line.startswith("epoch 3/3: risk 0.") for line in report.lines) == 1
    with pytest.raises(Stopped):
        tuned(tiny_config, tmp_path / "stopped", tiny_run, *settings, interruption=StopsAfter(15))
    tuned(tiny_config, tmp_path / "stopped", tiny_run, *settings, parent=None, resume=True)
    for one, other in zip(weights_of(tmp_path / "whole"), weights_of(tmp_path / "stopped"), strict=True):
        assert one.tobytes() == other.tobytes()
