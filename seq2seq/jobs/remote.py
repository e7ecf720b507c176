"""Inputs and outputs behind URLs such as `s3://bucket/in`: whatever fsspec reaches.

In an object store what is put under a name is there whole, or not at all, and nothing is renamed. A file system that is
no such store, as that behind `sftp://`, is written to under another name first.
"""

import glob
import logging
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from queue import Empty, SimpleQueue
from tempfile import NamedTemporaryFile
from threading import Thread
from typing import Any

from seq2seq.errors import InputError
from seq2seq.jobs.copies import FULL, room, scratch
from seq2seq.jobs.folder import UnreachableError
from seq2seq.storage import digest

try:
    import fsspec
    from fsspec.core import url_to_fs
except ModuleNotFoundError as error:
    raise InputError("URLs are read with the package fsspec: pip install 'seq2seq[s3]', [gcs] or [azure].") from error

EXTRAS = {**dict.fromkeys(("s3", "s3a"), "s3"), **dict.fromkeys(("gs", "gcs"), "gcs")}
EXTRAS |= dict.fromkeys(("abfs", "abfss", "az"), "azure")
STORES = {*EXTRAS, "hf", "oci", "oss"}  # where a put is whole or nothing, and there are no folders to be made
REACH_WITHIN = (
    30.0  # seconds for a first answer: left alone, libraries without a network or credentials try for minutes
)


@dataclass(frozen=True)
class RemoteFile:
    """A file elsewhere.

    Attributes:
        fs: file system of fsspec.
        key: str. What it calls the file.
        url: str. What the user calls it.
    """

    fs: Any
    key: str
    url: str

    def fetch(self, path: Path) -> None:
        """Copy the content to a file on this machine.

        Raises:
            FileNotFoundError: it is no longer there.
            InputError: nobody may read it.
            UnreachableError: the place does not answer.
        """
        with _asking(self.url):
            self.fs.get_file(self.key, str(path))


def find(pattern: str) -> tuple[str, dict[str, RemoteFile]]:
    """The files that a URL with or without wildcards names, in the order of their names, each with its name below a
    folder: the one of the first wildcard, which is given, too.

    Raises:
        InputError: there is none, it is a folder, or its place cannot be asked.
    """
    option = f"--input {pattern}"
    fs, key, kind = _in_time(option, lambda: _looked_at(pattern, option))
    bare = pattern.rstrip("/")
    start = bare[: len(bare) - len(key)] if bare.endswith(key) else f"{pattern.partition('://')[0]}://"
    if kind == "file":
        base, _, name = key.rpartition("/")
        return start + base, {name: RemoteFile(fs, key, pattern)}
    if kind:
        raise InputError(f"{option} is a folder: say which files of it, such as '{bare}/*'.")
    if not glob.has_magic(key):
        raise InputError(f"{option}: there is no such file.")
    base = key[: re.search(r"[*?[]", key).start()].rpartition("/")[0]
    found = {}
    with _asking(option), suppress(FileNotFoundError):
        found = fs.glob(key, detail=True)
    # A store may have an empty file for a folder, whose name ends in a stroke.
    keys = [each for each, its in found.items() if its["type"] == "file" and not each.endswith("/")]
    names = {each[len(base) :].lstrip("/"): RemoteFile(fs, each, start + each) for each in keys}
    # What begins with a point is hidden and found by no wildcard, here as on a disk.
    names = {name: names[name] for name in sorted(names, key=PurePosixPath) if not re.search(r"(^|/)\.", name)}
    if not names:
        why = "no file in it is called so" if _kind(fs, base, option) else "there is no such folder"
        raise InputError(f"{option} matches nothing ({start + base}: {why}): check the pattern, and quote it.")
    return start + base, names


