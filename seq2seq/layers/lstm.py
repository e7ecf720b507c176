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

**Masks.** At a masked step the state passes unchanged: forward by a `where`, backward by factors 0 for the gates and 1
for `dc_{t-1} = dc`, `dh_{t-1} = dh`.
"""

import keras
import tensorflow as tf
from keras import ops


@keras.saving.register_keras_serializable(package="seq2seq")
class LSTM(keras.layers.LSTM):
    """`keras.layers.LSTM` with the same arguments, weights and numbers, faster on a CPU.

    On a GPU, and with settings that the fast loop does not cover (other activations, no bias, `recurrent_dropout`,
    `unroll`, float64), it is `keras.layers.LSTM` unchanged: cuDNN where Keras would use it.
    Under `mixed_bfloat16` the matrix products are bfloat16 and everything else, the state included, stays float32.
    """

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if not self._uses_fast_loop():
            return super().inner_loop(sequences, initial_state, mask, training=training)
        if isinstance(mask, list | tuple):
            mask = mask[0]
        if training and self.dropout:
            # One mask for all steps, as keras.layers.LSTM does on its cuDNN path.
            sequences = sequences * ops.expand_dims(self.cell.get_dropout_mask(sequences[:, 0, :]), 1)
        outputs, h, c = lstm_sequence(
            sequences,
            ops.convert_to_tensor(self.cell.kernel),
            ops.convert_to_tensor(self.cell.recurrent_kernel),
            ops.convert_to_tensor(self.cell.bias),
            initial_state[0],
            initial_state[1],
            mask=mask,
            go_backwards=self.go_backwards,
            zero_output_for_mask=self.zero_output_for_mask,
        )
        return (outputs[:, -1] if self.zero_output_for_mask else h), outputs, [h, c]

    def _uses_fast_loop(self):
        return (
            not tf.config.list_logical_devices("GPU")
            and self.activation is keras.activations.tanh
            and self.recurrent_activation is keras.activations.sigmoid
            and self.use_bias
            and not (self.recurrent_dropout or self.unroll)
            and self.compute_dtype != "float64"
        )


def lstm_sequence(x, kernel, recurrent_kernel, bias, h0, c0, mask=None, go_backwards=False, zero_output_for_mask=False):
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
        zero_output_for_mask: bool. Outputs of masked steps are 0 instead of the last output before them;
            `keras.layers.Bidirectional` asks for it.

    Returns:
        `outputs`, `(batch, steps, units)`, and the final `h` and `c`, `(batch, units)`, all of the dtype of `x`.
    """
    dtype = x.dtype
    x = tf.transpose(x, (1, 0, 2))  # (steps, batch, features)
    keep = None if mask is None else tf.transpose(tf.cast(mask, tf.bool))[..., None]  # (steps, batch, 1)
    if go_backwards:
        x = tf.reverse(x, (0,))
        keep = None if keep is None else tf.reverse(keep, (0,))
    kernel, recurrent_kernel = tf.cast(kernel, dtype), tf.cast(recurrent_kernel, dtype)
    bias, h0, c0 = tf.cast(bias, tf.float32), tf.cast(h0, tf.float32), tf.cast(c0, tf.float32)

    @tf.custom_gradient
    def run(x, kernel, recurrent_kernel, bias, h0, c0):
        inputs = _product(x, kernel) + bias
        outputs, cells, gates = _forward_loop(inputs, recurrent_kernel, h0, c0, keep)

        def gradient(d_outputs, d_h, d_c):
            d_z, d_h0, d_c0 = _backward_loop(d_outputs, d_h, d_c, cells, gates, recurrent_kernel, c0, keep)
            previous = tf.concat((h0[None], outputs[:-1]), 0)
            d_z_product = tf.cast(d_z, dtype)
            return (
                tf.cast(_product(d_z_product, kernel, transpose=True), dtype),
                tf.cast(_summed_product(x, d_z_product), dtype),
                tf.cast(_summed_product(tf.cast(previous, dtype), d_z_product), dtype),
                tf.reduce_sum(d_z, (0, 1)),
                d_h0,
                d_c0,
            )

        return (outputs, outputs[-1], cells[-1]), gradient

    outputs, h, c = run(x, kernel, recurrent_kernel, bias, h0, c0)
    if zero_output_for_mask and keep is not None:
        outputs *= tf.cast(keep, outputs.dtype)
    return tf.cast(tf.transpose(outputs, (1, 0, 2)), dtype), tf.cast(h, dtype), tf.cast(c, dtype)


