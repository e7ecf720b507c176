"""The encoder–decoder: one set of numbers, whether read at once, step by step, padded, packed or loaded."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from seq2seq.models import EncoderDecoder
from seq2seq.models.encoder_decoder import DecoderState
from seq2seq.training.metrics import CrossEntropy, TokenAccuracy
from seq2seq.training.token_losses import TokenCrossEntropy
from tests.conftest import slow

VOCABULARY, UNITS = 11, 6
TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}

CONFIGURATIONS = {
    "default": {},
    "state passing": {
        "attention": "none",
        "bidirectional": False,
        "encoder_layers": 2,
        "bridge": "copy",
        "tie_output": False,
    },
    "state passing, tied": {"attention": "none", "go_backwards": True, "bidirectional": False},
    "additive, deep": {"attention": "additive", "encoder_layers": 2, "decoder_layers": 2, "tie_output": False},
    "multi-head, deeper decoder": {
        "attention": "multi_head",
        "attention_heads": 2,
        "decoder_layers": 3,
        "bridge": "copy",
    },
    "zero bridge, tied source": {"bridge": "zero", "tie_source": True, "residual": False, "decoder_layers": 2},
    "gru": {"cell": "gru", "attention": "dot"},
    "gru, backwards, deeper encoder": {
        "cell": "gru",
        "attention": "additive",
        "bidirectional": False,
        "go_backwards": True,
        "encoder_layers": 2,
        "bridge": "copy",
    },
    "multi-head, backwards, all tied": {
        "attention": "multi_head",
        "attention_heads": 3,
        "bidirectional": False,
        "go_backwards": True,
        "tie_source": True,
        "encoder_layers": 2,
        "decoder_layers": 2,
    },
}
CONFIGURATIONS |= {
    "attends first": {"attention_at": "first", "decoder_layers": 3},
    "attends first, multi-head, gru, no residual": {
        "attention_at": "first",
        "attention": "multi_head",
        "attention_heads": 2,
        "cell": "gru",
        "decoder_layers": 2,
        "bridge": "copy",
        "residual": False,
        "tie_output": False,
    },
}
OF_PARTS_THAT_OTHERS_HAVE = ("state passing", "multi-head, deeper decoder", "gru")
EACH = [slow(name) if name in OF_PARTS_THAT_OTHERS_HAVE else name for name in CONFIGURATIONS]
each_configuration = pytest.mark.parametrize("name", EACH)


def make_model(**options):
    """A small model whose weights, biases included, are all random."""
    model = EncoderDecoder(VOCABULARY, VOCABULARY, **{"embedding_dim": 4, "units": UNITS, **options})
    random = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign(random.normal(size=weight.shape, scale=0.6))
    return model


@functools.cache
def shared_model(name):
    """One model for each configuration; tests that use it leave its weights alone."""
    return make_model(**CONFIGURATIONS[name])


def make_batch(source_lengths=(5, 2, 4), target_lengths=(3, 6, 1), seed=0):
    """`source`, `target_input` and `labels`, int32 `(batch, steps)`, padded on the right."""
    random = np.random.default_rng(seed)
    target = [random.integers(4, VOCABULARY, length - 1) for length in target_lengths]
    rows = (
        [[*random.integers(4, VOCABULARY, length - 1), 3] for length in source_lengths],
        [[2, *row] for row in target],
        [[*row, 3] for row in target],
    )
    return tuple(keras.utils.pad_sequences(side, padding="post", dtype="int32") for side in rows)


def plain_loss(model, source, target_input, labels, label_smoothing=0.0):
    """Smoothed cross-entropy per real token, written with one-hot labels on all logits."""
    logits = model((source, target_input))
    targets = tf.one_hot(labels, VOCABULARY) * (1.0 - label_smoothing) + label_smoothing / VOCABULARY
    losses = -tf.reduce_sum(targets * tf.nn.log_softmax(logits), -1)
    real = tf.cast(labels != 0, tf.float32)
    return tf.reduce_sum(losses * real) / tf.reduce_sum(real)


@each_configuration
@pytest.mark.parametrize("beams", [slow(1), 3])
def test_step_by_step_is_the_whole_sequence(name, beams):
    model = shared_model(name)
    source, _, _ = make_batch()
    tokens = np.random.default_rng(1).integers(1, VOCABULARY, (len(source), beams, 5)).astype("int32")
    state = model.start(source)
    state = DecoderState([[tf.repeat(part, beams, axis=1) for part in layer] for layer in state.cells], state.memory)
    start = model.decoder.initial_state(model.encoder(source))
    whole = [model.decoder(tokens[:, k], start)[0] for k in range(beams)]
    for t in range(tokens.shape[-1]):
        logits, state, weights = model.decoder.step(tokens[:, :, t], state)
        np.testing.assert_allclose(logits, tf.stack([beam[:, t] for beam in whole], 1), **TOLERANCE)
        assert (
            weights is None
            if model.decoder.attention is None
            else weights.shape == (*tokens.shape[:2], source.shape[1])
        )
    for k in range(beams):  # and ends in the same state
        _, end = model.decoder(tokens[:, k], start)
        for cells, beam_cells in zip(tf.nest.flatten(end.cells), tf.nest.flatten(state.cells), strict=True):
            np.testing.assert_allclose(beam_cells[:, k], cells, **TOLERANCE)


@each_configuration
def test_extra_padding_and_batch_mates_change_nothing(name):
    model = shared_model(name)
    source, target_input, labels = make_batch()
    pad = lambda rows, extra: np.pad(rows, ((0, 0), (0, extra)))  # noqa: E731
    logits = model((source, target_input)).numpy()
    padded = model((pad(source, 4), pad(target_input, 2))).numpy()[:, : labels.shape[1]]
    np.testing.assert_allclose(padded[labels != 0], logits[labels != 0], **TOLERANCE)
    row = 1  # the shortest source
    alone = model((source[row : row + 1, : np.count_nonzero(source[row])], target_input[row : row + 1]))
    np.testing.assert_allclose(alone[0], logits[row], **TOLERANCE)


@each_configuration
def test_rebuilt_from_config_and_weights(name, tmp_path):
    model = shared_model(name)
    again = EncoderDecoder.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    model.save_weights(tmp_path / "model.weights.h5")
    again.load_weights(tmp_path / "model.weights.h5")
    source, target_input, _ = make_batch()
    np.testing.assert_array_equal(again((source, target_input)), model((source, target_input)))


@each_configuration
def test_the_whole_source_is_used_and_every_weight_is_trained(name):
    model = shared_model(name)
    with tf.GradientTape() as tape:
        loss = plain_loss(model, *make_batch())
    gradients = tape.gradient(loss, model.trainable_variables)
    unused = {v.path for v, g in zip(model.trainable_variables, gradients, strict=True) if g is None}
    assert unused == set()
    source, target_input, _ = make_batch()
    changed = source.copy()
    changed[0, 0] = 4 + (source[0, 0] - 3) % (VOCABULARY - 4)
    difference = np.abs(model((changed, target_input)) - model((source, target_input))).max(axis=(1, 2))
    assert difference[0] > 1e-4 and (difference[1:] < 1e-5).all()


def test_a_keras_file_loads_in_safe_mode(tmp_path):
    model = make_model(decoder_layers=2, attention="multi_head", attention_heads=2)
    source, target_input, labels = make_batch()
    model.compile("adam", TokenCrossEntropy(0.1), metrics=[TokenAccuracy()], run_eagerly=True)
    model.fit((source, target_input), labels, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded((source, target_input)), model((source, target_input)))
    assert loaded.evaluate((source, target_input), labels, verbose=0) == pytest.approx(
        model.evaluate((source, target_input), labels, verbose=0)
    )
    loaded.fit((source, target_input), labels, verbose=0)  # goes on with its optimizer
    assert int(loaded.optimizer.iterations) == 2


@pytest.mark.slow  # in pieces: the tests of this file and of the loop
def test_compile_fit_evaluate_predict():
    keras.utils.set_random_seed(0)
    model = EncoderDecoder(VOCABULARY, VOCABULARY, embedding_dim=8, units=16)
    source, target_input, labels = make_batch()
    model.compile(keras.optimizers.Adam(0.03), TokenCrossEntropy(), metrics=[TokenAccuracy(), CrossEntropy()])
    data = tf.data.Dataset.from_tensors(((source, target_input), labels))
    assert model.evaluate(data, verbose=0)[0] == pytest.approx(np.log(VOCABULARY), rel=0.1)  # starts near uniform
    history = model.fit(data.repeat(40), shuffle=False, validation_data=data, verbose=0).history
    names = ("loss", "accuracy", "cross_entropy")
    assert set(history) == {f"{part}{name}" for part in ("", "val_") for name in names}
    scores = model.evaluate(data, verbose=0, return_dict=True)
    assert model.evaluate(data, verbose=0) == [scores[name] for name in names]
    assert scores["accuracy"] == 1.0
    assert scores["cross_entropy"] == pytest.approx(scores["loss"], rel=1e-5)
    logits = model.predict((source, target_input), verbose=0)
    assert logits.shape == (*labels.shape, VOCABULARY)
    np.testing.assert_array_equal(logits.argmax(-1)[labels != 0], labels[labels != 0])


def test_sample_weights_are_refused():
    model = shared_model("default")
    source, target_input, labels = make_batch()
    model.compile(loss=TokenCrossEntropy(), run_eagerly=True)
    with pytest.raises(ValueError, match="sample_weight"):
        model.test_on_batch((source, target_input), labels, sample_weight=np.ones(3))


def test_evaluated_loss_is_exact_over_batches_of_different_sizes():
    model = shared_model("default")
    batches = [
        make_batch((5, 2, 4), (3, 6, 1), seed=1),
        make_batch((2,), (8,), seed=2),
        make_batch((3, 3), (2, 2), seed=3),
    ]
    model.compile(loss=TokenCrossEntropy(0.1), run_eagerly=True)
    data = tf.data.Dataset.from_generator(
        lambda: (((source, target_input), labels) for source, target_input, labels in batches),
        output_signature=((tf.TensorSpec((None, None), tf.int32),) * 2, tf.TensorSpec((None, None), tf.int32)),
    )
    tokens = [np.count_nonzero(labels) for *_, labels in batches]
    expected = np.average([plain_loss(model, *batch, 0.1) for batch in batches], weights=tokens)
    assert model.evaluate(data, verbose=0) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "label_smoothing", "parts"),
    [
        *(slow("default", *each) for each in ((0.0, 1), (0.1, 1))),
        ("default", 0.1, 7),
        slow("state passing", 0.1, 2),
        slow("multi-head, backwards, all tied", 0.1, 2),
        slow("attends first", 0.1, 2),
    ],
)
def test_training_on_packed_tokens_in_parts_follows_the_plain_gradient(name, label_smoothing, parts):
    model = make_model(**CONFIGURATIONS[name])
    model.parallel_parts = parts  # 7 are more than there are rows
    source, target_input, labels = make_batch()
    with tf.GradientTape() as tape:
        loss = plain_loss(model, source, target_input, labels, label_smoothing)
    gradients = tape.gradient(loss, model.trainable_variables)
    before = [weight.numpy() for weight in model.trainable_variables]
    model.compile(keras.optimizers.SGD(1.0), TokenCrossEntropy(label_smoothing), run_eagerly=True)
    packed_loss = model.train_on_batch((source, target_input), labels)
    assert packed_loss == pytest.approx(float(loss), rel=1e-5)
    for weight, old, gradient in zip(model.trainable_variables, before, gradients, strict=True):
        np.testing.assert_allclose(old - weight.numpy(), tf.convert_to_tensor(gradient), **TOLERANCE)


def trained_once(consistency, parts=1, eagerly=True):
    """Loss and weights after an update of a model without dropout."""
    source, target_input, labels = make_batch()
    model = make_model()
    model.parallel_parts, model.consistency = parts, consistency
    model.compile(keras.optimizers.SGD(1.0), TokenCrossEntropy(0.1), run_eagerly=eagerly)
    return [model.train_on_batch((source, target_input), labels), *model.get_weights()]


def test_two_readings_that_agree_by_themselves_train_as_one():
    for found, expected in zip(trained_once(5.0), trained_once(None), strict=True):
        np.testing.assert_allclose(found, expected, **TOLERANCE)


@pytest.mark.slow
@pytest.mark.parametrize("consistency", [5.0, 0.0])
@pytest.mark.parametrize("parts", [1, 2])
def test_one_or_two_readings_in_a_graph(consistency, parts):
    once = trained_once(None)
    for found, expected in zip(trained_once(tf.Variable(consistency), parts, eagerly=False), once, strict=True):
        np.testing.assert_allclose(found, expected, **TOLERANCE)


@pytest.mark.parametrize("parts", [1, slow(2)])
def test_two_readings_with_other_dropout_follow_the_plain_gradient(parts):
    source, target_input, labels = make_batch()
    model = make_model(embedding_dropout=0.3, output_dropout=0.3, word_dropout=0.2)
    variables = [variable.numpy() for variable in model.variables]
    with tf.GradientTape() as tape:
        kl = cross_entropy = 0.0
        for k in range(parts):  # each draws its own dropout, one after the other
            rows = [np.tile(side[k::parts], (2, 1)) for side in (source, target_input, labels)]
            packed, features = model.packed(*rows, training=True)
            logits = model.decoder.project(features)
            targets = tf.one_hot(packed, VOCABULARY) * 0.9 + 0.1 / VOCABULARY
            cross_entropy -= tf.reduce_sum(targets * tf.nn.log_softmax(logits))
            p, q = tf.split(logits, 2)
            kl += tf.reduce_sum((tf.nn.softmax(p) - tf.nn.softmax(q)) * (tf.nn.log_softmax(p) - tf.nn.log_softmax(q)))
        loss = (cross_entropy + 0.5 * 3.0 * kl) / (2 * np.count_nonzero(labels))
    gradients = tape.gradient(loss, model.trainable_variables)
    assert kl > 0.1  # the readings differ
    for variable, value in zip(model.variables, variables, strict=True):
        variable.assign(value)
    model.parallel_parts, model.consistency = parts, 3.0
    before = [weight.numpy() for weight in model.trainable_variables]
    model.compile(keras.optimizers.SGD(1.0), TokenCrossEntropy(0.1), run_eagerly=True)
    assert model.train_on_batch((source, target_input), labels) == pytest.approx(float(loss), rel=1e-5)
    for weight, old, gradient in zip(model.trainable_variables, before, gradients, strict=True):
        np.testing.assert_allclose(old - weight.numpy(), tf.convert_to_tensor(gradient), **TOLERANCE)


def own_predictions(model, source, target_input):
    """Decoder inputs when every token after BOS is the model's argmax, in a plain loop; padding stays."""
    state, inputs = model.start(source), [target_input[:, 0]]
    for t in range(1, target_input.shape[1]):
        logits, state, _ = model.decoder.step(inputs[-1][:, None], state)
        inputs.append(np.where(target_input[:, t] == 0, 0, np.argmax(logits[:, 0], -1)))
    return np.stack(inputs, 1)


