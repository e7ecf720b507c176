from itertools import pairwise

import numpy as np
import pytest

from seq2seq import plots
from seq2seq.errors import InputError

SOURCE = ["▁The", "▁chim", "ney", ".", "</s>"]
TARGET = ["▁Der", "▁Schorn", "stein", "▁größer", "▁", "œuvre", "</s>"]
WEIGHTS = np.random.default_rng(0).dirichlet(np.ones(len(SOURCE)), len(TARGET))


def tick_labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_heatmap_labels_every_piece_and_shows_every_weight(drawn):
    axes = drawn(plots.attention_heatmap(WEIGHTS, SOURCE, TARGET)).axes[0]
    assert tick_labels(axes.xaxis) == ["␣The", "␣chim", "ney", ".", "</s>"]
    assert tick_labels(axes.yaxis) == ["␣Der", "␣Schorn", "stein", "␣größer", "␣", "œuvre", "</s>"]
    np.testing.assert_allclose(axes.images[0].get_array(), WEIGHTS, rtol=1e-6)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("source", "target")
    # The first target piece is the top row, and the source is read above the picture.
    assert axes.transData.transform((0, 0))[1] > axes.transData.transform((0, 1))[1]
    assert axes.xaxis.get_ticklabels()[0].get_window_extent().y0 > axes.get_window_extent().y1
    assert axes.images[0].colorbar.ax.get_ylabel() == "attention weight"


@pytest.mark.parametrize("shape", [(1, 1), (5, 60), (60, 5), (60, 60)])
def test_labels_of_any_size_do_not_overlap(drawn, shape):
    weights = np.full(shape, 1 / shape[1])
    pieces = ["▁Straßenbahn"] * 60
    figure = drawn(plots.attention_heatmap(weights, pieces[: shape[1]], pieces[: shape[0]]))
    axes = figure.axes[0]
    assert axes.yaxis.get_ticklabels()[0].get_fontsize() >= 8
    columns = [label.get_window_extent() for label in axes.xaxis.get_ticklabels()]
    rows = [label.get_window_extent() for label in axes.yaxis.get_ticklabels()]
    assert all(left.x1 <= right.x0 for left, right in pairwise(columns))
    assert all(upper.y0 >= lower.y1 for upper, lower in pairwise(rows))
    assert all(box.x0 >= 0 and box.y1 <= figure.bbox.height for box in columns + rows)


def test_pieces_are_text_and_never_a_formula_or_endless(drawn, tmp_path):
    figure = plots.attention_heatmap(np.ones((2, 2)) / 2, ["$x_1$", r"$\frac$"], ["a b", "a" * 500])
    plots.save_figure(drawn(figure), tmp_path / "a.svg")
    assert tick_labels(figure.axes[0].xaxis) == ["$x_1$", r"$\frac$"]
    assert tick_labels(figure.axes[0].yaxis) == ["a␣b", "a" * 23 + "…"]


@pytest.mark.parametrize("weights", [WEIGHTS.T, WEIGHTS[None], WEIGHTS[:, :3]])
def test_weights_that_do_not_fit_the_pieces_are_refused(weights):
    with pytest.raises(InputError, match="7 target and 5 source pieces"):
        plots.attention_heatmap(weights, SOURCE, TARGET)


def test_nothing_to_look_at_is_refused():
    with pytest.raises(InputError, match="0 target and 5 source"):
        plots.attention_heatmap(np.ones((0, 5)), SOURCE, [])
