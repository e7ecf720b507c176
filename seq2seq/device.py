"""What trainings and loaded runs work on: processor or GPU, its threads and its precision."""

import importlib.util
import math
import os
import re
from contextlib import suppress
from pathlib import Path

import keras
import tensorflow as tf

from seq2seq.cores import time_limit, usable_cores
from seq2seq.errors import InputError, installed_with

DRIVER, DEVICES = Path("/proc/driver/nvidia/version"), Path("/dev")
LEAST_DRIVER = {"12": (525, 60, 13), "13": (580, 65, 6)}  # for Linux, of each CUDA, by NVIDIA's table of compatibility

_process = None  # in which TensorFlow runs, once something has been loaded or trained
_cores = None  # that this process keeps to, where it may not take all that the system would give it


def stay_in_process() -> None:
    """Take this process as the one in which TensorFlow runs.

    Raises:
        InputError: it is a fork of that one, which has its locks and none of its threads: it would wait for ever.
    """
    global _process
    _process = _process or os.getpid()
    if _process != os.getpid():
        raise InputError(
            f"this process ({os.getpid()}) was forked from one in which TensorFlow runs ({_process}), and cannot use "
            'it: load runs only after a fork, or start processes with multiprocessing.get_context("spawn").'
        )


def keep_to_cores(count: int) -> None:
    """Keep TensorFlow to so many cores, where others work on the same machine; to be called before anything runs."""
    global _cores
    _cores = count
    tf.config.threading.set_intra_op_parallelism_threads(count)
    tf.config.threading.set_inter_op_parallelism_threads(count)


def use_device(processes: int = 1) -> str:
    """Let a GPU's memory grow with need, float32 be float32 there, and keep to the cores that may be used.

    To be called before anything runs. By itself TensorFlow takes all memory, and multiplies float32 in TF32, with three
    digits: on an H200 translators that trained so lagged behind those of a CPU, and those of true float32 did not, at
    the same rate. A GPU has two threads of the processor to itself, that start its operations, unless the environment
    says otherwise (`TF_GPU_THREAD_MODE`): on an H200 an update was 9 % faster than where they wait among all others.

    Args:
        processes: int. How many, this one included, do one work on this machine, and share its time.

    Returns:
        The names of the GPUs, or the CPU with its number of cores.
    """
    stay_in_process()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    os.environ.setdefault("TF_GPU_THREAD_MODE", "gpu_private")  # read when TensorFlow starts
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:  # TensorFlow has started already: whoever started it decided
            break
    if _cores is None and math.isfinite(time_limit()):  # which TensorFlow does not look at
        with suppress(RuntimeError):
            keep_to_cores(usable_cores(processes))
    if not gpus:
        cores = _cores or usable_cores()
        return f"CPU ({cores} core{'s' * (cores != 1)})"
    return ", ".join(tf.config.experimental.get_device_details(gpu).get("device_name", "GPU") for gpu in gpus)


def share_cores(cores: int | None = None) -> int:
    """Give each operation one thread, and let as many run at once as there are cores.

    Parts of a batch, or several batches, keep cores busier than operations that are each split over them: nothing waits
    for anything.

    Args:
        cores: int. Default: those of this process.

    Returns:
        How many run at once; 1 with a GPU, and where TensorFlow has started already with other threads, which stay as
        they are.
    """
    cores = cores_to_share(cores)
    if cores == 1:
        return 1
    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(cores)
    except RuntimeError:
        return cores if tf.config.threading.get_intra_op_parallelism_threads() == 1 else 1
    return cores


def cores_to_share(cores: int | None = None) -> int:
    """How many batches, or parts of one, can be computed at once: `cores`, or those of this process; 1 with a GPU."""
    return 1 if tf.config.list_physical_devices("GPU") else cores or _cores or usable_cores()


