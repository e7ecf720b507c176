"""Descriptions of networks say what the networks do."""

import keras
import numpy as np
import pytest
from keras.layers import LSTM, Attention, Bidirectional, Concatenate, Conv1D, Dense, Embedding, Flatten, RepeatVector

from seq2seq import InputError, WindowForecaster, unrolled
from seq2seq.anatomy import Place
from seq2seq.anatomy.description import BATCH, ELIDED, columns_of
from tests.anatomy.networks import CHAINS, OWN, PAIRS, attentive, bridged, chain, encoder_decoder, handed_over, stateful


@pytest.fixture(scope="module", params=CHAINS)
def of_chain(request):
    model = CHAINS[request.param]()
    return model, unrolled(model)


@pytest.fixture(scope="module", params=OWN)
def own(request):
    return OWN[request.param]()


def layers_of(found):
    return {row.name: row for _, row, _ in found.layers}


def test_shapes_are_those_that_keras_gives(of_chain):
    model, found = of_chain
    rows = layers_of(found)
    for layer in model.layers:
        if layer.name in rows:
            assert rows[layer.name].shape == tuple(BATCH if n is None else n for n in layer.output.shape)
            assert rows[layer.name].weights == layer.count_params()
    top = found.sections[-1].rows[-1]
    assert top.kind == "output" and top.shape[1:] == tuple(model.output_shape[1:])


def test_outputs_are_kept_as_return_sequences_says(of_chain):
    model, found = of_chain
    for number, section in enumerate(found.sections):
        for k, row in enumerate(section.rows):
            if row.kind != "recurrent":
                continue
            layer = model.get_layer(row.name)
            assert row.return_sequences == layer.return_sequences
            kept = {e.start.column for e in found.edges_of("output") if (e.start.section, e.start.row) == (number, k)}
            first_too = isinstance(layer, Bidirectional)  # where its way back ends
            ends = {section.shown[-1]} | ({0} if first_too else set())
            if row.direction == "left":
                ends = {0}
            assert kept == (set(section.shown) if layer.return_sequences else ends)
            assert len(row.states) == (2 if "LSTM" in row.title else 1) * (2 if first_too else 1)


def test_there_is_a_box_for_each_step_that_is_shown(of_chain):
    _, found = of_chain
    for section in found.sections:
        assert int(section.columns[-1]) == section.steps
        for row in section.rows:
            count = len(section.boxes(row))
            if row.kind == "repeat":
                assert count == 0 and row.shape[1] == section.steps
            else:
                assert count == (len(section.columns) - (ELIDED in section.columns) if row.each_step else 1)


def test_states_go_from_each_step_to_the_next(of_chain):
    _, found = of_chain
    for number, section in enumerate(found.sections):
        for k, row in enumerate(section.rows):
            ways = {
                e.end.column - e.start.column
                for e in found.edges_of("state")
                if (e.start.section, e.start.row) == (number, k)
            }
            several = len(section.columns) > 1 and row.kind == "recurrent"
            expected = {"right": {1}, "left": {-1}, "both": {1, -1}}[row.direction] if several else set()
            assert ways == expected


def test_what_goes_backwards_gives_its_outputs_from_the_last_step_on():
    model = CHAINS["turned"]()
    section = unrolled(model, shown=9).sections[0]
    x = np.random.default_rng(0).normal(size=(1, 9, 3)).astype("float32")
    written = np.asarray(model(x))[0]
    for column, name in enumerate(section.rows[0].symbols):
        x_ = x.copy()
        x_[0, int(name[2:]) - 1] += 1
        changed = np.flatnonzero(np.abs(np.asarray(model(x_))[0] - written).max(axis=1) > 1e-7) + 1
        first = int(section.rows[-1].symbols[column][2:])  # what is drawn above a step, and what is read after it
        assert changed.tolist() == list(range(first, 10))
    assert [row.direction for row in section.rows if row.kind == "recurrent"] == ["left", "left"]


