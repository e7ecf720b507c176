"""A GPU for machines that have none: TensorFlow says that there is one, and its recurrent op has a stand-in.

With a GPU that is only seen, graphs can be traced for it, and looked at; they cannot run. With the stand-in they run:
so what Keras hands to cuDNN, and makes of its answer, can be compared with a CPU's numbers.
"""

from collections import Counter
from contextlib import ExitStack, contextmanager
from functools import cache
from unittest import mock

import pytest
import tensorflow as tf
from tensorflow.python.framework.kernels import get_registered_kernels_for_op

NAN = float("nan")
LOOPS = ("While", "StatelessWhile")
where_there_is_none = pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="there is one here")


@contextmanager
def seen(count=1):
    """`count` GPUs are in the lists of devices."""
    fakes = {
        "list_physical_devices": [tf.config.PhysicalDevice(f"/physical_device:GPU:{k}", "GPU") for k in range(count)],
        "list_logical_devices": [tf.config.LogicalDevice(f"/device:GPU:{k}", "GPU") for k in range(count)],
    }
    with ExitStack() as stack:
        for name, gpus in fakes.items():
            real = getattr(tf.config, name)

            def listed(kind=None, real=real, gpus=gpus):
                return gpus if kind == "GPU" else real(kind) if kind else [*real(), *gpus]

            stack.enter_context(mock.patch.object(tf.config, name, listed))
        yield


@contextmanager
def standing_in():
    """A GPU is seen, and cuDNN's recurrent op has a stand-in, given as a mock that knows its calls."""
    with seen(), mock.patch.object(tf.raw_ops, "CudnnRNNV3", side_effect=cudnn_rnn) as op:
        yield op


def cudnn_rnn(
    *, input, input_h, input_c, params, sequence_lengths, rnn_mode, time_major, is_training, direction="unidirectional"
):
    """What `CudnnRNNV3` is documented to do, of one layer in one direction, batch first.

    All is of one dtype, which is not bfloat16: what the op makes of that holds memory that nobody wrote.

    Args:
        input: `(batch, steps, features)`.
        input_h, input_c: `(batch, 1, units)`; `input_c` is anything for a GRU.
        params: flat: the matrices W of all gates, `(units, features)` each, the matrices R of all gates,
            `(units, units)` each, the biases of W and those of R. Gates of an LSTM: i, f, c, o; of a GRU: r, i, h.
        sequence_lengths: int32 `(batch,)`, at least 1: the steps of each row. After them outputs are 0, by the
            documents, and nothing is said of the gradient of `input`. Here both are NaN, so that nobody reads them.
        rnn_mode: `"lstm"` or `"gru"`.

    Returns:
        As the op: outputs `(batch, steps, units)`, the last h and c, `(batch, 1, units)`, and two that nobody reads.
    """
    assert (time_major, is_training, direction) == (False, True, "unidirectional")
    dtype, count = input.dtype, {"lstm": 4, "gru": 3}[rnn_mode]
    cells = [input_h, input_c] if rnn_mode == "lstm" else [input_h]
    assert {tensor.dtype for tensor in (*cells, params)} == {dtype} and sequence_lengths.dtype == tf.int32
    assert dtype in (tf.float32, tf.float16)
    features, units = input.shape[2], input_h.shape[2]
    tf.debugging.assert_equal(tf.shape(input_h), (tf.shape(input)[0], 1, units))
    tf.debugging.assert_positive(sequence_lengths)

    sizes = [units * features] * count + [units * units] * count + [units] * (2 * count)
    parts = iter(tf.split(tf.cast(params, tf.float32), sizes))
    W, R = ([tf.reshape(next(parts), (units, -1)) for _ in range(count)] for _ in range(2))
    bW, bR = ([next(parts) for _ in range(count)] for _ in range(2))
    step = {"lstm": _lstm, "gru": _gru}[rnn_mode]

    def advance(before, inputs):
        x, running = inputs
        of_x = [x @ tf.transpose(matrix) + bias for matrix, bias in zip(W, bW, strict=True)]
        of_h = [before[0] @ tf.transpose(matrix) + bias for matrix, bias in zip(R, bR, strict=True)]
        return [tf.where(running, new, old) for new, old in zip(step(of_x, of_h, *before), before, strict=True)]

    running = tf.sequence_mask(sequence_lengths, tf.shape(input)[1])
    input = _nan_in_gradient(tf.cast(input, tf.float32), running)
    steps = tf.transpose(input, (1, 0, 2)), tf.transpose(running)[..., None]
    states = tf.scan(advance, steps, [tf.cast(cell[:, 0], tf.float32) for cell in cells])  # (steps, batch, units) each
    outputs = tf.where(running[..., None], tf.transpose(states[0], (1, 0, 2)), NAN)
    last = [tf.cast(state[-1][:, None], dtype) for state in states]
    return tf.cast(outputs, dtype), last[0], last[-1], None, None


@tf.custom_gradient
def _nan_in_gradient(sequence, running):
    return tf.identity(sequence), lambda gradient: (tf.where(running[..., None], gradient, NAN), None)


def _lstm(of_x, of_h, h, c):
    i, f, new, o = (x + r for x, r in zip(of_x, of_h, strict=True))
    c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(new)
    return tf.sigmoid(o) * tf.tanh(c), c


def _gru(of_x, of_h, h):
    r, i = (tf.sigmoid(x + r) for x, r in zip(of_x[:2], of_h[:2], strict=True))
    new = tf.tanh(of_x[2] + r * of_h[2])
    return ((1.0 - i) * new + i * h,)


def nodes_of(graph):
    """All nodes of a graph, those of the functions that it calls included."""
    definition = graph.as_graph_def()
    return [*definition.node, *(node for function in definition.library.function for node in function.node_def)]


def ops_of(graph):
    """How many of each kind of op there are in a graph."""
    return Counter(node.op for node in nodes_of(graph))


def loops_of_cells(graph):
    """Names of the bodies of loops in which there is a recurrent cell: something squashed by tanh."""
    functions = {function.signature.name: function for function in graph.as_graph_def().library.function}
    bodies = {node.attr["body"].func.name for node in nodes_of(graph) if node.op in LOOPS}
    return [name for name in bodies if any(node.op == "Tanh" for node in functions[name].node_def)]


def without_gpu_kernel(graph):
    """Ops that run on the processor, whatever there is: their tensors leave the GPU, and come back to it.

    TensorFlow's packages know the kernels for GPUs also where there is none. Left out are texts, of errors.

    Returns:
        Set of tuples: the op, and the types of its tensors.
    """
    found = set()
    for node in nodes_of(graph):
        types = {name: tf.as_dtype(value.type).name for name, value in node.attr.items() if value.type}
        if not any(all(types.get(name) in names for name, names in kernel.items()) for kernel in _gpu_kernels(node.op)):
            found.add((node.op, *(types[name] for name in sorted(types))))
    return {each for each in found if "string" not in each}


@cache
def _gpu_kernels(op):
    """The types that each kernel of an op for GPUs takes, by name; an op that calls a function takes all."""
    kernels = get_registered_kernels_for_op(op).kernel
    names = [
        {each.name: {tf.as_dtype(t).name for t in each.allowed_values.list.type} for each in kernel.constraint}
        for kernel in kernels
        if kernel.device_type in ("GPU", "DEFAULT")
    ]
    return [{name: types for name, types in kernel.items() if types} for kernel in names] if kernels else [{}]
