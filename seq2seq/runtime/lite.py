"""The graphs of a folder for devices: NumPy arrays in, NumPy arrays out, by LiteRT."""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np

from seq2seq.errors import InputError, installed_with


class LiteGraph:
    """A LiteRT graph, called as a `seq2seq.runtime.graphs.Graph` is.

    All its sizes are fixed and it takes one row, so the rows of a batch pass through it one after the other; what takes
    whole windows takes those of the training.

    Args:
        path: file of the graph.

    Attributes:
        inputs: mapping from the name of each input to its shape.
        outputs: list of str. Names of the outputs.

    Raises:
        InputError: LiteRT is not installed, or cannot read the file.
    """

    def __init__(self, path: Path):
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise InputError(f"{path.parent} needs LiteRT: {installed_with('litert')}.") from error
        try:
            interpreter = Interpreter(model_path=str(path), num_threads=1)
            self._run = interpreter.get_signature_runner()
        except (ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{path} cannot be read by LiteRT ({reason:.120}): update it.") from error
        self._lock = Lock()  # its tensors are in one place
        by_number = sorted(self._run.get_input_details().items(), key=lambda each: (len(each[0]), each[0]))
        self.inputs = {name: each["shape"].tolist() for name, each in by_number}
        self.outputs = sorted(self._run.get_output_details())

    def __call__(self, outputs: Sequence[str] | None = None, **inputs: np.ndarray) -> list[np.ndarray]:
        """The outputs, those that are named or all, for a value of each input."""
        rows = len(next(iter(inputs.values())))
        with self._lock:
            made = [self._run(**{name: each[row : row + 1] for name, each in inputs.items()}) for row in range(rows)]
        return [np.concatenate([each[name] for each in made]) for name in outputs or self.outputs]