@pytest.mark.parametrize("make", PAIRS.values(), ids=PAIRS)
def test_an_encoder_and_a_decoder_of_keras_have_all_their_layers_and_shapes(make):
    model = make()
    found = unrolled(model)
    rows = layers_of(found)
    assert sum(row.weights for row in rows.values()) == model.count_params()
    for layer in model.layers:
        if layer.name in rows and rows[layer.name].kind not in ("attention", "bridge"):
            made = layer.output[0] if isinstance(layer.output, list) else layer.output
            letter = "S" if rows[layer.name] in found.sections[0].rows else "T"
            steps = [letter] if len(made.shape) > 2 and made.shape[1] is None else made.shape[1:2]
            assert rows[layer.name].shape == (BATCH, *steps, *made.shape[2:])
    crossing = [edge for edge in found.edges_of("state") if edge.start.section != edge.end.section]
    (edge,) = crossing
    start, end = found.sections[0].rows[edge.start.row], found.sections[1].rows[edge.end.row]
    assert model.get_layer(end.name).input[1:] and model.get_layer(start.name).return_state
    assert edge.start.column == len(found.sections[0].columns) - 1 and edge.end.column == 0
    assert edge.shape == end.states[0]
    assert [section.columns[-1] for section in unrolled(handed_over(), 7, 9).sections] == ["7", "9"]


def test_a_decoder_attends_to_the_layer_whose_outputs_it_is_given():
    for make, row in ((attentive, 3), (bridged, 1)):
        found = unrolled(make())
        attended = found.edges_of("attention")
        assert {edge.start.row for edge in attended} == {row}
        assert [edge.start.column for edge in attended] == found.sections[0].shown
    for lower, row in ((True, 1), (False, 0)):  # not to the top, and to what the encoder reads
        read, target = keras.Input((7, 4)), keras.Input((6, 4))
        below = LSTM(4, return_sequences=True)(read)
        _, h, c = LSTM(4, return_state=True)(below)
        asked = LSTM(4, return_sequences=True)(target, initial_state=[h, c])
        model = keras.Model([read, target], Attention()([asked, below if lower else read]))
        assert {edge.start.row for edge in unrolled(model).edges_of("attention")} == {row}
    alone = [keras.Input((7, 4)), keras.Input((6, 4))]
    assert {e.start.row for e in unrolled(keras.Model(alone, Attention()(alone[::-1]))).edges_of("attention")} == {0}
    (bridge,) = {edge.label for edge in found.edges_of("state")} - {""}
    assert bridge == "Concatenate, Dense"


@pytest.mark.parametrize("make", [CHAINS["masked"], attentive])
def test_layers_that_read_a_mask_say_so_and_no_others(make):
    model = make()
    told = {row.name for _, row, _ in unrolled(model).layers if "passes over masked steps" in row.notes}
    reads = {layer.name: layer.input for layer in model.layers if isinstance(layer, keras.layers.RNN)}
    masked = {name for name, read in reads.items() if isinstance(read, list) and read[-1].dtype == "bool"}
    assert told == masked and told


def test_all_weights_are_told_once(own):
    for predicting in (False, True):
        assert sum(row.weights for _, row, _ in unrolled(own, predicting=predicting).layers) == own.count_params()


def test_what_is_drawn_is_there(own):
    fixed = isinstance(own, WindowForecaster)
    found = unrolled(own, 48 if fixed else 30, 24 if fixed else 7, predicting=True)
    for edge in found.edges:
        for place in (edge.start, edge.end):
            section = found.sections[place.section]
            assert place.column < len(section.columns) and place.row < len(section.rows)
    for section in found.sections:
        assert section.columns in (columns_of(section.steps, k) for k in range(2, 6)) or section.columns[-1] == "1"
        for row in section.rows:
            assert len(row.symbols) in ((0, len(section.columns)) if row.each_step else (0, 1))


def test_an_encoder_decoder_has_the_shapes_of_its_tensors():
    model = encoder_decoder(encoder_layers=2)
    source, target = np.full((4, 7), 5), np.full((4, 6), 5)
    encoding, decoding = unrolled(model, 7, 6).sections
    encoded = model.encoder(source)
    assert (4, *encoding.rows[-1].shape[1:]) == encoded.outputs.shape
    assert (4, *decoding.rows[-2].shape[1:]) == model((source, target)).shape
    state = model.decoder.initial_state(encoded)
    outputs, cells = model.decoder.recurrent(target, state)
    by_kind = {row.kind: row for row in decoding.rows}
    assert (4, *by_kind["recurrent"].shape[1:]) == outputs[0].shape
    assert [(4, *shape[1:]) for shape in by_kind["recurrent"].states] == [part.shape for part in cells[0]]
    context, _ = model.decoder.attention(outputs[0], state.memory)
    assert by_kind["attention"].shape[-1] == outputs[0].shape[-1] + context.shape[-1]


