"""Trains the model of this project by `fit`, with the loss and the optimizer of `seq2seq train`."""

import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from seq2seq.config import TokenTrainingConfig
from seq2seq.cores import parts_of
from seq2seq.device import share_cores, use_device
from seq2seq.models import EncoderDecoder
from seq2seq.training.compiling import BATCHES_AT_ONCE
from seq2seq.training.optimizers import make_optimizer
from seq2seq.training.schedules import make_schedule
from seq2seq.training.token_losses import TokenCrossEntropy
from workers.protocol import batches_of_turn, load_batches, serve, target_tokens


def make_model(spec):
    """The model of the spec with the shared weights, compiled."""
    model = EncoderDecoder(**spec["model"], dtype=spec["precision"])
    with np.load(Path(spec["folder"]) / "weights.npz") as saved:
        model.set_weights([saved[name] for name in saved.files])
    settings = TokenTrainingConfig(schedule="constant", lr_ramp_steps=0, **spec["training"])
    model.compile(
        make_optimizer(settings, make_schedule(settings, updates=1)),
        loss=TokenCrossEntropy(settings.label_smoothing),
        steps_per_execution=BATCHES_AT_ONCE if tf.config.list_physical_devices("GPU") else 1,  # as in training
    )
    return model


def as_dataset(batches):
    """`tf.data.Dataset` of prepared batches, made as the project's own pipeline makes them.

    Not by `from_generator`: where that is used, TensorFlow 2.21 on Python 3.11 has the C library give freed memory of
    128 KiB and more back to the system, and every larger tensor of the process costs fresh pages: 6 % of the training.
    """

    def arrays(k):
        batch = batches[k]
        return batch.source, batch.target_input, batch.labels

    def tensors(k):
        made = tf.numpy_function(arrays, [k], [tf.int32] * 3)
        source, target_input, labels = (tf.ensure_shape(array, (None, None)) for array in made)
        return (source, target_input), labels

    options = tf.data.Options()
    options.autotune.enabled = False  # as in the project's pipeline
    return tf.data.Dataset.range(len(batches)).map(tensors).prefetch(8).with_options(options)


def start(spec, share=True):
    """Get ready to train `steps` batches each turn; `share` the cores as `seq2seq train` does."""
    if not share:
        tf.config.threading.set_intra_op_parallelism_threads(spec["threads"])
    at_once = share_cores(spec["threads"]) if share else 1
    device = use_device()
    model = make_model(spec)
    batches = load_batches(spec["folder"])
    model.parallel_parts = parts_of(np.mean([len(batch.source) for batch in batches]), at_once)

    def turn(k):
        chosen = batches_of_turn(batches, k, spec["steps"])
        dataset = as_dataset(chosen)
        began = time.perf_counter()
        model.fit(dataset, shuffle=False, verbose=0)
        return target_tokens(chosen), time.perf_counter() - began

    loss = model.evaluate(as_dataset(batches[:1]), verbose=0, return_dict=True)["loss"]
    turn(-1)
    exact = spec["precision"] == "float32" and not tf.config.list_physical_devices("GPU")
    description = {"about": f"{device}, {spec['precision']}", "loss": loss, "rounding": 1e-5 if exact else 1e-2}
    return description, turn


if __name__ == "__main__":
    serve(start)
