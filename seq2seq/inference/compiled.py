"""Models of numbers as graphs that TensorFlow compiles: the same methods that `seq2seq.runtime.numbers` has of exports.

What differs from one runtime to the other is here and there alone: what loaded runs do with answers is written once.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from seq2seq.device import stay_in_process
from seq2seq.models import Autoencoder, StreamForecaster, WindowForecaster


def graph(function: Callable, *signature: Any) -> Callable:
    """Compile `function` for tensors of `signature`; in a fork of this process a call raises InputError."""
    # TensorFlow counts how often the code of a function is traced; a partial one is its own for each loaded run.
    compiled = tf.function(partial(function), input_signature=signature, autograph=False)

    def answer(*inputs):
        stay_in_process()
        return compiled(*inputs)

    return answer


class CompiledAutoencoder:
    """See `seq2seq.runtime.numbers.ExportedAutoencoder`."""

    def __init__(self, model: Autoencoder):
        self._write, self._encode = (graph(function, model.input_specs) for function in (model.write, model.encoder))

    def write(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        reconstructed, following = self._write(x)
        return reconstructed.numpy(), None if following is None else following.numpy()

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        return self.write(x)[0]

    def encode(self, x: np.ndarray) -> np.ndarray:
        return self._encode(x).numpy()


class CompiledWindows:
    """See `seq2seq.runtime.numbers.ExportedWindows`."""

    def __init__(self, model: WindowForecaster):
        self._graph = graph(model, model.input_specs)

    def __call__(self, window: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        return self._graph(window if known is None else (window, known)).numpy()


class CompiledStream:
    """See `seq2seq.runtime.numbers.ExportedStream`; states are flat lists here, too, of tensors."""

    def __init__(self, model: StreamForecaster):
        self._model = model
        self._nest = tf.nest.map_structure(lambda width: width, model.state_widths)
        widths, rows = self._specs(None), self._specs(1)
        self._run = graph(model.run, tf.TensorSpec((None, None, model.features)), widths)
        self._step = graph(model.step, tf.TensorSpec((1, model.features)), rows)

    def initial_state(self, rows: int) -> list:
        return tf.nest.flatten(self._model.initial_state(rows))

    def run(self, x: np.ndarray, states: list | None = None) -> tuple[np.ndarray, list]:
        return self._read(self._run, x, states)

    def step(self, x: np.ndarray, states: list) -> tuple[np.ndarray, list]:
        return self._read(self._step, x, states)

    def forecast(self, x: np.ndarray, steps: int, states: list | None = None) -> np.ndarray:
        return self._model.forecast(x, steps, None if states is None else self._packed(states)).numpy()

    def _read(self, function, x, states):
        states = self.initial_state(len(x)) if states is None else states
        outputs, states = function(x, self._packed(states))
        return outputs.numpy(), tf.nest.flatten(states)

    def _specs(self, rows):
        return tf.nest.map_structure(lambda width: tf.TensorSpec((rows, width)), self._model.state_widths)

    def _packed(self, states):
        return tf.nest.pack_sequence_as(self._nest, states)


def compiled(model: Autoencoder | WindowForecaster | StreamForecaster) -> Any:
    """The graphs of a model of numbers."""
    kinds = {
        Autoencoder: CompiledAutoencoder,
        WindowForecaster: CompiledWindows,
        StreamForecaster: CompiledStream,
    }
    return next(made for kind, made in kinds.items() if isinstance(model, kind))(model)
