"""Teachers of tokens: what a student learns from what they believe, and from nothing else of them."""

import numpy as np
import pytest
import tensorflow as tf

from seq2seq.models import EncoderDecoder
from seq2seq.training.teaching import TokenTeachers
from seq2seq.training.token_losses import TokenCrossEntropy

SOURCE = np.array([[4, 5, 6, 3], [5, 4, 3, 0], [7, 3, 0, 0]], "int32")
TARGET_INPUT = np.array([[2, 6, 5], [2, 4, 0], [2, 7, 6]], "int32")
LABELS = np.array([[6, 5, 3], [4, 3, 0], [7, 6, 3]], "int32")


def model_of(seed, **arguments):
    tf.keras.utils.set_random_seed(seed)
    return EncoderDecoder(8, 8, **{"embedding_dim": 6, "units": 8} | arguments)


def learned(student):
    """The loss of one batch and its gradients, with dropout."""
    student.compile(loss=TokenCrossEntropy())
    with tf.GradientTape() as tape:
        loss, *_ = student._scored(SOURCE, TARGET_INPUT, LABELS, training=True)
    return loss, tape.gradient(loss, student.trainable_weights, unconnected_gradients="zero")


def size_of(gradients):
    return max(float(tf.reduce_max(tf.abs(tf.convert_to_tensor(each)))) for each in gradients)


def test_who_believes_what_its_teachers_believe_has_nothing_to_learn_of_them():
    student, teacher = model_of(1), model_of(2)
    student.teachers = TokenTeachers([teacher], 1.0)
    assert size_of(learned(student)[1]) > 1e-2
    student.set_weights(teacher.get_weights())
    assert size_of(learned(student)[1]) < 1e-6


def test_their_share_lies_between_the_labels_and_what_they_believe():
    student, teachers = model_of(1), [model_of(2), model_of(3, units=10, attention="additive")]
    labels_alone = float(learned(student)[0])
    found = {}
    for share in (0.25, 1.0):
        student.teachers = TokenTeachers(teachers, share)
        found[share] = float(learned(student)[0])
    assert found[0.25] == pytest.approx(0.75 * labels_alone + 0.25 * found[1.0], rel=1e-5)


def test_they_are_no_part_of_the_student_and_do_not_change():
    student, teacher = model_of(1, output_dropout=0.5), model_of(2, output_dropout=0.5, word_dropout=0.5)
    count, before = len(student.variables), teacher.get_weights()
    student.teachers = TokenTeachers([teacher], 0.5)
    student.compile("adam", TokenCrossEntropy())
    assert len(student.variables) == count
    readings = [student.teachers.read(SOURCE, TARGET_INPUT, LABELS).readings[0][0] for _ in range(2)]
    np.testing.assert_array_equal(*readings)  # read without dropout
    student.fit(tf.data.Dataset.from_tensors(((SOURCE, TARGET_INPUT), LABELS)), epochs=2, verbose=0)
    for one, other in zip(before, teacher.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