@pytest.mark.parametrize("name", ["default", "gru, backwards, deeper encoder", "state passing", "attends first"])
def test_mixing_with_own_predictions_at_both_ends(name):
    model = make_model(**CONFIGURATIONS[name])
    source, target_input, _ = make_batch()
    model.truth_ratio = 1.0
    np.testing.assert_array_equal(model.mix_own_predictions(source, target_input), target_input)
    model.truth_ratio = 0.0
    np.testing.assert_array_equal(
        model.mix_own_predictions(source, target_input), own_predictions(model, source, target_input)
    )


@pytest.fixture(scope="module")
def mixing():
    """A model that always predicts token 4, and a batch without it: own predictions can be told from the truth."""
    model = make_model(attention="none")
    model.decoder.output_bias.assign(100.0 * np.eye(VOCABULARY)[4])
    target_input = np.full((20, 30), 5, "int32")
    target_input[:, 0], target_input[:10, 20:] = 2, 0
    return model, np.full((20, 3), 6, "int32"), target_input


def test_mixing_keeps_the_asked_share_of_the_truth_and_never_touches_begin_or_padding(mixing):
    model, source, target_input = mixing
    model.truth_ratio = 0.7
    mixed = model.mix_own_predictions(source, target_input).numpy()
    assert set(np.unique(mixed[target_input == 5])) == {4, 5}
    assert 0.6 < (mixed[target_input == 5] == 5).mean() < 0.8
    np.testing.assert_array_equal(mixed[target_input != 5], target_input[target_input != 5])


