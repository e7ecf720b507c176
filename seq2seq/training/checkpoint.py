"""Everything that a training needs to go on, in one file of plain arrays."""

import json
import zipfile

import numpy as np

from seq2seq.errors import InputError
from seq2seq.run import replacing


def save_checkpoint(path, variables, progress):
    """Write `variables`, a list of Keras or TensorFlow ones, and `progress`, JSON-ready, to one `.npz`, atomically."""
    arrays = {f"variable{k}": np.asarray(variable) for k, variable in enumerate(variables)}
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, progress=np.frombuffer(json.dumps(progress).encode(), np.uint8), **arrays)


def load_checkpoint(path, variables):
    """Assign the saved values to `variables`, in the same order, and return `progress`.

    Raises:
        InputError: no checkpoint, a damaged one, or one of another model.
    """
    try:
        with np.load(path, allow_pickle=False) as saved:
            progress = json.loads(saved["progress"].tobytes())
            arrays = [saved[f"variable{k}"] for k in range(len(saved.files) - 1)]
    except FileNotFoundError as error:
        raise InputError(
            f"{path} is missing: the run stopped before its first epoch ended, so start it anew."
        ) from error
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is damaged ({error}): start the run anew.") from error
    if [array.shape for array in arrays] != [tuple(variable.shape) for variable in variables]:
        raise InputError(f"{path} belongs to another model: its arrays have other shapes.")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return progress
