"""An LSTM layer that is fast on a CPU: one loop over the whole sequence, with its own gradient.

**Forward** (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000; `*` is element by element):

    z_t = x_t W + h_{t-1} U + b          split into z_i, z_f, z_g, z_o
    i, f, o = sigmoid(z_i), sigmoid(z_f), sigmoid(z_o)      g = tanh(z_g)
    c_t = f * c_{t-1} + i * g            h_t = o * tanh(c_t)

All `x_t W + b` are one matrix product before the loop; only `h_{t-1} U` has to be inside it.

**Backward.** With `dh`, `dc` the gradients that arrive at step t from the loss and from step t + 1:

    dc   += dh * o * (1 - tanh(c_t)²)
    dz_i  = dc * g * i (1 - i)           dz_g  = dc * i * (1 - g²)
    dz_f  = dc * c_{t-1} * f (1 - f)     dz_o  = dh * tanh(c_t) * o (1 - o)
    dh_{t-1} = dz_t Uᵀ                   dc_{t-1} = dc * f

Each factor of `dc` and `dh` is known from the forward pass, so all are computed for all steps at once, and the loop
holds little but the product with Uᵀ. The gradients of W, U, b and x follow from all `dz` after it, one product each:
`dW = Xᵀ dZ`, `dU = H_prevᵀ dZ`, `dx = dZ Wᵀ`. TensorFlow's own gradient of a loop adds up dW and dU step by step
instead.

**Masks.** Which rows a step works on is a matter of the layout, see `seq2seq.layers.steps`. With padded steps, the
state passes a masked one unchanged, forward and backward, and dz is 0 there. With packed steps there are none: a row
leaves the loop after its last step.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from seq2seq.layers.cudnn import OnCudnn, lengths_of
from seq2seq.layers.rows import column_sums
from seq2seq.layers.steps import PackedSteps, PaddedSteps


@keras.saving.register_keras_serializable(package="seq2seq")
class LSTM(OnCudnn, keras.layers.LSTM):
    """`keras.layers.LSTM` with the same arguments, weights and numbers, faster on a CPU.

    On a GPU, and with settings that the fast loop does not cover (other activations, no bias, `recurrent_dropout`,
    `implementation=1`, `unroll`, float64), it is `keras.layers.LSTM`: cuDNN where Keras would use it, unless
    `use_cudnn=False`, with which the fast loop runs on a GPU as well. With a mask outputs are 0 there at masked steps,
    and so is the gradient of the input, see `seq2seq.layers.cudnn`.
    Under `mixed_bfloat16` the matrix products are bfloat16 and everything else, the state included, stays float32. On
    cuDNN they are float32, too, see `seq2seq.layers.cudnn`; for float16 it has kernels of its own.

    Args:
        units: int.
        packed: bool. With a mask, leave masked steps out instead of passing them by, see `PackedSteps`: padding then
            costs nothing. XLA cannot compile that, nor `tf.vectorized_map` or `tf.GradientTape.jacobian` vectorize it.
            Only the fast loop does it; the numbers are the same.
        **kwargs: as of `keras.layers.LSTM`. At masked steps the outputs are the last real one once more, 0 before the
            first; with `zero_output_for_mask=True` all are 0, which costs least. On cuDNN they are 0 either way, so a
            model that has to run anywhere reads none of them.
    """

    def __init__(self, units: int, packed: bool = False, **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        self.packed = packed

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "packed": self.packed}

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        if isinstance(mask, list | tuple):
            mask = mask[0]
        if not self._uses_fast_loop(mask):
            return super().inner_loop(sequences, initial_state, mask, training=training)
        outputs, h, c = lstm_sequence(
            self._dropped(sequences, training),
            ops.convert_to_tensor(self.cell.kernel),
            ops.convert_to_tensor(self.cell.recurrent_kernel),
            ops.convert_to_tensor(self.cell.bias),
            initial_state[0],
            initial_state[1],
            mask=mask,
            go_backwards=self.go_backwards,
            packed=self.packed,
            zero_output_for_mask=self.zero_output_for_mask,
        )
        # With a mask they may differ: the outputs of a row that is masked throughout are 0, whatever its state.
        return (h if mask is None else outputs[:, -1]), outputs, [h, c]

    def ask_cudnn(self, sequences: Any, initial_state: Any, mask: Any, training: bool) -> Any:
        """What `inner_loop` gives, by one call of TensorFlow's op.

        Keras cuts both kernels into four and puts the eight parts together again, and their gradients too: a hundred
        small operations, each of which the processor has to start. As a kernel lies, transposed, its gates follow one
        another as cuDNN wants them.
        """
        sequences, lengths = self._dropped(sequences, training), lengths_of(mask, sequences)
        kernel, recurrent_kernel, bias = map(
            ops.convert_to_tensor, (self.cell.kernel, self.cell.recurrent_kernel, self.cell.bias)
        )
        parts = tf.transpose(kernel), tf.transpose(recurrent_kernel), tf.zeros_like(bias), bias  # cuDNN has two biases
        outputs, h, c, _, _ = tf.raw_ops.CudnnRNNV3(
            input=tf.reverse_sequence(sequences, lengths, 1) if self.go_backwards else sequences,
            input_h=initial_state[0][:, None],
            input_c=initial_state[1][:, None],
            params=tf.concat([tf.reshape(part, (-1,)) for part in parts], 0),
            sequence_lengths=lengths,
            rnn_mode="lstm",
            time_major=False,
            is_training=True,
        )
        self.supports_jit = False  # XLA has no cuDNN: `compile` asks layers before it takes XLA by itself
        h, c = h[:, 0], c[:, 0]
        if not self.return_sequences:
            return h, h[:, None], [h, c]
        if self.go_backwards:  # real steps come last then, as in a loop
            outputs = tf.reverse(tf.reverse_sequence(outputs, lengths, 1), [1])
        return h, outputs, [h, c]

    def _dropped(self, sequences, training):
        """With one dropout mask for all steps."""
        if not (training and self.dropout):
            return sequences
        return sequences * ops.expand_dims(self.cell.get_dropout_mask(sequences[:, 0, :]), 1)

    def stepper(self) -> Callable[[Any, Any], tuple[Any, Any]] | None:
        """A function for single steps at inference: `(inputs, [h, c])` → the outputs and the new `[h, c]`.

        What does not change from step to step is done here, once: both kernels become one, so that a step has one
        matrix product, in the compute dtype. `h` and `c` keep the dtype that they come with.
        """
        if not self._is_standard():
            return self.cell
        weights = tf.concat((self.cell.kernel, self.cell.recurrent_kernel), 0)
        weights, bias = tf.cast(weights, self.compute_dtype), tf.cast(self.cell.bias, tf.float32)

        def step(inputs, state):
            h, c = state
            rows = tf.concat((tf.cast(inputs, weights.dtype), tf.cast(h, weights.dtype)), 1)
            new_h, new_c, _ = _cell(tf.cast(tf.matmul(rows, weights), tf.float32) + bias, tf.cast(c, tf.float32))
            return tf.cast(new_h, weights.dtype), [tf.cast(new_h, h.dtype), tf.cast(new_c, c.dtype)]

        return step

    def branches(self, inputs: Any, state: Any) -> Any:
        """One step from each state with several inputs, each product taken once and not for every pair of both.

        Args:
            inputs: `(…, branches, features)`.
            state: `[h, c]`, `(…, units)`. The axes in front are broadcast.

        Returns:
            The outputs, `(…, branches, units)`.
        """
        cell, dtype = self.cell, self.compute_dtype
        h, c = state
        # Products of matrices: those of more axes at once (`BatchMatMul`) abort the process for some shapes.
        of_inputs = tf.tensordot(tf.cast(inputs, dtype), tf.cast(cell.kernel, dtype), 1)
        of_state = tf.tensordot(tf.cast(h, dtype), tf.cast(cell.recurrent_kernel, dtype), 1) + tf.cast(cell.bias, dtype)
        z = tf.cast(of_inputs + of_state[..., None, :], tf.float32)
        new_h, _, _ = _cell(z, tf.cast(c, tf.float32)[..., None, :])
        return tf.cast(new_h, dtype)

    def _uses_fast_loop(self, mask):
        return (
            (self.use_cudnn is False or not tf.config.list_logical_devices("GPU"))
            and self._is_standard()
            and self.use_cudnn is not True  # Keras says why there is none
            and (mask is None or len(mask.shape) == 2)
        )

    def _is_standard(self):
        return (
            self.activation is keras.activations.tanh
            and self.recurrent_activation is keras.activations.sigmoid
            and self.use_bias
            and not self.unroll
            and self.dropout < 1.0
            and self.cell.implementation != 1  # which has a dropout mask for each gate; `recurrent_dropout` implies it
            and self.compute_dtype != "float64"
        )


def lstm_sequence(
    x,
    kernel,
    recurrent_kernel,
    bias,
    h0,
    c0,
    mask=None,
    go_backwards=False,
    packed=False,
    zero_output_for_mask=False,
):
    """Run an LSTM over whole sequences.

    Args:
        x: float tensor, `(batch, steps, features)`. Its dtype is the dtype of the matrix products.
        kernel: `(features, 4 * units)`, gates in the order i, f, g, o.
        recurrent_kernel: `(units, 4 * units)`.
        bias: `(4 * units,)`.
        h0: initial output, `(batch, units)`.
        c0: initial cell state, `(batch, units)`.
        mask: bool tensor, `(batch, steps)`, or `None`. At `False` the state passes unchanged.
        go_backwards: bool. Run from the last step to the first; outputs come in the order of processing.
        packed: bool. Leave masked steps out, see `PackedSteps`; XLA cannot compile that.
        zero_output_for_mask: bool. Outputs at masked steps are 0, else those of the last real step before, 0 before the
            first.

    Returns:
        `outputs`, `(batch, steps, units)`, and the final `h` and `c`, `(batch, units)`, all of the dtype of `x`.
    """
    dtype = x.dtype
    steps = PaddedSteps(x, mask, go_backwards) if mask is None or not packed else PackedSteps(x, mask, go_backwards)
    kernel, recurrent_kernel = tf.cast(kernel, dtype), tf.cast(recurrent_kernel, dtype)
    bias, h0, c0 = tf.cast(bias, tf.float32), tf.cast(h0, tf.float32), tf.cast(c0, tf.float32)

    @tf.custom_gradient
    def run(x, kernel, recurrent_kernel, bias, h0, c0):
        h0, c0 = steps.enter_state(h0), steps.enter_state(c0)
        inputs = _product(x, kernel) + bias
        outputs, cells, gates = _forward_loop(steps, inputs, recurrent_kernel, h0, c0)

        def gradient(*d_results):
            d_outputs, d_h, d_c = map(tf.convert_to_tensor, d_results)  # where results are gathered, they are sparse
            d_states = steps.enter_state(d_h), steps.enter_state(d_c)
            d_z, d_h0, d_c0 = _backward_loop(steps, d_outputs, *d_states, cells, gates, recurrent_kernel, c0)
            previous = tf.cast(steps.previous(h0, outputs), dtype)
            d_z_product = tf.cast(d_z, dtype)
            by_both = _summed_product(tf.concat((x, previous), -1), d_z_product)  # one large product is faster than two
            return (
                tf.cast(_product(d_z_product, kernel, transpose=True), dtype),
                *tf.split(tf.cast(by_both, dtype), (x.shape[-1], previous.shape[-1])),
                column_sums(tf.reshape(d_z, (-1, d_z.shape[-1]))),
                steps.leave_state(d_h0),
                steps.leave_state(d_c0),
            )

        states = steps.last(h0, outputs), steps.last(c0, cells)
        return (outputs, *map(steps.leave_state, states)), gradient

    outputs, h, c = run(steps.enter(x), kernel, recurrent_kernel, bias, h0, c0)
    return tf.cast(steps.leave(outputs, zeros=zero_output_for_mask), dtype), tf.cast(h, dtype), tf.cast(c, dtype)


def _forward_loop(steps, inputs, recurrent_kernel, h0, c0):
    """All outputs, cell states and gates i, f, g, o, float32, in the layout of `steps`."""
    dtype = recurrent_kernel.dtype

    def step(t, h, c, outputs, cells, gates):
        h, c = steps.running(t, h), steps.running(t, c)
        z = steps.at(t, inputs) + tf.cast(tf.matmul(tf.cast(h, dtype), recurrent_kernel), tf.float32)
        new_h, new_c, gates_t = _cell(z, c)
        new_c, new_h = steps.hold(t, new_c, c), steps.hold(t, new_h, h)
        gates = [array.write(t, gate) for array, gate in zip(gates, gates_t, strict=True)]
        return t + 1, new_h, new_c, outputs.write(t, new_h), cells.write(t, new_c), gates

    rows, units = h0.shape
    arrays = [steps.empty(tf.float32, units, rows) for _ in range(6)]
    start = (0, steps.running(0, h0), steps.running(0, c0), arrays[0], arrays[1], arrays[2:])
    *_, outputs, cells, gates = tf.while_loop(lambda t, *_: t < steps.count, step, start, parallel_iterations=1)
    return steps.joined(outputs), steps.joined(cells), [steps.joined(gate) for gate in gates]


def _cell(z, c):
    """h, c and the gates i, f, g, o of one step."""
    z_i, z_f, z_g, z_o = tf.split(z, 4, axis=-1)
    i, f, g, o = tf.sigmoid(z_i), tf.sigmoid(z_f), tf.tanh(z_g), tf.sigmoid(z_o)
    c = f * c + i * g
    return o * tf.tanh(c), c, (i, f, g, o)


def _backward_loop(steps, d_outputs, d_h, d_c, cells, gates, recurrent_kernel, c0):
    """Gradients of all `z`, `(…, 4 * units)`, of `h0` and of `c0`; see the module's formulas."""
    i, f, g, o = gates
    tanh_c = tf.tanh(cells)
    c_previous = steps.previous(c0, cells)
    dc_by_dh = steps.real(o * (1.0 - tanh_c * tanh_c))
    dz_factors = (g * i * (1.0 - i), c_previous * f * (1.0 - f), i * (1.0 - g * g), tanh_c * o * (1.0 - o))
    dz_factors = [steps.real(factor) for factor in dz_factors]
    dtype = recurrent_kernel.dtype
    # In float32 a product that transposes takes more than twice as long; in bfloat16 the transposed copy takes longer.
    as_it_lies = dtype == tf.bfloat16
    kernel = recurrent_kernel if as_it_lies else tf.transpose(recurrent_kernel)

    def step(t, dh, dc, dz):
        dh, dc = steps.joining(t, dh, d_h), steps.joining(t, dc, d_c)
        dh += steps.at(t, d_outputs)
        dc += dh * steps.at(t, dc_by_dh)
        factors = [steps.at(t, factor) for factor in dz_factors]
        dz_t = tf.concat([by * factor for by, factor in zip((dc, dc, dc, dh), factors, strict=True)], axis=1)
        new_dh = tf.cast(tf.matmul(tf.cast(dz_t, dtype), kernel, transpose_b=as_it_lies), tf.float32)
        return t - 1, steps.hold(t, new_dh, dh), steps.hold(t, dc * steps.at(t, f), dc), dz.write(t, dz_t)

    rows, units = d_h.shape
    dz = steps.empty(tf.float32, 4 * units, rows)
    start = (steps.count - 1, steps.running(steps.count, d_h), steps.running(steps.count, d_c), dz)
    _, dh, dc, dz = tf.while_loop(lambda t, *_: t >= 0, step, start, parallel_iterations=1)
    return steps.joined(dz), steps.all_rows(dh, d_h), steps.all_rows(dc, d_c)


def _product(sequence, matrix, transpose=False):
    """`sequence @ matrix` for `(…, n)` as one matrix product, float32."""
    flat = tf.matmul(tf.reshape(sequence, (-1, sequence.shape[-1])), matrix, transpose_b=transpose)
    shape = tf.concat((tf.shape(sequence)[:-1], tf.shape(flat)[-1:]), 0)
    return tf.cast(tf.reshape(flat, shape), tf.float32)


def _summed_product(left, right):
    """The sum over all but the last axis of `leftᵀ right`: `(n, m)` from `(…, n)` and `(…, m)`."""
    return tf.matmul(tf.reshape(left, (-1, left.shape[-1])), tf.reshape(right, (-1, right.shape[-1])), transpose_a=True)