def _forward_loop(inputs, recurrent_kernel, h0, c0, keep):
    """All outputs, cell states `(steps, batch, units)` and gates i, f, g, o (each the same shape), float32."""
    steps = tf.shape(inputs)[0]
    dtype = recurrent_kernel.dtype

    def step(t, h, c, outputs, cells, gates):
        z = inputs[t] + tf.cast(tf.matmul(tf.cast(h, dtype), recurrent_kernel), tf.float32)
        z_i, z_f, z_g, z_o = tf.split(z, 4, axis=1)
        i, f, g, o = tf.sigmoid(z_i), tf.sigmoid(z_f), tf.tanh(z_g), tf.sigmoid(z_o)
        new_c = f * c + i * g
        new_h = o * tf.tanh(new_c)
        if keep is not None:
            new_c, new_h = tf.where(keep[t], new_c, c), tf.where(keep[t], new_h, h)
        gates = [array.write(t, gate) for array, gate in zip(gates, (i, f, g, o), strict=True)]
        return t + 1, new_h, new_c, outputs.write(t, new_h), cells.write(t, new_c), gates

    arrays = [tf.TensorArray(tf.float32, steps, element_shape=h0.shape) for _ in range(6)]
    _, _, _, outputs, cells, gates = tf.while_loop(
        lambda t, *_: t < steps, step, (0, h0, c0, arrays[0], arrays[1], arrays[2:]), parallel_iterations=1
    )
    return outputs.stack(), cells.stack(), [gate.stack() for gate in gates]


def _backward_loop(d_outputs, d_h, d_c, cells, gates, recurrent_kernel, c0, keep):
    """Gradients of all `z`, `(steps, batch, 4 * units)`, of `h0` and of `c0`; see the module's formulas."""
    steps = tf.shape(d_outputs)[0]
    i, f, g, o = gates
    tanh_c = tf.tanh(cells)
    c_previous = tf.concat((c0[None], cells[:-1]), 0)
    dc_by_dh = o * (1.0 - tanh_c * tanh_c)
    dz_factors = tf.concat(
        (g * i * (1.0 - i), c_previous * f * (1.0 - f), i * (1.0 - g * g), tanh_c * o * (1.0 - o)), axis=-1
    )
    if keep is not None:
        kept = tf.cast(keep, tf.float32)
        skipped = 1.0 - kept
        dc_by_dh, dz_factors = dc_by_dh * kept, dz_factors * kept
        f = f * kept + skipped

    dtype = recurrent_kernel.dtype
    transposed = tf.transpose(recurrent_kernel)  # once: a product that transposes takes more than twice as long

    def step(t, dh, dc, dz):
        dh += d_outputs[t]
        dc += dh * dc_by_dh[t]
        dz_t = tf.concat((dc, dc, dc, dh), axis=1) * dz_factors[t]
        new_dh = tf.cast(tf.matmul(tf.cast(dz_t, dtype), transposed), tf.float32)
        if keep is not None:
            new_dh += dh * skipped[t]
        return t - 1, new_dh, dc * f[t], dz.write(t, dz_t)

    dz = tf.TensorArray(tf.float32, steps, element_shape=(d_h.shape[0], 4 * d_h.shape[1]))
    _, dh, dc, dz = tf.while_loop(lambda t, *_: t >= 0, step, (steps - 1, d_h, d_c, dz), parallel_iterations=1)
    return dz.stack(), dh, dc


def _product(sequence, matrix, transpose=False):
    """`sequence @ matrix` for `(steps, batch, n)` as one matrix product, float32."""
    steps, batch = tf.unstack(tf.shape(sequence))[:2]
    flat = tf.matmul(tf.reshape(sequence, (-1, sequence.shape[-1])), matrix, transpose_b=transpose)
    return tf.cast(tf.reshape(flat, (steps, batch, flat.shape[-1])), tf.float32)


def _summed_product(left, right):
    """The sum over steps and batch of `leftᵀ right`: `(n, m)` from `(steps, batch, n)` and `(steps, batch, m)`."""
    return tf.matmul(tf.reshape(left, (-1, left.shape[-1])), tf.reshape(right, (-1, right.shape[-1])), transpose_a=True)
