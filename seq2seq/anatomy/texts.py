"""The descriptions of models of tokens."""

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
from seq2seq.anatomy.going_on import fed_back, going_on
from seq2seq.anatomy.options import ANY_SOURCE_STEPS, Options
from seq2seq.models import EncoderDecoder, LanguageModel


def encoder_decoder(model: EncoderDecoder, options: Options) -> Unrolled:
    """Describe an encoder–decoder: with the true tokens as the decoder's inputs, or with those that it has written."""
    encoder, decoder = model.encoder, model.decoder
    encoding = _encoder(encoder, options.length(letter=ANY_SOURCE_STEPS), options, decoder.attention is not None)
    decoding = _decoder(model, options.target_length(), options, top=encoding.rows[-1].level)
    sections = (encoding, decoding)
    edges = [*inner_edges(0, encoding), *inner_edges(1, decoding)]
    edges += _bridged(decoder.bridge, *sections)
    attention = [k for k, row in enumerate(decoding.rows) if row.kind == "attention"]
    for k in attention:
        top = len(encoding.rows) - 1
        shape = encoding.rows[top].step_shape
        edges += [Edge("attention", Place(0, 0, top, c), Place(0, 1, k, 0), shape) for c in encoding.shown]
    if options.predicting:
        edges += fed_back(1, decoding)
    how = (
        "prediction: the decoder reads what it has written"
        if options.predicting
        else ("training, teacher forcing: the decoder reads the true tokens")
    )
    return Unrolled(f"{model.name}, {how}", sections, tuple(edges))


def _encoder(encoder, steps, options, attended):
    columns = columns_of(steps, options.most(2))
    made = [
        rows.values("input", "source tokens", "x", (BATCH, steps), columns),
        rows.embedding(encoder.embedding, steps),
        *rows.stack(encoder.stack, "encoder", steps, last_alone=not attended),
    ]
    if encoder.stack.go_backwards:  # what is read first is on the left, all the same
        columns = columns[::-1]
        made = [replace(row, symbols=row.symbols[::-1], direction="right") for row in made]
    return Section("encoder", steps, columns, in_levels(made))


def _decoder(model, steps, options, top):
    decoder, columns = model.decoder, columns_of(steps, options.most(2))
    letter = "ŷ" if options.predicting else "y"
    read = rows.values("input", "target tokens", letter, (BATCH, steps), columns, shift=-1)
    read = replace(read, symbols=("BOS", *read.symbols[1:]))
    made = [read, rows.embedding(decoder.embedding, steps, counted=decoder.embedding is not model.encoder.embedding)]
    layers = rows.stack(decoder.stack, "decoder", steps)
    attention, width = [], decoder.stack.units
    if decoder.attention is not None:
        width += width if hasattr(decoder.attention, "merge") else model.encoder.stack.units
        title = {"DotAttention": "dot", "AdditiveAttention": "additive", "MultiHeadAttention": "multi-head"}
        title = title.get(type(decoder.attention).__name__, "")
        weights = decoder.attention.count_params()
        notes = ("outputs beside contexts",)
        attention = [
            Row("attention", "attention", f"{title} attention", (BATCH, steps, width), weights=weights, notes=notes)
        ]
    at = 1 if decoder.attends_first else len(layers)
    made += [*layers[:at], *attention, *layers[at:]]
    if decoder.readout is not None:
        function = " tanh" if attention else ""
        made.append(
            rows.each(decoder.readout, f"Dense {decoder.readout_dim}{function}", (BATCH, steps, decoder.readout_dim))
        )
    made.append(_logits(decoder, steps))
    notes = () if options.predicting else ("compared with true tokens",)
    shape = (BATCH, steps, decoder.vocabulary_size)
    made.append(rows.values("output", "next tokens' scores", "ŷ", shape, columns, notes=notes))
    bridge = decoder.bridge
    made.append(Row("bridge", "bridge", f"{bridge.kind} bridge", (BATCH, bridge.units), weights=bridge.count_params()))
    return Section("decoder", steps, columns, in_levels(made, least=top + 1))


def _logits(decoder, steps):
    size = decoder.vocabulary_size
    weights, notes = size, ("and the embedding's table",)
    if not decoder.tie_output:
        weights, notes = size * (decoder.readout_dim + 1), ()
    shape = (BATCH, steps, size)
    return Row("output", "each", f"output {size:,}", shape, "Output", weights=weights, notes=notes)


def _bridged(bridge, encoding, decoding):
    """The arrows from last states to first ones."""
    if bridge.kind == "zero":
        return []
    sources = [k for k, row in enumerate(encoding.rows) if row.kind == "recurrent"]
    targets = [k for k, row in enumerate(decoding.rows) if row.kind == "recurrent"]
    first = max(len(sources) - len(targets), 0)
    last, label = len(encoding.columns) - 1, f"{bridge.kind} bridge"
    edges = []
    for number, k in enumerate(targets):
        source = sources[min(first + number, len(sources) - 1)]
        shape = decoding.rows[k].states[0]
        edges.append(Edge("state", Place(0, 0, source, last), Place(0, 1, k, 0), shape, label))
    return edges


def language_model(model: LanguageModel, options: Options) -> Unrolled:
    """Describe a language model: in training, or as it goes on with what it is given."""

    def reads(letter, steps, columns):
        return [
            rows.values("input", "tokens", letter, (BATCH, steps), columns),
            rows.embedding(model.embedding, steps),
        ]

    return going_on(model, options, reads, "next tokens' scores", model.vocabulary_size)