def test_teacher_forcing_reads_true_tokens_and_prediction_its_own():
    model = encoder_decoder()
    training, prediction = unrolled(model, 7, 9), unrolled(model, 7, 9, predicting=True)
    assert training.sections[1].rows[0].symbols == ("BOS", "y_1", ELIDED, "y_8")
    assert prediction.sections[1].rows[0].symbols == ("BOS", "ŷ_1", ELIDED, "ŷ_8")
    assert not training.edges_of("feedback")
    steps = [(e.start.column, e.end.column) for e in prediction.edges_of("feedback")]
    assert steps == [(0, 1), (1, 2), (2, 3)]
    for found in (training, prediction):
        attended = [edge.start for edge in found.edges_of("attention")]
        top = len(found.sections[0].rows) - 1
        assert attended == [Place(0, 0, top, column) for column in (0, 1, 3)]


@pytest.mark.parametrize(("encoders", "decoders"), [(1, 3), (3, 1), (2, 2)])
def test_decoder_layers_start_from_the_layers_of_the_bridge(encoders, decoders):
    model = encoder_decoder(encoder_layers=encoders, decoder_layers=decoders)
    found = unrolled(model)
    names = [[row.name for row in section.rows] for section in found.sections]
    crossing = [edge for edge in found.edges_of("state") if edge.start.section != edge.end.section]
    pairs = [(names[0][edge.start.row][-1], names[1][edge.end.row][-1]) for edge in crossing]
    aligned = model.decoder.bridge._aligned([str(k) for k in range(encoders)])
    assert pairs == [(source, str(k)) for k, source in enumerate(aligned)]
    assert not [
        e for e in unrolled(encoder_decoder(bridge="zero")).edges_of("state") if e.start.section != e.end.section
    ]


def test_the_repeated_vector_is_what_the_decoder_reads():
    model = OWN["autoencoder"]()
    (edge,), (encoding, decoding) = unrolled(model, 24).edges_of("repeat"), unrolled(model, 24).sections
    codes = model.encoder(np.zeros((4, 24, 2)))
    assert (4, *edge.shape[1:]) == codes.shape and edge.start == Place(0, 0, len(encoding.rows) - 1, 3)
    assert decoding.rows[0].shape == (BATCH, 24, 8)
    assert decoding.rows[-1].symbols == ("x̂_24", ELIDED, "x̂_2", "x̂_1")  # in the order of writing
    assert (4, *decoding.rows[-1].shape[1:]) == model.decoder(codes, 24).shape


def test_a_forecast_goes_on_from_the_last_step_and_reads_itself():
    model = OWN["stream"]()
    found = unrolled(model, 24, 48, predicting=True)
    known, written = found.sections
    assert known.rows[-1].symbols == ("ŷ_1",) and written.rows[0].symbols[-1] == "ŷ_47"
    assert written.rows[-1].symbols == ("ŷ_2", "ŷ_3", ELIDED, "ŷ_48")
    (crossing,) = (edge for edge in found.edges_of("state") if edge.start.section != edge.end.section)
    assert known.columns[crossing.start.column] == "24" and crossing.end.column == 0
    first = [edge for edge in found.edges_of("feedback") if edge.start.section == 0]
    assert [(edge.start.column, edge.end.column) for edge in first] == [(3, 0)]
    assert model.forecast(np.zeros((1, 24, 2)), 48).shape[1] == len(known.shown[-1:]) + written.steps
    assert len(unrolled(model, 24, 1, predicting=True).sections) == 1


@pytest.mark.parametrize("make", [OWN["stream"], stateful])
def test_states_cross_from_each_slot_to_the_same_slot_of_the_next_batch(make):
    found = unrolled(make(), 96, batches=3, slots=2)
    names = {row.name for row in found.sections[0].rows if row.kind == "recurrent"}
    carried = found.edges_of("carry")
    assert len(carried) == 2 * 2 * len(names)
    for edge in carried:
        assert edge.start.slot == edge.end.slot and edge.end.section == edge.start.section + 1
        assert edge.start.row == edge.end.row and edge.end.column == 0
        assert found.sections[edge.start.section].columns[edge.start.column] == "96"
    assert [section.rows[0].symbols for section in found.sections] == [
        ("x_1", ELIDED, "x_96"),
        ("x_97", ELIDED, "x_192"),
        ("x_193", ELIDED, "x_288"),
    ]


