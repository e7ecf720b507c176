"""How a model is compiled: by XLA or not, how many batches to a call, in how many parts."""

import keras
import tensorflow as tf

from seq2seq.batches.protocol import Batches
from seq2seq.config import TrainingConfig
from seq2seq.cores import parts_of
from seq2seq.device import cores_to_share
from seq2seq.models.compiled_parts import CompiledParts
from seq2seq.report import Report
from seq2seq.training.cluster import Cluster
from seq2seq.training.optimizers import make_optimizer
from seq2seq.training.schedules import RampedSchedule, make_schedule

UPDATES_WORTH_XLA = 2000  # compiling takes 5 to 10 s, and saves 5 to 40 ms of an update
BATCHES_AT_ONCE = 16  # in one call of a graph: saves 1 ms of Python a batch, and a GPU 2 to 3 ms of waiting for it
LONGEST_RAMP = 0.25  # share of a training in which the learning rate may rise without a word


def compile_model(
    model: keras.Model,
    loss: keras.losses.Loss,
    batches: Batches,
    settings: TrainingConfig,
    report: Report,
    cluster: Cluster | None = None,
) -> RampedSchedule:
    """Compile a model for a training, and build its optimizer, which in float16 is wrapped to scale the loss.

    Args:
        model: the model, with fresh weights.
        loss: Keras loss.
        batches: `Batches` of the first epoch.
        settings: `TrainingConfig`.
        report: `Report`, told where most of the training would pass before the learning rate has its peak.
        cluster: `Cluster` of the workers that share each batch.

    Returns:
        The learning rate of the optimizer.
    """
    updates = settings.epochs * batches.num_batches(0) // settings.accumulate_batches
    _check_ramp(settings, updates, report)
    # XLA cannot compile cuDNN's layers.
    on_cpu = not tf.config.list_logical_devices("GPU")
    with_xla = on_cpu and batches.static_shapes and updates >= UPDATES_WORTH_XLA
    averaged = settings.ema_decay > 0  # after every call: not of many updates where the gain is small
    shared = cluster is not None and not cluster.is_alone
    in_parts = with_xla and isinstance(model, CompiledParts)
    if in_parts:
        rows = batches.amount / batches.num_batches(0) / (cluster.place.count if shared else 1)
        parts = parts_of(rows, cores_to_share())
        in_parts = parts > 1 or shared  # XLA cannot compile the sum over workers either
        model.compiled_parts = parts if in_parts else 0
    if shared:
        model.over_workers = cluster
    schedule = make_schedule(settings, updates)
    # Workers that lose one go back to the last update, which has to be the last call.
    at_once = (with_xla and not averaged) or not (on_cpu or shared)
    model.compile(
        make_optimizer(settings, schedule),
        loss=loss,
        jit_compile=with_xla and not in_parts and not shared,
        steps_per_execution=BATCHES_AT_ONCE if at_once else 1,
    )
    model.optimizer.build(model.trainable_variables)
    return schedule


def _check_ramp(settings, updates, report):
    ramp = settings.lr_ramp_steps
    if ramp <= max(LONGEST_RAMP * updates, 1):
        return
    reached = f"reaches only {updates / ramp:.0%} of its peak"
    peak = reached if ramp > updates else f"rises for {ramp / updates:.0%} of it"
    report.warn(
        f"the learning rate rises for {ramp:,} updates (training.lr_ramp_steps), and the whole training has "
        f"{updates:,}: it {peak}; --set training.lr_ramp_steps={max(updates // 20, 1)}, or train longer"
    )
