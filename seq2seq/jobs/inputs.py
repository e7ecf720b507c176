"""Patterns of file names to the inputs of a batch job, and what their outputs are called."""

import glob
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING

from seq2seq.errors import InputError
from seq2seq.jobs.folder import is_remote, without_scheme
from seq2seq.jobs.manifest import NAME as MANIFEST
from seq2seq.jobs.parts import FOLDER, REJECTED

if TYPE_CHECKING:
    from seq2seq.jobs.remote_files import RemoteFile

_SAME = {"s3a": "s3", "gcs": "gs", "abfss": "abfs", "az": "abfs"}  # other names of kinds of URLs


@dataclass(frozen=True)
class Source:
    """An input, and what is known of it.

    Attributes:
        path: Path. Of one that is elsewhere, that of its copy, once there is one.
        name: str. Of the output, relative to the folder of the outputs; with `/` on every system.
        checksum: str. Of the file.
        records: int. As many are in the output.
        sizes: tuple of int. What there is to do in each part, in the unit of the progress.
        problem: str. Why it cannot be read, or not to its end; empty if it can.
        refused: tuple of the place and the reason of each bad record, where there is no other and no output.
        below: str. Its own name, relative to the folder where the first wildcard of its pattern is.
        remote: `RemoteFile`, of one that is elsewhere.
    """

    path: Path
    name: str
    checksum: str = ""
    records: int = 0
    sizes: tuple[int, ...] = ()
    problem: str = ""
    refused: tuple[tuple[Mapping[str, int | str], str], ...] = ()
    below: str = ""
    remote: "RemoteFile | None" = None

    @property
    def place(self) -> str:
        """What the user calls it."""
        return self.remote.url if self.remote else str(self.path)

    @property
    def version(self) -> str:
        """What tells of one that is elsewhere that it was not changed; empty if nothing does."""
        return self.remote.version if self.remote else ""


def find_inputs(patterns: Iterable[str], output: Path | str, named: Callable[[str], str] = str) -> list[Source]:
    """The files that patterns name, in the order of the patterns and then of the names.

    The output of a file has its name below the folder where the pattern's first wildcard is; of one that is named
    without a wildcard it is its own name.

    Args:
        patterns: with the wildcards `*`, `?`, `[…]` and, for folders at any depth, `**`; or URLs with them.
        output: folder of the outputs, a path or a URL.
        named: function from the name of an input to that of its output; by default it is the same.

    Raises:
        InputError: a pattern finds nothing, two files would have one output, or an output would be an input.
    """
    found: dict[str, Source] = {}
    for pattern in patterns:
        wild, base, sources = _remote_files(pattern) if is_remote(pattern) else _files(without_scheme(pattern))
        if wild:
            _check_apart(pattern, base, output)
        for source in sources:
            source = replace(source, name=named(source.below))
            other = found.setdefault(source.name, source)
            if _resolved(other.place) != _resolved(source.place):
                raise InputError(
                    f"--input: {other.place} and {source.place} would both be written to "
                    f"{_inside(output, source.name)}: work on them in two jobs with an --output each."
                )
    _check_names(found, output)
    return list(found.values())


def csv_name(name: str) -> str:
    """What a table about an input is called: as it, where that is CSV.

    >>> csv_name("a.csv.gz"), csv_name("b.npz")
    ('a.csv.gz', 'b.npz.csv')
    """
    return name if name.lower().endswith((".csv", ".csv.gz")) else f"{name}.csv"


def _remote_files(pattern):
    from seq2seq.jobs.remote_files import find

    base, files = find(pattern)
    wild = next(iter(files.values())).url != pattern
    return wild, base, [Source(Path(file.key), "", below=below, remote=file) for below, file in files.items()]


def _files(pattern):
    """Whether it has wildcards, the folder that names are relative to, and the files."""
    if Path(pattern).is_file():
        return False, Path(pattern).parent, [Source(Path(pattern), "", below=Path(pattern).name)]
    if Path(pattern).is_dir():
        raise InputError(f"--input {pattern} is a folder: say which files of it, such as '{Path(pattern) / '*'}'.")
    if not glob.has_magic(pattern):
        raise InputError(f"--input {pattern}: there is no such file.")
    parts = Path(pattern).parts
    fixed = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    base = Path(*parts[:fixed])
    paths = sorted(path for path in map(Path, glob.glob(pattern, recursive=True)) if path.is_file())
    if not paths:
        why = "no file in it is called so" if base.is_dir() else "there is no such folder"
        raise InputError(f"--input {pattern} matches nothing ({base}: {why}): check the pattern, and quote it.")
    return True, base, [Source(path, "", below=path.relative_to(base).as_posix()) for path in paths]


def _check_apart(pattern, base, output):
    """Refuse a pattern that would find the outputs at the next run."""
    inside = _resolved(output).is_relative_to(_resolved(base))
    within = "**" in pattern or (_absolute(output) / "x").match(str(_absolute(pattern).parent / "x"))
    if inside and within:
        raise InputError(f"--output {output} lies among the files of --input {pattern}: name a folder elsewhere.")


def _check_names(found, output):
    inputs = {_resolved(source.place): source.place for source in found.values()}
    for name in found:
        path = _inside(output, name)
        if _resolved(path) in inputs:
            raise InputError(f"--output {output}: the input {path} would be overwritten: name another folder.")
        if not is_remote(path) and Path(path).is_dir():
            raise InputError(f"--output {output}: {path} is a folder where a file is to be: name another place.")
        if name.endswith(REJECTED) and name.removesuffix(REJECTED) in found:
            raise InputError(f"--input: {name} is the name of the rejected records of another input: leave it out.")
        if MANIFEST.fullmatch(name) or name.split("/")[0] == FOLDER:
            raise InputError(f"--input: {name} in {output} is a name of the job's own: rename the input.")
        if above := [parent for parent in map(str, PurePosixPath(name).parents) if parent in found]:
            where = found[above[0]].place  # an object store can have this, and a disk cannot
            raise InputError(f"--input: {where} is a file, and the folder of {found[name].place}: rename one of them.")


def _inside(output, name):
    return f"{str(output).rstrip('/')}/{name}" if is_remote(output) else str(Path(without_scheme(output)) / name)


def _absolute(place):
    """A place as a path that can be compared, wildcards and all."""
    if not is_remote(place):
        return PurePath(os.path.abspath(without_scheme(place)))
    kind, _, key = str(place).partition("://")
    return PurePosixPath(f"{_SAME.get(kind, kind)}:", key.strip("/"))


def _resolved(place):
    """The same behind all links."""
    return _absolute(place) if is_remote(place) else Path(without_scheme(place)).resolve()
