"""Trains the autoencoder of this project by `fit` on its own window pipeline."""

import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from seq2seq.batches.windows import WindowBatches
from seq2seq.config import SeriesTrainingConfig
from seq2seq.cores import parts_of
from seq2seq.device import cores_to_share, use_device
from seq2seq.models import Autoencoder
from seq2seq.training.compiling import BATCHES_AT_ONCE
from seq2seq.training.number_losses import ObservedLoss
from seq2seq.training.optimizers import make_optimizer
from seq2seq.training.schedules import make_schedule
from workers.protocol import serve


def start(spec):
    """Get ready to train one epoch of all windows each turn."""
    tf.config.threading.set_intra_op_parallelism_threads(spec["threads"])
    device = use_device()
    with np.load(Path(spec["folder"]) / "series.npz") as saved:
        series = saved["values"]
    batches = WindowBatches([series], look_back=spec["look_back"], batch_size=spec["batch_size"], seed=1)
    model = Autoencoder(**spec["autoencoder"])
    with np.load(Path(spec["folder"]) / "autoencoder.npz") as saved:
        model.set_weights([saved[name] for name in saved.files])
    settings = SeriesTrainingConfig(schedule="constant", lr_ramp_steps=0, **spec["training"])
    on_cpu = not tf.config.list_physical_devices("GPU")
    at_once = BATCHES_AT_ONCE if on_cpu else 1  # as `Training` does
    optimizer = make_optimizer(settings, make_schedule(settings, updates=1))
    model.compiled_parts = parts_of(spec["batch_size"], cores_to_share(spec["threads"])) if on_cpu else 0
    model.compile(optimizer, loss=ObservedLoss(), jit_compile=False, steps_per_execution=at_once)

    def turn(k):
        began = time.perf_counter()
        model.fit(batches.epoch(k + 1), shuffle=False, verbose=0)
        return batches.num_windows, time.perf_counter() - began

    first = WindowBatches([series], look_back=spec["look_back"], batch_size=spec["batch_size"]).epoch().take(1)
    loss = model.evaluate(first, verbose=0)
    turn(-1)
    return {"about": device, "loss": loss, "rounding": 1e-5 if on_cpu else 1e-2}, turn


if __name__ == "__main__":
    serve(start)
