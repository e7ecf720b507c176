"""What every training step of a model does with its loss: gradients, an update of the weights, the logged mean."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf


def loss_and_gradients(model: keras.Model, score: Callable[[], tuple]) -> tuple[tuple, list]:
    """Run `score` and differentiate its loss.

    The gradients are those of the loss times the scale of the optimizer, where it has one (`mixed_float16`):
    `apply_gradients` of the optimizer divides by it. That of an embedding may be rows, `tf.IndexedSlices`.

    Args:
        model: compiled `keras.Model`.
        score: function that gives a tuple whose first member is the loss, a float32 scalar.

    Returns:
        What `score` gave, and the gradient of each trainable weight.
    """
    with tf.GradientTape() as tape:
        scored = score()
        scaled_loss = model.optimizer.scale_loss(scored[0])
    weights = model.trainable_weights
    return scored, tape.gradient(scaled_loss, weights, unconnected_gradients="zero")


def update(model: keras.Model, loss: tf.Tensor, weight: tf.Tensor, gradients: Sequence[tf.Tensor]) -> None:
    """Update the trainable weights of `model`, one gradient each, and count its loss.

    The gradient of an embedding is made as large as its table: of rows, those of a token that comes twice would be
    squared before they are added up, where an optimizer clips by their norm. The loss is logged as the mean over all
    targets: that is exact, no mean of batch means. Where workers share each
    batch, `over_workers` of the model makes loss, weight and gradients of a share those of the batch.

    Args:
        model: compiled `keras.Model`.
        loss: float32 scalar, a mean.
        weight: float32 scalar, the number of targets that it is the mean over.
        gradients: of the loss.
    """
    weights = model.trainable_weights
    gradients = [tf.ensure_shape(gradient, each.shape) for gradient, each in zip(gradients, weights, strict=True)]
    if model.over_workers:
        loss, weight, gradients = model.over_workers.mean(loss, weight, gradients)
    # Where another worker is lost, which fails here, nothing of the update is done: not even counted.
    with tf.control_dependencies([loss] if model.over_workers else []):
        model.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        log_loss(model, loss, weight)


def log_loss(model: keras.Model, loss: tf.Tensor, weight: tf.Tensor) -> None:
    """Count `loss`, the mean over `weight` targets: the logged loss is exact then, no mean of batch means."""
    for metric in model.metrics:
        if metric.name == "loss":
            metric.update_state(loss, sample_weight=weight)
