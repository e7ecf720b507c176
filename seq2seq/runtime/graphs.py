"""The graphs of an exported folder: NumPy arrays in, NumPy arrays out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seq2seq.errors import InputError, installed_for


class Graph:
    """An ONNX graph that is ready to be called, by several threads at once if need be.

    A call runs on the thread that makes it: the products of a recurrent step are too small to be shared, and threads
    that wait for them would take a core each.

    Args:
        path: file of the graph.

    Attributes:
        inputs: mapping from the name of each input to its shape; names or `None` stand for what may be any size.
        shapes: mapping from the name of each output to its shape.
        outputs: list of str. Names of the outputs.

    Raises:
        InputError: ONNX Runtime is not installed, or cannot read the file.
    """

    def __init__(self, path: Path):
        self._path = path
        try:
            import onnxruntime
        except ImportError as error:
            raise InputError(f"{path.parent} needs ONNX Runtime: {installed_for('onnxruntime')}.") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # of what it warns of nothing can be mended here
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions have no common class
            reason = " ".join(str(error).split())
            raise InputError(f"{path} cannot be read by ONNX Runtime ({reason:.120}): update it.") from error
        self.inputs = {each.name: each.shape for each in self._session.get_inputs()}
        self.shapes = {each.name: each.shape for each in self._session.get_outputs()}
        self.outputs = list(self.shapes)

    def __call__(self, outputs: Sequence[str] | None = None, **inputs: np.ndarray) -> list[np.ndarray]:
        """The outputs, those that are named or all, for a value of each input.

        Raises:
            InputError: the graph cannot take them: it is not of the files beside it.
        """
        try:
            return self._session.run(outputs, inputs)
        except Exception as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{self._path} cannot take what it is given ({reason:.120}): export again.") from error
