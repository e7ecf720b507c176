import os
import warnings
from itertools import pairwise

import numpy as np
import pytest
from matplotlib import pyplot

from seq2seq import plots
from seq2seq.errors import InputError

SOURCE = ["▁The", "▁chim", "ney", ".", "</s>"]
TARGET = ["▁Der", "▁Schorn", "stein", "▁größer", "▁", "œuvre", "</s>"]
WEIGHTS = np.random.default_rng(0).dirichlet(np.ones(len(SOURCE)), len(TARGET))
HISTORY = {
    "epoch": [1, 2, 3, 4],
    "loss": [4.0, 3.0, 2.0, 1.0],
    "val_loss": [4.1, 3.3, 3.0, 3.2],
    "val_bleu": [1.0, 12.0, np.nan, 15.0],
    "val_perplexity": [50.0, 20.0, 15.0, 17.0],
}


def drawn_without_warning(figure):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a missing glyph or labels without room are warnings
        figure.draw_without_rendering()
    return figure


def tick_labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_heatmap_labels_every_piece_and_shows_every_weight():
    axes = drawn_without_warning(plots.attention_heatmap(WEIGHTS, SOURCE, TARGET)).axes[0]
    assert tick_labels(axes.xaxis) == ["␣The", "␣chim", "ney", ".", "</s>"]
    assert tick_labels(axes.yaxis) == ["␣Der", "␣Schorn", "stein", "␣größer", "␣", "œuvre", "</s>"]
    np.testing.assert_allclose(axes.images[0].get_array(), WEIGHTS, rtol=1e-6)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("source", "target")
    # The first target piece is the top row, and the source is read above the picture.
    assert axes.transData.transform((0, 0))[1] > axes.transData.transform((0, 1))[1]
    assert axes.xaxis.get_ticklabels()[0].get_window_extent().y0 > axes.get_window_extent().y1
    assert axes.images[0].colorbar.ax.get_ylabel() == "attention weight"


@pytest.mark.parametrize("shape", [(1, 1), (5, 60), (60, 5), (60, 60)])
def test_labels_of_any_size_do_not_overlap(shape):
    weights = np.full(shape, 1 / shape[1])
    pieces = ["▁Straßenbahn"] * 60
    figure = drawn_without_warning(plots.attention_heatmap(weights, pieces[: shape[1]], pieces[: shape[0]]))
    axes = figure.axes[0]
    assert axes.yaxis.get_ticklabels()[0].get_fontsize() >= 8
    columns = [label.get_window_extent() for label in axes.xaxis.get_ticklabels()]
    rows = [label.get_window_extent() for label in axes.yaxis.get_ticklabels()]
    assert all(left.x1 <= right.x0 for left, right in pairwise(columns))
    assert all(upper.y0 >= lower.y1 for upper, lower in pairwise(rows))
    assert all(box.x0 >= 0 and box.y1 <= figure.bbox.height for box in columns + rows)


def test_pieces_are_text_and_never_a_formula_or_endless(tmp_path):
    figure = plots.attention_heatmap(np.ones((2, 2)) / 2, ["$x_1$", r"$\frac$"], ["a b", "a" * 500])
    plots.save_figure(drawn_without_warning(figure), tmp_path / "a.svg")
    assert tick_labels(figure.axes[0].xaxis) == ["$x_1$", r"$\frac$"]
    assert tick_labels(figure.axes[0].yaxis) == ["a␣b", "a" * 23 + "…"]


@pytest.mark.parametrize("weights", [WEIGHTS.T, WEIGHTS[None], WEIGHTS[:, :3]])
def test_weights_that_do_not_fit_the_pieces_are_refused(weights):
    with pytest.raises(InputError, match="7 target and 5 source pieces"):
        plots.attention_heatmap(weights, SOURCE, TARGET)


def test_nothing_to_look_at_is_refused():
    with pytest.raises(InputError, match="0 target and 5 source"):
        plots.attention_heatmap(np.ones((0, 5)), SOURCE, [])


def test_learning_curve_has_a_panel_for_each_measure_and_marks_the_best():
    loss, bleu, perplexity = drawn_without_warning(plots.learning_curve(HISTORY)).axes
    curves = {line.get_label(): line.get_xydata().tolist() for line in loss.lines}
    assert curves["training"] == [[1, 4], [2, 3], [3, 2], [4, 1]]
    assert curves["best: 3, epoch 3"] == [[3, 3]]
    curves = {line.get_label(): line.get_xydata().tolist() for line in bleu.lines}
    assert curves == {"validation": [[1, 1], [2, 12], [4, 15]], "best: 15, epoch 4": [[4, 15]]}
    assert "best: 15, epoch 3" in [line.get_label() for line in perplexity.lines]
    assert [axes.get_xlabel() for axes in (loss, bleu, perplexity)] == ["epoch"] * 3
    assert "BLEU" in bleu.get_ylabel() and "perplexity" in perplexity.get_ylabel()


def test_learning_curve_of_little():
    figure = drawn_without_warning(plots.learning_curve({"epoch": [1], "loss": [2.0], "val_bleu": [np.nan]}))
    assert [len(axes.lines) for axes in figure.axes] == [1, 0]


@pytest.mark.parametrize("history", [{}, {"epoch": [], "loss": []}, {"epoch": [1], "seconds": [3.0]}])
def test_an_empty_history_is_refused(history):
    with pytest.raises(InputError, match="pass at least one epoch"):
        plots.learning_curve(history)


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("b.svg", b"<?xml"), ("c.PDF", b"%PDF")])
def test_a_file_is_replaced_as_a_whole_and_nothing_else_is_left(tmp_path, name, start):
    (tmp_path / name).write_bytes(b"old")
    plots.save_figure(plots.learning_curve(HISTORY), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)
    assert os.listdir(tmp_path) == [name]


def test_a_failed_write_keeps_the_old_file(tmp_path):
    (tmp_path / "a.png").write_bytes(b"old")
    figure = plots.learning_curve(HISTORY)
    figure.suptitle("$\\broken{$")  # cannot be typeset, found only while drawing
    with pytest.raises(ValueError):
        plots.save_figure(figure, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.png"]


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    figure = plots.learning_curve(HISTORY)
    (tmp_path / "folder.png").mkdir()
    for name, message in [
        ("a.jpg", r"end its name in \.png, \.svg, \.pdf"),
        ("a", "end its name"),
        ("missing/a.png", "no folder"),
        ("folder.png", "Cannot write .*folder.png"),
    ]:
        with pytest.raises(InputError, match=message) as caught:
            plots.save_figure(figure, tmp_path / name)
        assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == ["folder.png"]


def test_figures_are_not_kept_in_global_state():
    open_before = pyplot.get_fignums()
    plots.attention_heatmap(WEIGHTS, SOURCE, TARGET)
    plots.learning_curve(HISTORY)
    assert pyplot.get_fignums() == open_before
