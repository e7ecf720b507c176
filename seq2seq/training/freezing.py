"""Weights that stay as they are while the others are trained."""

import math

import keras

from seq2seq.report import Report


def freeze(model: keras.Model, group: str, report: Report) -> None:
    """Freeze a group of the layers of a model that is not compiled yet.

    Its weights get no gradient and no moments of the optimizer, and no average changes them. Dropout goes on.

    Args:
        model: model with `layer_groups`.
        group: name of one of them, or `"none"`.
        report: `Report`, told how much is frozen.
    """
    if group == "none":
        return
    for layer in model.layer_groups[group]:
        layer.trainable = False
    left = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    report.say(f"training.freeze={group}: {left:,} of {model.count_params():,} weights are trained")
