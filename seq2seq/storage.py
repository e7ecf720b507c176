"""Files that are there whole, or not at all, and say themselves whether they are damaged.

Arrays are kept as NPZ: no pickle, no compression, so that nothing is larger in memory than it is on disk, and a
checksum at the end, which is looked at before anything else is. `numpy.load(path)` reads them, too.
"""

import json
import os
import secrets
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Any

import numpy as np

from seq2seq.errors import InputError

_DIGEST_BYTES = 32  # of BLAKE2b; in hexadecimal digits, the comment at the end of an NPZ
_RECORD = "record"


@contextmanager
def replacing(path: Path, folder: Path | None = None) -> Iterator[Path]:
    """Give a temporary path with the suffixes of `path`; rename it to `path` when the block has ended well.

    What was written is on the disk before it gets its name: neither a killed process nor a machine that loses power
    leaves half a file.

    Args:
        path: the file.
        folder: of the temporary one, on the same file system; default: that of `path`.
    """
    # Not the number of the process: machines may share a folder.
    temporary = (folder or path.parent) / f".writing-{secrets.token_hex(4)}-{path.name}"
    try:
        yield temporary
        _flush(temporary)
        os.replace(temporary, path)
        with suppress(OSError):  # not every file system can
            _flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Delete what killed processes have left half-written in `folder`, which no other process may be using."""
    for path in folder.glob(".writing-*"):
        if path.is_file():
            path.unlink(missing_ok=True)


def digest(path: Path) -> str:
    """BLAKE2b of the content of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return file_digest(file, _hasher).hexdigest()


def fingerprint(content: Any) -> str:
    """BLAKE2b of anything that JSON can hold, in hexadecimal digits; the order of keys does not matter."""
    return blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()


def one_of(checksums: list[str]) -> str:
    """The only one of some checksums, or what stands for all of them, in their order."""
    return checksums[0] if len(checksums) == 1 else fingerprint(checksums)


def write_arrays(path: Path, arrays: Mapping[str, Any], **record: Any) -> None:
    """Write arrays and a record of something about them, JSON-ready, to one file, whole or not at all.

    Equal arrays and records give equal bytes.

    Raises:
        OSError: the disk is full, say; what was there stays.
    """
    content = np.frombuffer(json.dumps(record).encode(), np.uint8)
    with replacing(path) as temporary:
        with zipfile.ZipFile(temporary, "w") as archive:
            for name, array in {_RECORD: content, **arrays}.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                    np.lib.format.write_array(stream, np.asarray(array), allow_pickle=False)
            archive.comment = b"0" * 2 * _DIGEST_BYTES
        with open(temporary, "r+b") as file:
            found = _digest_of_rest(file)
            file.seek(-len(found), os.SEEK_END)
            file.write(found)


def read_record(path: Path) -> dict[str, Any]:
    """Return the record that `write_arrays` put beside the arrays.

    Raises:
        InputError: the file is missing, damaged, or was not written by `write_arrays`.
    """
    return _read(path, only_record=True)[0]


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and the record that `write_arrays` wrote.

    Raises:
        InputError: the file is missing, damaged, or was not written by `write_arrays`.
    """
    record, arrays = _read(path, only_record=False)
    return arrays, record


def _read(path, only_record):
    try:
        if not path.is_file():
            raise OSError("no such file" if not path.exists() else "not a regular file")
        with open(path, "rb") as file:
            if not os.fstat(file.fileno()).st_size:
                raise ValueError("it is empty")
            expected = _digest_of_rest(file)
            file.seek(-len(expected), os.SEEK_END)
            if file.read() != expected:
                raise ValueError("its checksum is another")
            with zipfile.ZipFile(file) as archive:
                record = json.loads(_array(archive, _RECORD).tobytes())
                names = [] if only_record else [name.removesuffix(".npy") for name in archive.namelist()]
                return record, {name: _array(archive, name) for name in names if name != _RECORD}
    except Exception as error:  # whatever crafted bytes make the readers of ZIP, NPY and JSON raise
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise InputError(f"{path} is damaged ({reason}): restore it or train again.") from error


def _array(archive, name):
    """One array; its size is checked against that of the file before memory is taken for it."""
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
        raise ValueError("it is compressed")
    with archive.open(info) as stream:
        version = np.lib.format.read_magic(stream)
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[
            version
        ]
        shape, fortran_order, dtype = read_header(stream)
        count = 1
        for size in shape:
            count *= size
        if dtype.hasobject or min(shape, default=0) < 0 or count * dtype.itemsize != info.file_size - stream.tell():
            raise ValueError(f"the array {name} is not what it says")
        values = np.frombuffer(stream.read(), dtype) if count else np.empty(0, dtype)
        return values.reshape(shape, order="F" if fortran_order else "C")


def _hasher():
    return blake2b(digest_size=_DIGEST_BYTES)


def _digest_of_rest(file):
    """Digest of a file without its last digits, those of a digest, as bytes."""
    hasher, left = _hasher(), os.fstat(file.fileno()).st_size - 2 * _DIGEST_BYTES
    file.seek(0)
    while left > 0 and (block := file.read(min(left, 2**20))):
        hasher.update(block)
        left -= len(block)
    return hasher.hexdigest().encode()


def _flush(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