class RemoteFolder:
    """A `Folder` behind a URL.

    Raises:
        InputError: the kind of URL is not known, or its library is not installed.
    """

    look_every = 5.0

    def __init__(self, url: str):
        self.url = url.rstrip("/")
        if "::" in url or glob.has_magic(url):
            raise InputError(f"--output {url}: expected the URL of a folder, such as s3://bucket/out.")
        self._fs, self._key = _file_system(self.url, f"--output {url}")
        self._puts_whole = self.url.partition("://")[0] in STORES

    def __str__(self):
        return self.url

    def try_out(self) -> None:
        """Write something, and remove it.

        Raises:
            InputError: this cannot be done.
        """
        name = f".writing-{secrets.token_hex(4)}"

        def write_and_remove():
            with self.writing(name) as file:
                file.write(b"seq2seq")
            self.remove(name)

        try:
            _in_time(self.url, write_and_remove)
        except FileNotFoundError as error:
            raise InputError(f"--output {self.url}: there is no such place ({_reason(error)}).") from error
        except InputError as error:
            raise InputError(f"--output {str(error).replace(self.place(name), self.url)}") from error

    def place(self, name):
        return f"{self.url}/{name}"

    def names(self, below=""):
        folder = self._at(below)
        with self._asking(below), suppress(FileNotFoundError, NotADirectoryError):
            return {each["name"].rpartition("/")[2] for each in self._fs.ls(folder, detail=True)}
        return set()

    def stamp(self, name):
        with self._asking(name), suppress(FileNotFoundError):
            return repr(self._fs.info(self._at(name)))
        return None

    def read(self, name):
        with self._asking(name):
            return self._fs.cat_file(self._at(name))

    def digest(self, name):
        with suppress(FileNotFoundError):
            return next(digest(path) for path in self.copies([name]))
        return None

    def copies(self, names) -> Iterator[Path]:
        for name in names:
            with room(self.place(name)), NamedTemporaryFile(dir=scratch()) as copy:
                RemoteFile(self._fs, self._at(name), self.place(name)).fetch(Path(copy.name))
                yield Path(copy.name)

    @contextmanager
    def writing(self, name, beside=""):
        with room(self.place(name)), NamedTemporaryFile(dir=scratch()) as file:
            yield file
            file.flush()
            with self._asking(name):
                self._put(file.name, name, beside)

    def remove(self, name):
        with self._asking(name), suppress(FileNotFoundError):
            self._fs.rm_file(self._at(name))

    def clear(self, below):
        with self._asking(below), suppress(FileNotFoundError):
            if glob.has_magic(below):  # which `rm` would take for wildcards
                for key in self._fs.find(self._at(below)):
                    self._fs.rm_file(key)
            else:
                self._fs.rm(self._at(below), recursive=True)

    def _put(self, path, name, beside):
        if self._puts_whole:
            self._fs.put_file(path, self._at(name))
            return
        # Straight below the first folder: `mv` takes the names of others for wildcards, too.
        temporary = self._at("/".join([*beside.split("/")[:1], f".writing-{secrets.token_hex(4)}"]).lstrip("/"))
        for each in (temporary, self._at(name)):
            self._fs.makedirs(each.rpartition("/")[0], exist_ok=True)
        self._fs.put_file(path, temporary)
        self._fs.mv(temporary, self._at(name))

    def _at(self, name):
        return f"{self._key}/{name}" if name else self._key

    def _asking(self, name):
        self._fs.invalidate_cache()  # others write there, too
        return _asking(self.place(name))


def _file_system(url, option):
    """The file system of a URL, and what it calls the place."""
    protocol = url.partition("://")[0]
    try:
        fs, key = url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        extra = EXTRAS.get(protocol)
        advice = f"pip install 'seq2seq[{extra}]'" if extra else _reason(error)
        raise InputError(f"{option}: {protocol}:// is read with a package that is not installed: {advice}") from error
    except Exception as error:  # whatever a library makes of its settings
        if protocol not in fsspec.available_protocols():
            raise InputError(
                f"{option}: {protocol}:// is not known, expected such as s3://, gs:// or abfs://."
            ) from error
        raise InputError(f"{option} cannot be reached: {_reason(error)}") from error
    for library in (type(fs).__module__.partition(".")[0], "azure"):
        logging.getLogger(library).addHandler(logging.NullHandler())  # what went wrong is raised, too
    return fs, key


def _looked_at(pattern, option):
    fs, key = _file_system(pattern, option)
    return fs, key, _kind(fs, key, option)


def _in_time(place: str, ask: Callable[[], Any]) -> Any:
    """What `ask` returns or raises, unless that takes too long."""
    answers: SimpleQueue = SimpleQueue()

    def answer():
        try:
            answers.put((ask(), None))
        except Exception as error:
            answers.put((None, error))

    Thread(target=answer, daemon=True).start()  # which nobody waits for at the end
    try:
        found, error = answers.get(timeout=REACH_WITHIN)
    except Empty:
        raise UnreachableError(
            f"{place} has not answered for {REACH_WITHIN:g} seconds: check the network, the credentials and the name."
        ) from None
    if error:
        raise error
    return found


def _kind(fs, key, option):
    """`file` or `directory`; None where nothing is there."""
    fs.invalidate_cache()
    try:
        with _asking(option):
            return fs.info(key)["type"]
    except FileNotFoundError:
        return None


@contextmanager
def _asking(place):
    """Turn what libraries raise into what is the matter with a place."""
    try:
        yield
    except (FileNotFoundError, InputError):
        raise
    except PermissionError as error:
        raise InputError(f"{place}: no permission ({_reason(error)}): check the credentials.") from error
    except Exception as error:  # of any class: each library has its own
        if getattr(error, "errno", None) in FULL:  # it is the disk here
            raise
        raise UnreachableError(f"{place} cannot be reached: {_reason(error)}") from error


def _reason(error):
    return " ".join(str(error).split())[:300] or type(error).__name__