def multiplies_in(precision: str) -> bool:
    """Whether the device has matrix products in a precision; without, they are slower than in float32.

    Of NVIDIA's GPUs, tensor cores multiply float16 from compute capability 7.0 on, bfloat16 from 8.0 on; the least of
    several GPUs counts. A CPU needs `avx512_bf16` or AMX for bfloat16, and none has float16 here.

    Args:
        precision: name of a Keras policy, such as `"mixed_bfloat16"`.
    """
    if precision == "float32":
        return True
    if gpus := tf.config.list_physical_devices("GPU"):
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        least = min(each.get("compute_capability", (0, 0)) for each in details)
        return least >= ((8, 0) if precision == "mixed_bfloat16" else (7, 0))
    return precision == "mixed_bfloat16" and not {"avx512_bf16", "amx_bf16"}.isdisjoint(processor_features())


def why_no_gpu() -> str:
    """Why TensorFlow has no GPU on a machine with NVIDIA's driver, and what helps; empty where nothing is wrong."""
    try:
        driver = DRIVER.read_text()
    except OSError:
        return ""
    if tf.config.list_physical_devices("GPU") or os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return ""
    beginning = "there is an NVIDIA driver, but TensorFlow finds no GPU and runs on the CPU: "
    if not any(DEVICES.glob("nvidia[0-9]*")):
        return f"{beginning}no GPU is in {DEVICES}; give it to the container (docker run --gpus all)"
    cuda = tf.sysconfig.get_build_info().get("cuda_version", "")
    least = LEAST_DRIVER.get(cuda.partition(".")[0], (0,))
    has = next(iter(re.findall(r"\b\d{3,}(?:\.\d+)+\b", driver)), "0")
    if tuple(map(int, has.split("."))) < least:
        wanted = ".".join(map(str, least))
        return f"{beginning}its CUDA {cuda} wants driver {wanted} or newer, this is {has}; install a newer driver"
    if importlib.util.find_spec("nvidia") is None:
        return f"{beginning}CUDA is not installed; make install GPU=1, or {installed_with('gpu')}"
    return (
        f"{beginning}CUDA {cuda} cannot be loaded; TF_CPP_MIN_LOG_LEVEL=0 python -c 'import tensorflow as tf; "
        "tf.config.list_physical_devices()' says what is missing"
    )


def processor_features() -> set[str]:
    """What the processor can do, in Linux's names, such as `"avx2"`; empty where that is not told."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return set(next((line.split() for line in lines if line.startswith(("flags", "Features"))), ()))


def suited_precision(products_are_large: bool = True) -> str:
    """The Keras policy that `training.precision=auto` stands for: float32, unless a processor multiplies bfloat16.

    On a GPU it is float32 too. On an H200 translators of usual sizes trained as fast in it as in `mixed_bfloat16`, for
    which cuDNN's op has no kernels of its own, and faster than in `mixed_float16`: the processor that starts its
    kernels is what they wait for.

    Args:
        products_are_large: whether there is time to win; else it is float32.
    """
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    return "mixed_bfloat16" if products_are_large and not on_gpu and multiplies_in("mixed_bfloat16") else "float32"


def kernels_of(model: keras.Model) -> str:
    """A remark on a GPU: whether the graph of an `Exportable` model has cuDNN's recurrent kernels. Empty on a CPU."""
    if not tf.config.list_physical_devices("GPU"):
        return ""
    graph = tf.function(lambda inputs: model(inputs)).get_concrete_function(model.input_specs).graph
    return f", recurrent layers {'on' if 'cuDNN' in recurrent_kernels(graph) else 'NOT on'} cuDNN"


def recurrent_kernels(graph: tf.Graph) -> str:
    """How the recurrent layers of a graph run: on cuDNN, or as a loop over steps; empty where there is none."""
    definition = graph.as_graph_def()
    nodes = [*definition.node, *(node for function in definition.library.function for node in function.node_def)]
    kinds = {node.op for node in nodes}
    if any(kind.startswith("CudnnRNN") for kind in kinds):
        return "on cuDNN"
    return "a loop over steps" if kinds & {"While", "StatelessWhile"} else ""