def test_the_random_state_of_mixing_is_among_the_variables(mixing):
    model, source, target_input = mixing
    model.truth_ratio = 0.5
    saved = [variable.numpy() for variable in model.variables]
    first, second = (model.mix_own_predictions(source, target_input).numpy() for _ in range(2))
    for variable, value in zip(model.variables, saved, strict=True):
        variable.assign(value)
    np.testing.assert_array_equal(model.mix_own_predictions(source, target_input), first)
    assert (first != second).any()


@pytest.mark.slow
def test_training_follows_a_truth_ratio_that_changes_in_one_trace():
    model = make_model(attention="none")
    source, target_input, labels = make_batch()
    model.compile(keras.optimizers.SGD(0.0), TokenCrossEntropy())  # learns nothing, in one graph
    model.truth_ratio = tf.Variable(1.0)
    forced = model.train_on_batch((source, target_input), labels)
    assert forced == pytest.approx(float(plain_loss(model, source, target_input, labels)), rel=1e-5)
    model.truth_ratio.assign(0.0)
    model.reset_metrics()
    own = own_predictions(model, source, target_input)
    assert model.train_on_batch((source, target_input), labels) == pytest.approx(
        float(plain_loss(model, source, own, labels)), rel=1e-5
    )


@pytest.mark.parametrize("policy", ["mixed_bfloat16", slow("mixed_float16")])
def test_mixed_precision_gives_float32_logits_and_trains(policy):
    exact, mixed = make_model(), make_model(dtype=policy)
    source, target_input, labels = make_batch()
    logits = mixed((source, target_input))
    assert logits.dtype == tf.float32
    np.testing.assert_allclose(logits, exact((source, target_input)), atol=0.2)
    step_logits, _, weights = mixed.decoder.step(target_input[:, :1], mixed.start(source))
    assert (step_logits.dtype, weights.dtype) == (tf.float32, tf.float32)
    np.testing.assert_allclose(step_logits[:, 0], logits[:, 0], atol=0.1)
    mixed.compile("adam", TokenCrossEntropy(), run_eagerly=True)
    mixed.truth_ratio = 0.5
    losses = [mixed.train_on_batch((source, target_input), labels) for _ in range(3)]
    assert np.isfinite(losses).all()
    assert {weight.dtype for weight in mixed.trainable_variables} == {"float32"}


