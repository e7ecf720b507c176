"""Where data come from, whatever they mean: files of text, plain or gzip, and data sets by their names.

What a file holds is seen in its first bytes, its name is only a name.
"""

import codecs
import difflib
import gzip
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from seq2seq.errors import InputError
from seq2seq.hugging_face import is_hf, opened_hf

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_OTHER_PACKERS = {  # how a file of theirs begins
    rb"BZh[1-9]1AY&SY": "bzip2",
    rb"\xfd7zXZ\x00": "xz",
    rb"\x28\xb5\x2f\xfd": "zstd",
    rb"7z\xbc\xaf\x27\x1c": "7-Zip",
    rb"PK\x03\x04": "ZIP, as Office files are too",
}
_BYTE_ORDER_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_HEAD = 1 << 16  # bytes of a file that are looked at before it is read
SEPARATORS = "\t;,"  # of the cells of a CSV file
_QUOTED = re.compile(r'(?:^|(?<=[\t;,])) *"(?:[^"]|"")*"')  # such a cell
MEMORY = "memory:"  # before what the data are called that a program has at hand
_TFDS = re.compile(r"tfds:(?P<name>.+?(?::\d[\d.*]*)?)(?::(?P<split>[A-Za-z_][^/]*))?")


class InMemory(str):
    """Data that a program has at hand, given where else the name of a file stands, and called by a name like one.

    A copy of it, or what is written of it, is this name alone: no run keeps the data.

    Attributes:
        content: what the reader of such data takes.
        digest: str. Checksum of the content.
        size: int. About how many bytes it has.
    """

    content: Any
    digest: str
    size: int

    def __new__(cls, name: str, content: Any, digest: str, size: int) -> "InMemory":
        self = super().__new__(cls, MEMORY + name)
        self.content, self.digest, self.size = content, digest, size
        return self

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return str, (str(self),)


Source = Path | InMemory  # that data are read from


def refuse_forgotten(location: str | Path) -> None:
    """Raise InputError where `location` is the name, in a run, of data that were in the memory of a program."""
    if str(location).startswith(MEMORY) and not isinstance(location, InMemory):
        raise InputError(
            f"{location} were data in the memory of a program, which no run keeps: give them again, from Python, or "
            "name a file."
        )


@contextmanager
def opened(place: str | Path | BinaryIO, utf8: bool = True) -> Iterator[BufferedReader]:
    """Open a file of text to read its bytes, decompressed where they are gzip, whatever the name says.

    Args:
        place: a file, or an open binary stream such as `sys.stdin.buffer`, which stays open.
        utf8: bool. Only UTF-8 text will do.

    Raises:
        InputError: it cannot be opened, or begins as another compressed file, or as UTF-16 where that will not do; or,
            from within the block, it is damaged at this place.
    """
    name = name_of(place)
    try:
        with ExitStack() as stack:
            stream = place if hasattr(place, "read") else stack.enter_context(open(place, "rb", buffering=_HEAD))
            if not hasattr(stream, "peek"):
                stream = BufferedReader(stream, _HEAD)
                stack.callback(stream.detach)  # or else it would close what it reads when it goes
            if stream.peek(2).startswith(_GZIP):
                stream = stack.enter_context(gzip.GzipFile(fileobj=stream))
            elif name.lower().endswith(".gz"):
                _check_plain(stream.peek(_HEAD), name)
            _check_unpacked(stream.peek(_HEAD)[:_HEAD], name)
            if utf8:
                _check_utf8(stream.peek(_HEAD)[:_HEAD], name)
            yield stream
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{name} is not a whole gzip file ({error}): make or download it again") from error
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror or error}") from error


@contextmanager
def opened_lines(place: str | Path | BinaryIO) -> Iterator[BufferedReader]:
    r"""`opened`, for a reader to whom `\n` alone ends a line.

    Raises:
        InputError: as `opened`; or the lines end in `\r` alone, as those of old Macs did.
    """
    with opened(place) as stream:
        head = stream.peek(_HEAD)
        if b"\n" not in head and b"\r" in head.rstrip(b"\r"):
            name = name_of(place)
            raise InputError(
                rf"{name} has \r alone for line ends, as old Macs had: convert with tr '\r' '\n' < OLD > NEW"
            )
        yield stream


def name_of(place: str | Path | BinaryIO) -> str:
    """What a message calls a file or a stream."""
    return str(getattr(place, "name", "the input stream")) if hasattr(place, "read") else str(place)


