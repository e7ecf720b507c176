"""The descriptions of models of numbers."""

from dataclasses import replace

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
)
from seq2seq.anatomy.going_on import fed_back, goes_on, going_on
from seq2seq.anatomy.options import Options
from seq2seq.models import Autoencoder, StreamForecaster, WindowForecaster
from seq2seq.models.window_networks import Segments, StepByStep


def stream_forecaster(model: StreamForecaster, options: Options) -> Unrolled:
    """Describe a forecaster of one step at a time: in training, or as it goes on with what it knows."""

    def reads(letter, steps, columns):
        return [rows.values("input", "values", letter, (BATCH, steps, model.features), columns)]

    return going_on(model, options, reads, "the next values", model.features)


def autoencoder(model: Autoencoder, options: Options) -> Unrolled:
    """Describe an autoencoder: from a sequence to one vector, and back."""
    steps, encoder = options.length(), model.encoder
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
        edges += inner_edges(len(sections), section)
        start = Place(0, 0, len(encoding.rows) - 1, encoding.shown[-1])
        edges.append(Edge("repeat", start, Place(0, len(sections), 0, 0), (BATCH, width)))
        if decoder.conditional and options.predicting:
            edges += fed_back(len(sections), section)
        sections.append(section)
    return Unrolled(model.name, tuple(sections), tuple(edges))


def _decoder(name, decoder, steps, width, most, predicting):
    """The rows of a decoder, in the order in which it writes."""
    columns, features = columns_of(steps, most), decoder.arguments["features"]
    letter = "ŷ" if name == "predictor" else "x̂"
    notes = ("each step reads the one before, too",) if decoder.conditional else ()
    if decoder.conditional:
        notes += ("its own" if predicting else "the true one, in training",)
        width += features
    shape = (BATCH, steps, features)
    made = [
        Row(f"{name}/repeat", "repeat", "Repeat", (BATCH, steps, width), notes=notes),
        *rows.stack(decoder.stack, name, steps),
        replace(rows.each(decoder.output_layer, f"Dense {features}", shape), name=f"{name}/output"),
        rows.values("output", "the prediction" if name == "predictor" else "the reconstruction", letter, shape, columns),
    ]
    if decoder.reverse:
        columns = columns[::-1]
        made[-1] = replace(made[-1], symbols=made[-1].symbols[::-1], notes=("written from its end",))
    return Section(name, steps, columns, in_levels(made))


def window_forecaster(model: WindowForecaster, options: Options) -> Unrolled:
    """Describe a forecaster of a whole horizon from a window."""
    network = model.network
    describe = {Segments: _segments, StepByStep: _step_by_step}.get(type(network), _direct)
    return describe(model, network, options)


def _forecast(model, columns):
    """What comes out, step by step of the horizon."""
    arguments = model.arguments
    targets, quantiles = len(model.target_columns), len(model.quantiles)
    shape = (BATCH, model.horizon, targets, *([quantiles] if quantiles else []))
    notes = () if model.residual == "none" else (f"the change from a {_BASES[model.residual]}",)
    if model.normalize_window:
        notes += ("in units of the window",)
    weights = model.start.count_params() if model.start else 0
    row = rows.values("output", "the forecast", "ŷ", shape, columns, notes=notes, weights=weights)
    return row, arguments


_BASES = {
    "last": "repeated last value",
    "season": "season before",
    "season_growth": "season before, and growth",
    "linear": "linear forecast",
}


def _read_window(model, options, most):
    steps = options.length(model.arguments["look_back"])
    columns, features = columns_of(steps, most), model.arguments["features"]
    return steps, columns, rows.values("input", "the window", "x", (BATCH, steps, features), columns)


