"""What changes along a training: the learning rate, the share of true tokens that a decoder reads, and whether two
readings have to agree."""

import math

import keras
import tensorflow as tf

from seq2seq.config import TrainingConfig


@keras.saving.register_keras_serializable(package="seq2seq")
class RampedSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A linear ramp from 0 to the peak, then a shape.

    `"constant"` stays at the peak; `"cosine"` falls to `final` along half a cosine (Loshchilov and Hutter 2017);
    `"inverse_sqrt"` falls as `sqrt(ramp_steps / step)` (Vaswani et al. 2017, section 5.3); `"plateau"` is constant
    until `halve()` is called, which training does when the validation loss stands still.

    Args:
        peak: float.
        shape: one of the above.
        ramp_steps: int. Updates until the peak.
        total_steps: int. Updates in the whole training; where cosine ends.
        final: float. Learning rate at the end of cosine.
        batches: int. Batches whose gradients make one update; Keras asks for the rate by the batch.
    """

    def __init__(self, peak, shape="constant", ramp_steps=0, total_steps=1, final=0.0, batches=1):
        self.peak, self.shape, self.ramp_steps, self.total_steps = peak, shape, ramp_steps, total_steps
        self.final, self.batches = final, batches
        self.factor = tf.Variable(1.0, trainable=False, dtype=tf.float32)

    def halve(self):
        self.factor.assign(self.factor * 0.5)

    def __call__(self, step):
        step = tf.cast(tf.cast(step, tf.int64) // self.batches, tf.float32) + 1.0
        ramp_steps = float(max(self.ramp_steps, 1))
        ramp = tf.minimum(step / ramp_steps, 1.0)
        if self.shape == "cosine":
            done = (step - ramp_steps) / max(self.total_steps - ramp_steps, 1.0)
            wave = 0.5 * (1.0 + tf.cos(math.pi * tf.clip_by_value(done, 0.0, 1.0)))
            rate = self.final + (self.peak - self.final) * wave
        elif self.shape == "inverse_sqrt":
            rate = self.peak * tf.sqrt(ramp_steps / tf.maximum(step, ramp_steps))
        else:
            rate = self.peak
        return rate * ramp * self.factor

    def get_config(self):
        names = ("peak", "shape", "ramp_steps", "total_steps", "final", "batches")
        return {name: getattr(self, name) for name in names}


def make_schedule(settings: TrainingConfig, updates: int) -> RampedSchedule:
    """The learning rate that `settings` want over that many updates."""
    return RampedSchedule(
        settings.learning_rate,
        settings.schedule,
        settings.lr_ramp_steps,
        updates,
        settings.final_learning_rate,
        settings.accumulate_batches,
    )


class ScheduledSampling(keras.callbacks.Callback):
    """Moves the share of true tokens that a decoder reads, linearly over the epochs (Bengio et al. 2015).

    Args:
        ratio: float32 variable: `truth_ratio` of an `EncoderDecoder`.
        first: float. The share in the first epoch.
        last: float. The share in the last one.
        epochs: int.
    """

    def __init__(self, ratio: tf.Variable, first: float, last: float, epochs: int):
        super().__init__()
        self.ratio, self.first, self.last, self.epochs = ratio, first, last, epochs

    def on_epoch_begin(self, epoch, logs=None):
        self.ratio.assign(self.first + (self.last - self.first) * epoch / max(self.epochs - 1, 1))


class Consistency(keras.callbacks.Callback):
    """Reads pairs twice from some epoch on (Wu et al. 2021), see `EncoderDecoder.consistency`.

    Args:
        weight: float32 variable: `consistency` of an `EncoderDecoder`.
        value: float. What it is then; before it is 0.
        first: int. That epoch, from 0.
    """

    def __init__(self, weight: tf.Variable, value: float, first: int):
        super().__init__()
        self.weight, self.value, self.first = weight, value, first

    def on_epoch_begin(self, epoch, logs=None):
        self.weight.assign(self.value if epoch >= self.first else 0.0)
