"""Parallel text of data sets: `tfds:NAME[/CONFIG][:SPLIT]` of TensorFlow, `hf:NAME[/CONFIG][:SPLIT]` of Hugging Face.

In both forms a folder may stand for the name; one that `save_to_disk` wrote needs no `hf:`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seq2seq.errors import InputError
from seq2seq.hugging_face import is_hf, opened_hf, reading, table_of
from seq2seq.sources import is_tfds, opened_tfds, read_tfds, tfds_examples

if TYPE_CHECKING:
    import pyarrow as pa

_SPLIT_NAMES = {"validation": ("validation", "valid", "dev", "val")}


def sibling_split(location: str | Path, split: str) -> str | None:
    """Return the location of another split of the same data set; None where there is none, or it is read already.

    >>> sibling_split("corpus.tsv", "validation") is None
    True
    """
    if is_tfds(location):
        place, named, builder = opened_tfds(str(location))
        splits = builder.info.splits
    elif is_hf(location):
        data = opened_hf(location)
        place, named, splits = data.place, data.split, data.splits
    else:
        return None
    found = _find_split(splits, split)
    return f"{place}:{found}" if found and found not in re.findall(r"[\w.]+", named or "") else None


def _find_split(splits, split):
    return next((name for name in _SPLIT_NAMES.get(split, (split,)) if name in splits), None)


def data_set_rows(
    location: str, source: str | None, target: str | None, split: str, limit: int | None
) -> Iterator[list[str]]:
    """Yield the texts of two columns, which TFDS calls features, of each row, in the order of the files.

    Args:
        location: the data set.
        source: str. The column with the source text.
        target: str. The same for the target.
        split: str. Read where `location` names none.
        limit: int. Yield no more than so many. None yields all.

    Raises:
        InputError: no such data set, column or split, damaged files, or text that is not UTF-8.
    """
    rows = _tfds_rows if is_tfds(location) else _hf_rows
    return rows(location, source, target, split, limit)


def _tfds_rows(location, source, target, split, limit):
    _, named, builder = opened_tfds(location)
    features = dict(builder.info.features.items()) if hasattr(builder.info.features, "items") else {}
    texts = sorted(  # TFDS has them in an order that changes from process to process
        name for name, feature in features.items() if feature.shape == () and feature.np_dtype in (str, object)
    )
    _check_sides(location, source, target, texts)
    split = named or _find_split(builder.info.splits, split) or split
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


def _hf_rows(location, source, target, split, limit):
    data = opened_hf(location)
    texts = _text_columns(data.schema)
    _check_sides(location, source, target, texts)
    batches = data.batches(data.split or _find_split(data.splits, split) or split)
    with reading(location):
        yield from islice((row for batch in batches for row in _texts(batch, texts[source], texts[target])), limit)


def sides_of(data: Any, source: str | None, target: str | None, name: str) -> tuple[list[str], list[str]]:
    """Return the sources and the targets of a `datasets.Dataset`, which messages call `name`.

    Raises:
        InputError: it has no such columns of text.
    """
    table = table_of(data)
    texts = _text_columns(table.schema)
    _check_sides(name, source, target, texts)
    rows = [*_texts(table, texts[source], texts[target])]
    return [row[0] for row in rows], [row[1] for row in rows]


def _check_sides(location, source, target, texts):
    there = ", ".join(sorted(texts)) or "none"
    if not (source and target):
        first, second = [*texts, "COLUMN", "COLUMN"][:2]
        raise InputError(
            f"{location}: say which of its texts is the source and which the target, such as --source {first} --target "
            f"{second}; it has {there}"
        )
    for side, name in (("source", source), ("target", target)):
        if name not in texts:
            raise InputError(f"{location} has no text feature {name!r} for the {side}; it has {there}")


def _text_columns(schema: "pa.Schema") -> Mapping[str, tuple[str, ...]]:
    """Columns of text, and those within a column such as `translation`: their names, and where they stand.

    A column within another goes by its own name, and by both, `translation.en`, where another one is called so.
    """
    places = [(field.name,) for field in schema if _is_text(field.type)]
    nested = [field for field in schema if _is_struct(field.type)]
    places += [(field.name, inner.name) for field in nested for inner in field.type if _is_text(inner.type)]
    count = Counter(place[-1] for place in places)
    return {place[-1] if len(place) == 1 or count[place[-1]] == 1 else ".".join(place): place for place in places}


def _is_text(kind):
    import pyarrow as pa

    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_struct(kind):
    import pyarrow as pa

    return pa.types.is_struct(kind)


def _texts(batch, *places):
    """The texts of rows of a table of Arrow, two or so of each; what is missing is empty."""
    import pyarrow.compute as pc

    columns = []
    for name, *inner in places:
        column = batch.column(name)
        columns.append((pc.struct_field(column, inner) if inner else column).to_pylist())
    return ([text or "" for text in row] for row in zip(*columns, strict=True))
