"""The description of chains of Keras layers."""

from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import keras

from seq2seq.anatomy import rows
from seq2seq.anatomy.description import (
    BATCH,
    BOTH,
    Edge,
    Place,
    Row,
    Section,
    Unrolled,
    columns_of,
    in_levels,
    inner_edges,
    mirrored,
    symbols_of,
)
from seq2seq.anatomy.joining import in_batches
from seq2seq.anatomy.options import ANY_SOURCE_STEPS, Options
from seq2seq.anatomy.strands import ATTENTIONS, is_masked, strands_of, tensors
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
_OTHER_WAY = {"left": "right", "right": "left", BOTH: BOTH}
_EACH = (
    keras.layers.Dense,
    keras.layers.TimeDistributed,
    keras.layers.Embedding,
    keras.layers.Activation,
    keras.layers.LayerNormalization,
)


def chain(model: Any, options: Options) -> Unrolled:
    """Describe a sequential model, or a functional one whose layers follow one another in one chain or in two.

    Two are an encoder and a decoder: the second begins in states of the first (`initial_state`), attends to what the
    first gives, or both.

    Raises:
        InputError: layers of another order, whose shapes are not known, or that mix steps in other ways.
    """
    strands, handed = strands_of(model)
    layers = [layer for strand in strands for layer in strand.layers]
    repeats = any(isinstance(layer, _REPEATS) for layer in layers)
    if len(strands) == 1 and options.target_steps:
        raise InputError(
            f"target_steps={options.target_steps}: model {model.name!r} writes no target of its own length."
        )
    if options.batches > 1 and (repeats or len(strands) > 1):
        raise InputError(f"batches={options.batches}: expected a model of one part; ask for one batch.")
    if len(strands) > 1:
        if repeats:
            raise InputError(f"Model {model.name!r} repeats a vector: expected one input, where one is repeated.")
        return _encoder_decoder(model, *strands, handed, options)
    sections = _parts(*strands, options)
    edges = [edge for number, section in enumerate(sections) for edge in inner_edges(number, section)]
    for number, (before, _) in enumerate(pairwise(sections)):
        end = len(before.rows) - 1
        start = Place(0, number, end, before.shown[-1])
        edges.append(Edge("repeat", start, Place(0, number + 1, 0, 0), before.rows[end].shape))
    found = Unrolled(model.name, tuple(sections), tuple(edges))
    if options.batches == 1:
        return found
    goes_on = {layer.name for layer in layers if getattr(layer, "stateful", False)}
    batch = sections[0].rows[0].shape[0]
    most = options.slots if batch == BATCH else min(options.slots, batch)
    return in_batches(found, options._replace(slots=most), goes_on)


def _parts(strand, options):
    """The sections of a chain: a new one begins where a vector is repeated."""
    parts: list[list] = [[]]
    for layer in strand.layers:
        if isinstance(layer, _REPEATS):
            parts.append([])
        parts[-1].append(layer)
    most = options.most(len(parts) if options.batches == 1 else 3)
    read, steps, columns = _read(strand, options.length, "x", most)
    source, rows_, sections = steps, [read], []
    for number, part in enumerate(parts):
        if number:
            repeat, *part = part
            steps = repeat.n if isinstance(repeat, keras.layers.RepeatVector) else source
            columns = columns_of(steps, most)
            title = f"{type(repeat).__name__} {repeat.n if hasattr(repeat, 'n') else ''}".strip()
            rows_ = [Row(repeat.name, "repeat", title, (read.shape[0], steps, rows_[-1].shape[-1]))]
        rows_, turned = _above(rows_, part, steps)
        if number == len(parts) - 1:
            rows_.append(_written(rows_[-1], columns, turned))
        elif rows_[-1].kind == "recurrent":
            rows_.append(Row("vector", "output", "vector", rows_[-1].shape, each_step=False, symbols=("z",)))
        name = f"part {number + 1}" if len(parts) > 1 else ""
        sections.append(Section(name, steps, columns, in_levels(rows_)))
    return sections


def _encoder_decoder(model, encoder, decoder, handed, options):
    """Two chains, with the arrows from the first to the second."""
    most = options.most(2)
    read, steps, columns = _read(encoder, partial(options.length, letter=ANY_SOURCE_STEPS), "x", most)
    made, _ = _above([read], encoder.layers, steps)
    if {row.direction for row in made if row.kind == "recurrent"} == {"left"}:
        # What is read first is on the left, all the same.
        columns = columns[::-1]
        made = [replace(row, symbols=row.symbols[::-1], direction="right") for row in made]
    encoding = Section("encoder", steps, columns, in_levels(made))

    read, steps, columns = _read(decoder, options.target_length, "d", most)
    made, turned = _above([read], decoder.layers, steps, decoder.merged)
    made.append(_written(made[-1], columns, turned))
    through = {layer.name: layer for each in handed for layer in each.through if layer.count_params()}
    made += [
        Row(name, "bridge", " ".join(_words(layer)), (read.shape[0], layer.units), weights=layer.count_params())
        for name, layer in through.items()
    ]
    decoding = Section("decoder", steps, columns, in_levels(made, least=encoding.rows[-1].level + 1))

    edges = [*inner_edges(0, encoding), *inner_edges(1, decoding)]
    for each in handed:
        left = _row_of(encoding, encoder, each.start)
        if encoding.rows[left].direction == "left":
            raise InputError(f"Layer {each.start.name!r} ends at the first step, another layer at the last: not drawn.")
        start = Place(0, 0, left, encoding.shown[-1])
        end = _row_of(decoding, decoder, each.end)
        label = ", ".join(dict.fromkeys(type(layer).__name__ for layer in each.through))
        edges.append(Edge("state", start, Place(0, 1, end, 0), decoding.rows[end].states[0], label))
    for layer in decoder.layers:
        if isinstance(layer, ATTENTIONS):
            attended = _row_of(encoding, encoder, encoder.maker(tensors(layer.input)[1]))
            end = _row_of(decoding, decoder, layer)
            shape = encoding.rows[attended].step_shape
            edges += [
                Edge("attention", Place(0, 0, attended, column), Place(0, 1, end, 0), shape)
                for column in encoding.shown
            ]
    return Unrolled(model.name, (encoding, decoding), tuple(edges))