def test_encoder_and_decoder_on_their_own():
    model = shared_model("default")
    source, target_input, _ = make_batch()
    encoded = model.encoder(source)
    assert encoded.outputs.shape == (3, 5, UNITS)
    assert [[part.shape for part in layer] for layer in encoded.states] == [[(3, UNITS), (3, UNITS)]]
    np.testing.assert_array_equal(encoded.mask, source != 0)
    state = model.decoder.initial_state(encoded)
    assert isinstance(state, DecoderState)
    logits, end = model.decoder(target_input, state)
    np.testing.assert_allclose(logits, model((source, target_input)), **TOLERANCE)
    # A sequence can be scored in two parts, the second from where the first ended.
    first, middle = model.decoder(target_input[:, :2], state)
    second, last = model.decoder(target_input[:, 2:], middle)
    np.testing.assert_allclose(tf.concat((first, second), 1), logits, **TOLERANCE)
    for part, whole in zip(tf.nest.flatten(last.cells), tf.nest.flatten(end.cells), strict=True):
        np.testing.assert_allclose(part, whole, **TOLERANCE)


@pytest.mark.parametrize("name", ["multi-head, deeper decoder", "attends first"])
def test_attention_weights_are_those_of_the_steps(name):
    model = shared_model(name)
    source, target_input, _ = make_batch()
    start = model.decoder.initial_state(model.encoder(source))
    _, weights = model.decoder.read_out(model.decoder.recurrent(target_input, start)[0], start.memory)
    state = model.start(source)
    for t in range(target_input.shape[1]):
        _, state, step_weights = model.decoder.step(target_input[:, t : t + 1], state)
        real = target_input[:, t] != 0
        np.testing.assert_allclose(step_weights[:, 0][real], weights[:, t][real], **TOLERANCE)