def test_only_layers_that_are_stateful_go_on():
    layers = [LSTM(4, return_sequences=True), LSTM(3, stateful=True)]
    model = chain(keras.Input(batch_shape=(2, 5, 1)), *layers)
    found = unrolled(model, batches=2)
    assert {found.sections[0].rows[edge.start.row].name for edge in found.edges_of("carry")} == {layers[1].name}
    assert found.slots == 2 and unrolled(model, batches=2, slots=5).slots == 2


def test_open_lengths_are_letters_or_what_is_asked_for():
    model = chain(keras.Input((None, 2)), LSTM(4, return_sequences=True))
    assert unrolled(model).sections[0].rows[1].shape == (BATCH, "T", 4)
    assert unrolled(model).sections[0].columns == ("1", "2", "3", ELIDED, "T")
    assert unrolled(model, 7, shown=3).sections[0].columns == ("1", "2", ELIDED, "7")
    assert [row.shape for row in unrolled(model, 7).sections[0].rows[1:]] == [(BATCH, 7, 4)] * 2


def two_inputs():
    inputs = [keras.Input((3, 1)), keras.Input((3, 1))]
    return keras.Model(inputs, LSTM(2)(keras.layers.Concatenate()(inputs)))


def three_inputs():
    inputs = [keras.Input((3, 1)) for _ in range(3)]
    states = [LSTM(2, return_state=True)(read)[1] for read in inputs[1:]]
    return keras.Model(inputs, LSTM(2)(inputs[0], initial_state=states))


def given_states():
    inputs = [keras.Input((3, 1)), keras.Input((2,)), keras.Input((2,))]
    return keras.Model(inputs, LSTM(2)(inputs[0], initial_state=inputs[1:]))


def shared_table():
    inputs, table = [keras.Input((3,)), keras.Input((4,))], Embedding(9, 2)
    states = LSTM(2, return_state=True)(table(inputs[0]))[1:]
    return keras.Model(inputs, LSTM(2)(table(inputs[1]), initial_state=states))


def repeated_beside():
    inputs = [keras.Input((3, 1)), keras.Input((2,))]
    states = LSTM(2, return_state=True)(inputs[0])[1:]
    return keras.Model(inputs, LSTM(2)(RepeatVector(4)(inputs[1]), initial_state=states))


def branches():
    read = keras.Input((3, 1))
    return keras.Model(read, Concatenate()([LSTM(2)(read), LSTM(3)(read)]))


def states_alone():
    read = keras.Input((3, 1))
    return keras.Model(read, LSTM(2, return_state=True)(read)[1:])


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (
            lambda: chain(keras.Input((9, 2)), Conv1D(4, 3), LSTM(2)),
            {},
            r"Layer 'conv1d.*' \(Conv1D\) is none of those",
        ),
        (lambda: chain(keras.Input((9, 2)), Flatten(), Dense(2)), {}, "'flatten"),
        (lambda: chain(LSTM(3)), {}, "begins with keras.Input"),
        (two_inputs, {}, "chain of layers"),
        (three_inputs, {}, "branches: expected a chain of layers, or two"),
        (given_states, {}, "begins in a state that no recurrent layer"),
        (shared_table, {}, "each called once: expected a chain"),
        (repeated_beside, {}, "repeats a vector"),
        (branches, {}, r"Layer 'concatenate.*' \(Concatenate\) does not follow the one before it alone"),
        (states_alone, {}, "2 outputs: expected a chain"),
        (lambda: keras.layers.LSTM(3), {}, "LSTM cannot be unrolled"),
        (CHAINS["many to one"], {"batches": 2}, "stateful models alone"),
        (OWN["stream"], {"batches": 2, "predicting": True}, "stateful models alone"),
        (CHAINS["many to one"], {"steps": 0}, "steps=0: expected a number of at least 1"),
        (CHAINS["many to one"], {"shown": 1}, "shown=1: expected at least 2"),
        (OWN["stream"], {"slots": 3}, "slots=3: these are rows of several batches"),
        (CHAINS["many to one"], {"steps": "a"}, "steps='a': expected a number"),
        (CHAINS["many to one"], {"steps": 7}, "steps=7: the model has 24 steps"),
        (CHAINS["many to one"], {"target_steps": 7}, "target_steps=7: model .* writes no target"),
        (OWN["direct"], {"target_steps": 7}, "target_steps=7: the model has 24 steps"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_reason(make, options, message):
    with pytest.raises(InputError, match=message):
        unrolled(make(), **options)
