"""Parallel text of TensorFlow data sets (TFDS), named `tfds:NAME[/CONFIG][:SPLIT]` or `tfds:/FOLDER[:SPLIT]`."""

from collections.abc import Iterator
from pathlib import Path

from seq2seq.errors import InputError
from seq2seq.sources import is_tfds, opened_tfds, read_tfds, tfds_examples

_SPLIT_NAMES = {"validation": ("validation", "valid", "dev", "val")}


def sibling_split(location: str | Path, split: str) -> str | None:
    """Return the location of another split of the same TFDS data set, or None where there is none.

    >>> sibling_split("corpus.tsv", "validation") is None
    True
    """
    if not is_tfds(location):
        return None
    place, _, builder = opened_tfds(str(location))
    found = _find_split(builder, split)
    return found and f"{place}:{found}"


def _find_split(builder, split):
    return next((name for name in _SPLIT_NAMES.get(split, (split,)) if name in builder.info.splits), None)


def tfds_rows(
    location: str, source: str | None, target: str | None, split: str, limit: int | None
) -> Iterator[list[str]]:
    """Yield the texts of two features of each example, in the order of the files.

    Args:
        location: the data set.
        source: str. The feature with the source text.
        target: str. The same for the target.
        split: str. Read where `location` names none.
        limit: int. Yield no more than so many. None yields all.

    Raises:
        InputError: no such data set, feature or split, damaged files, or text that is not UTF-8.
    """
    _, named, builder = opened_tfds(location)
    features = dict(builder.info.features.items()) if hasattr(builder.info.features, "items") else {}
    texts = [name for name, feature in features.items() if feature.shape == () and feature.np_dtype in (str, object)]
    for side, name in (("source", source), ("target", target)):
        if name not in texts:
            raise InputError(
                f"{location} has no text feature {name!r} for the {side}; it has {', '.join(sorted(texts)) or 'none'}"
            )
    split = named or _find_split(builder, split) or split
    examples = tfds_examples(location, builder, split)
    examples = examples.map(lambda example: (example[source], example[target]))
    number = 0
    for batch in read_tfds(location, examples.take(-1 if limit is None else limit).batch(1024)):
        for row in zip(*batch, strict=True):
            number += 1
            try:
                yield [text.decode("utf-8") for text in row]
            except UnicodeDecodeError as error:
                raise InputError(f"{location}, {split} example {number}: its text is not UTF-8") from error
