"""What this machine has, and what a training on it will use: shown by running it."""

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seq2seq.cores import parts_of, usable_cores
from seq2seq.device import (
    multiplies_in,
    processor_features,
    recurrent_kernels,
    share_cores,
    suited_precision,
    use_device,
    why_no_gpu,
)
from seq2seq.models.recurrent import recurrent_layer
from seq2seq.report import Report
from seq2seq.tasks.training_rates import SENTENCES, rates_in_parts, training_rates
from seq2seq.versions import version_of

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
TOLERANCE = 1e-5  # of the largest number; an H200 is off by 5e-7
SLOWER = 0.9  # of the fastest rate: `auto` has chosen badly below it
_TOLD_FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "avx512_fp16", "bf16")


@dataclass(frozen=True)
class Kernel:
    """How a recurrent layer runs, and how far its numbers are from those of Keras's cells, step by step on the CPU.

    Attributes:
        cell: `"lstm"` or `"gru"`.
        runs_as: what its graph holds.
        outputs, gradients: the largest difference, over the largest number.
    """

    cell: str
    runs_as: str
    outputs: float
    gradients: float

    @property
    def is_right(self) -> bool:
        """Whether they agree to the digits of the device."""
        return max(self.outputs, self.gradients) < TOLERANCE


@dataclass(frozen=True)
class Examination:
    """What was found.

    Attributes:
        versions: dict of str, of this package and what it runs on.
        processor: its name.
        features: those that decide how fast it multiplies, in Linux's names.
        cores: dict of how many this process may use (`"usable"`), and how many there are (`"all"`).
        memory_gib: of the machine.
        gpus: of each name, memory, driver and compute capability.
        device: what trainings run on.
        kernels: of each `Kernel`.
        precision: what `training.precision=auto` takes for text.
        rates: target tokens per second of a training in each precision that the device multiplies, and in float32.
        diverged: those of them in which its loss was not finite at the end.
        parts: how many parts of a batch of 64 sentences are computed at once.
        rates_in_parts: where there are more than two cores, target tokens per second of a training in that precision,
            in so many parts as others, and in one, whose operations are split over the cores.
        warnings: what should not be so, with the remedy.
    """

    versions: dict[str, str]
    processor: str
    features: tuple[str, ...]
    cores: dict[str, int]
    memory_gib: float
    gpus: tuple[str, ...]
    device: str
    kernels: tuple[Kernel, ...]
    precision: str
    rates: dict[str, float]
    diverged: tuple[str, ...]
    parts: int
    rates_in_parts: dict[int, float]
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """All of it but the warnings, for a table."""
        rows = [(name, each) for name, each in self.versions.items()]
        rows += [("processor", f"{self.processor}: {', '.join(self.features) or 'no wide products'}")]
        rows += [("cores", f"{self.cores['usable']} of {self.cores['all']}"), ("memory", f"{self.memory_gib:.1f} GiB")]
        rows += [("GPU", gpu) for gpu in self.gpus or ("none",)]
        rows += [("trainings run on", self.device)]
        for kernel in self.kernels:
            off = f"off by {kernel.outputs:.0e} forward, {kernel.gradients:.0e} backward"
            rows.append((f"{kernel.cell.upper()} layer", f"{kernel.runs_as}; {off} from cells on the CPU"))
        rows.append(("precision=auto", f"{self.precision} for text, {suited_precision(False)} for numbers"))
        rows += [(f"  {name}", f"{rate:,.0f} target tokens/s") for name, rate in self.rates.items()]
        rows.append(("parts of a batch", f"{self.parts} for {SENTENCES} sentences"))
        for parts, rate in self.rates_in_parts.items():
            how = ", each operation split over the cores" if parts == 1 else ""
            rows.append((f"  in {parts}", f"{rate:,.0f} target tokens/s{how}"))
        return rows


def examine(seconds: float = 10.0, report: Report | None = None) -> Examination:
    """Look at the machine, run recurrent layers on it, and train for some seconds in each precision.

    To be called before anything runs in TensorFlow.

    Args:
        seconds: float. How long to train in each precision; 0 measures no rate.
        report: `Report`.
    """
    device, at_once = use_device(), share_cores()
    precision, parts = suited_precision(), parts_of(SENTENCES, at_once)
    kernels = tuple(compare_kernel(cell) for cell in ("lstm", "gru"))
    tried = [name for name in PRECISIONS if multiplies_in(name)] if seconds else []
    rates, diverged = training_rates(tried, seconds, parts, report or Report()) if tried else ({}, ())
    several = rates_in_parts(precision, parts, at_once, seconds, report or Report()) if seconds and at_once > 2 else {}
    features = processor_features()
    return Examination(
        versions={"seq2seq": version_of("seq2seq"), "Python": platform.python_version(), **_versions()},
        processor=_processor(),
        features=tuple(name for name in _TOLD_FEATURES if name in features),
        cores={"usable": usable_cores(), "all": os.cpu_count() or 1},
        memory_gib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
        gpus=_gpus(),
        device=device,
        kernels=kernels,
        precision=precision,
        rates=rates,
        diverged=diverged,
        parts=parts,
        rates_in_parts=several,
        warnings=(*_warnings(kernels, precision, rates, diverged), *_warn_of_parts(parts, several)),
    )