def _row_of(section, strand, layer):
    """The number of the row that shows `layer`, itself or as a note of the row below; of None that of the input."""
    if layer is None:
        return 0
    numbers = {row.name: k for k, row in enumerate(section.rows)}
    shown = [each.name for each in strand.layers[: strand.layers.index(layer) + 1] if each.name in numbers]
    return numbers[shown[-1]] if shown else 0


def _read(strand, length, letter, most):
    """The row of what goes in, its steps and its columns; an input without steps is one vector, which has one column.

    Args:
        strand: `Strand`.
        length: function from the steps that a model fixes, or `None`, to those that are meant.
        letter: str. Of the values.
        most: int. Columns that are shown.
    """
    shape = tuple(strand.read.shape)
    tokens = bool(strand.layers) and isinstance(strand.layers[0], keras.layers.Embedding)
    each_step = tokens or len(shape) != 2
    if len(shape) != (2 if tokens or not each_step else 3):
        raise InputError(f"An input of shape {shape}: expected (batch, steps, features).")
    steps = length(shape[1]) if each_step else 1
    columns = columns_of(steps, most)
    batch = BATCH if shape[0] is None else shape[0]
    row = rows.values("input", "input", letter, _shape(strand.read, batch, steps, each_step), columns)
    return (row if each_step else replace(row, each_step=False, symbols=(letter,))), steps, columns


def _above(below, layers, steps, merged=None):
    """The rows of `layers`, above those that are there.

    A layer that goes backwards gives its outputs in the order in which it made them: the first one is that of the last
    step. Boxes stay where their steps are, so what is above such a layer goes from right to left.
    """
    made, turned = list(below), False
    for layer in layers:
        if isinstance(layer, _NOTED):
            made[-1] = replace(made[-1], notes=(*made[-1].notes, _noted(layer)))
        elif isinstance(layer, ATTENTIONS):
            made.append(_attention(layer, (merged or {}).get(layer.name), made[-1].shape[0], steps))
        else:
            made.append(_row(layer, made[-1].shape[0], steps))
            if turned:
                made[-1] = replace(made[-1], direction=_OTHER_WAY[made[-1].direction])
            if getattr(layer, "go_backwards", False) and made[-1].return_sequences:
                turned = not turned
                made[-1] = replace(made[-1], notes=(*made[-1].notes, "gives the last step first"))
    return made, turned


def _attention(layer, merge, batch, steps):
    kinds = {"AdditiveAttention": "additive", "MultiHeadAttention": "multi-head"}
    kind = kinds.get(type(layer).__name__, getattr(layer, "score_mode", ""))
    notes = () if merge is None else (f"contexts and outputs: {type(merge).__name__}",)
    shape = _shape(tensors((merge or layer).output)[0], batch, steps, True)
    return Row(layer.name, "attention", f"{kind} attention", shape, weights=layer.count_params(), notes=notes)


def _written(top, columns, turned):
    """The row of what comes out."""
    each_step = top.each_step and top.return_sequences is not False
    symbols = symbols_of("y", mirrored(columns) if turned else columns) if each_step else ("y",)
    return Row("output", "output", "output", top.shape, each_step=each_step, symbols=symbols)


def _shape(tensor, batch, steps, each_step):
    shape = tuple(tensor.shape)
    return (batch, steps, *shape[2:]) if each_step else (batch, *shape[1:])


def _row(layer, batch, steps):
    if not isinstance(layer, (*rows.RECURRENT, keras.layers.Bidirectional, *_EACH)):
        expected = (keras.layers.Bidirectional, *_REPEATS, *_EACH, *_NOTED, *ATTENTIONS)
        kinds = ", ".join(kind.__name__ for kind in (*rows.RECURRENT, *expected))
        raise InputError(
            f"Layer {layer.name!r} ({type(layer).__name__}) is none of those that can be drawn step by step: "
            f"expected {kinds}."
        )
    made = tensors(layer.output)[0]
    each_step = len(made.shape) > 2
    shape = _shape(made, batch, steps, each_step)
    if isinstance(layer, (*rows.RECURRENT, keras.layers.Bidirectional)):
        notes = ("stateful",) if getattr(layer, "stateful", False) else ()
        notes += ("passes over masked steps",) if is_masked(layer) else ()
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
