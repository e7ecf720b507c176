"""Outputs behind a URL.

In an object store what is put under a name is there whole, or not at all, and nothing is renamed. A file system that is
no such store, as that behind `sftp://`, is written to under another name first.
"""

import glob
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from seq2seq.errors import InputError
from seq2seq.jobs.copies import room, scratch
from seq2seq.jobs.urls import asking, file_system, in_time, is_store, reason_of, version_of
from seq2seq.storage import digest


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
        self._fs, self._key = file_system(self.url, f"--output {url}")
        self._is_store = is_store(url)

    def __str__(self):
        return self.url

    def try_out(self) -> None:
        """Write something, and remove it.

        Raises:
            InputError: this cannot be done.
        """
        name = ".writing-trial"  # one name: a process that is killed now leaves it, and the next one takes it away

        def write_and_remove():
            with self.writing(name) as file:
                file.write(b"seq2seq")
            self.remove(name)

        try:
            in_time(self.url, write_and_remove)
        except FileNotFoundError as error:
            raise InputError(f"--output {self.url}: there is no such place ({reason_of(error)}).") from error
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

    def version(self, name):
        with self._asking(name), suppress(FileNotFoundError):
            return version_of(self._fs.info(self._at(name)))
        return ""

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
                with self._asking(name):
                    self._fs.get_file(self._at(name), copy.name)
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
        if self._is_store:
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
        return asking(self.place(name))
