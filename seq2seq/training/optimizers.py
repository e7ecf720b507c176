"""Adam and AdamW in one pass over memory for each weight."""

import keras
import tensorflow as tf

from seq2seq.config import TrainingConfig
from seq2seq.training.schedules import RampedSchedule


class _OnePass:
    """TensorFlow's kernel for Adam in place of the dozen operations that Keras makes of the same formula."""

    def _clip_gradients(self, grads):
        limit = self.global_clipnorm
        if not limit or tf.config.list_logical_devices("GPU"):  # which would wait for the processor to choose
            return super()._clip_gradients(grads)
        norm = tf.sqrt(2.0 * tf.add_n([tf.nn.l2_loss(gradient) for gradient in grads]))
        factor = limit / norm + (norm - norm)  # as Keras has it: not a number where the norm is not finite
        return tf.cond(norm <= limit, lambda: list(grads), lambda: [gradient * factor for gradient in grads])

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=tf.cast(learning_rate, tf.float32),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.convert_to_tensor(gradient),  # that of an embedding comes as rows, and every moment decays
        )


@keras.saving.register_keras_serializable(package="seq2seq")
class Adam(_OnePass, keras.optimizers.Adam):
    """`keras.optimizers.Adam` for float32 weights (Kingma and Ba 2015), with the same numbers."""


@keras.saving.register_keras_serializable(package="seq2seq")
class AdamW(_OnePass, keras.optimizers.AdamW):
    """`keras.optimizers.AdamW` for float32 weights (Loshchilov and Hutter 2019), with the same numbers."""


def make_optimizer(settings: TrainingConfig, schedule: RampedSchedule) -> keras.optimizers.Optimizer:
    """Adam or AdamW as `settings` want it, at the learning rate of `schedule`."""
    options = {
        # A shorter memory than 0.999 (Vaswani et al. 2017, section 5.3): trainings here have few thousand updates.
        "beta_2": 0.98,
        "epsilon": 1e-8,
        "global_clipnorm": settings.clip_norm or None,
        "gradient_accumulation_steps": settings.accumulate_batches if settings.accumulate_batches > 1 else None,
    }
    if settings.optimizer == "adamw":
        return AdamW(schedule, weight_decay=settings.weight_decay, **options)
    return Adam(schedule, **options)
