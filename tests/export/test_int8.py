"""Weights that take a byte each: near those that they stand for, small, and each row by itself."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

from seq2seq.errors import InputError
from seq2seq.export import export, folder, quality, texts
from seq2seq.export.graph import Graph
from seq2seq.export.int8 import MOST, Int8Graph
from seq2seq.export.language_model import language_graphs
from seq2seq.export.quality import Cost
from seq2seq.inference.translator import Translator
from seq2seq.models import LanguageModel
from seq2seq.report import Report
from seq2seq.runtime.graphs import Graph as Session
from seq2seq.runtime.texts import ExportedWriter
from seq2seq.server.models import Told
from tests.conftest import OLDER_RUNS
from tests.export.in_memory import Folder, with_weights

SERIES = str(OLDER_RUNS / "series.csv")


def draw(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


def answered(graph, path, **inputs):
    onnx.save(graph.model(), path / f"{graph.name}.onnx")
    return Session(path / f"{graph.name}.onnx")(**inputs)


@pytest.mark.parametrize(("kind", "more"), [("MatMul", {}), ("Gemm", {"transB": 1})])
@pytest.mark.parametrize("width", [64, 197])
def test_products_are_near_the_exact_ones_and_no_row_depends_on_another(kind, more, width, tmp_path):
    weight, x, bias = draw(width, 80), draw(7, width), draw(80)
    graph = Int8Graph("product")
    given = graph.input("x", "float32", ("batch", width), "rows")
    operands = (given, weight.T, bias) if kind == "Gemm" else (given, weight)
    graph.output("y", graph(kind, *operands, **more), "float32", ("batch", 80), "products")
    (y,) = answered(graph, tmp_path, x=x)
    exact = x @ weight + (bias if kind == "Gemm" else 0)
    assert 0 < np.abs(y - exact).max() < 0.05 * np.abs(exact).max()
    np.testing.assert_array_equal(answered(graph, tmp_path, x=x[2:3])[0], y[2:3])


def test_rows_of_a_table_and_weights_of_layers_are_rounded_by_the_largest_of_their_row(tmp_path):
    table, ids = draw(100, 73), np.array([[3, 0], [99, 3]])
    graph = Int8Graph("rows")
    given = graph.input("ids", "int64", ("batch", "steps"), "ids")
    graph.output("y", graph("Gather", table, given), "float32", ("batch", "steps", 73), "rows")
    np.testing.assert_allclose(
        answered(graph, tmp_path, ids=ids)[0], table[ids], atol=np.abs(table).max() / (2 * MOST - 1)
    )
    weights = draw(2, 40, 64)
    graph = Int8Graph("stored")
    given = graph.input("x", "float32", (1,), "a number")
    graph.output("y", graph("Add", given, weights), "float32", weights.shape, "the weights")
    found = answered(graph, tmp_path, x=np.zeros(1, np.float32))[0]
    np.testing.assert_allclose(found, weights, atol=np.abs(weights).max() / (2 * MOST - 1))


def test_a_matrix_that_is_used_twice_is_stored_once():
    table, graph = draw(200, 64), Int8Graph("tied")
    ids = graph.input("ids", "int64", ("batch",), "ids")
    graph.output(
        "y",
        graph("Gemm", graph("Gather", table, ids), table, np.zeros(200, np.float32), transB=1),
        "float32",
        ("batch", 200),
        "logits",
    )
    assert sum(each.data_type == onnx.TensorProto.INT8 for each in graph.model().graph.initializer) == 1


@pytest.mark.slow
def test_figures_of_validation_data_are_told_and_those_that_are_worse_are_refused(tiny_run, tmp_path, monkeypatch):
    held = export(tiny_run, tmp_path / "small", int8=True)
    assert all(each.is_small for each in held.differences) and held.rate > 0 and held.size < 0.9
    assert [each.what.split()[0] for each in held.costs] == ["BLEU", "chrF"]
    assert all(0 <= each.exact <= 100 and each.worse <= each.most for each in held.costs)
    worse = Cost("BLEU of 9 translations", 30.0, 20.0, 10.0, 0.5)
    monkeypatch.setattr(folder, "costs", lambda *_: ([worse], 1.0))
    with pytest.raises(InputError, match=r"int8 costs too much, BLEU of 9 translations 20 \(float32: 30\)"):
        export(tiny_run, tmp_path / "other", int8=True)
    assert not (tmp_path / "other").exists()


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.5, 1.5])
def test_int8_that_is_slower_is_warned_of(rate, tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "costs", lambda *_: ([], rate))
    warned = Told()
    export(OLDER_RUNS / "autoencoder", tmp_path / "small", int8=True, sample=SERIES, report=warned)
    slower = [line for line in warned.lines if "int8 is slower here, 0.50 times the rate of float32" in line]
    assert len(slower) == (rate < 1)


def test_pairs_of_a_table_and_given_references_are_what_int8_is_held_against(exported, tmp_path):
    table = tmp_path / "pairs.tsv"
    pairs = [("n", "target", "source"), ("1", "x y", "a b"), ("2", "", "c"), ("3", "z z", "d e")]
    table.write_text("".join("\t".join(row) + "\n" for row in pairs))
    own = Translator.load(exported("translation"))
    data = {"train": str(table), "valid": None, "source": "source", "target": "target", "header": True}
    own.config = replace(own.config, data=replace(own.config.data, **data))
    found = texts.read_pairs_of(own, Report())
    assert found.sources == ["a b", "c", "d e"] and found.references == ["x y", "", "z z"]
    files = [tmp_path / name for name in ("new.src", "new.tgt")]
    for file, lines in zip(files, (found.sources, found.references), strict=True):
        file.write_text("\n".join(lines) + "\n")
    assert texts.read_pairs_of(own, Report(), *map(str, files)) == found


@pytest.mark.parametrize("kind", ["autoencoder", "forecaster", "stream", "language-model"])
def test_every_kind_of_run_has_a_figure(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(quality, "ROWS", 20)
    sample = OLDER_RUNS / ("texts.src" if kind == "language-model" else "series.csv")
    held = export(OLDER_RUNS / kind, tmp_path / "small", int8=True, sample=str(sample))
    assert held.costs and all(0 < each.small < np.inf for each in held.costs)


def test_int8_is_for_onnx_graphs(tmp_path):
    with pytest.raises(InputError, match="--int8 is for --format onnx"):
        export(OLDER_RUNS / "stream", tmp_path / "small", format="litert", int8=True)


def test_a_row_of_zeros_is_one(tmp_path):
    graph = Int8Graph("zeros")
    given = graph.input("x", "float32", ("batch", 64), "rows")
    graph.output("y", graph("MatMul", given, draw(64, 80)), "float32", ("batch", 80), "products")
    assert not answered(graph, tmp_path, x=np.zeros((1, 64), np.float32))[0].any()


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_where_no_matrix_is_large_the_steps_are_the_exact_ones(cell, tmp_path):
    model = with_weights(LanguageModel(30, embedding_dim=8, units=16, num_layers=2, cell=cell))
    sides, texts = [], np.int32(np.arange(40).reshape(2, 20) % 30)
    for new in (Graph, Int8Graph):
        (folder := tmp_path / new.__name__).mkdir()
        sides.append(ExportedWriter(Folder(language_graphs(model, new), folder)).nats(texts))
    np.testing.assert_allclose(*sides, rtol=1e-6)
