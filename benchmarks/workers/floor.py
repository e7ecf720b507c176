"""The arithmetic alone: how long the matrix products of a training take at this machine's rate of multiplying.

The products are counted from the shapes: every weight matrix times the rows that pass it, forward and twice backward
(for the gradients of its input and of itself), padding included where a batch is padded; attention; the output layer
for real tokens only. The rate is that of one large product in float32, measured anew each turn.
"""

import time

import numpy as np
import tensorflow as tf

from workers.protocol import batches_of_turn, load_batches, serve, target_tokens

SIDE = 2048  # of the square matrices whose product tells the rate
SECONDS = 1.0  # to measure it for
WINDOWS = 10_000  # of the autoencoder, in a turn


def training_flops(batch, model):
    """Floating-point operations of one update from `batch` by the benchmark's translator."""
    units, width, vocabulary = model["units"], model["embedding_dim"], model["target_vocabulary_size"]
    rows, source_steps = batch.source.shape
    steps = batch.labels.shape[1]
    lstm = lambda inputs, size: (inputs + size) * 4 * size  # noqa: E731 (weights)
    encoder = 2 * lstm(width, units // 2) + units * units  # both directions, and the keys of the attention
    decoder = lstm(width, units) + 2 * units * width  # and the readout of output and context
    weights = rows * source_steps * encoder + rows * steps * decoder + rows * 2 * units * units  # and the bridge
    output = int(np.count_nonzero(batch.labels)) * width * vocabulary
    attention = 2 * rows * steps * source_steps * units  # scores and context
    return 3 * 2 * (weights + output + attention)


def autoencoder_flops(windows, look_back, features, units):
    """Floating-point operations of the updates from so many windows; the code is read at every step."""
    step = (features + units) * 4 * units + 2 * units * 4 * units + units * features
    return 3 * 2 * windows * look_back * step


def start(spec):
    """Get ready to measure the rate each turn."""
    tf.config.threading.set_intra_op_parallelism_threads(spec["threads"])
    left, right = tf.random.normal((SIDE, SIDE)), tf.random.normal((SIDE, SIDE))
    batches = None if "autoencoder" in spec else load_batches(spec["folder"])

    def rate():
        products, began = 0, time.perf_counter()
        while time.perf_counter() - began < SECONDS:
            tf.matmul(left, right)[0, 0].numpy()
            products += 1
        return products * 2 * SIDE**3 / (time.perf_counter() - began)

    def turn(k):
        if batches is None:
            return WINDOWS, autoencoder_flops(WINDOWS, spec["look_back"], **spec["autoencoder"]) / rate()
        chosen = batches_of_turn(batches, k, spec["steps"])
        return target_tokens(chosen), sum(training_flops(batch, spec["model"]) for batch in chosen) / rate()

    return {"about": f"{rate() / 1e9:,.0f} GFLOP/s in float32, a product of {SIDE} x {SIDE} matrices"}, turn


if __name__ == "__main__":
    serve(start)
