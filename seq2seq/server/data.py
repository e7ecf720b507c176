"""The data of a request about series, on their way to the readers: files in a temporary folder, gone afterwards."""

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seq2seq.errors import InputError
from seq2seq.series.given import write_given
from seq2seq.server.models import Told
from seq2seq.server.requests import MOST_CELLS

MOST_COLUMNS = 10_000  # of a table: each takes far more memory than its cells
MOST_TEXTS = 64 * 2**20  # bytes, of the texts of a Parquet file
KINDS = (".csv", ".tsv", ".txt", ".parquet")
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Upload:
    """A file that came with a request.

    Attributes:
        name: str. What the client calls it: its kind is looked at, and messages tell it.
        content: bytes.
    """

    name: str
    content: bytes

    @property
    def kind(self) -> str:
        """The ending of the name, such as `.csv`."""
        return Path(self.name.lower()).suffix


@dataclass(frozen=True)
class Given:
    """Files of a request.

    Attributes:
        data: Path.
        known: Path of the columns known ahead, or None.
    """

    data: Path
    known: Path | None = None


def with_files(answer: Callable[[Given, Told], Any], data: Any, known: Any = None) -> tuple[Any, list[str]]:
    """What `answer` gives for data, each an `Upload` or values as `write_given` takes them; and what it warns of.

    Raises:
        InputError: what `answer` raises; data of no kind that is read, or too many of them.
    """
    # No known columns at all are as none given.
    told, files = Told(), {"data": data} if known is None or known == {} else {"data": data, "known": known}

    def in_words(message, folder):
        """A message that calls files as the client does: an upload by its name, else by the field."""

        def called(found):
            each = files.get(found[1])
            return f"{Path(each.name).name:.60}" if isinstance(each, Upload) else found[1]

        kinds = "|".join(map(re.escape, (*KINDS, ".npy")))
        place = rf"(?:{re.escape(folder)}/|(?<![\w/.'-]))"
        return re.sub(rf"{place}({'|'.join(files)})(?:{kinds})\b", called, message).replace(f"{folder}/", "")

    with tempfile.TemporaryDirectory(prefix="seq2seq-") as folder:
        try:
            given = Given(**{name: _written(each, Path(folder), name) for name, each in files.items()})
            found = answer(given, told)
        except InputError as error:
            raise InputError(in_words(str(error), folder)) from error
        return found, [in_words(line, folder) for line in told.lines]


def _written(data, folder, name):
    if not isinstance(data, Upload):
        _check_width(len(data) if isinstance(data, dict) else 0, name)
        return write_given(data, folder, MOST_CELLS, name)
    if data.kind not in KINDS or data.content.startswith(_GZIP):
        raise InputError(f"{name}: expected a file named {', '.join(KINDS)}, not packed; got {data.name!r:.60}.")
    path = folder / f"{name}{data.kind}"
    path.write_bytes(data.content)
    _check_count(path, data.content, name)
    return path


def _check_count(path, content, name):
    """Refuse too many cells before memory is taken for them: a Parquet file may hold far more than its size says."""
    rows, columns, widest = _shape(path, name) if path.suffix == ".parquet" else _extent(content)
    if rows * columns > MOST_CELLS:
        raise InputError(f"{name}: at most {MOST_CELLS:,} cells at a time, got {rows:,} rows of {columns:,}.")
    _check_width(widest, name)


def _check_width(columns, name):
    if columns > MOST_COLUMNS:
        raise InputError(f"{name}: at most {MOST_COLUMNS:,} columns, got {columns:,}.")


def _extent(content):
    """Lines of a text, cells of its first lines and of its widest one, by the separators that there are."""
    rows = max(map(content.count, b"\n\r"))
    if rows > MOST_CELLS:
        return rows, 1, 1
    lines = content.splitlines()  # the last one may have no end, the first one nothing in it
    widths = [1 + max(map(line.count, b",;\t|")) for line in lines]
    widest = max([*widths, *(1 + line.count(b" ") for line in lines)], default=1)
    return len(lines), max(widths[:10], default=1), widest


def _shape(path, name):
    from pyarrow import ArrowException, parquet

    try:
        found = parquet.read_metadata(path)
        columns = [found.schema.column(number) for number in range(found.num_columns)]
        nested = any(column.max_repetition_level or column.path != column.name for column in columns)
        largest = found.num_rows <= MOST_CELLS and not nested and _bytes_of_texts(path, found)
    except (ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no Parquet file: {' '.join(str(error).split()):.200}.") from error
    if nested:  # a cell may be of any size
        raise InputError(f"{name}: expected columns of numbers or texts, got one of lists or other nested values.")
    if largest > MOST_TEXTS:
        raise InputError(
            f"{name}: its texts have {largest / 2**20:,.0f} MiB unpacked, at most {MOST_TEXTS // 2**20} are read."
        )
    return found.num_rows, found.num_columns, found.num_columns


def _bytes_of_texts(path, metadata):
    """Bytes of the texts of a Parquet file once it is read, however well it has packed them."""
    from pyarrow import compute, parquet

    packed = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    if packed > MOST_TEXTS:
        return packed
    columns = [metadata.schema.column(number) for number in range(metadata.num_columns)]
    total, texts = 0, [column.name for column in columns if column.physical_type == "BYTE_ARRAY"]
    for name in texts:  # each text that repeats is read once, and counted as often as it is there
        for chunk in parquet.ParquetFile(path, read_dictionary=[name]).read([name]).column(0).chunks:
            lengths = compute.binary_length(chunk.dictionary).take(chunk.indices)
            total += compute.sum(lengths).as_py() or 0
    return total
