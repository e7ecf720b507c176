"""Inputs behind URLs: which files a pattern names."""

import glob
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from seq2seq.errors import InputError
from seq2seq.jobs.urls import asking, file_system, in_time, info_of, is_store, version_of


@dataclass(frozen=True)
class RemoteFile:
    """A file elsewhere.

    Attributes:
        fs: file system of fsspec.
        key: str. What it calls the file.
        url: str. What the user calls it.
        version: str. Changes with the content; empty if that is not told.
    """

    fs: Any
    key: str
    url: str
    version: str

    def fetch(self, path: Path) -> None:
        """Copy the content to a file on this machine.

        Raises:
            FileNotFoundError: it is no longer there.
            InputError: nobody may read it.
            UnreachableError: the place does not answer.
        """
        with asking(self.url):
            self.fs.get_file(self.key, str(path))


def find(pattern: str) -> tuple[str, dict[str, RemoteFile]]:
    """The files that a URL with or without wildcards names, in the order of their names, each with its name below a
    folder: the one of the first wildcard, which is given, too.

    Raises:
        InputError: there is none, it is a folder, or its place cannot be asked.
    """
    option = f"--input {pattern}"
    fs, key, its = in_time(option, lambda: _looked_at(pattern, option))
    bare = pattern.rstrip("/")
    start = bare[: len(bare) - len(key)] if bare.endswith(key) else f"{pattern.partition('://')[0]}://"
    kind = its.get("type")
    if kind == "file":
        base, _, name = key.rpartition("/")
        return start + base, {name: RemoteFile(fs, key, pattern, version_of(its))}
    if kind:
        raise InputError(f"{option} is a folder: say which files of it, such as '{bare}/*'.")
    if not glob.has_magic(key):
        raise InputError(f"{option}: there is no such file.")
    fixed = next(number for number, part in enumerate(key.split("/")) if glob.has_magic(part))
    base, parts = "/".join(key.split("/")[:fixed]), key.split("/")[fixed:]
    names = {}
    with asking(option), suppress(FileNotFoundError):
        found = {each["name"]: version_of(each) for each in _matching(fs, base, parts, is_store(pattern))}
        names = {each[len(base) :].lstrip("/"): RemoteFile(fs, each, start + each, found[each]) for each in found}
    names = {name: names[name] for name in sorted(names, key=PurePosixPath)}
    if not names:
        why = "no file in it is called so" if info_of(fs, base, option) else "there is no such folder"
        raise InputError(f"{option} matches nothing ({start + base}: {why}): check the pattern, and quote it.")
    return start + base, names


def _looked_at(pattern, option):
    fs, key = file_system(pattern, option)
    return fs, key, info_of(fs, key, option)


def _matching(fs, folder, parts, flat, above=()):
    """What is told of the files whose names below `folder` match the parts of a pattern, as `glob` has it on a disk.

    The `glob` of fsspec leaves out what it cannot list, and says nothing.

    Args:
        fs: file system of fsspec.
        folder: str. What it calls a folder.
        parts: list of str. Of the pattern.
        flat: whether a list of all below a folder costs no more than one of the folder alone.
        above: tuple of str. Names of the folders in which `folder` is, from where the pattern begins.
    """
    deep = flat and parts[len(above) :][:1] == ["**"]
    for its in fs.find(folder, detail=True).values() if deep else fs.ls(folder, detail=True):
        names = (*above, *its["name"][len(folder) :].strip("/").split("/"))
        if its["type"] == "directory":
            if all(names) and _leads(names, parts):
                yield from _matching(fs, its["name"].rstrip("/"), parts, flat, names)
        elif not its["name"].endswith("/") and _fits(names, parts):  # a store may have an empty file for a folder
            yield its


def _fits(names, parts):
    if parts == ["**"]:
        parts = ["**", "*"]
    if not names or not parts:
        return not names and not parts
    if parts[0] == "**":
        return _fits(names, parts[1:]) or (_matches(names[0], "*") and _fits(names[1:], parts))
    return _matches(names[0], parts[0]) and _fits(names[1:], parts[1:])


def _leads(names, parts):
    """Whether files that fit may be below a folder."""
    for name, part in zip(names, parts, strict=False):
        if part == "**":
            return True
        if not _matches(name, part):
            return False
    return len(names) < len(parts)


def _matches(name, part):
    hidden = name.startswith(".") and not part.startswith(".")
    return bool(name) and not hidden and fnmatchcase(name, part)
