"""The description of a chain of Keras layers."""

from dataclasses import replace
from typing import Any

import keras

from seq2seq.anatomy import rows
from seq2seq.anatomy.description import (
    BATCH,
    Edge,
    Place,
    Row,
    Section,
    Unrolled,
    columns_of,
    in_levels,
    inner_edges,
    symbols_of,
)
from seq2seq.anatomy.joining import in_batches
from seq2seq.anatomy.options import Options
from seq2seq.errors import InputError
from seq2seq.layers import Repeat

_REPEATS = (keras.layers.RepeatVector, Repeat)
_NOTED = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.GaussianNoise,
    keras.layers.GaussianDropout,
    keras.layers.Masking,
)
_EACH = (
    keras.layers.Dense,
    keras.layers.TimeDistributed,
    keras.layers.Embedding,
    keras.layers.Activation,
    keras.layers.LayerNormalization,
)


def chain(model: Any, options: Options) -> Unrolled:
    """Describe a sequential model, or a functional one whose layers follow one another.

    Raises:
        InputError: layers that are no chain, whose shapes are not known, or that mix steps in other ways.
    """
    first, layers = _in_order(model)
    sections, edges = [], []
    batch = BATCH if first.shape[0] is None else first.shape[0]
    tokens = bool(layers) and isinstance(layers[0], keras.layers.Embedding)
    steps, above = _steps_of(first, tokens, options), []
    parts = 1 + sum(isinstance(layer, _REPEATS) for layer in layers)
    shown, source = options.most(parts if options.batches == 1 else 3), steps
    # An input without steps is one vector, which has one column.
    each_step = steps is not None
    steps = 1 if steps is None else steps
    columns = columns_of(steps, shown)
    read = rows.values("input", "input", "x", _shape(first, batch, steps, each_step), columns, each_step=each_step)
    if not each_step:
        read = replace(read, symbols=("x",))
    above.append(read)
    for layer in layers:
        if isinstance(layer, _REPEATS):
            if above[-1].kind == "recurrent":
                vector = Row("vector", "output", "vector", above[-1].shape, each_step=False, symbols=("z",))
                above.append(vector)
            sections.append(Section(f"part {len(sections) + 1}", steps, columns, in_levels(above)))
            steps = layer.n if isinstance(layer, keras.layers.RepeatVector) else source
            columns = columns_of(steps, shown)
            title = f"{type(layer).__name__} {layer.n if hasattr(layer, 'n') else ''}".strip()
            above = [Row(layer.name, "repeat", title, (*above[-1].shape[:1], steps, above[-1].shape[-1]))]
        elif isinstance(layer, _NOTED):
            above[-1] = replace(above[-1], notes=(*above[-1].notes, _noted(layer)))
        else:
            above.append(_row(layer, batch, steps))
    top = above[-1]
    written = {"each_step": top.each_step and top.return_sequences is not False}
    written["symbols"] = symbols_of("y", columns) if written["each_step"] else ("y",)
    above.append(Row("output", "output", "output", top.shape, **written))
    sections.append(Section(f"part {len(sections) + 1}" if sections else "", steps, columns, in_levels(above)))
    for number, section in enumerate(sections):
        edges += inner_edges(number, section)
        if number:
            end = len(sections[number - 1].rows) - 1
            start = Place(0, number - 1, end, sections[number - 1].shown[-1])
            edges.append(Edge("repeat", start, Place(0, number, 0, 0), sections[number - 1].rows[end].shape))
    found = Unrolled(model.name, tuple(sections), tuple(edges))
    if options.batches == 1:
        return found
    if len(sections) > 1:
        raise InputError(f"batches={options.batches}: expected a model without repeated vectors; ask for one batch.")
    goes_on = {layer.name for layer in layers if getattr(layer, "stateful", False)}
    most = options.slots if batch == BATCH else min(options.slots, batch)
    return in_batches(found, options._replace(slots=most), goes_on)


def _in_order(model):
    """The tensor that goes in, and the layers in the order in which it goes through them."""
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        what = type(model).__name__
        raise InputError(
            f"{what} cannot be unrolled: expected one of this package's models, or a sequential or functional Keras "
            "model that begins with keras.Input."
        )
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    current = model.inputs[0]
    for layer in layers:
        inputs = layer.input if isinstance(layer.input, list | tuple) else [layer.input]
        extra = inputs[1:] if not isinstance(layer, Repeat) else []
        if inputs[0] is not current or extra or isinstance(layer.output, list | tuple):
            raise InputError(
                f"Layer {layer.name!r} ({type(layer).__name__}) does not follow the one before it alone, or gives more "
                "than one output: expected a chain of layers."
            )
        current = layer.output
    if len(model.inputs) != 1 or len(model.outputs) != 1 or model.outputs[0] is not current:
        raise InputError(f"Model {model.name!r} has several inputs or outputs: expected a chain of layers.")
    return model.inputs[0], layers


def _steps_of(tensor, tokens, options):
    """The length of the input; `None` where it is a vector."""
    rank = len(tensor.shape)
    if rank == 2 and not tokens:
        return None
    if rank != (2 if tokens else 3):
        raise InputError(f"An input of shape {tuple(tensor.shape)}: expected (batch, steps, features).")
    return options.length(tensor.shape[1])


def _shape(tensor, batch, steps, each_step):
    shape = tuple(tensor.shape)
    return (batch, steps, *shape[2:]) if each_step else (batch, *shape[1:])


def _row(layer, batch, steps):
    if not isinstance(layer, (*rows.RECURRENT, keras.layers.Bidirectional, *_EACH)):
        kinds = "recurrent layers, Bidirectional, RepeatVector, Repeat, Dense, TimeDistributed, Embedding and Dropout"
        raise InputError(
            f"Layer {layer.name!r} ({type(layer).__name__}) is none of those that can be drawn step by step: "
            f"expected {kinds}."
        )
    each_step = len(layer.output.shape) > 2
    shape = _shape(layer.output, batch, steps, each_step)
    if isinstance(layer, (*rows.RECURRENT, keras.layers.Bidirectional)):
        notes = ("stateful",) if getattr(layer, "stateful", False) else ()
        return rows.recurrent(layer, shape, each_step, notes=notes)
    inner = layer.layer if isinstance(layer, keras.layers.TimeDistributed) else layer
    title = " ".join(_words(inner))
    if inner is not layer:
        title = f"TimeDistributed {title}"
    marks = {"Embedding": "Embed", "LayerNormalization": "Norm", "Activation": "f"}
    mark = marks.get(type(inner).__name__, type(inner).__name__)
    return rows.each(layer, title, shape, mark, each_step=each_step)


def _words(layer):
    yield type(layer).__name__
    if isinstance(layer, keras.layers.Embedding):
        yield f"{layer.input_dim:,} → {layer.output_dim}"
    if isinstance(layer, keras.layers.Dense):
        yield f"{layer.units:,}"
    function = getattr(getattr(layer, "activation", None), "__name__", "linear")
    if function != "linear":
        yield function


def _noted(layer):
    rate = getattr(layer, "rate", getattr(layer, "stddev", None))
    return f"then {type(layer).__name__}" + ("" if rate is None else f" {rate:g}")
