"""Loaded runs on a GPU: its memory is shared before anything runs, and searches stay on it."""

import pytest
import tensorflow as tf

from seq2seq.config import DecodingConfig
from seq2seq.decoding import Sampling
from seq2seq.inference import translator as module
from seq2seq.inference.compiled_text import forced_graph, search_graph
from seq2seq.inference.search import Search
from seq2seq.inference.translator import Translator
from seq2seq.models import EncoderDecoder
from tests.conftest import slow
from tests.stand_ins.graphics_card import ops_of, seen, where_there_is_none, without_gpu_kernel

pytestmark = where_there_is_none
SEARCHES = {
    "beam": Search(beam_size=4, n_best=2, no_repeat=2, prefix="a"),
    "greedy": Search(beam_size=1),
    "sampling": Search(sampling=Sampling(top_k=3, seed=1)),
}


def test_memory_grows_with_need_before_a_model_is_made(tiny_run, monkeypatch):
    done, build_model = [], module.build_model
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: {})
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", lambda gpu, on: done.append((gpu.name, on)))
    monkeypatch.setattr(module, "build_model", lambda *given: done.append("model") or build_model(*given))
    with seen(2):
        translator = Translator.load(tiny_run)
    assert done == [("/physical_device:GPU:0", True), ("/physical_device:GPU:1", True), "model"]
    assert translator.workers == 1  # no shares of cores


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", slow("float32")])
@pytest.mark.parametrize("name", ["beam", slow("greedy"), slow("sampling")])
def test_a_search_is_one_graph_that_leaves_nothing_to_the_processor(name, dtype):
    with seen():
        first = {"decoder_layers": 2, "attention_at": "first"}
        model = EncoderDecoder(11, 11, embedding_dim=4, units=6, dtype=dtype, **first)
        search_graph(model, SEARCHES[name].settled(DecodingConfig()), graphs := {})
        graph = next(iter(graphs.values())).get_concrete_function().graph
    assert ops_of(graph)["CudnnRNNV3"] == 2  # the encoder, in both directions; the decoder goes step by step
    assert without_gpu_kernel(graph) == set()


@pytest.mark.slow
@pytest.mark.parametrize("at", ["top", "first"])
def test_so_is_the_reading_of_given_translations(at):
    with seen():
        model = EncoderDecoder(11, 11, embedding_dim=4, units=6, decoder_layers=2, attention_at=at)
        graph = forced_graph(model, attended=True).get_concrete_function().graph
    assert ops_of(graph)["CudnnRNNV3"] == 4
    assert without_gpu_kernel(graph) == set()
