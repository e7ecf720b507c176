import numpy as np
import pytest

from seq2seq import plots
from seq2seq.errors import InputError

HISTORY = {
    "epoch": [1, 2, 3, 4],
    "loss": [4.0, 3.0, 2.0, 1.0],
    "val_loss": [4.1, 3.3, 3.0, 3.2],
    "val_bleu": [1.0, 12.0, np.nan, 15.0],
    "val_perplexity": [50.0, 20.0, 15.0, 17.0],
}


def test_learning_curve_has_a_panel_for_each_measure_and_marks_the_best(drawn):
    loss, bleu, perplexity = drawn(plots.learning_curve(HISTORY, "nats per token")).axes
    curves = {line.get_label(): line.get_xydata().tolist() for line in loss.lines}
    assert curves["training"] == [[1, 4], [2, 3], [3, 2], [4, 1]]
    assert curves["best: 3, epoch 3"] == [[3, 3]]
    curves = {line.get_label(): line.get_xydata().tolist() for line in bleu.lines}
    assert curves == {"validation": [[1, 1], [2, 12], [4, 15]], "best: 15, epoch 4": [[4, 15]]}
    assert "best: 15, epoch 3" in [line.get_label() for line in perplexity.lines]
    assert [axes.get_xlabel() for axes in (loss, bleu, perplexity)] == ["epoch"] * 3
    assert "BLEU" in bleu.get_ylabel() and "perplexity" in perplexity.get_ylabel()


def test_learning_curve_of_little(drawn):
    figure = drawn(plots.learning_curve({"epoch": [1], "loss": [2.0], "val_bleu": [np.nan]}, "nats"))
    assert [len(axes.lines) for axes in figure.axes] == [1, 0]


@pytest.mark.parametrize("history", [{}, {"epoch": [], "loss": []}, {"epoch": [1], "seconds": [3.0]}])
def test_an_empty_history_is_refused(history):
    with pytest.raises(InputError, match="pass at least one epoch"):
        plots.learning_curve(history, "nats per token")


def test_the_loss_has_the_unit_that_it_is_given(drawn):
    figure = drawn(plots.learning_curve({"epoch": [1], "loss": [2.0]}, loss_unit="scaled values squared"))
    assert figure.axes[0].get_ylabel() == "loss, scaled values squared"
