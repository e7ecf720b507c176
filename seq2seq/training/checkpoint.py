"""Everything that a training needs to go on, in the checkpoints of its run."""

import numpy as np
import tensorflow as tf

from seq2seq.errors import InputError
from seq2seq.report import Report
from seq2seq.run import Run, RunFolder
from seq2seq.storage import read_arrays


class NotFiniteError(ValueError):
    """Weights that are no numbers any more, which no checkpoint may keep."""


def save_checkpoint(run: Run, variables: list, progress: dict) -> None:
    """Write `variables`, Keras or TensorFlow ones, and `progress`, JSON-ready, into a checkpoint.

    Raises:
        NotFiniteError: one of the variables is not finite.
        OSError: it cannot be written; what was there stays.
    """
    arrays = [np.asarray(variable) for variable in variables]
    if not all(np.isfinite(array).all() for array in arrays if array.dtype.kind == "f"):
        raise NotFiniteError
    position = f"{len(progress['history']):05d}-{progress['batch']:09d}"
    run.save_checkpoint(position, {f"variable{k:04d}": array for k, array in enumerate(arrays)}, progress=progress)


def has_whole_checkpoint(folder: RunFolder) -> bool:
    """Whether a training could go on from one of the checkpoints in a folder."""
    for path in reversed(folder.checkpoints()):
        try:
            read_arrays(path)
        except InputError:
            continue
        return True
    return False


def load_checkpoint(run: Run, variables: list, report: Report) -> dict | None:
    """Assign the values of the last whole checkpoint to `variables`, in the order in which they were saved.

    Returns:
        Its `progress`, or `None` where there is none.

    Raises:
        InputError: it is of another model, or other files of the run are not those that it was written beside.
    """
    for path in reversed(run.checkpoints()):
        try:
            arrays, record = read_arrays(path)
        except InputError as error:
            report.warn(f"{error} It is passed over.")
            continue
        run.verify(path, record)
        values = [arrays[name] for name in sorted(arrays)]
        if len(values) != len(variables) or not all(map(_fits, variables, values)):
            raise InputError(f"{path} belongs to another model: its arrays have other shapes.")
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return record["progress"]
    if run.checkpoints():
        report.warn("no checkpoint is whole: the training starts again")
    return None


def _fits(variable, value):
    return tf.TensorShape(variable.shape).is_compatible_with(value.shape)
