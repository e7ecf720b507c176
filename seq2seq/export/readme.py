"""The README of an exported folder: what is in it, and ten lines that run it."""

from collections.abc import Mapping, Sequence
from typing import Any

from seq2seq.export.signature import Signature

_COMMANDS = {
    "autoencoder": (
        "seq2seq-run reconstruct DIR --input FILE --output reconstructed.csv",
        "seq2seq-run detect DIR --input FILE --output scores.csv",
    ),
    "translation": (
        'seq2seq-run translate DIR "A text."',
        "seq2seq-run translate DIR --input FILE --beam-size 5",
        "seq2seq-run translate DIR --input FILE --beam-size 5 --n-best 3",
    ),
    "language-model": ("seq2seq-run generate DIR --length 200",),
    "forecaster": ("seq2seq-run forecast DIR --input FILE --output forecast.csv",),
}
_CLASSES = {
    "autoencoder": ("Reconstructor, detect", 'detection = detect(reconstructor, reconstructor.read("FILE"))'),
    "translation": ("Translator", 'translator.translate(["A text."], beam_size=5)'),
    "language-model": ("Writer", "writer.write(length=200)"),
    "forecaster": ("Forecaster", 'forecaster.forecast(forecaster.read("FILE"))'),
}
_RUNTIMES = {
    "onnx": (
        "It answers with NumPy and ONNX Runtime",
        "import onnxruntime",
        'session = onnxruntime.InferenceSession("{name}.onnx")',
        "answers = dict(zip([each.name for each in session.get_outputs()], session.run(None, inputs)))",
    ),
    "litert": (
        "It answers with NumPy and LiteRT, one row at a time",
        "from ai_edge_litert.interpreter import Interpreter",
        'run = Interpreter("{name}.tflite").get_signature_runner()',
        "answers = run(**inputs)",
    ),
    "saved-model": (
        "It is for TensorFlow Serving, which is given a folder `model`",
        "import tensorflow as tf",
        'model = tf.saved_model.load("model/1")',
        'answers = model.signatures["{name}"](**{each: tf.constant(value) for each, value in inputs.items()})',
    ),
}
_RAW = dict.fromkeys(("translation", "language-model"), "on ids of tokens (0 padding, 1 unknown, 2 begin, 3 end)")
_SCALED = (
    "on what is scaled already, `(value - center) / scale` with the numbers that `scaler.json` has for each column "
    "(for its logarithm where that says `log`; of a series in `groups` its own)"
)
_TOGETHER = {
    "translation": "at each step the mean of the probabilities of {} decides; settings and tokenizers are those of the "
    "first",
    "forecaster": "by the means of the forecasts, and of the ends of the intervals, of {}; settings are those of the "
    "first",
    "autoencoder": "by the means of what {} write again, and of their scores, on one scale by their thresholds; "
    "settings are those of the first",
}
_STREAMED = ("seq2seq-run forecast DIR --stream --state state.npz",)


def readme(task: str, config: Any, graphs: Mapping[str, Signature], format: str, names: Sequence[str]) -> str:
    """Markdown, for the run or the runs of these names; its Python runs in the folder itself.

    Without `graphs` each run has a folder of its own in it.
    """
    commands = _COMMANDS[task]
    if task == "forecaster" and config.model.kind == "stateful" and len(names) == 1:
        commands += _STREAMED
    what, *called = _RUNTIMES[format]
    known = "what goes into each graph and comes out of it" if graphs else "which files there are"
    lines = [
        f"# {f'{len(names)} runs' if len(names) > 1 else 'A run'} of the task {task}, exported by seq2seq",
        "",
        *(_together(task, names) if len(names) > 1 else ()),
        f"{what}; `manifest.json` says {known}.",
        "",
        *((*_shell(commands), *_python(*_CLASSES[task])) if format != "saved-model" else ()),
        *(_raw(task, graphs, _calibrated(task, config), *called) if graphs else _apart(names)),
    ]
    return "\n".join(lines)


def _calibrated(task, config):
    """Lines that move the ends of an interval as `Calibration.ends` does."""
    level = config.model.interval if task == "forecaster" and config.model.kind != "stateful" else 0
    if not level:
        return ()
    return (
        "",
        f"# The ends of an interval that held {level:.0%} of the validation part, scaled:",
        'held = np.load("calibration.npz")',
        f'at = np.flatnonzero(held["levels"] == {level!r})[0]',
        'factors, margin = held.get("factors", ()), held["margins"][at]',
        "factor = factors[at] if len(factors) else 1.0",
        'low, middle, high = np.moveaxis(np.asarray(answers["forecast"]), -1, 0)',
        "low, high = middle - factor * (middle - low) - margin, middle + factor * (high - middle) + margin",
    )


def _raw(task, graphs, further, imported, opened, called):
    name, graph = next(iter(graphs.items()))
    values = {"float32": "zeros", "int32": "ones", "int64": "ones", "bool": "ones"}
    shapes = [
        f'    "{each.name}": np.{values[each.dtype]}({_sizes(each.shape)}, np.{each.dtype}),  # {each.meaning}'
        for each in graph.inputs
    ]
    return (
        f"Without this library, {_RAW.get(task, _SCALED)}:",
        "",
        "```python",
        "import numpy as np",
        imported,
        "",
        opened.replace("{name}", name),
        "inputs = {",
        *shapes,
        "}",
        called.replace("{name}", name),
        "for output, answer in answers.items():",
        "    print(output, answer.shape)",
        *further,
        "```",
        "",
    )


def _apart(names):
    return (
        "Each run has a folder of its own, whose `README.md` says how its graphs are called without this library; the "
        "mean, in the units of the columns, is then yours to take:",
        "",
        *(f"* `{number}`: {name}" for number, name in enumerate(names, 1)),
        "",
    )


def _together(task, names):
    return f"They answer as one: {_TOGETHER[task].format(', '.join(f'`{name}`' for name in names))}.", ""


def _shell(commands):
    return (
        "From a shell, where DIR is this folder; files are read as those of the training were:",
        "",
        "```sh",
        *commands,
        "```",
        "",
    )


def _python(names, call):
    loaded = names.split(",")[0]
    return (
        "From Python:",
        "",
        "```python",
        f"from seq2seq import {names}",
        "",
        f'{loaded.lower()} = {loaded}.load("DIR")',
        call,
        "```",
        "",
    )


def _sizes(shape):
    """A shape to try: one row of a dozen steps."""
    sizes = [each if isinstance(each, int) else {"batch": 1}.get(each, 12) for each in shape]
    return f"({', '.join(map(str, sizes))}{',' * (len(sizes) == 1)})"
