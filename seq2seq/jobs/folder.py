"""The folder of the outputs of a job: on this machine, or behind a URL. Names in it have `/` on every system.

Whatever happens, a file that has its name is whole.
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from seq2seq.errors import InputError
from seq2seq.storage import digest, replacing


class UnreachableError(InputError):
    """A place elsewhere does not answer, or not as it should. It may do so later."""


# fsspec has two names for the file system of this machine; schemes have no case.
_OF_THIS_MACHINE = re.compile(r"(file|local)://(localhost(?=/))?", re.IGNORECASE)


def is_remote(place: str | Path) -> bool:
    """Whether a place is a URL, but for `file://` and `local://`, which are places on this machine.

    >>> is_remote("s3://bucket/in"), is_remote("in/a.txt"), is_remote("file:///in/a.txt")
    (True, False, False)
    """
    return "://" in str(place) and not _OF_THIS_MACHINE.match(str(place))


def without_scheme(place: str | Path) -> str:
    """A place as it is, but `file:///in/a.txt` → `/in/a.txt`."""
    return _OF_THIS_MACHINE.sub("", str(place), count=1) if _OF_THIS_MACHINE.match(str(place)) else str(place)


class Folder(Protocol):
    """What a job asks of the place of its outputs.

    Attributes:
        look_every: float. Seconds for which it is not asked again what others have written there.
    """

    look_every: float

    def place(self, name: str) -> str:
        """What a message calls a file."""

    def names(self, below: str = "") -> set[str]:
        """The names of the files in a folder, of none where it is not there."""

    def stamp(self, name: str) -> Any:
        """What changes when a file is written again, or None where it is not there."""

    def version(self, name: str) -> str:
        """What changes with the content of a file and is had without a look at that; empty where there is no such."""

    def read(self, name: str) -> bytes:
        """The content of a small file."""

    def digest(self, name: str) -> str | None:
        """BLAKE2b of a file, in hexadecimal digits; None where it is not there."""

    def copies(self, names: Iterable[str]) -> Iterator[Path]:
        """Files to be read, one after the other, each on this machine until the next is asked for."""

    @contextmanager
    def writing(self, name: str, beside: str = "") -> Iterator[BinaryIO]:
        """A file to write, which gets its name when the block has ended well; until then it has another in `beside`."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""

    def clear(self, below: str) -> None:
        """Remove all below a folder, and those above it that are empty then."""


class LocalFolder:
    """A `Folder` on this machine, or on a file system that it has mounted."""

    look_every = 0.0

    def __init__(self, path: str | Path):
        self.path = Path(path)

    def __str__(self):
        return str(self.path)

    def place(self, name):
        return str(self.path / name)

    def names(self, below=""):
        try:
            return set(os.listdir(self.path / below))
        except (FileNotFoundError, NotADirectoryError):
            return set()

    def stamp(self, name):
        try:
            state = (self.path / name).stat()
        except FileNotFoundError:
            return None
        return state.st_mtime_ns, state.st_ino, state.st_size

    def version(self, name):
        return ""

    def read(self, name):
        return (self.path / name).read_bytes()

    def digest(self, name):
        path = self.path / name
        return digest(path) if path.is_file() else None

    def copies(self, names):
        return (self.path / name for name in names)

    @contextmanager
    def writing(self, name, beside=""):
        path, folder = self.path / name, self.path / beside
        _make(path.parent)
        _make(folder)
        with replacing(path, folder) as temporary, open(temporary, "wb") as file:
            yield file

    def remove(self, name):
        (self.path / name).unlink(missing_ok=True)

    def clear(self, below):
        gone = self.path / below
        shutil.rmtree(gone, ignore_errors=True)
        for folder in gone.parents:
            try:
                if folder == self.path:
                    return
                folder.rmdir()
            except OSError:  # something else is there, or another process was faster
                return


def _make(folder):
    for _ in range(100):  # another process may remove an empty folder above in the same moment
        with suppress(FileNotFoundError):
            folder.mkdir(parents=True, exist_ok=True)
            return
    folder.mkdir(parents=True, exist_ok=True)


def folder_at(place: Folder | Path | str) -> Folder:
    """The folder at a path or a URL; one that is given stays as it is.

    Raises:
        InputError: a URL of a kind that is not known, or whose library is not installed.
    """
    if not isinstance(place, str | Path):
        return place
    if not is_remote(place):
        return LocalFolder(without_scheme(place))
    from seq2seq.jobs.remote_folder import RemoteFolder

    return RemoteFolder(str(place))
