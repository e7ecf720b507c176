"""What a command writes: checked before the work begins, and never a half-written file under its final name."""

import csv
import gzip
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from seq2seq.errors import InputError
from seq2seq.sources import is_data_set


def check_outputs(outputs: Mapping[str, Path | None], inputs: Mapping[str, Any], run: Path) -> None:
    """Look at all that a command is to write, before its work: it can be written, and takes the place of nothing.

    Args:
        outputs: option → file; None is not written, `-` is standard output.
        inputs: option → what is read: a file, `FILE:KEY`, a data set, or a list of such; None is not given.
        run: folder of the run that the command loads.

    Raises:
        InputError: a file could not be written at the end of the work; or an output is an input, a file of the run, or
            where another output goes.
    """
    from seq2seq.run import RunFolder
    from seq2seq.runtime.folder import is_exported

    all_of_it = run.resolve() if is_exported(run) else None
    taken = {place: f"the input, {option} {each}" for option, given in inputs.items() for each, place in _read(given)}
    for option, path in outputs.items():
        check_file(path, option)
        for place in _written(path):
            owned = RunFolder(run).owns(place) or (all_of_it and Path(place).is_relative_to(all_of_it))
            what = taken.get(place) or (f"a file of the run {run}" if owned else None)
            if what:
                raise InputError(f"{option} {path} is {what}: name another file.")
        taken |= dict.fromkeys(_written(path), f"where {option} goes, too")


def _read(given):
    """What is read, each as it was given and as a place on the disk."""
    for each in given if isinstance(given, list | tuple) else [given]:
        text = "" if each is None else str(each)
        if text not in ("", "-") and not is_data_set(text):
            yield from ((text, Path(name).resolve()) for name in {text, text.rpartition(":")[0]} - {""})


def _written(path):
    """The places on the disk that writing `path` takes; a device or a pipe, which several may write to, is none."""
    if path is None or str(path) == "-":
        return [] if path is None else [path]
    path = path.resolve()
    return [] if path.exists() and not path.is_file() else [path, partial_file(path)]


def check_file(path: Path | None, option: str) -> None:
    """Raise InputError, naming `option`, where the file could not be written at the end of the work."""
    if path is None or str(path) == "-":
        return
    if path.is_dir():
        raise InputError(f"{option} {path} is a folder: name a file.")
    if not path.parent.is_dir():
        raise InputError(f"{option} {path}: there is no folder {path.parent}; create it or name another.")
    if not path.exists() or path.is_file():
        _try_folder(path.parent, f"{option} {path}")


def check_folder(path: Path, option: str) -> None:
    """Raise InputError, naming `option`, where the folder could not be made or written to. Makes nothing yet."""
    existing = path
    while not (existing.exists() or existing.is_symlink()) and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise InputError(f"{option} {path}: {existing} is a file, not a folder; name another.")
    _try_folder(existing, f"{option} {path}")


def _try_folder(folder: Path, what: str) -> None:
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise InputError(f"{what}: {folder} cannot be written to ({error.strerror}); name another place.") from error


def write_text(path: Path, text: str) -> None:
    """Write `text` to a file, whole or not at all; `-` is standard output."""
    with open_lines(path) as stream:
        stream.write(text)


def write_all(*outputs: tuple[Path | None, Callable[[], None]]) -> None:
    """Write outputs, each with its path: files first, since whoever reads standard output may leave before its end."""
    for _, write in sorted(outputs, key=lambda output: output[0] is None or str(output[0]) == "-"):
        write()


def write_csv(path: Path | None, lines: Iterable[Sequence[Any]]) -> None:
    """Write lines of cells, whole or not at all; None or `-` is standard output."""
    with open_lines(path) as file:
        csv.writer(file, lineterminator="\n").writerows(lines)


@contextmanager
def open_lines(path: Path | None) -> Iterator[TextIO]:
    r"""Open a UTF-8 text file for writing, `\n` at the end of a line on every system.

    What is written lies in `FILE.partial` and gets its name at the end. Left by an exception, it stays
    there, complete as far as it goes. None or `-` is standard output, flushed at each line; a device or a pipe is
    written to as it is; a name that ends in `.gz` is compressed.
    """
    if path is None or str(path) == "-":
        sys.stdout.reconfigure(encoding="utf-8", newline="\n", line_buffering=sys.stdout.isatty())
        yield sys.stdout
        sys.stdout.flush()
        return
    path = path.resolve()  # a link stays one
    partial = path if path.exists() and not path.is_file() else partial_file(path)
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    stream = opener(partial, "wt", encoding="utf-8", newline="\n")
    try:
        with stream:
            yield stream
    except BaseException:
        if partial != path and _is_blank(partial, opener):
            partial.unlink()
        raise
    if partial != path:
        os.replace(partial, path)


def _is_blank(path, opener):
    """Whether nothing can be read of a file: what lies on the disk counts, a stream that failed knows less."""
    try:
        with opener(path, "rb") as stream:
            return not stream.read(1)
    except EOFError:  # of a gzip file that was cut before its first line
        return True


def partial_file(path: Path) -> Path:
    """Where the lines of `path` are while it is not finished."""
    path = path.resolve()
    return path.with_name(f"{path.name}.partial")


def check_suffix(path: Path | None, option: str, suffixes: tuple[str, ...]) -> None:
    """Raise InputError, naming `option`, where the name of a file ends in none of `suffixes`."""
    if path is not None and not path.name.lower().endswith(suffixes):
        raise InputError(f"{option} {path}: expected a name that ends in {' or '.join(suffixes)}.")


def check_csv(path: Path | None, option: str) -> None:
    """Raise InputError, naming `option`, where the name of a file of CSV is that of another kind of file."""
    if path is not None and path.name.lower().endswith((".xlsx", ".xls", ".parquet", ".json", ".npz", ".npy")):
        raise InputError(f"{option} {path} is written as CSV: give a name that ends in .csv or .csv.gz.")


def check_picture(path: Path | None, option: str) -> None:
    """Raise InputError, naming `option`, where the name of a picture is that of no kind that can be drawn."""
    if path is not None:
        from seq2seq.plots import FORMATS

        check_suffix(path, option, FORMATS)
