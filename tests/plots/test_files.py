import os
import subprocess
import sys

import numpy as np
import pytest
from matplotlib import pyplot

from seq2seq import plots
from seq2seq.errors import InputError


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("b.svg", b"<?xml"), ("c.PDF", b"%PDF")])
def test_a_file_is_replaced_as_a_whole_and_nothing_else_is_left(tmp_path, name, start):
    (tmp_path / name).write_bytes(b"old")
    plots.save_figure(plots.learning_curve({"epoch": [1, 2], "loss": [2.0, 1.0]}, "nats"), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)
    assert os.listdir(tmp_path) == [name]


def test_a_failed_write_keeps_the_old_file(tmp_path):
    (tmp_path / "a.png").write_bytes(b"old")
    figure = plots.learning_curve({"epoch": [1, 2], "loss": [2.0, 1.0]}, "nats")
    figure.suptitle("$\\broken{$")  # cannot be typeset, found only while drawing
    with pytest.raises(ValueError):
        plots.save_figure(figure, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.png"]


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    figure = plots.learning_curve({"epoch": [1, 2], "loss": [2.0, 1.0]}, "nats")
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


def test_a_learning_curve_imports_no_compiled_code(tmp_path):
    """An import that a signal breaks cannot be repeated, by the picture of a stopped training."""
    code = f"""
import sys
from seq2seq import plots
figure = plots.learning_curve({{"epoch": [1, 2], "loss": [2.0, 1.0]}}, "nats")
before = set(sys.modules)
plots.save_figure(figure, {str(tmp_path / "a.png")!r})
print([each for each in set(sys.modules) - before if str(getattr(sys.modules[each], "__file__", "")).endswith(".so")])
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "[]\n"


def test_figures_are_not_kept_in_global_state():
    open_before = pyplot.get_fignums()
    plots.attention_heatmap(np.ones((1, 1)), ["a"], ["b"])
    plots.learning_curve({"epoch": [1, 2], "loss": [2.0, 1.0]}, "nats")
    plots.forecast([1.0, 2.0], None, [3.0], None)
    plots.anomaly_scores(None, [1.0, 2.0])
    assert pyplot.get_fignums() == open_before
