"""Parallel text of TensorFlow data sets (TFDS), named `tfds:NAME[/CONFIG][:SPLIT]` or `tfds:/FOLDER[:SPLIT]`."""

import difflib
import os
import re
from pathlib import Path

from seq2seq.errors import InputError

_TFDS = re.compile(r"tfds:(?P<name>.+?(?::\d[\d.*]*)?)(?::(?P<split>[A-Za-z_][^/]*))?")
_SPLIT_NAMES = {"validation": ("validation", "valid", "dev", "val")}


def sibling_split(location: str | Path, split: str) -> str | None:
    """Return the location of another split of the same TFDS data set, or None where there is none.

    >>> sibling_split("corpus.tsv", "validation") is None
    True
    """
    match = _TFDS.fullmatch(str(location))
    if not match:
        return None
    found = _find_split(_tfds_builder(match["name"]), split)
    return found and f"tfds:{match['name']}:{found}"


def tfds_files(location: str) -> list[Path]:
    """Return the files of a data set, sorted."""
    _, builder = _opened(location)
    return sorted(path for path in Path(builder.data_dir).iterdir() if path.is_file())


def _opened(location):
    match = _TFDS.fullmatch(location)
    if not match:
        raise InputError(f"expected tfds:NAME[/CONFIG][:SPLIT] or tfds:/FOLDER[:SPLIT], got {location!r}")
    return match, _tfds_builder(match["name"])


def _find_split(builder, split):
    return next((name for name in _SPLIT_NAMES.get(split, (split,)) if name in builder.info.splits), None)


def _tfds_builder(name):
    """Return the builder of a data set, by name or by folder, its files ready to be read."""
    import tensorflow_datasets as tfds  # here, since it is slow and most corpora are files

    try:
        if name.startswith(("/", ".", "~")) or "://" in name:
            return tfds.builder_from_directory(os.path.expanduser(name))
        builder = tfds.builder(name)
        builder.download_and_prepare()
        return builder
    except tfds.core.registered.DatasetNotFoundError as error:
        near = difflib.get_close_matches(name.split("/")[0], tfds.list_builders(), 3, 0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "expected a name of the TFDS catalogue or a folder"
        raise InputError(f"TFDS has no data set {name!r}: {hint}") from error
    except Exception as error:  # whatever a server, a parser or a disk made TFDS raise, it is about this data set
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise InputError(f"TFDS cannot open {name!r}: {reason}") from error


def tfds_rows(location, source, target, split, limit):
    """Yield the texts of the features `source` and `target` of each example, the first `limit`."""
    match, builder = _opened(location)
    features = dict(builder.info.features.items()) if hasattr(builder.info.features, "items") else {}
    texts = [name for name, feature in features.items() if feature.shape == () and feature.np_dtype in (str, object)]
    for side, name in (("source", source), ("target", target)):
        if name not in texts:
            raise InputError(
                f"{location} has no text feature {name!r} for the {side}; it has {', '.join(sorted(texts)) or 'none'}"
            )
    split = match["split"] or _find_split(builder, split) or split
    try:
        examples = builder.as_dataset(split=split, shuffle_files=False)
    except ValueError as error:
        raise InputError(f"{location} has no split {split!r}; its splits: {', '.join(builder.info.splits)}") from error
    examples = examples.map(lambda example: (example[source], example[target]))
    number = 0
    for batch in examples.take(-1 if limit is None else limit).batch(1024).as_numpy_iterator():
        for row in zip(*batch, strict=True):
            number += 1
            try:
                yield [text.decode("utf-8") for text in row]
            except UnicodeDecodeError as error:
                raise InputError(f"{location}, {split} example {number}: its text is not UTF-8") from error
