"""From the encoder's last states to the decoder's first."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="seq2seq")
class Bridge(keras.layers.Layer):
    """Turn the final states of the encoder into initial states of the decoder.

    Decoder layer `k` starts from encoder layer `k`. Where the decoder has more layers, the rest starts from the
    encoder's top layer; where it has fewer, they start from the encoder's topmost ones. The two directions of a
    bidirectional layer arrive concatenated.

    Args:
        kind: `"copy"` passes the states on (their widths must fit), `"dense"` learns a `tanh` layer for each (as in
            Bahdanau et al. 2015, appendix A.2.2), `"zero"` passes zeros: the decoder knows the source by attention
            only.
        units: int. Width of the decoder's states.
        decoder_layers: int.

    Call arguments:
        states: list, one per encoder layer, of lists of tensors `(batch, width)`: `[h, c]`, or `[h]` of a GRU.

    Returns:
        A list of the same form, one per decoder layer, of tensors `(batch, units)`.
    """

    def __init__(self, kind, units, decoder_layers, **kwargs):
        super().__init__(**kwargs)
        if kind not in ("copy", "dense", "zero"):
            raise ValueError(f"bridge={kind!r}: expected 'copy', 'dense' or 'zero'.")
        self.kind, self.units, self.decoder_layers = kind, units, decoder_layers
        self.dense = []

    def build(self, states_shape):
        widths = [[shape[-1] for shape in layer] for layer in self._aligned(states_shape)]
        if self.kind == "copy" and any(width != self.units for layer in widths for width in layer):
            raise ValueError(
                f"A 'copy' bridge needs encoder states of the decoder's {self.units} units, got widths {widths}; "
                "use a 'dense' bridge."
            )
        if self.kind == "dense":
            # One flat list: Keras does not save layers in nested ones reliably.
            for width in (width for layer in widths for width in layer):
                dense = keras.layers.Dense(self.units, activation="tanh", dtype=self.dtype_policy)
                dense.build((None, width))
                self.dense.append(dense)

    def _aligned(self, layers):
        """The entry of the encoder's `layers` that each decoder layer starts from."""
        first = max(len(layers) - self.decoder_layers, 0)
        return [layers[min(first + k, len(layers) - 1)] for k in range(self.decoder_layers)]

    def call(self, states):
        aligned = self._aligned(states)
        if self.kind == "dense":
            layers = iter(self.dense)
            return [[next(layers)(state) for state in layer] for layer in aligned]
        if self.kind == "zero":
            return [[ops.zeros((ops.shape(state)[0], self.units), state.dtype) for state in layer] for layer in aligned]
        return aligned

    def get_config(self):
        return {
            **super().get_config(),
            "kind": self.kind,
            "units": self.units,
            "decoder_layers": self.decoder_layers,
        }