def test_ties_share_their_weights():
    count = lambda **options: make_model(**options).count_params()  # noqa: E731
    table = VOCABULARY * 4
    assert count(tie_source=True) == count() - table
    model = make_model(tie_source=True)
    assert model.encoder.embedding is model.decoder.embedding
    # An untied output layer reads the whole width of the decoder instead of the embedding's.
    untied = {weight.name: tuple(weight.shape) for weight in make_model(tie_output=False).decoder.trainable_variables}
    assert untied["output_table"] == (VOCABULARY, 6)
    assert "output_table" not in {weight.name for weight in model.decoder.trainable_variables}


@pytest.mark.parametrize("place", ["embedding_dropout", "layer_dropout", "output_dropout", "word_dropout"])
@pytest.mark.parametrize("name", ["attends first", slow("zero bridge, tied source")])
def test_dropout_acts_in_training_only(name, place):
    model = make_model(**CONFIGURATIONS[name], **{place: 0.5})
    inputs = make_batch()[:2]
    np.testing.assert_allclose(model(inputs), shared_model(name)(inputs), **TOLERANCE)
    first, second = (model(inputs, training=True).numpy() for _ in range(2))
    assert np.abs(first - second).max() > 1e-3


@pytest.mark.parametrize("along_time", [False, True])
def test_dropout_of_real_positions_alone_is_as_along_time_as_that_of_all(along_time):
    keras.utils.set_random_seed(0)
    model = make_model(attention="none", output_dropout=0.5, dropout_along_time=along_time)
    source, target_input, labels = np.full((2, 3), 5), np.full((2, 4), 5), np.array([[5, 5, 5, 0], [5, 5, 0, 0]])
    plain = model.packed(source, target_input, labels, training=False)[1].numpy()
    dropped = model.packed(source, target_input, labels, training=True)[1].numpy()
    kept = dropped != 0
    np.testing.assert_allclose(dropped, np.where(kept, 2 * plain, 0), rtol=1e-5)
    first, second = kept[:3], kept[3:]
    assert ((first == first[0]).all() and (second == second[0]).all()) == along_time
    assert (first[0] != second[0]).any()


