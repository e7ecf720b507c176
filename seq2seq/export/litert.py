"""Runs as LiteRT graphs, for devices: of fixed sizes, one row at a time."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import tensorflow as tf

from seq2seq.errors import InputError
from seq2seq.export.graph import Graph
from seq2seq.export.signature import Signature
from seq2seq.export.traced import functions_of, save


def check(run: Any) -> None:
    """Raise InputError where a run does not fit a device."""
    if run.task in ("translation", "language-model"):
        raise InputError(
            f"--format litert: {run.path} writes texts as long as they turn out, and LiteRT has graphs of fixed sizes "
            "without such loops: export it with --format onnx."
        )
    if run.task == "autoencoder" and not run.config["windows"]["look_back"]:
        raise InputError(
            f"--format litert: {run.path} reads whole sequences of any length, and LiteRT has graphs of fixed sizes: "
            "export it with --format onnx, or train windows (--look-back)."
        )


def write(folder: Path, loaded: Any, graphs: Mapping[str, Graph]) -> dict[str, Signature]:
    """Write the graphs of a run on numbers; those of a stateful forecaster are one, which reads a single step."""
    functions = functions_of(loaded.model)
    if "step" in functions:
        signatures, functions = {"step": _of_step(graphs["run"])}, {"step": functions["step"]}
    else:
        look_back = loaded.config.windows.look_back
        signatures = {
            name: Signature(*(_fixed(side, look_back) for side in _sides(graph))) for name, graph in graphs.items()
        }
    for name, function in functions.items():
        with tempfile.TemporaryDirectory() as saved:
            save(saved, [loaded.model], {name: function}, {name: signatures[name].inputs})
            converter = tf.lite.TFLiteConverter.from_saved_model(saved, signature_keys=[name])
            (folder / f"{name}.tflite").write_bytes(converter.convert())
    return signatures


def _sides(graph):
    return graph.inputs, graph.outputs


def _fixed(values, steps):
    """Values of one row of so many steps."""
    sizes = {"batch": 1, "steps": steps}
    return [replace(each, shape=tuple(sizes.get(size, size) for size in each.shape)) for each in values]


def _of_step(graph):
    """One step of what reads many: no lengths, and no axis of steps."""
    inputs, outputs = (
        [
            replace(each, shape=tuple(size for size in each.shape if size != "steps"))
            for each in side
            if each.name != "lengths"
        ]
        for side in _sides(graph)
    )
    inputs[0] = replace(inputs[0], meaning="a scaled step, NaN = not observed")
    outputs[0] = replace(outputs[0], name="output", meaning="scaled forecast of the next step")
    return Signature(*(_fixed(side, 1) for side in (inputs, outputs)))
