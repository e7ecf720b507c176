"""What training runs on."""

import os

import tensorflow as tf


def use_device():
    """Let a GPU's memory grow with need (TensorFlow takes all of it otherwise), and say in one line what is used."""
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:  # TensorFlow has started already: whoever started it decided
            break
    if not gpus:
        return f"CPU, {len(os.sched_getaffinity(0))} cores, TensorFlow {tf.__version__}"
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", "GPU") for gpu in gpus]
    return f"{', '.join(names)}, TensorFlow {tf.__version__}"


def runs_on_cudnn(model):
    """Whether the graph of an `EncoderDecoder` holds cuDNN's recurrent kernels."""
    tokens = tf.TensorSpec((None, None), tf.int32)
    graph = tf.function(lambda source, target: model((source, target))).get_concrete_function(tokens, tokens).graph
    definition = graph.as_graph_def()
    nodes = [*definition.node, *(node for function in definition.library.function for node in function.node_def)]
    return any(node.op.startswith("CudnnRNN") for node in nodes)