@pytest.mark.parametrize("along_time", [False, True])
def test_dropout_along_time_drops_the_same_at_all_steps(along_time):
    keras.utils.set_random_seed(0)
    model = make_model(attention="none", output_dropout=0.5, dropout_along_time=along_time)
    source, target_input, _ = make_batch()
    state = model.decoder.initial_state(model.encoder(source))
    dropped = model.decoder.features(target_input, state, training=True)[0].numpy() == 0.0
    assert 0.2 < dropped.mean() < 0.8
    assert (dropped == dropped[:, :1]).all() == along_time


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source_vocabulary_size": 12, "tie_source": True}, "12 and 11"),
        ({"units": 7}, "7 must be even"),
        ({"attention": "multi_head", "attention_heads": 4}, "no multiple of 4"),
        ({"attention": "luong"}, "'luong'"),
        ({"attention_at": "last"}, "'last'"),
        ({"bridge": "mean"}, "'mean'"),
        ({"cell": "rnn"}, "'rnn'"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_arguments_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        EncoderDecoder(
            **{
                "source_vocabulary_size": VOCABULARY,
                "target_vocabulary_size": VOCABULARY,
                "embedding_dim": 4,
                "units": UNITS,
                **options,
            }
        )


@pytest.mark.slow
def test_a_reversal_is_learned():
    """Five symbols, three to five long: after training the argmax chain gives unseen rows backwards."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)

    def reversal(count):
        rows = [random.integers(4, 9, random.integers(3, 6)) for _ in range(count)]
        sides = ([[*row, 3] for row in rows], [[2, *row[::-1]] for row in rows], [[*row[::-1], 3] for row in rows])
        return [keras.utils.pad_sequences(side, 6, padding="post", dtype="int32") for side in sides]

    source, target_input, labels = reversal(4096)
    model = EncoderDecoder(9, 9, embedding_dim=16, units=48)
    model.compile(keras.optimizers.Adam(0.01), TokenCrossEntropy())
    model.fit((source, target_input), labels, batch_size=64, epochs=4, verbose=0)
    source, target_input, labels = reversal(200)
    model.truth_ratio = 0.0
    own = model.mix_own_predictions(source, target_input).numpy()
    assert (own == target_input).all(axis=1).mean() > 0.95
