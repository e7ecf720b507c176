"""Runs as SavedModels with named signatures, for those who serve with TensorFlow."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from seq2seq.export import texts
from seq2seq.export.graph import Graph
from seq2seq.export.parity import Difference
from seq2seq.export.signature import Signature, Value
from seq2seq.export.traced import Function, functions_of, save
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.loaded import search_graph, write_graph
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.inference.search import Search
from seq2seq.inference.translator import Translator
from seq2seq.inference.writer import Writer
from seq2seq.models import Ensemble
from seq2seq.runtime.numbers import ExportedAutoencoder, ExportedStream, ExportedWindows
from seq2seq.runtime.texts import ExportedTranslator, ExportedWriter

FOLDER = "model/1"  # TensorFlow Serving is given `model`, and takes the highest number in it
BEAM = 5  # of a run that searches greedily itself
TOKENS = Value("tokens", "int32", ("batch", "tokens"), "ids of texts, 3 at the end of each, 0 behind")


def write(folder: Path, loaded: Any, graphs: Mapping[str, Graph]) -> dict[str, Signature]:
    """Write the signatures of a run: those of its ONNX graphs on numbers, whole searches for texts."""
    if isinstance(loaded, Translator):
        functions, signatures = _searches(loaded)
    elif isinstance(loaded, Writer):
        functions, signatures = _writing(loaded)
    else:
        signatures = {name: Signature(graph.inputs, graph.outputs) for name, graph in graphs.items()}
        functions = {name: functions_of(loaded.model)[name] for name in signatures}
    models = loaded.model.members if isinstance(loaded.model, Ensemble) else [loaded.model]
    save(str(folder / FOLDER), models, functions, {name: each.inputs for name, each in signatures.items()})
    return signatures


def opened(folder: Path, own: Any) -> Any:
    """What is loaded anew from the SavedModel, with what else the run has: it answers as `own` is asked."""
    graphs = _Signatures(folder)
    if isinstance(own, Translator):
        return Translator(own.config, own.source, own.target, _ServedTranslator(graphs), workers=own.workers)
    if isinstance(own, Writer):
        return Writer(own.config, own.tokenizer, _ServedWriter(graphs))
    if isinstance(own, Reconstructor):
        return Reconstructor(own.config, own.scaler, ExportedAutoencoder(graphs), own.run)
    kind = ExportedStream if own.stateful else ExportedWindows
    return Forecaster(own.config, own.scaler, kind(graphs), own.core.calibration, own.run)


def differences(of_numbers: Callable, own: Any, served: Any, sample: Any) -> list[Difference]:
    """How far the answers of what was `opened` are from those of the run.

    Args:
        of_numbers: function that tells them of runs on numbers, which are asked as their ONNX graphs are.
        own, served, sample: its arguments.
    """
    if isinstance(own, Translator):
        searches = {name: {"search": search} for name, search in _kinds(own).items()}
        return texts.differences_of_searches(own, served, sample.lines, searches)
    if isinstance(own, Writer):
        return texts.differences_of_drawings(own, served, sample, {"likeliest": None})
    return of_numbers(own, served, sample)


def _kinds(translator):
    """The searches that a SavedModel has, by their names."""
    beam_size = translator.config.decoding.beam_size
    beam_size = beam_size if beam_size > 1 else BEAM
    return {"greedy": Search(beam_size=1, copy_unknown=False), "beam": Search(beam_size=beam_size, copy_unknown=False)}


def _searches(translator):
    """Functions and signatures of both searches."""
    functions, signatures = {}, {}
    decoding = translator.settled()
    most = f"ceil({decoding.max_length_ratio:g} · its tokens without the 3) + {decoding.max_length_extra}"
    inputs = [
        Value("source", "int32", ("batch", "source_steps"), "ids of source texts, 3 at the end of each, 0 behind"),
        Value("limits", "int32", ("batch",), f"most tokens of each translation; the run's own: {most}"),
    ]
    for name, search in _kinds(translator).items():
        search = translator.settled(search)
        penalty = f" / tokens ** {search.length_penalty:g}"
        scores = Value("scores", "float32", ("batch",), f"log-probability of each translation, nats{penalty}")
        functions[name] = _search(search_graph(translator.model, search, {}))
        signatures[name] = Signature(inputs, [TOKENS, scores])
    return functions, signatures


def _search(graph: Callable) -> Function:
    def search(source, limits):
        tokens, scores = graph(source, limits, tf.zeros_like(limits), tf.zeros((0,), tf.int32))
        return {"tokens": tokens[:, 0], "scores": scores[:, 0]}

    return search


def _writing(writer):
    graph = write_graph(writer.model, None, {})
    inputs = [
        Value("prompts", "int32", ("batch", "steps"), "ids of beginnings, all of one length"),
        Value("limits", "int32", ("batch",), "how many tokens to write"),
    ]
    function = lambda prompts, limits: {"tokens": graph(prompts, limits, tf.zeros_like(limits))[0]}  # noqa: E731
    return {"write": function}, {"write": Signature(inputs, [TOKENS])}


class _Signatures:
    """A SavedModel as an exported folder is called."""

    def __init__(self, folder):
        self._model = tf.saved_model.load(str(folder / FOLDER))

    def graph(self, name):
        return _Served(self._model.signatures[name])


class _Served:
    """A signature as a `seq2seq.runtime.graphs.Graph` is called."""

    def __init__(self, function):
        self._function = function
        self.inputs = {name: spec.shape for name, spec in function.structured_input_signature[1].items()}
        self.outputs = list(function.structured_outputs)

    def __call__(self, outputs: Sequence[str] | None = None, **inputs: np.ndarray) -> list[np.ndarray]:
        made = self._function(**{name: tf.constant(each) for name, each in inputs.items()})
        return [made[name].numpy() for name in outputs or self.outputs]


class _ServedTranslator(ExportedTranslator):
    def __init__(self, graphs):
        self._graphs = graphs

    def search_graph(self, search):
        graph = self._graphs.graph("greedy" if search.beam_size == 1 else "beam")
        return lambda source, limits, *_: [
            each[:, None] for each in graph(["tokens", "scores"], source=source, limits=limits)
        ]


class _ServedWriter(ExportedWriter):
    def __init__(self, graphs):
        self._graph = graphs.graph("write")

    def write_graph(self, sampling):
        return lambda prompts, limits, _: (*self._graph(prompts=prompts, limits=limits), None)
