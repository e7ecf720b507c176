"""Finished parts of outputs in a hidden folder, until all are there to be joined. Whatever happens, a file that has its
name is whole."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from seq2seq.storage import replacing

FOLDER = ".parts"
REJECTED = ".rejected.jsonl"
_LONGEST_START = 200  # characters of a bad record


class Rejected:
    """The list of bad records of a part, JSON Lines."""

    def __init__(self, file: BinaryIO):
        self._file, self.count = file, 0

    def add(self, place: dict[str, int], reason: str, content: bytes | str = "") -> None:
        """Note a bad record: where it is, why, and how it begins."""
        if isinstance(content, bytes):
            content = content[: 4 * _LONGEST_START].decode("utf-8", "backslashreplace")
        row = place | {"reason": reason, "start": content[:_LONGEST_START]}
        self._file.write(json.dumps(row).encode() + b"\n")
        self.count += 1


class HeldParts:
    """Parts that stay in memory, for another process to `Parts.put` them where they belong."""

    def __init__(self):
        self._held = {}

    @contextmanager
    def writing(self, number: int) -> Iterator[tuple[BinaryIO, Rejected]]:
        """As `Parts.writing`."""
        content, rejected = self._held[number] = BytesIO(), BytesIO()
        yield content, Rejected(rejected)

    def take(self, number: int) -> tuple[bytes, bytes]:
        """Give up the content of a part and the list of its bad records."""
        content, rejected = self._held.pop(number)
        return content.getvalue(), rejected.getvalue()


class Parts:
    """The parts of one output.

    Args:
        folder: of these parts alone; its name tells of what input, model and settings they are.
        count: int. How many there will be.
    """

    def __init__(self, folder: Path, count: int):
        self.folder, self.count = folder, count

    def path(self, number: int) -> Path:
        return self.folder / f"{number:08d}"

    def rejected(self, number: int) -> Path:
        return self.folder / f"{number:08d}.rejected"

    def missing(self) -> list[int]:
        """The numbers of the parts that are not there."""
        present = {path.name for path in self.folder.iterdir()} if self.folder.is_dir() else set()
        return [number for number in range(self.count) if self.path(number).name not in present]

    @contextmanager
    def writing(self, number: int) -> Iterator[tuple[BinaryIO, Rejected]]:
        """A file for the content of a part and one for its bad records; the part is there when the block has ended."""
        # The part comes last: where it is, the list of its bad records is as well.
        with self.replacing(self.path(number)) as file, self.replacing(self.rejected(number)) as rejected:
            yield file, Rejected(rejected)

    def put(self, number: int, content: bytes, rejected: bytes) -> None:
        """Write a part that another process has done, and the list of its bad records."""
        with self.replacing(self.path(number)) as file, self.replacing(self.rejected(number)) as bad:
            file.write(content)
            bad.write(rejected)

    @contextmanager
    def replacing(self, path: Path) -> Iterator[BinaryIO]:
        """A file to write, which gets its name when the block has ended well and its content is on the disk."""
        self._make_folder()
        with replacing(path, self.folder) as temporary, open(temporary, "wb") as file:
            yield file

    def remove(self, others: bool = True) -> None:
        """Remove these parts of the output, and those of other inputs, models or settings."""
        gone = self.folder.parent if others else self.folder
        shutil.rmtree(gone, ignore_errors=True)
        for folder in gone.parents:
            try:
                folder.rmdir()
            except OSError:  # another output has parts there, or another process was faster
                return
            if folder.name == FOLDER:
                return

    def _make_folder(self):
        for _ in range(100):  # another process may remove an empty folder above in the same moment
            with suppress(FileNotFoundError):
                self.folder.mkdir(parents=True, exist_ok=True)
                return
        self.folder.mkdir(parents=True, exist_ok=True)
