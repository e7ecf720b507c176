"""What is done with the inputs of a batch job; each kind of run has its own."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from seq2seq.jobs.inputs import Source
from seq2seq.jobs.parts import Parts
from seq2seq.report import Progress


class Work(ABC):
    """What is done with the records of an input.

    Attributes:
        title: str. Of the progress.
        unit: str. What the progress counts.
        model: str. Fingerprint of the model.
        settings: what else the outputs depend on; can be written as JSON.
    """

    title: str
    unit: str
    model: str
    settings: Mapping[str, Any]

    @abstractmethod
    def scan(self, source: Source) -> Source:
        """Look how much there is to do: `records`, `sizes`, `problem`."""

    @abstractmethod
    def work(self, todo: Iterable[tuple[Source, Parts, list[int]]], progress: Progress) -> Iterator[Source]:
        """Work off parts of inputs; give the input each time that a part of it is there."""

    @abstractmethod
    def join(self, source: Source, paths: Iterable[Path], file: BinaryIO) -> None:
        """Write the output whose parts are the files `paths`, each there until the next is asked for."""

    @abstractmethod
    def notes(self) -> list[str]:
        """What the user should be told when the work is done."""

    @abstractmethod
    def take_notes(self) -> Any:
        """Give up what was noted so far, for `add_notes` of the same work in another process."""

    @abstractmethod
    def add_notes(self, taken: Any) -> None:
        """Note what the same work has noted in another process."""
