"""What a command writes: checked before the work begins, and never a half-written file under its final name."""

import csv
import gzip
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from seq2seq.errors import InputError


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
            started = False
            try:
                yield stream
            finally:
                started = stream.tell() > 0
    except BaseException:
        if partial != path and not started:
            partial.unlink()
        raise
    if partial != path:
        os.replace(partial, path)


def partial_file(path: Path) -> Path:
    """Where the lines of `path` are while it is not finished."""
    path = path.resolve()
    return path.with_name(f"{path.name}.partial")


def check_suffix(path: Path | None, option: str, suffixes: tuple[str, ...]) -> None:
    """Raise InputError, naming `option`, where the name of a file ends in none of `suffixes`."""
    if path is not None and not path.name.lower().endswith(suffixes):
        raise InputError(f"{option} {path}: expected a name that ends in {' or '.join(suffixes)}.")


def check_picture(path: Path | None, option: str) -> None:
    """Raise InputError, naming `option`, where the name of a picture is that of no kind that can be drawn."""
    if path is not None:
        from seq2seq.plots import FORMATS

        check_suffix(path, option, FORMATS)