def _direct(model, network, options):
    steps, columns, read = _read_window(model, options, options.most(1))
    out, _ = _forecast(model, columns)
    size = network.output_layer.units
    notes, weights = (), network.output_layer.count_params()
    if model.known_features:
        notes = ("and by a tanh layer of each step's known columns",)
        weights += network.known_layer.count_params() + network.known_output.count_params()
    dense = rows.each(
        network.output_layer, f"Dense {size:,}", (BATCH, size), each_step=False, weights=weights, notes=notes
    )
    symbol = "ŷ_1" if model.horizon == 1 else f"ŷ_1…{model.horizon}"
    out = replace(out, each_step=False, symbols=(symbol,))
    section = Section("", steps, columns, in_levels([read, *rows.stack(network.encoder, "encoder", steps, True), dense, out]))
    return Unrolled(model.name, (section,), tuple(inner_edges(0, section)))


def _step_by_step(model, network, options):
    steps, columns, read = _read_window(model, options, options.most(2))
    encoding = Section("encoder", steps, columns, in_levels([read, *rows.stack(network.encoder, "encoder", steps, True)]))
    horizon = model.horizon
    columns = columns_of(horizon, options.most(2))
    out, _ = _forecast(model, columns)
    width = len(model.target_columns) + model.known_features
    notes = ("first the last value, then what it has written",)
    notes += ("and each step's known columns",) if model.known_features else ()
    fed = rows.values("input", "the step before", "ŷ", (BATCH, horizon, width), columns, shift=-1, notes=notes)
    fed = replace(fed, symbols=("last", *fed.symbols[1:]))
    size = network.output_layer.units
    dense = rows.each(network.output_layer, f"Dense {size:,}", (BATCH, horizon, size))
    decoding = Section("decoder", horizon, columns, in_levels([fed, *rows.stack(network.decoder, "decoder", horizon), dense, out]))
    edges = [*inner_edges(0, encoding), *inner_edges(1, decoding), *goes_on(encoding, decoding), *fed_back(1, decoding)]
    return Unrolled(model.name, (encoding, decoding), tuple(edges))


def _segments(model, network, options):
    """Each segment is a step; those of the horizon are written at once, each from the last state of the window."""
    arguments, segment = model.arguments, network.segment
    width, units = segment * (1 + len(network.beside)), network.stack.units
    columns = columns_of(network.read, options.most(2))
    batch = BATCH if len(model.target_columns) == 1 else f"{BATCH}·{len(model.target_columns)}"
    read = [
        rows.values("input", f"segments of {segment} steps", "x", (batch, network.read, width), columns),
        rows.each(network.embedding, f"Dense {units} relu", (batch, network.read, units)),
        *(replace(row, shape=(batch, *row.shape[1:]), states=tuple((batch, *s[1:]) for s in row.states))
          for row in rows.stack(network.stack, "stack", network.read, True)),
    ]
    encoding = Section("window", network.read, columns, in_levels(read))
    columns = columns_of(network.written, options.most(2))
    out, _ = _forecast(model, columns)
    extra = network.ahead.count_params() if network.ahead else 0
    notes = ("and its known columns",) if network.ahead else ()
    which = Row("which", "input", "which segment", (batch, network.written, units), notes=notes,
                symbols=tuple(columns), weights=units // 2 * network.written + (units - units // 2) * network.targets + extra)
    size = network.output_layer.units
    made = [
        which,
        *(replace(row, shape=(batch, *row.shape[1:]), states=tuple((batch, *s[1:]) for s in row.states))
          for row in rows.stack(network.stack, "stack", network.written)),
        rows.each(network.output_layer, f"Dense {size:,}", (batch, network.written, size)),
        replace(out, symbols=tuple(column if column == "…" else f"ŷ_{column}" for column in columns)),
    ]
    decoding = Section("horizon", network.written, columns, in_levels(made))
    inner = [edge for edge in inner_edges(1, decoding) if edge.kind != "state"]
    edges = [*inner_edges(0, encoding), *inner]
    for edge in goes_on(encoding, decoding):
        edges += [replace(edge, end=replace(edge.end, column=c)) for c in decoding.shown]
    return Unrolled(model.name, (encoding, decoding), tuple(edges))
