"""Finished parts of outputs in a hidden folder, until all are there to be joined. Whatever happens, a file that has its
name is whole."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from seq2seq.jobs.folder import Folder

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
        folder: `Folder` of the outputs.
        below: str. Folder in it, of these parts alone; its name tells of what input, model and settings they are.
        count: int. How many there will be.
    """

    def __init__(self, folder: Folder, below: str, count: int):
        self._folder, self._below, self.count = folder, below, count

    def contents(self) -> Iterator[Path]:
        """The parts in their order, each a file on this machine until the next is asked for."""
        return self._folder.copies(map(self._content, range(self.count)))

    def rejected(self) -> Iterator[Path]:
        """Likewise the lists of their bad records."""
        return self._folder.copies(map(self._rejected, range(self.count)))

    def missing(self) -> list[int]:
        """The numbers of the parts that are not there."""
        present = {f"{self._below}/{name}" for name in self._folder.names(self._below)}
        return [number for number in range(self.count) if self._content(number) not in present]

    @contextmanager
    def writing(self, number: int) -> Iterator[tuple[BinaryIO, Rejected]]:
        """A file for the content of a part and one for its bad records; the part is there when the block has ended."""
        # The part comes last: where it is, the list of its bad records is as well.
        with self.replacing(self._content(number)) as file, self.replacing(self._rejected(number)) as rejected:
            yield file, Rejected(rejected)

    def put(self, number: int, content: bytes, rejected: bytes) -> None:
        """Write a part that another process has done, and the list of its bad records."""
        with self.replacing(self._content(number)) as file, self.replacing(self._rejected(number)) as bad:
            file.write(content)
            bad.write(rejected)

    def replacing(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A file to write, which gets its name when the block has ended well and its content is on the disk."""
        return self._folder.writing(name, self._below)

    def remove(self, others: bool = True) -> None:
        """Remove these parts of the output, and those of other inputs, models or settings."""
        self._folder.clear(self._below.rpartition("/")[0] if others else self._below)

    def _content(self, number):
        return f"{self._below}/{number:08d}"

    def _rejected(self, number):
        return f"{self._content(number)}.rejected"
