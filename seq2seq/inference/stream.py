"""One step in, the forecast of the next one out: a stateful forecaster on data that go on and on."""

import csv
from pathlib import Path

import numpy as np
import tensorflow as tf

from seq2seq.errors import InputError
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.loaded import graph
from seq2seq.series.series import column_positions
from seq2seq.storage import digest, read_arrays, write_arrays


class Stream:
    """A forecaster that has read some steps and waits for the next.

    Args:
        forecaster: stateful `Forecaster`, loaded from its run.

    Attributes:
        steps: int. Steps read so far, those before a loaded state included.

    Raises:
        InputError: the run was trained on windows.
    """

    def __init__(self, forecaster: Forecaster):
        if not forecaster.stateful:
            raise InputError(
                f"{forecaster.run.path} was trained on windows: --stream needs one trained with --stateful."
            )
        self.forecaster, self.steps = forecaster, 0
        self.columns = forecaster.columns.names
        model = forecaster.model
        self._order = list(range(len(self.columns)))  # where each column is in a line
        self._width = len(self.columns)
        self._states = model.initial_state(1)
        widths = tf.nest.map_structure(lambda width: tf.TensorSpec((1, width)), model.state_widths)
        row = tf.TensorSpec((1, len(self.columns)))
        self._step = graph(model.step, row, widths)
        # Whatever trained it: another training of the same settings gives other weights, to which no state fits.
        self._identity = digest(forecaster.run.weights)

    def is_header(self, line: str) -> bool:
        """Whether a first line names columns of the run."""
        return bool({cell.strip() for cell in _cells(line)} & set(self.columns))

    def read_header(self, line: str) -> None:
        """Take the columns in the order of this line; further ones are dropped.

        Raises:
            InputError: a column of the run is missing (names the near match).
        """
        cells = [cell.strip() for cell in _cells(line)]
        self._order = column_positions(self.columns, cells, "the header of the stream")
        self._width = len(cells)

    def read(self, line: str) -> np.ndarray:
        """Read one step, numbers with commas between, an empty cell where none was observed.

        Returns:
            float64 `(columns,)`: the forecast of the next step, in the user's units.

        Raises:
            InputError: a line that cannot be used; the state stays as it was.
        """
        cells = _cells(line)
        if len(cells) != self._width:
            raise InputError(f"expected {self._width} numbers with commas between, got {len(cells)}: {line[:60]!r}")
        values = [_number(cells[at]) for at in self._order]
        scaled = self.forecaster.scaler.transform(np.array([values]))
        output, self._states = self._step(scaled, self._states)
        self.steps += 1
        return self.forecaster.unscaled(output.numpy())[0]

    def save(self, path: Path) -> None:
        """Write the state to an NPZ file, whole or not at all."""
        states = {f"state{k}": state.numpy() for k, state in enumerate(tf.nest.flatten(self._states))}
        write_arrays(path, states, identity=self._identity, steps=self.steps)

    def load(self, path: Path) -> None:
        """Go on from a state that `save` wrote.

        Raises:
            InputError: the file is damaged, or of another run.
        """
        blank = tf.nest.flatten(self._states)
        try:
            arrays, record = read_arrays(path)
            identity, steps = record["identity"], record["steps"]
            states = [arrays[f"state{k}"] for k in range(len(blank))] if identity == self._identity else blank
        except (InputError, KeyError) as error:
            raise InputError(f"--state {path} is no state of a stream, or is damaged: delete it.") from error
        if identity != self._identity:
            raise InputError(
                f"--state {path} is of another run, or of {self.forecaster.run.path} before it was trained again: "
                "name another file."
            )
        if any(state.shape != zeros.shape for state, zeros in zip(states, blank, strict=True)):
            raise InputError(f"--state {path} is damaged (a state of another size): delete it.")
        states = [tf.constant(state, tf.float32) for state in states]
        self._states, self.steps = tf.nest.pack_sequence_as(self._states, states), steps


def _cells(line):
    return next(csv.reader([line]), [""])


def _number(cell):
    """A number, or NaN for an empty cell."""
    if not cell.strip():
        return np.nan
    try:
        value = float(cell)
    except ValueError:
        raise InputError(f"{cell.strip()[:60]!r} is not a number") from None
    if np.isinf(value):
        raise InputError(f"{cell.strip()} is infinite")
    return value
