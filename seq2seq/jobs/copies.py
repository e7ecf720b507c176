"""Copies on this machine of inputs that lie elsewhere: so few at a time that the disk does not fill up."""

import atexit
import errno
import fcntl
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from seq2seq.errors import InputError
from seq2seq.storage import digest

if TYPE_CHECKING:
    from seq2seq.jobs.inputs import Source

KEPT = 2  # copies: of the input that is read, and of the one before, which is still to be joined
_PREFIX = "seq2seq-copies-"
FULL = (errno.ENOSPC, errno.EDQUOT)


def scratch() -> Path:
    """A folder for copies. It goes with its process; after a kill, when the next one on this machine begins."""
    return _scratch_of(os.getpid())


@cache
def _scratch_of(process):
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if (lock := _locked(folder)) is not None:  # its process is no more
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        if _locked(folder) is not None and folder.is_dir():  # else taken for left behind before it was locked
            atexit.register(_remove, folder, process)
            return folder


def _locked(folder):
    """A descriptor that locks a folder for as long as it is open; or None where another process has it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return descriptor
    except OSError:
        os.close(descriptor)
        return None


def _remove(folder, process):
    if os.getpid() == process:  # and not a child of it
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def room(place: str) -> Iterator[None]:
    """Say of a full disk that it is the one that the copy of `place` is on.

    Raises:
        InputError: it is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        folder = tempfile.gettempdir()
        raise InputError(
            f"{folder} has no room for a copy of {place} ({error.strerror}): set TMPDIR to a folder with room."
        ) from error


class Copies:
    """The inputs of a job, those that lie elsewhere by way of a copy. A context: at its end the copies are gone."""

    def __init__(self):
        self._kept: dict[Path, str] = {}  # checksums
        self._holders: Counter[Path] = Counter()  # one is read on while what was read before is joined
        self._folders: dict[str, int] = {}  # numbers of folders elsewhere: a copy is below that of its own

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self._folders:
            shutil.rmtree(self._base, ignore_errors=True)

    @contextmanager
    def held(self, source: "Source") -> Iterator["Source"]:
        """An input with the checksum that it has now, and a path where within the block the content that has it is.

        Raises:
            OSError: it is not there, or cannot be read.
            InputError: there is no room for a copy, or nobody may read it.
            UnreachableError: the place where it lies does not answer.
        """
        if source.remote is None:
            yield replace(source, checksum=digest(source.path))
            return
        path = self._path(source.remote.url)
        self._holders[path] += 1
        try:
            if path not in self._kept:
                self._fetch(source.remote, path)
            yield replace(source, path=path, checksum=self._kept[path])
        finally:
            self._holders[path] -= 1

    def _fetch(self, remote, path):
        idle = [each for each in self._kept if not self._holders[each]]
        for each in idle[: max(len(self._kept) + 1 - KEPT, 0)]:
            del self._kept[each]
            each.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        with room(remote.url):
            remote.fetch(path)
        self._kept[path] = digest(path)

    def named(self, text: str) -> str:
        """A message about copies, with the names of what they are copies of."""
        if not self._folders:
            return text
        return re.sub(rf"{re.escape(str(self._base))}/(\d+)/", lambda match: list(self._folders)[int(match[1])], text)

    @contextmanager
    def naming(self) -> Iterator[None]:
        """`named`, for the errors of a block."""
        try:
            yield
        except InputError as error:
            if (said := self.named(str(error))) == str(error):
                raise
            raise InputError(said) from error

    @cached_property
    def _base(self):
        return Path(tempfile.mkdtemp(dir=scratch()))

    def _path(self, url):
        parent, _, name = url.rpartition("/")
        return self._base / str(self._folders.setdefault(f"{parent}/", len(self._folders))) / name
