"""The update of minimum risk training: its gradient is that of the plain formula, and what it draws can be repeated."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seq2seq.special_ids import BOS, EOS, PAD
from seq2seq.training.risk import ExpectedRisk, RiskObjective
from tests.conftest import slow
from tests.models.test_encoder_decoder import CONFIGURATIONS, make_batch, make_model

TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}


class Costs:
    """Some numbers as costs; of equal candidates the last counts, as of a task. Notes what it is asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, rows):
        self.asked.append(rows)
        costs = (rows.sum(-1) % 7 / 7.0).astype("float32")
        counts = np.ones(costs.shape, bool)
        for k, of_source in enumerate(rows):
            for n, row in enumerate(of_source):
                counts[k, n] = not any((row == other).all() for other in of_source[n + 1 :])
        return costs, counts


def plain_risk(model, source, rows, costs, counts, sharpness):
    """The mean over the sources of the expected cost, by the formula."""
    risks = []
    for k in range(len(source)):
        chosen = rows[k][counts[k]]
        given = np.where(chosen == PAD, PAD, np.pad(chosen[:, :-1], ((0, 0), (1, 0)), constant_values=BOS))
        logits = model((np.repeat(source[k : k + 1], len(chosen), 0), given))
        log_p = tf.gather(tf.nn.log_softmax(logits), chosen, axis=2, batch_dims=2)
        log_p = tf.reduce_sum(tf.where(chosen == PAD, 0.0, log_p), 1)
        risks.append(tf.reduce_sum(tf.nn.softmax(sharpness * log_p) * costs[k][counts[k]]))
    return tf.add_n(risks) / len(source)


def updated(name, costs, parts=1, eagerly=True, batch=None, **options):
    """A model after an update, its weights before it, and the logged loss."""
    model = make_model(**CONFIGURATIONS[name])
    model.parallel_parts = parts
    model.objective = RiskObjective(costs, 5, limit=(1.0, 3), **({"sharpness": 0.3} | options))
    model.compile(keras.optimizers.SGD(1.0), ExpectedRisk(0.1), run_eagerly=eagerly)
    before = model.get_weights()
    source, target_input, labels = batch or make_batch()
    return model, before, model.train_on_batch((source, target_input), labels)


@pytest.mark.parametrize(
    ("name", "parts", "cross_entropy"),
    [
        ("default", 1, 0.0),
        ("default", 1, 0.5),
        slow("state passing", 2, 0.5),
        slow("multi-head, backwards, all tied", 3, 0.0),
    ],
)
def test_an_update_follows_the_plain_gradient(name, parts, cross_entropy):
    costs, (source, target_input, labels) = Costs(), make_batch()
    model, before, logged = updated(name, costs, parts, cross_entropy=cross_entropy)
    steps = [weight.numpy() for weight in model.trainable_variables]
    model.set_weights(before)
    steps = [new - weight.numpy() for new, weight in zip(steps, model.trainable_variables, strict=True)]
    with tf.GradientTape() as tape:
        risk = loss = 0.0
        for k, rows in enumerate(costs.asked):
            of_part = plain_risk(model, source[k::parts], rows, *Costs()(rows), 0.3)
            risk += of_part * len(source[k::parts]) / len(source)
        targets = tf.one_hot(labels, model.decoder.vocabulary_size) * 0.9 + 0.1 / model.decoder.vocabulary_size
        losses = -tf.reduce_sum(targets * tf.nn.log_softmax(model((source, target_input))), -1)[labels != PAD]
        loss = risk / 0.3 + cross_entropy * tf.reduce_mean(losses)
    assert logged == pytest.approx(float(risk), rel=1e-5)
    for step, gradient in zip(steps, tape.gradient(loss, model.trainable_variables), strict=True):
        np.testing.assert_allclose(step, -tf.convert_to_tensor(gradient), **TOLERANCE)


def test_candidates_are_translations_within_their_limit_and_the_reference():
    costs, (source, _, labels) = Costs(), make_batch()
    updated("default", costs)
    (rows,) = costs.asked
    assert rows.shape[:2] == (3, 6)
    np.testing.assert_array_equal(rows[:, -1, : labels.shape[1]], labels)
    drawn = rows[:, :-1]
    lengths = np.count_nonzero(drawn, axis=-1)
    assert (lengths <= np.count_nonzero(source, axis=1)[:, None] - 1 + 3).all()
    assert (lengths > 0).all() and not (drawn == BOS).any()
    for row, length in zip(drawn.reshape(-1, rows.shape[-1]), lengths.ravel(), strict=True):
        assert not row[length:].any() and EOS not in row[: length - 1]
    assert len(np.unique(drawn[0], axis=0)) > 1


@pytest.mark.slow
def test_what_is_drawn_depends_on_seed_and_number_of_the_update():
    first, again, other = Costs(), Costs(), Costs()
    model = updated("default", first)[0]
    updated("default", again)
    updated("default", other, seed=1)
    np.testing.assert_array_equal(first.asked[0], again.asked[0])
    assert first.asked[0].shape != other.asked[0].shape or (first.asked[0] != other.asked[0]).any()
    source, target_input, labels = make_batch()
    model.set_weights(make_model().get_weights())
    model.train_on_batch((source, target_input), labels)
    assert first.asked[0].shape != first.asked[1].shape or (first.asked[0] != first.asked[1]).any()


@pytest.mark.slow
def test_an_update_from_a_checkpoint_has_the_same_bits():
    source, target_input, labels = make_batch()

    def model_and_variables():
        model = make_model(attention="none", embedding_dropout=0.2, output_dropout=0.2)
        model.objective = RiskObjective(Costs(), 3, sharpness=0.3, limit=(1.0, 3))
        model.compile(keras.optimizers.Adam(0.01), ExpectedRisk(), run_eagerly=True)
        model.optimizer.build(model.trainable_variables)
        return model, [*model.variables, *model.optimizer.variables]

    model, variables = model_and_variables()
    model.train_on_batch((source, target_input), labels)
    kept = [variable.numpy() for variable in variables]
    model.train_on_batch((source, target_input), labels)
    other, others = model_and_variables()
    for variable, value in zip(others, kept, strict=True):
        variable.assign(value)
    other.train_on_batch((source, target_input), labels)
    np.testing.assert_array_equal(model.objective.costs.asked[-1], other.objective.costs.asked[-1])
    for variable, value in zip(others, variables, strict=True):
        assert variable.numpy().tobytes() == value.numpy().tobytes()


def test_a_source_without_labels_counts_for_nothing():
    source, target_input, labels = make_batch()
    labels[1] = PAD
    rows = [0, 2]
    costs = Costs()
    model, before, logged = updated("default", costs, batch=(source, target_input, labels))
    (asked,) = costs.asked
    model.set_weights(before)
    found = Costs()(asked)
    expected = plain_risk(model, source[rows], asked[rows], *(each[rows] for each in found), 0.3)
    assert logged == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_training_lowers_the_risk(policy):
    def costs(rows):  # of the share of tokens other than 7
        real = np.maximum((rows > EOS).sum(-1), 1)
        return (1.0 - (rows == 7).sum(-1) / real).astype("float32"), np.ones(rows.shape[:2], bool)

    model = make_model(dtype=policy)
    model.parallel_parts, model.objective = 2, RiskObjective(costs, 8, sharpness=0.05, limit=(1.0, 3))
    model.compile(keras.optimizers.Adam(0.02), ExpectedRisk())
    source, target_input, labels = make_batch()
    risks = [model.train_on_batch((source, target_input), labels) for _ in range(60)]
    assert np.mean(risks[-5:]) < 0.5 * np.mean(risks[:5])
