"""Trains the model of this project by `fit`, with the loss and the optimizer of `seq2seq train`."""

import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from seq2seq.config import TokenTrainingConfig
from seq2seq.models import EncoderDecoder
from seq2seq.training.device import share_cores, use_device
from seq2seq.training.losses import TokenCrossEntropy
from seq2seq.training.optimizers import make_optimizer
from workers.protocol import batches_of_turn, load_batches, serve, target_tokens


def make_model(spec):
    """The model of the spec with the shared weights, compiled."""
    model = EncoderDecoder(**spec["model"], dtype=spec["precision"])
    with np.load(Path(spec["folder"]) / "weights.npz") as saved:
        model.set_weights([saved[name] for name in saved.files])
    settings = TokenTrainingConfig(schedule="constant", lr_ramp_steps=0, **spec["training"])
    model.compile(make_optimizer(settings, updates=1), loss=TokenCrossEntropy(settings.label_smoothing))
    return model


def as_dataset(batches):
    """`tf.data.Dataset` of prepared batches, of the element type that the project's own pipeline has."""
    rows = tf.TensorSpec((None, None), tf.int32)
    pairs = lambda: (((batch.source, batch.target_input), batch.labels) for batch in batches)  # noqa: E731
    dataset = tf.data.Dataset.from_generator(pairs, output_signature=((rows, rows), rows))
    options = tf.data.Options()
    options.autotune.enabled = False  # as in the project's pipeline
    return dataset.apply(tf.data.experimental.assert_cardinality(len(batches))).prefetch(8).with_options(options)


def start(spec, share=True):
    """Get ready to train `steps` batches each turn; `share` the cores as `seq2seq train` does."""
    if not share:
        tf.config.threading.set_intra_op_parallelism_threads(spec["threads"])
    parts = share_cores(spec["threads"]) if share else 1
    device = use_device()
    model = make_model(spec)
    model.parallel_parts = parts
    batches = load_batches(spec["folder"])

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
