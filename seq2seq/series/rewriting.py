"""Tables with other numbers in some of their columns; all else is as it was, in text to the byte."""

import gzip
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np

from seq2seq.series.layout import encoding_of, layout_of, opened_text
from seq2seq.series.reading import Reading
from seq2seq.series.records import BLANKS, blank_spans, cells, line_end, records
from seq2seq.sources import is_gzip


def write_text(path: Path, file: BinaryIO, columns: Mapping[str, Sequence[str]], reading: Reading) -> None:
    """Write a file of text again with the cells of `columns`.

    Quotes, blanks, separators, line ends, encoding, what stands above and below the rows, and all other cells stay.

    Args:
        path: the file.
        file: what to write, an open binary file.
        columns: from the names of columns to the numbers in their rows as text, with decimal points; or nothing.
        reading: how it was read.
    """
    layout = layout_of(path, encoding_of(path, reading.encoding), reading.decimal)
    decimal = reading.decimal or "."
    places = {
        layout.keys.index(name): [text.replace(".", decimal) for text in texts] for name, texts in columns.items()
    }
    rows = max((len(texts) for texts in places.values()), default=0)
    packed = is_gzip(path)
    # Without a time and a name in its header a gzip file depends on its content alone.
    stream = gzip.GzipFile("", "wb", fileobj=file, mtime=0) if packed else file
    text = TextIOWrapper(stream, encoding=layout.encoding, newline="", write_through=False)
    with opened_text(path, layout.encoding) as lines:
        whole = records(lines, layout.separator)
        text.writelines(islice(whole, layout.first))
        for row, record in enumerate(islice(whole, rows)):
            text.write(_changed(record, layout.separator, {place: texts[row] for place, texts in places.items()}))
        text.writelines(whole)
    text.flush()
    text.detach()
    if packed:
        stream.close()


def _changed(record, separator, texts):
    """A record with other texts at the places of `texts`."""
    end = line_end(record)
    mark = "\ufeff" if record.startswith("\ufeff") else ""
    body = record[len(mark) : len(record) - len(end)]
    if separator == BLANKS:
        for place, (first, last) in reversed(list(enumerate(blank_spans(body)))):
            if place in texts:
                body = body[:first] + _in_place_of(body[first:last], texts[place] or "NaN", separator) + body[last:]
        return mark + body + end
    found = cells(body, separator)
    for place, text in texts.items():
        if text or place < len(found):  # an empty cell beyond the end of a short row is there as it is
            found += [""] * (place + 1 - len(found))
            found[place] = _in_place_of(found[place], text, separator)
    return mark + separator.join(found) + end


def _in_place_of(written, text, separator):
    """A text with the quotes and the blanks that a cell had."""
    bare = written.strip()
    before, _, after = written.partition(bare) if bare else (written, "", "")
    return f'{before}"{text}"{after}' if bare.startswith('"') or separator in text else f"{before}{text}{after}"


def write_parquet(path: Path, file: BinaryIO, columns: Mapping[str, np.ndarray]) -> None:
    """The same for Parquet, with float arrays `(rows,)`: other columns keep their types and values."""
    import pyarrow as pa
    from pyarrow import parquet

    table = parquet.read_table(path)
    names = [name.strip() for name in table.column_names]
    for name, values in columns.items():
        at = names.index(name)
        kind = table.field(at).type
        kind = kind if pa.types.is_floating(kind) else pa.float64()
        table = table.set_column(at, pa.field(table.column_names[at], kind), pa.array(values, pa.float64()).cast(kind))
    parquet.write_table(table, file)
