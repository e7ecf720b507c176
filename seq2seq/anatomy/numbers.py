"""The descriptions of models of numbers."""

import math
from dataclasses import replace

import numpy as np

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
from seq2seq.anatomy.going_on import fed_back, goes_on, going_on
from seq2seq.anatomy.options import Options
from seq2seq.models import Autoencoder, StreamForecaster, WindowForecaster
from seq2seq.models.window_networks import Segments, StepByStep
from seq2seq.report import percent


def stream_forecaster(model: StreamForecaster, options: Options) -> Unrolled:
    """Describe a forecaster of one step at a time: in training, or as it goes on with what it knows."""

    def reads(letter, steps, columns):
        return [rows.values("input", "values", letter, (BATCH, steps, model.features), columns)]

    return going_on(model, options, reads, "the next values", model.features)


def autoencoder(model: Autoencoder, options: Options) -> Unrolled:
    """Describe an autoencoder: from a sequence to one vector, and back."""
    encoder, steps = model.encoder, options.length(model.start.look_back if model.start else None)
    most = options.most(2 if model.predictor is None else 3)
    columns, features = columns_of(steps, most), model.arguments["features"]
    read = [
        rows.values("input", "values", "x", (BATCH, steps, features), columns),
        *rows.stack(encoder.stack, "encoder", steps, last_alone=True),
    ]
    width = encoder.stack.units
    if encoder.to_code is not None:
        width = encoder.to_code.units
        read.append(rows.each(encoder.to_code, f"Dense {width}", (BATCH, width), each_step=False))
    read.append(Row("code", "output", "the code", (BATCH, width), each_step=False, symbols=("z",)))
    encoding = Section("encoder", steps, columns, in_levels(read))
    decoders = [("decoder", model.decoder, steps)]
    if model.predictor is not None:
        decoders.append(("predictor", model.predictor, model.arguments["horizon"]))
    sections, edges = [encoding], inner_edges(0, encoding)
    for name, decoder, length in decoders:
        section = _decoder(name, decoder, length, width, most, options.predicting)
        if name == "predictor" and model.start:
            section = _from_linear(section, model.start)
        edges += inner_edges(len(sections), section)
        start = Place(0, 0, len(encoding.rows) - 1, encoding.shown[-1])
        edges.append(Edge("repeat", start, Place(0, len(sections), 0, 0), (BATCH, width)))
        if decoder.conditional and options.predicting:
            edges += fed_back(len(sections), section, row=1)
        sections.append(section)
    return Unrolled(model.name, tuple(sections), tuple(edges))


def _decoder(name, decoder, steps, width, most, predicting):
    """The rows of a decoder, in the order in which it writes."""
    columns, features = columns_of(steps, most), decoder.arguments["features"]
    title, letter = ("the prediction", "ŷ") if name == "predictor" else ("the reconstruction", "x̂")
    notes = ()
    if decoder.conditional:
        notes = ("beside the step before, " + ("as written" if predicting else "the true one"),)
        width += features
    shape = (BATCH, steps, features)
    made = [
        Row(f"{name}/repeat", "repeat", "Repeat", (BATCH, steps, width), notes=notes),
        *rows.stack(decoder.stack, name, steps),
        replace(rows.each(decoder.output_layer, f"Dense {features}", shape), name=f"{name}/output"),
        rows.values("output", title, letter, shape, columns),
    ]
    if decoder.reverse:
        columns = columns[::-1]
        made[-1] = replace(made[-1], symbols=made[-1].symbols[::-1], notes=("written from its end",))
    return Section(name, steps, columns, in_levels(made))


def _from_linear(section, start):
    """A decoder whose output is the change from a linear forecast."""
    *made, last = section.rows
    last = replace(last, notes=_changes("linear", start), weights=start.count_params())
    return replace(section, rows=(*made, last))


def window_forecaster(model: WindowForecaster, options: Options) -> Unrolled:
    """Describe a forecaster of a whole horizon from a window."""
    options.target_length(model.horizon)  # refuses another one
    describe = {Segments: _segments, StepByStep: _step_by_step}.get(type(model.network), _direct)
    return describe(model, model.network, options)


_BASES = {
    "last": "last value",
    "season": "season before",
    "season_growth": "season before, grown",
    "linear": "linear forecast",
}


def _changes(residual, start):
    """What the output is the change from, and how much of the change counts where that was chosen."""
    counts = f", of which {percent(np.mean(start.share))} counts" if start else ""
    return (f"change from the {_BASES[residual]}{counts}",)