def _check_plain(head, name):
    """A file named .gz that is none may be plain text; if it is not even that, it is a damaged gzip file."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not a whole gzip file (its first bytes): make or download it again") from error


def _check_unpacked(head, name):
    for start, packer in _OTHER_PACKERS.items():
        if re.match(start, head):
            raise InputError(f"{name} is packed ({packer}), which is not read: unpack it, or pack the text with gzip")


def _check_utf8(head, name):
    if (code := wide_encoding(head)) is not None:
        raise InputError(
            f"{name} is {code.upper()} text, expected UTF-8: convert with iconv -f {code} -t utf-8 OLD > NEW"
        )


def wide_encoding(head: bytes) -> str | None:
    """The encoding of more than a byte for each character that a file beginning with `head` shows to have; or None."""
    code = next((code for mark, code in _BYTE_ORDER_MARKS.items() if head.startswith(mark)), None)
    return code or _utf16_without_mark(head)


def _utf16_without_mark(head):
    """The code of UTF-16 text that is mostly Latin: every other byte is a NUL, and those between are letters."""
    even, odd = head[::2], head[1::2]
    for code, low, high in (("utf-16le", even, odd), ("utf-16be", odd, even)):
        latin = bytes(byte for byte, nul in zip(low, high, strict=False) if not nul)
        if 0 not in low and len(latin) >= max(2, len(head) / 4) and re.search(rb"[0-9A-Za-z]", latin):
            return code
    return None


def is_gzip(path: Path) -> bool:
    """Return whether a file is compressed by gzip, whatever its name says."""
    with open(path, "rb") as file:
        return file.read(2) == _GZIP


def count_lines(path: Path) -> int | None:
    """Return the number of lines of a plain file, or None for a compressed one: fast, to tell the time left.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        blocks = iter(lambda: file.read(2**20), b"")
        first = next(blocks, b"")
        return None if first.startswith(_GZIP) else first.count(b"\n") + sum(block.count(b"\n") for block in blocks)


def separator_of(line: str) -> str:
    r"""What separates the cells of a CSV file with this first line: tabs or semicolons if it has them, outside of
    quotation marks, else commas.

    >>> separator_of("time;speed, m/s"), separator_of('"time; s",speed'), separator_of("time")
    (';', ',', ',')
    """
    bare = _QUOTED.sub("", line)
    return next((mark for mark in SEPARATORS if mark in bare), ",")


def is_data_set(location: str | Path) -> bool:
    """Return whether `location` names a data set of TFDS or of Hugging Face, rather than files."""
    return is_tfds(location) or is_hf(location)


def data_set_files(location: str | Path) -> list[Path]:
    """Return the files that a data set has its rows in, those of all splits.

    Raises:
        InputError: as `opened_tfds` and `opened_hf`.
    """
    return tfds_files(str(location)) if is_tfds(location) else opened_hf(location).files


def is_tfds(location: str | Path) -> bool:
    """Return whether `location` names a data set of TFDS, `tfds:NAME[/CONFIG][:SPLIT]` or `tfds:/FOLDER[:SPLIT]`."""
    return str(location).startswith("tfds:")


def opened_tfds(location: str) -> tuple[str, str | None, "tfds.core.DatasetBuilder"]:
    """Find a data set of TFDS; it is prepared, and downloaded, if it is not yet.

    Returns:
        The location without its split, the split or None, and the builder, ready to read.

    Raises:
        InputError: no such data set, or it cannot be had.
    """
    match = _TFDS.fullmatch(location)
    if not match:
        raise InputError(f"expected tfds:NAME[/CONFIG][:SPLIT] or tfds:/FOLDER[:SPLIT], got {location!r}")
    return f"tfds:{match['name']}", match["split"], _tfds_builder(match["name"])


def tfds_files(location: str) -> list[Path]:
    """Return the files of a data set, sorted.

    Raises:
        InputError: as `opened_tfds`.
    """
    builder = opened_tfds(location)[2]
    return sorted(path for path in Path(builder.data_dir).iterdir() if path.is_file())


def tfds_examples(location: str, builder: "tfds.core.DatasetBuilder", split: str):
    """Return the examples of a split, a `tf.data.Dataset` of dicts, in the order of the files.

    Raises:
        InputError: no such split.
    """
    try:
        return builder.as_dataset(split=split, shuffle_files=False)
    except ValueError as error:
        raise InputError(f"{location} has no split {split!r}; its splits: {', '.join(builder.info.splits)}") from error


def read_tfds(location: str, examples) -> Iterator:
    """Yield the elements of what `tfds_examples` gave, or of a `tf.data.Dataset` made of it, as NumPy arrays.

    Raises:
        InputError: the files of the data set are damaged.
    """
    try:
        yield from examples.as_numpy_iterator()
    except Exception as error:  # Whatever the readers of TensorFlow raise, it is about these files.
        raise InputError(
            f"{location} cannot be read, its files may be damaged: {_reason(error)}: prepare or download it again"
        ) from error


def _reason(error):
    return " ".join(str(error).split())[:300] or type(error).__name__


def _tfds_builder(name):
    import tensorflow_datasets as tfds  # here, since it is slow and most data are files

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
        raise InputError(f"TFDS cannot open {name!r}: {_reason(error)}") from error
