"""Which rows of a batch a recurrent loop works on at each step: all of them, or only those that have not ended.

Both layouts put the steps first, in the order of processing, and answer the same questions, so that a loop over them
reads the same. `sequence` below is a tensor in the layout's own order, `state` one row for each sequence.
"""

import tensorflow as tf

from seq2seq.layers.rows import spare_rows


class PaddedSteps:
    """All rows take part in every step; where the mask is `False`, a state passes unchanged. XLA can compile it.

    Sequences are `(steps, batch, …)`.

    Args:
        x: `(batch, steps, features)`.
        mask: bool `(batch, steps)`, or `None`.
        go_backwards: bool.
    """

    def __init__(self, x, mask=None, go_backwards=False):
        self.count = tf.shape(x)[1]
        self._backwards = go_backwards
        self._kept = None if mask is None else self.enter(tf.cast(mask, tf.bool)[..., None])  # (steps, batch, 1)

    def enter(self, x):
        x = tf.transpose(x, (1, 0, 2))
        return tf.reverse(x, (0,)) if self._backwards else x

    def leave(self, sequence, zeros=True):
        """`(batch, steps, …)` in the order of processing, from a `sequence` that `hold` made.

        At masked steps 0, or without `zeros` what the last real step before holds, 0 where there is none.
        """
        sequence = self.real(sequence) if zeros or self._kept is None else self._where(self._begun(), sequence)
        return tf.transpose(sequence, (1, 0, 2))

    def enter_state(self, state):
        return state

    leave_state = enter_state

    def empty(self, dtype, width, rows):
        """A `TensorArray` for one entry a step, `(rows, width)`."""
        return tf.TensorArray(dtype, self.count, element_shape=(rows, width))

    def joined(self, array):
        return array.stack()

    def at(self, t, sequence):
        return sequence[t]

    def real(self, sequence):
        """`sequence` with 0 at masked steps."""
        return sequence if self._kept is None else self._where(self._kept, sequence)

    def previous(self, first, sequence):
        """What came before each step: `first`, a state, before the first one."""
        return tf.concat((first[None], sequence[:-1]), 0)

    def last(self, first, sequence):
        """The state after each sequence's last step."""
        return sequence[-1]

    def running(self, t, state):
        """The rows of `state` that take part in step t."""
        return state

    def joining(self, t, state, of_ended):
        """Going back to step t: `state` of the rows that run after it, and `of_ended` of those that end with it."""
        return state

    def all_rows(self, state, of_ended):
        """A state of all rows from that before the first step, and `of_ended` of the rows without any step."""
        return state

    def hold(self, t, new, old):
        """`new`, or `old` in rows that step t skips."""
        return new if self._kept is None else tf.where(self._kept[t], new, old)

    def _begun(self):
        """Which rows have had a real step, at each step."""
        return tf.cumsum(tf.cast(self._kept, tf.int32), 0) > 0

    def _where(self, kept, sequence):
        return tf.where(kept, sequence, tf.zeros((), sequence.dtype))


class PackedSteps(PaddedSteps):
    """Only rows that still run take part in a step, so that padding costs nothing, whatever the mask looks like.

    Rows are sorted by their number of real steps, the longest first: those that run at step t are the first
    `rows[t]`. Sequences are `(real steps, …)`: all rows of step 0, then those of step 1, and so on, as cuDNN and
    PyTorch pack them; at their end there are some spare rows, see `spare_rows`, 0 in whatever the loop makes. XLA
    cannot compile that: the shapes depend on the mask.
    """

    def __init__(self, x, mask, go_backwards=False):
        mask = tf.broadcast_to(tf.cast(mask, tf.bool), tf.shape(x)[:2])
        if go_backwards:
            mask = tf.reverse(mask, (1,))
        self._mask = mask
        lengths = tf.math.count_nonzero(mask, axis=1, dtype=tf.int32)
        self._order = tf.argsort(lengths, direction="DESCENDING", stable=True)
        self._rank = tf.math.invert_permutation(self._order)
        self._lengths = tf.gather(lengths, self._order)
        runs = tf.transpose(tf.sequence_mask(self._lengths))  # (steps, batch)
        self.count = tf.shape(runs)[0]
        rows = tf.math.count_nonzero(runs, axis=1, dtype=tf.int32)
        # Where the mask is a constant, a graph would work out the rows of the first step, and refuse a loop in which
        # their number changes.
        rows = tf.raw_ops.PlaceholderWithDefault(input=rows, shape=(None,))
        self._rows = tf.concat((rows, [0]), 0)
        self._starts = tf.cumsum(self._rows, exclusive=True)  # has an entry though no step be real
        t, rank = tf.unstack(tf.cast(tf.where(runs), tf.int32), axis=1)
        row = tf.gather(self._order, rank)
        # The real steps of each row, in the order of processing, before the others.
        places = tf.argsort(tf.cast(~mask, tf.int32), axis=1, stable=True)
        place = tf.gather_nd(places, tf.stack((row, t), 1))
        self._shape = tf.shape(mask)
        self._places = tf.stack((row, place), 1)
        self._spare = spare_rows(tf.size(t))
        sources = tf.stack((row, self._shape[1] - 1 - place if go_backwards else place), 1)
        self._sources = tf.pad(sources, ((0, self._spare), (0, 0)))
        self._before = tf.pad(self._after(t, rank), ((0, self._spare),))
        self._ends = self._after(self._lengths, tf.range(self._shape[0]))

    def enter(self, x):
        return tf.gather_nd(x, self._sources)

    def leave(self, sequence, zeros=True):
        if not zeros:
            counts = tf.cumsum(tf.cast(self._mask, tf.int32), axis=1)
            nothing = tf.zeros((self._shape[0], sequence.shape[-1]), sequence.dtype)
            return tf.gather(tf.concat((nothing, sequence), 0), self._after(counts, self._rank[:, None]))
        shape = tf.concat((self._shape, tf.shape(sequence)[1:]), 0)
        real, _ = tf.split(sequence, (tf.shape(self._places)[0], self._spare), num=2)  # the gradient of a slice is slow
        return tf.scatter_nd(self._places, real, shape)

    def enter_state(self, state):
        return tf.gather(state, self._order)

    def leave_state(self, state):
        return tf.gather(state, self._rank)

    def empty(self, dtype, width, rows):
        array = tf.TensorArray(dtype, self.count + 1, element_shape=(None, width), infer_shape=False)
        return array.write(self.count, tf.zeros((self._spare, width), dtype))

    def joined(self, array):
        return array.concat()

    def real(self, sequence):
        return sequence

    def at(self, t, sequence):
        return sequence[self._starts[t] : self._starts[t] + self._rows[t]]

    def previous(self, first, sequence):
        return tf.gather(tf.concat((first, sequence), 0), self._before)

    def last(self, first, sequence):
        return tf.gather(tf.concat((first, sequence), 0), self._ends)

    def running(self, t, state):
        return state[: self._rows[t]]

    def joining(self, t, state, of_ended):
        return tf.concat((state, of_ended[self._rows[t + 1] : self._rows[t]]), 0)

    def all_rows(self, state, of_ended):
        return tf.concat((state, of_ended[self._rows[0] :]), 0)

    def hold(self, t, new, old):
        return new

    def _after(self, count, rank):
        """Where the rows of this rank are after `count` real steps, in a sequence that stands behind a state."""
        return rank + tf.where(count > 0, self._shape[0] + tf.gather(self._starts, tf.maximum(count - 1, 0)), 0)
