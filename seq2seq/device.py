"""What trainings and loaded runs work on: processor or GPU, its threads and its precision."""

import os
from pathlib import Path

import keras
import tensorflow as tf

from seq2seq.errors import InputError

MOST_SHARED_CORES = 4  # measured on two; parts of a usual batch get small beyond four


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


def use_device() -> str:
    """Let a GPU's memory grow with need (TensorFlow takes all of it otherwise); to be called before anything runs.

    Returns:
        The names of the GPUs, or the CPU with its number of cores.
    """
    stay_in_process()
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:  # TensorFlow has started already: whoever started it decided
            break
    if not gpus:
        return f"CPU ({len(os.sched_getaffinity(0))} cores)"
    return ", ".join(tf.config.experimental.get_device_details(gpu).get("device_name", "GPU") for gpu in gpus)


def cores_to_share(cores: int | None = None) -> int:
    """How many parts of a batch, or batches, to compute at once.

    Args:
        cores: int. Default: those of this process.

    Returns:
        The number of cores, or 1 with a GPU or more than four cores, where parts would be too small.
    """
    cores = cores or _cores or len(os.sched_getaffinity(0))
    return cores if cores <= MOST_SHARED_CORES and not tf.config.list_physical_devices("GPU") else 1


def share_cores(cores: int | None = None) -> int:
    """Give each operation one thread, and let as many run at once as there are cores to share.

    Halves of a batch, or two batches, keep two cores busier than operations that are each split in two: nothing waits
    for anything.

    Args:
        cores: int. Default: those of this process.

    Returns:
        How many run at once; 1 where TensorFlow has started already with other threads, which stay as they are.
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


def multiplies_in(precision: str) -> bool:
    """Whether the device has matrix products in a precision; without, they are slower than in float32.

    A GPU is taken to have them. A CPU needs `avx512_bf16` or AMX for bfloat16, and none has float16 here.

    Args:
        precision: name of a Keras policy, such as `"mixed_bfloat16"`.
    """
    if precision == "float32" or tf.config.list_physical_devices("GPU"):
        return True
    try:
        features = Path("/proc/cpuinfo").read_text()
    except OSError:  # no Linux: not known, so not complained about
        return True
    return precision == "mixed_bfloat16" and ("avx512_bf16" in features or "amx_bf16" in features)


def kernels_of(model: keras.Model) -> str:
    """A remark on a GPU: whether the graph of an `EncoderDecoder` has cuDNN's recurrent kernels. Empty on a CPU."""
    if not tf.config.list_physical_devices("GPU"):
        return ""
    tokens = tf.TensorSpec((None, None), tf.int32)
    graph = tf.function(lambda source, target: model((source, target))).get_concrete_function(tokens, tokens).graph
    definition = graph.as_graph_def()
    nodes = [*definition.node, *(node for function in definition.library.function for node in function.node_def)]
    found = any(node.op.startswith("CudnnRNN") for node in nodes)
    return ", recurrent layers on cuDNN" if found else ", recurrent layers NOT on cuDNN"
