"""A folder gets its name once it has answered as the run does; whatever is wrong before leaves nothing behind."""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.export import export, folder
from seq2seq.run.integrity import locked
from tests.conftest import OLDER_RUNS

SERIES, TEXTS = (str(OLDER_RUNS / name) for name in ("series.csv", "texts.src"))


@pytest.fixture
def run(tmp_path):
    return shutil.copytree(OLDER_RUNS / "autoencoder", tmp_path / "run")


def refused(run, output, message, **how):
    before = sorted(output.parent.iterdir())
    with pytest.raises(InputError, match=message) as raised:
        export(run, output, **({"sample": SERIES} | how))
    assert "\n" not in str(raised.value) and sorted(output.parent.iterdir()) == before


def test_a_run_that_cannot_be_exported_is_refused(run, tmp_path):
    output = tmp_path / "exported"
    refused(tmp_path, output, "is not a run directory")
    refused(run, output, "--format pickle: expected onnx", format="pickle")
    (run / "metrics.json").unlink()
    refused(run, output, "has not ended its training")
    (run / "metrics.json").touch()
    with locked(run / "lock"):
        pass  # freed: nobody trains it
    (run / "outward").symlink_to(tmp_path)
    refused(run, output, "link out of the run directory")


def test_an_output_in_use_is_refused(run, tmp_path):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "notes.txt").touch()
    refused(run, tmp_path / "used", "is there already")
    refused(run, run / "exported", "is in the folder of the run")
    (tmp_path / "file").touch()
    refused(run, tmp_path / "file", "is there already")


def test_without_data_to_hold_it_against_nothing_is_written(run, tmp_path):
    refused(run, tmp_path / "exported", "cannot be held against the data of the training.*--sample", sample=None)


@pytest.mark.parametrize(
    ("kind", "how", "message"),
    [
        ("autoencoder", {"sample": None}, "Give --sample FILE"),
        ("forecaster", {"sample": None}, "Give --sample FILE"),
        ("language-model", {"sample": None}, "Give --sample FILE"),
        ("translation", {"sample": None, "int8": True}, "and with --int8 --reference FILE"),
        ("translation", {"sample": TEXTS, "int8": True}, "give those of the lines of --sample .* by --reference FILE"),
        ("translation", {"sample": TEXTS, "reference": TEXTS}, "is what --int8 of a translation run is held against"),
        ("autoencoder", {"reference": TEXTS, "int8": True}, "is what --int8 of a translation run is held against"),
        ("translation", {"sample": TEXTS, "reference": SERIES, "int8": True}, "line n of one must be the translation"),
        ("translation", {"sample": TEXTS, "reference": os.devnull, "int8": True}, "line n of one must be"),
        ("translation", {"sample": os.devnull}, "no line with text"),
    ],
)
def test_data_are_refused_before_any_graph_is_made(kind, how, message, tmp_path, monkeypatch):
    made = folder.KINDS[kind]
    monkeypatch.setitem(folder.KINDS, kind, replace(made, graphs=lambda *_: pytest.fail("a graph was made")))
    refused(OLDER_RUNS / kind, tmp_path / "exported", message, **how)


@pytest.mark.slow
def test_graphs_that_answer_otherwise_are_not_written(run, tmp_path, monkeypatch):
    def off(loaded, new):
        weights = loaded.model.get_weights()
        loaded.model.set_weights([weight + np.float32(1e-3) for weight in weights])
        graphs = {name: graph.model() for name, graph in folder.numbers.autoencoder(loaded).items()}
        loaded.model.set_weights(weights)
        return {name: Written(graph) for name, graph in graphs.items()}

    class Written:
        inputs = outputs = ()

        def __init__(self, model):
            self.model = lambda: model

    kind = folder.KINDS["autoencoder"]
    monkeypatch.setitem(folder.KINDS, "autoencoder", replace(kind, graphs=off))
    refused(run, tmp_path / "exported", "answer otherwise than the run")


@pytest.mark.slow
def test_the_validation_part_of_the_training_is_the_sample(beats_run, tmp_path):
    differences = export(beats_run, tmp_path / "exported").differences
    assert all(each.is_small for each in differences) and {"codes, sequences as they come"} <= {
        each.what for each in differences
    }
    record = json.loads((tmp_path / "exported" / "manifest.json").read_text())
    (x,) = record["graphs"]["reconstruct"]["inputs"]
    assert x["shape"] == ["batch", "steps", 1] and "NaN" in x["meaning"]
    assert set(record["files"]) == {each.name for each in (tmp_path / "exported").iterdir()} - {"manifest.json"}
