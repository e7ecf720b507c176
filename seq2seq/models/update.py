"""What every training step of a model does with its loss: gradients, an update of the weights, the logged mean."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf


def loss_and_gradients(model: keras.Model, score: Callable[[], tuple]) -> tuple[tuple, list]:
    """Run `score` and differentiate its loss.

    The gradients are those of the loss times the scale of the optimizer, where it has one (`mixed_float16`):
    `apply_gradients` of the optimizer divides by it.

    Args:
        model: compiled `keras.Model`.
        score: function that gives a tuple whose first member is the loss, a float32 scalar.

    Returns:
        What `score` gave, and the gradient of each trainable weight.
    """
    with tf.GradientTape() as tape:
        scored = score()
        scaled_loss = model.optimizer.scale_loss(scored[0])
    gradients = tape.gradient(scaled_loss, model.trainable_weights)
    if isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer):
        # It asks whether all are finite. Of an embedding's rows Keras would find out on the processor, GPU or not.
        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
    return scored, gradients


def apply_gradients(model: keras.Model, gradients: Sequence[tf.Tensor]) -> None:
    """Update the trainable weights of `model`, one gradient each."""
    model.optimizer.apply_gradients(zip(gradients, model.trainable_weights, strict=True))


def log_loss(model: keras.Model, loss: tf.Tensor, weight: tf.Tensor) -> None:
    """Count `loss`, the mean over `weight` targets: the logged loss is exact then, no mean of batch means."""
    for metric in model.metrics:
        if metric.name == "loss":
            metric.update_state(loss, sample_weight=weight)
