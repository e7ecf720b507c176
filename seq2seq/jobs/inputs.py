"""Patterns of file names to the inputs of a batch job, and what their outputs are called."""

import glob
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from seq2seq.errors import InputError
from seq2seq.jobs.manifest import NAME as MANIFEST
from seq2seq.jobs.parts import FOLDER, REJECTED


@dataclass(frozen=True)
class Source:
    """An input, and what is known of it.

    Attributes:
        path: Path.
        name: str. Of the output, relative to the folder of the outputs; with `/` on every system.
        checksum: str. Of the file.
        records: int. As many are in the output.
        sizes: tuple of int. What there is to do in each part, in the unit of the progress.
        problem: str. Why it cannot be read, or not to its end; empty if it can.
        refused: tuple of the place and the reason of each bad record, where there is no other and no output.
        below: str. Its own name, relative to the folder where the first wildcard of its pattern is.
    """

    path: Path
    name: str
    checksum: str = ""
    records: int = 0
    sizes: tuple[int, ...] = ()
    problem: str = ""
    refused: tuple[tuple[Mapping[str, int | str], str], ...] = ()
    below: str = ""


def find_inputs(patterns: Iterable[str], output: Path, named: Callable[[str], str] = str) -> list[Source]:
    """The files that patterns name, in the order of the patterns and then of the names.

    The output of a file has its name below the folder where the pattern's first wildcard is; of one that is named
    without a wildcard it is its own name.

    Args:
        patterns: with the wildcards `*`, `?`, `[…]` and, for folders at any depth, `**`.
        output: folder of the outputs.
        named: function from the name of an input to that of its output; by default it is the same.

    Raises:
        InputError: a pattern finds nothing, two files would have one output, or an output would be an input.
    """
    found: dict[str, Source] = {}
    for pattern in patterns:
        base, paths = _files(pattern)
        _check_apart(pattern, base, output)
        for path in paths:
            below = path.relative_to(base).as_posix()
            source = Source(path, named(below), below=below)
            other = found.setdefault(source.name, source)
            if other.path.resolve() != path.resolve():
                raise InputError(
                    f"--input: {other.path} and {path} would both be written to {output / source.name}: "
                    "work on them in two jobs with an --output each."
                )
    _check_names(found, output)
    return list(found.values())


def csv_name(name: str) -> str:
    """What a table about an input is called: as it, where that is CSV.

    >>> csv_name("a.csv.gz"), csv_name("b.npz")
    ('a.csv.gz', 'b.npz.csv')
    """
    return name if name.lower().endswith((".csv", ".csv.gz")) else f"{name}.csv"


def _files(pattern):
    """The folder that names are relative to, and the files."""
    if Path(pattern).is_file():
        return Path(pattern).parent, [Path(pattern)]
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
    return base, paths


def _check_apart(pattern, base, output):
    """Refuse a pattern that would find the outputs at the next run."""
    inside = output.resolve().is_relative_to(base.resolve())
    shape = PurePath(os.path.abspath(pattern))
    within = "**" in pattern or (PurePath(os.path.abspath(output)) / "x").match(str(shape.parent / "x"))
    if glob.has_magic(pattern) and not Path(pattern).is_file() and inside and within:
        raise InputError(f"--output {output} lies among the files of --input {pattern}: name a folder elsewhere.")


def _check_names(found, output):
    inputs = {source.path.resolve(): source.path for source in found.values()}
    for name in found:
        path = output / name
        if path.resolve() in inputs:
            raise InputError(f"--output {output}: the input {path} would be overwritten: name another folder.")
        if path.is_dir():
            raise InputError(f"--output {output}: {path} is a folder where a file is to be: name another place.")
        if name.endswith(REJECTED) and name.removesuffix(REJECTED) in found:
            raise InputError(f"--input: {name} is the name of the rejected records of another input: leave it out.")
        if MANIFEST.fullmatch(name) or name.split("/")[0] == FOLDER:
            raise InputError(f"--input: {name} in {output} is a name of the job's own: rename the input.")