def compare_kernel(cell: str) -> Kernel:
    """Run a layer of `cell`, as the models have it, forward and backward with a mask, and Keras's cells beside it.

    Args:
        cell: `"lstm"` or `"gru"`.
    """
    draw = np.random.default_rng(1)
    x = tf.constant(draw.normal(size=(16, 12, 24)), tf.float32)
    mask = tf.sequence_mask(draw.integers(1, 13, 16), 12)
    real = tf.cast(mask, tf.float32)[..., None]
    weigh = tf.constant(draw.normal(size=(16, 12, 32)), tf.float32) * real
    layer = recurrent_layer(cell, 32)
    layer.build(x.shape)
    weights = [draw.normal(size=weight.shape, scale=0.3) for weight in layer.trainable_variables]
    cells = {"lstm": keras.layers.LSTMCell, "gru": keras.layers.GRUCell}[cell](32)
    plain = keras.layers.RNN(cells, return_sequences=True, zero_output_for_mask=True)
    plain.build(x.shape)

    def results(layer):
        @tf.function
        def run():
            with tf.GradientTape() as tape:
                tape.watch(x)
                outputs = layer(x, mask=mask)
                outputs = outputs[0] if isinstance(outputs, Sequence) else outputs
                loss = tf.reduce_sum(outputs * weigh)
            gradients = tape.gradient(loss, [x, *layer.trainable_variables])
            return outputs * real, gradients

        for variable, value in zip(layer.trainable_variables, weights, strict=True):
            variable.assign(value)
        outputs, gradients = run()
        return run.get_concrete_function().graph, [outputs.numpy()], [each.numpy() for each in gradients]

    graph, outputs, gradients = results(layer)
    with tf.device("CPU"):
        _, right_outputs, right_gradients = results(plain)
    return Kernel(
        cell, recurrent_kernels(graph) or "a loop", _off(outputs, right_outputs), _off(gradients, right_gradients)
    )


def _off(found, right):
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(found, right, strict=True))


def _warnings(kernels, precision, rates, diverged=()):
    if why := why_no_gpu():
        yield why
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    for kernel in kernels:
        if not kernel.is_right:
            yield f"the {kernel.cell.upper()} layer computes other numbers than its cells do: please report it"
        if on_gpu and "cuDNN" not in kernel.runs_as:
            yield f"the {kernel.cell.upper()} layer does not run on cuDNN, and is many times slower: please report it"
    for name in diverged:
        yield f"a training in {name} does not stay finite here: leave it, and please report it"
    rates = {name: rate for name, rate in rates.items() if name not in diverged}
    fastest = max(rates, key=rates.get, default=precision)
    if rates and rates.get(precision, 0) < SLOWER * rates[fastest]:
        yield f"training.precision=auto takes {precision}; here --set training.precision={fastest} is faster"


def _warn_of_parts(taken, rates):
    fastest = max(rates, key=rates.get, default=taken)
    if rates and rates[taken] < SLOWER * rates[fastest]:
        yield (
            f"batches of {SENTENCES} sentences are trained on in {taken} parts; here --set training.parts={fastest} is "
            "faster, for a translation of the size of this test"
        )


def _versions():
    found = {name: version_of(name.lower()) for name in ("TensorFlow", "Keras", "NumPy")}
    build = tf.sysconfig.get_build_info()
    if build["is_cuda_build"]:
        found["TensorFlow"] += f" (made for CUDA {build['cuda_version']}, cuDNN {build['cudnn_version']})"
    return found | {"system": platform.platform()}


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _gpus():
    """What NVIDIA's own tool tells of each GPU; where there is no such tool, what TensorFlow knows."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version,compute_cap", "--format=csv,noheader"]
    try:
        told = subprocess.run(query, capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
        return tuple(f"{each.get('device_name')}, {each.get('compute_capability')}" for each in details)
    lines = (line.split(", ") for line in told.splitlines() if line.count(", ") == 3)
    return tuple(f"{name}, {memory}, driver {driver}, compute capability {cap}" for name, memory, driver, cap in lines)
