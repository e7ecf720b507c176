"""The sequence autoencoder: from a numeric sequence to one vector, and back."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from seq2seq.layers.linear import LinearStart
from seq2seq.layers.observed import split_observed
from seq2seq.layers.repeat import Repeat
from seq2seq.models.compiled_parts import CompiledParts
from seq2seq.models.recurrent import RecurrentStack, make_dropout


@keras.saving.register_keras_serializable(package="seq2seq")
class SequenceEncoder(keras.Model):
    """Many-to-one: numeric sequences → one vector each, the code.

    Args:
        features: int.
        units: int. Width of the recurrent layers; a bidirectional one has half of it in each direction.
        num_layers: int.
        bidirectional: bool.
        cell: `"lstm"` or `"gru"`.
        latent_dim: int, the width of a dense layer that makes the code, or `None`: the code is the last output.
        noise: float. Standard deviation, at most 1, of Gaussian noise on the input while training.
        dropout: float. Between recurrent layers.

    Call arguments:
        x: float `(batch, steps, features)`, NaN where nothing was observed, see `split_observed`.

    Returns:
        float `(batch, latent_dim)`, or `(batch, units)`.
    """

    def __init__(
        self,
        features,
        units=64,
        num_layers=1,
        bidirectional=False,
        cell="lstm",
        latent_dim=None,
        noise=0.0,
        dropout=0.0,
        **kwargs,
    ):
        arguments = {name: value for name, value in locals().items() if name not in ("self", "kwargs", "__class__")}
        super().__init__(**kwargs)
        self.arguments = arguments
        dtype = {"dtype": self.dtype_policy}
        self.noise = keras.layers.GaussianNoise(noise, **dtype)
        self.stack = RecurrentStack(
            num_layers, units, cell, bidirectional, residual=False, dropout=dropout, name="stack", **dtype
        )
        self.to_code = None if latent_dim is None else keras.layers.Dense(latent_dim, name="to_code", **dtype)
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        self.stack.build((None, None, self.arguments["features"]))
        if self.to_code is not None:
            self.to_code.build((None, self.arguments["units"]))
        self.built = True

    def call(self, x, training=False):
        # Noise before the split: NaN plus noise is still NaN, so that what is missing gets none.
        values, mask = split_observed(self.noise(ops.cast(x, self.compute_dtype), training=training))
        features = self.arguments["features"]
        if values.shape[-1] != features:
            raise ValueError(f"Expected {features} features, the last axis, got an array of shape {tuple(x.shape)}.")
        _, states = self.stack(values, mask=mask, training=training)
        last = states[-1][0]
        return last if self.to_code is None else self.to_code(last)

    def get_config(self):
        return {**super().get_config(), **self.arguments}


@keras.saving.register_keras_serializable(package="seq2seq")
class SequenceDecoder(keras.Model):
    """One-to-many: codes → numeric sequences.

    Every step reads the code, by `Repeat`; a conditional decoder also reads the step that it wrote before.

    Args:
        features: int. Of the output.
        latent_dim: int. Width of the code.
        units: int.
        num_layers: int.
        cell: `"lstm"` or `"gru"`.
        reverse: bool. Write each sequence from its last step to its first, which begins with what the encoder saw last
            (Srivastava et al. 2015, section 2.2). The output is in the usual order all the same.
        conditional: bool.
        dropout: float. Between recurrent layers and before the output layer.
        initializer: str. Of the output layer's kernel.

    Call arguments:
        code: float `(batch, latent_dim)`, or the pair `(code, steps)`, so that `predict((codes, lengths))` works.
        steps: int, the length of all sequences, or int `(batch,)`, the length of each.

    Returns:
        float32 `(batch, steps, features)`, as long as the longest sequence, NaN after the end of a shorter one.
    """

    def __init__(
        self,
        features,
        latent_dim,
        units=64,
        num_layers=1,
        cell="lstm",
        reverse=True,
        conditional=False,
        dropout=0.0,
        initializer="glorot_uniform",
        **kwargs,
    ):
        arguments = {name: value for name, value in locals().items() if name not in ("self", "kwargs", "__class__")}
        super().__init__(**kwargs)
        self.arguments = arguments
        self.reverse, self.conditional = reverse, conditional
        dtype = {"dtype": self.dtype_policy}
        self.repeat = Repeat(name="repeat", **dtype)
        self.stack = RecurrentStack(num_layers, units, cell, residual=False, dropout=dropout, name="stack", **dtype)
        self.dropout = make_dropout(dropout, along_time=False, **dtype)
        self.output_layer = keras.layers.Dense(features, kernel_initializer=initializer, name="output", **dtype)
        self.build()

    def build(self, input_shape=None):
        if self.built:
            return
        features, latent_dim = self.arguments["features"], self.arguments["latent_dim"]
        self.stack.build((None, None, latent_dim + features if self.conditional else latent_dim))
        self.output_layer.build((None, None, self.arguments["units"]))
        self.built = True

    def __call__(self, code, steps=None, **kwargs):
        return super().__call__(code, steps=steps, **kwargs)  # Keras takes an int by keyword only

    def call(self, code, steps=None, training=False):
        if isinstance(code, list | tuple):
            code, steps = code
        if steps is None:
            raise ValueError(
                "The decoder needs the number of steps: decoder(code, steps), or predict((code, lengths))."
            )
        if len(getattr(steps, "shape", ())):
            lengths = ops.cast(steps, "int32")
            steps = ops.max(lengths)
        else:
            lengths = tf.fill((ops.shape(code)[0],), ops.cast(steps, "int32"))
        return self.decode(code, steps, lengths, training=training)

    def decode(self, code, steps, lengths, truth=None, training=False):
        """Write sequences into `steps` steps.

        Args:
            code: float `(batch, latent_dim)`.
            steps: int or int scalar.
            lengths: int32 `(batch,)`, at most `steps`.
            truth: float `(batch, steps, features)` without NaN. A conditional decoder reads the step before from it
                (teacher forcing) and not from its own output; other decoders ignore it.
            training: bool.

        Returns:
            float32 `(batch, steps, features)`, NaN after the end of each sequence.
        """
        code = ops.cast(code, self.compute_dtype)
        real = tf.sequence_mask(lengths, steps)
        if self.conditional and truth is None:
            written = self._feed_back(code, steps)
        else:
            inputs = self.repeat((code, real))
            if self.conditional:
                before = self._in_order(ops.cast(truth, self.compute_dtype), lengths)[:, :-1]
                inputs = ops.concatenate((inputs, ops.pad(before, ((0, 0), (1, 0), (0, 0)))), axis=-1)
            outputs, _ = self.stack(inputs, training=training)
            written = self.output_layer(self.dropout(outputs, training=training))
        written = self._in_order(ops.cast(written, "float32"), lengths)
        return tf.where(real[..., None], written, float("nan"))

    def _in_order(self, sequence, lengths):
        """From the order of time to the order of writing, or back; padding stays at the end."""
        return tf.reverse_sequence(sequence, lengths, seq_axis=1) if self.reverse else sequence

    def _feed_back(self, code, steps):
        """Each step reads the one written before it, the first one zeros; in the order of writing."""
        batch = ops.shape(code)[0]

        def step(t, before, states, written):
            outputs, states = self.stack.step(ops.concatenate((code, before), axis=-1), states)
            after = self.output_layer(outputs)
            return t + 1, after, states, written.write(t, after)

        nothing = ops.zeros((batch, self.arguments["features"]), self.compute_dtype)
        written = tf.TensorArray(nothing.dtype, steps, element_shape=nothing.shape)
        states = [list(layer.get_initial_state(batch)) for layer in self.stack.layers]
        start = (0, nothing, states, written)
        *_, written = tf.while_loop(lambda t, *_: t < steps, step, start, parallel_iterations=1)
        return ops.transpose(written.stack(), (1, 0, 2))

    def get_config(self):
        return {**super().get_config(), **self.arguments}


@keras.saving.register_keras_serializable(package="seq2seq")
class Autoencoder(CompiledParts):
    """A recurrent autoencoder for numeric sequences of any length.

    `model`, `model.encoder` and `model.decoder` are Keras models, each usable alone. Without missing values
    `model.compile("adam", "mse")` and `model.fit(x, x)` are all it takes; with NaN, for what is missing or for
    padding on the right, the loss has to be `ObservedLoss`.

    Args:
        features: int.
        units: int. Width of the recurrent layers; a bidirectional encoder has half of it in each direction.
        encoder_layers: int.
        decoder_layers: int.
        bidirectional: bool. The encoder reads in both directions.
        cell: `"lstm"` or `"gru"`.
        latent_dim: int, width of the code, or `None`: the encoder's last output, of `units`, is the code.
        reverse: bool. The decoder writes from the last step to the first; the result is in the usual order.
        conditional: bool. The decoder reads the step before: the true one while training (teacher forcing), else the
            one that it wrote itself.
        noise: float. Standard deviation, at most 1, of Gaussian noise on the encoder's input while training.
        dropout: float. Between recurrent layers and before the output layers.
        horizon: int. Above 0 a second decoder, `model.predictor`, writes the `horizon` steps that follow (the composite
            model of Srivastava et al. 2015); it is never conditional, and `fit` wants `(x, (x, next_steps))`.
        look_back: int. With a horizon, and above 0: windows of so many steps, and no others, are read, and what the
            predictor writes is the change from a linear forecast of them, `model.start`, see `LinearStart`.

    Call arguments:
        x: float `(batch, steps, features)`, NaN where nothing was observed.

    Returns:
        The reconstruction, float32 `(batch, steps, features)`, NaN in the padding after a sequence's last observed
        step; with a `horizon` the pair of it and the prediction, float32 `(batch, horizon, features)`.

    Raises:
        ValueError: `x` has not three axes, or another number of features; it has not `look_back` steps.

    >>> model = Autoencoder(features=2, units=16)
    >>> model.compile("adam", "mse")
    >>> history = model.fit(x, x)
    >>> codes = model.encoder.predict(x)                        # (samples, 16)
    >>> sequences = model.decoder(codes, x.shape[1])            # (samples, steps, 2)
    """

    def __init__(
        self,
        features: int,
        units: int = 64,
        encoder_layers: int = 1,
        decoder_layers: int = 1,
        bidirectional: bool = False,
        cell: str = "lstm",
        latent_dim: int | None = None,
        reverse: bool = True,
        conditional: bool = False,
        noise: float = 0.0,
        dropout: float = 0.0,
        horizon: int = 0,
        look_back: int = 0,
        **kwargs: Any,
    ) -> None:
        arguments = {name: value for name, value in locals().items() if name not in ("self", "kwargs", "__class__")}
        super().__init__(autocast=False, **kwargs)  # inputs stay as they are; what computes casts them
        self.arguments = arguments
        dtype = {"dtype": self.dtype_policy}
        self.encoder = SequenceEncoder(
            features, units, encoder_layers, bidirectional, cell, latent_dim, noise, dropout, name="encoder", **dtype
        )
        common = {"features": features, "latent_dim": latent_dim or units, "units": units, "cell": cell, **dtype}
        common |= {"num_layers": decoder_layers, "dropout": dropout}
        self.decoder = SequenceDecoder(reverse=reverse, conditional=conditional, name="decoder", **common)
        self.predictor = self.start = None
        if horizon:
            # With zeros training begins at the forecast that the prediction is the change from.
            initializer = "zeros" if look_back else "glorot_uniform"
            self.predictor = SequenceDecoder(reverse=False, initializer=initializer, name="predictor", **common)
            self.start = LinearStart(features, look_back, horizon, name="start") if look_back else None
        self.built = True  # its parts are

    @property
    def layer_groups(self) -> dict[str, list[keras.layers.Layer]]:
        return {"encoder": [self.encoder]}

    @property
    def input_specs(self) -> Any:
        """What `export` takes: sequences."""
        return tf.TensorSpec((None, self.start.look_back if self.start else None, self.arguments["features"]))

    def call(self, x: Any, training: bool = False) -> Any:
        window = ops.cast(x, "float32")
        x = ops.cast(x, self.compute_dtype)
        values, mask = split_observed(x)
        if self.start and x.shape[1] not in (None, self.start.look_back):
            raise ValueError(f"Expected windows of {self.start.look_back} steps, got {x.shape[1]}.")
        lengths = ops.sum(ops.cast(mask, "int32"), axis=1)
        code = self.encoder(x, training=training)
        truth = values if training else None
        reconstruction = self.decoder.decode(code, ops.shape(x)[1], lengths, truth=truth, training=training)
        if self.predictor is None:
            return reconstruction
        predicted = self.predictor(code, self.arguments["horizon"], training=training)
        if self.start:
            predicted = self.start(window) + self.start.share * predicted
        return reconstruction, predicted

    def write(self, x: Any) -> Any:
        """The reconstruction of `x`, and what follows it: the prediction, or None without a horizon."""
        written = self(x)
        return written if self.predictor is not None else (written, None)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.arguments}
