"""Files to arrays: NPY, NPZ and data sets."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seq2seq.errors import InputError
from seq2seq.hugging_face import is_hf, opened_hf
from seq2seq.series.arrow import array_columns, number_columns, read_rows
from seq2seq.series.files import named_errors
from seq2seq.series.series import near_match
from seq2seq.sources import InMemory, is_tfds, opened_tfds, read_tfds, tfds_examples

_NUMERIC_KINDS = "biuf"


@dataclass(frozen=True)
class RawArray:
    """An array of numbers of any shape.

    Attributes:
        values: numeric array.
        name: str. The file, with the key of an NPZ or the feature of a data set in brackets.
        beside: numeric array with one number for each entry of the first axis of `values`, or None.
    """

    values: np.ndarray
    name: str
    beside: np.ndarray | None = None


def read_array(location: str | Path, array: str | None, split: str, beside: str | None = None) -> RawArray:
    """Read an NPY file, an array of an NPZ file or a feature of a data set. Nothing is unpickled.

    Args:
        location: str or path, or `tfds:NAME[/CONFIG][:SPLIT]` or `tfds:/FOLDER[:SPLIT]`, or a data set of Hugging Face.
        array: str or None. Key of the array in an NPZ file, not needed if it holds one alone; feature of a data set.
        split: str. That of a data set where `location` names none.
        beside: str or None. A second key or feature to read along, one number for each entry of the first.

    Raises:
        InputError: damaged, no such key, not an array of numbers.
    """
    if isinstance(location, InMemory):
        if array or beside:
            raise InputError(f"{location} is one array without keys, but {array or beside!r} was asked for")
        return location.content
    if is_tfds(location):
        return _read_tfds(str(location), array, split, beside)
    if is_hf(location):
        return _read_hf(location, array, split, beside)
    path = Path(location)
    with named_errors(path):
        found = _loaded(lambda: np.load(path, allow_pickle=False), path)
        if isinstance(found, np.ndarray):
            if array or beside:
                raise InputError(f"{path} is one array without keys, but {array or beside!r} was asked for: use an NPZ")
            return RawArray(_numeric(found, path), str(path))
        with found:
            key = array or (found.files[0] if len(found.files) == 1 else None)
            if key is None:
                raise InputError(f"{path} holds {len(found.files)} arrays: name the array: {', '.join(found.files)}")
            values = _entry(found, key, path)
            return RawArray(values, f"{path}[{key}]", _one_each(values, beside and _entry(found, beside, path), beside))


def _entry(arrays, key, path):
    if key not in arrays.files:
        raise InputError(f"{path} has no array {key!r}: {near_match(key, arrays.files)}")
    name = f"{path}[{key}]"
    return _numeric(_loaded(lambda: arrays[key], name), name)


def _loaded(load, name):
    try:
        return load()
    except ValueError as error:
        if "Object arrays" in str(error):
            raise InputError(
                f"{name} holds Python objects, which are never unpickled: save an array of numbers, with rows of "
                "different lengths filled up with NaN"
            ) from error
        if "pickle" in str(error):  # what NumPy takes every file to be that it does not know
            raise InputError(f"{name} is not an NPY or NPZ file: make it with np.save or np.savez") from error
        raise


def _numeric(values, name):
    if values.dtype.kind not in _NUMERIC_KINDS:
        raise InputError(f"{name} is an array of {values.dtype}: expected numbers; convert it with astype(float)")
    return values


def _one_each(values, beside, key):
    if beside is not None and beside.shape != values.shape[:1]:
        raise InputError(f"{key!r} has the shape {beside.shape}, expected one number for each of {len(values)} entries")
    return beside


def _read_tfds(location, feature, split, beside):
    _, named, builder = opened_tfds(location)
    features = dict(builder.info.features.items()) if hasattr(builder.info.features, "items") else {}
    numeric = sorted(name for name, found in features.items() if np.dtype(found.np_dtype).kind in _NUMERIC_KINDS)
    _check_features(location, numeric, feature, beside)
    split = named or split
    examples = tfds_examples(location, builder, split)
    wanted = (feature, beside or feature)
    rows = list(read_tfds(location, examples.map(lambda example: tuple(example[name] for name in wanted))))
    return _stacked(rows, f"{location}[{feature}]", beside)


def _read_hf(location, feature, split, beside):
    schema = opened_hf(location).schema
    arrays = array_columns(schema)
    feature = feature or (arrays[0] if len(arrays) == 1 else None)
    _check_features(location, sorted(number_columns(schema)), feature, beside)
    rows = list(read_rows(location, [feature, *([beside] if beside else [])], split))
    return _stacked(rows, f"{location}[{feature}]", beside)


def _check_features(location, numeric, feature, beside):
    if feature is None and numeric:
        raise InputError(f"{location} has several features: name the one to read, by --array: {', '.join(numeric)}")
    for name in (feature, *([beside] if beside else [])):
        if name not in numeric:
            raise InputError(f"{location} has no numeric feature {name!r}: {near_match(str(name), numeric)}")


def _stacked(rows, name, beside):
    """The examples of a data set, tuples of an array and of what stands beside it, as one array."""
    if not rows:
        raise InputError(f"{name} has no examples in this split")
    arrays = [np.asarray(row[0]) for row in rows]
    if len(shapes := {array.shape[1:] for array in arrays if array.size}) > 1:
        told = " and ".join(map(str, sorted(shapes)))
        raise InputError(f"{name} has examples whose steps have the shapes {told}: expected one shape")
    values = _padded(arrays)
    others = np.asarray([row[1] for row in rows]) if beside else None
    return RawArray(values, name, _one_each(values, others, beside))


def _padded(arrays):
    """Stack arrays, filling what is shorter than the longest up with NaN."""
    shape = np.max([array.shape for array in arrays], axis=0).astype(int) if arrays[0].ndim else ()
    stacked = np.full((len(arrays), *shape), np.nan)
    for row, array in enumerate(arrays):
        stacked[(row, *map(slice, array.shape))] = array
    return stacked