def _window(model, network, options, most):
    """The window, and the layers that read it."""
    steps = options.length(model.arguments["look_back"])
    columns, shape = columns_of(steps, most), (BATCH, steps, model.arguments["features"])
    return columns, [
        rows.values("input", "the window", "x", shape, columns),
        *rows.stack(network.encoder, "encoder", steps, last_alone=True),
    ]


def _forecast(model, **more):
    """What comes out, for each step of the horizon."""
    quantiles = [len(model.quantiles)] if model.quantiles else []
    notes = () if model.residual == "none" else _changes(model.residual, model.start)
    if model.normalize_window:
        notes += ("in units of the window",)
    weights = model.start.count_params() if model.start else 0
    shape = (BATCH, model.horizon, len(model.target_columns), *quantiles)
    return Row("forecast", "output", "the forecast", shape, notes=notes, weights=weights, **more)


def _direct(model, network, options):
    size, weights, notes = network.output_layer.units, network.output_layer.count_params(), ()
    if model.known_features:
        notes = ("beside it a tanh layer of the known columns",)
        weights += network.known_layer.count_params() + network.known_output.count_params()
    given = {"each_step": False, "weights": weights, "notes": notes}
    columns, made = _window(model, network, options, options.most(1))
    made.append(rows.each(network.output_layer, f"Dense {size:,}", (BATCH, size), **given))
    symbol = "ŷ_1" if model.horizon == 1 else f"ŷ_1…{model.horizon}"
    made.append(_forecast(model, each_step=False, symbols=(symbol,)))
    section = Section("", made[0].shape[1], columns, in_levels(made))
    return Unrolled(model.name, (section,), tuple(inner_edges(0, section)))


def _step_by_step(model, network, options):
    horizon, most, size = model.horizon, options.most(2), network.output_layer.units
    columns, made = _window(model, network, options, most)
    encoding = Section("encoder", made[0].shape[1], columns, in_levels(made))
    columns = columns_of(horizon, most)
    width = len(model.target_columns) + model.known_features
    notes = ("first the last value", *(["beside it the known columns"] if model.known_features else []))
    read = rows.values("input", "the step before", "ŷ", (BATCH, horizon, width), columns, shift=-1, notes=notes)
    made = [
        replace(read, symbols=("last", *read.symbols[1:])),
        *rows.stack(network.decoder, "decoder", horizon),
        rows.each(network.output_layer, f"Dense {size:,}", (BATCH, horizon, size)),
        _forecast(model, symbols=symbols_of("ŷ", columns)),
    ]
    decoding = Section("decoder", horizon, columns, in_levels(made))
    edges = [*inner_edges(0, encoding), *inner_edges(1, decoding), *goes_on(encoding, decoding), *fed_back(1, decoding)]
    return Unrolled(model.name, (encoding, decoding), tuple(edges))


def _segments(model, network, options):
    """Each segment is a step; those of the horizon are written at once, each from the last state of the window."""
    units, most, segment = network.stack.units, options.most(2), network.segment
    batch = BATCH if network.targets == 1 else f"{BATCH}·{network.targets}"  # each target by itself

    def stack(steps, last_alone):
        for row in rows.stack(network.stack, "stack", steps, last_alone):
            states = tuple((batch, *shape[1:]) for shape in row.states)
            yield replace(row, shape=(batch, *row.shape[1:]), states=states)

    columns = columns_of(network.read, most)
    shape = (batch, network.read, segment * (1 + len(network.beside)))
    made = [
        rows.values("input", f"{segment} steps of a target", "x", shape, columns),
        rows.each(network.embedding, f"Dense {units} relu", (batch, network.read, units)),
        *stack(network.read, True),
    ]
    reading = Section("window", network.read, columns, in_levels(made), "segments")
    columns, size = columns_of(network.written, most), network.output_layer.units
    weights = sum(math.prod(each.shape) for each in (network.place, network.column))
    weights += network.ahead.count_params() if network.ahead else 0
    told = {"weights": weights, "notes": ("and its known columns",) if network.ahead else ()}
    made = [
        Row("place", "input", "which segment", (batch, network.written, units), symbols=columns, **told),
        *stack(network.written, False),
        rows.each(network.output_layer, f"Dense {size:,}", (batch, network.written, size)),
        _forecast(model, symbols=symbols_of("ŷ", columns)),
    ]
    writing = Section("horizon", network.written, columns, in_levels(made), "segments")
    edges = [*inner_edges(0, reading), *(edge for edge in inner_edges(1, writing) if edge.kind != "state")]
    for edge in goes_on(reading, writing):
        edges += [replace(edge, end=replace(edge.end, column=column)) for column in writing.shown]
    return Unrolled(model.name, (reading, writing), tuple(edges))
