"""The learning rate and the share of true tokens, along a training."""

import numpy as np
import pytest
import tensorflow as tf

from seq2seq.training.schedules import RampedSchedule, ScheduledSampling

SHAPES = ["constant", "cosine", "inverse_sqrt", "plateau"]


def rates(schedule, steps):
    return np.array([float(schedule(tf.constant(step, tf.int64))) for step in range(steps)])


@pytest.mark.parametrize("shape", SHAPES)
def test_the_ramp_is_linear_and_its_end_is_the_peak(shape):
    ramp = rates(RampedSchedule(0.1, shape, ramp_steps=20, total_steps=100), 20)
    np.testing.assert_allclose(ramp, 0.1 * np.arange(1, 21) / 20, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_after_the_ramp_the_rate_never_rises(shape):
    after = rates(RampedSchedule(0.1, shape, ramp_steps=5, total_steps=60, final=0.01), 80)[4:]
    assert (np.diff(after) <= 1e-9).all() and (after > 0).all()
    if shape == "cosine":
        np.testing.assert_allclose(after[60 - 5 :], 0.01, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_halving_halves_all_rates_that_follow(shape):
    schedule = RampedSchedule(0.1, shape, ramp_steps=5, total_steps=60)
    before = rates(schedule, 20)
    schedule.halve()
    np.testing.assert_allclose(rates(schedule, 20), before / 2, rtol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_batches_that_make_one_update_share_a_rate(shape):
    by_update = rates(RampedSchedule(0.1, shape, ramp_steps=5, total_steps=20), 20)
    by_batch = rates(RampedSchedule(0.1, shape, ramp_steps=5, total_steps=20, batches=3), 60)
    np.testing.assert_array_equal(by_batch, np.repeat(by_update, 3))


def test_a_schedule_is_made_again_from_its_configuration():
    schedule = RampedSchedule(0.1, "cosine", ramp_steps=5, total_steps=60, final=0.02, batches=2)
    again = RampedSchedule.from_config(schedule.get_config())
    np.testing.assert_array_equal(rates(again, 70), rates(schedule, 70))


def test_the_share_of_true_tokens_moves_linearly():
    ratio = tf.Variable(1.0)
    callback = ScheduledSampling(ratio, 1.0, 0.6, epochs=5)
    seen = []
    for epoch in range(5):
        callback.on_epoch_begin(epoch)
        seen.append(float(ratio))
    np.testing.assert_allclose(seen, [1.0, 0.9, 0.8, 0.7, 0.6], rtol=1e-6)
