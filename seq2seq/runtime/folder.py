"""An exported folder, which is opened as a run is.

manifest.json   format, task, configuration, checksums of all other files, inputs and outputs of the graphs in words
README.md       how to use the folder
*.onnx          the graphs; *.tflite of a folder for devices, model/ of one for TensorFlow Serving
1/ 2/ …         in place of graphs, of several runs on numbers: the exported folder of each
all else        what the run had: tokenizers, units, calibration, detector
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seq2seq.errors import InputError
from seq2seq.run import Run
from seq2seq.run.folder import MANIFEST
from seq2seq.run.integrity import MOST_JSON_BYTES, refuse_links_out
from seq2seq.runtime.graphs import Graph
from seq2seq.runtime.lite import LiteGraph
from seq2seq.storage import digest

FORMAT = 4  # of several runs, each in a folder of its own
FORMAT_OF_GRAPHS = 3  # 2 had a state for each hypothesis of a translation; 1 had ONNX graphs alone
KINDS = {".onnx": Graph, ".tflite": LiteGraph}
README = "README.md"


def is_exported(path: str | Path) -> bool:
    """Whether a folder is an exported one."""
    return (Path(path) / MANIFEST).is_file()


@dataclass(frozen=True)
class ExportedRun(Run):
    """An exported folder that is open. Make it with `open`.

    Attributes:
        origin: str. Checksum of the weights that its graphs were made from.
        record: the manifest.
    """

    origin: str = ""
    record: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def open(cls, path: str | Path, *tasks: str) -> "ExportedRun":
        """Open the exported folder of a run of one of `tasks`.

        Raises:
            InputError: it is of another task or format, or one of its files is damaged, missing or a link out of it.
        """
        path = Path(path)
        refuse_links_out(path)
        record = read_manifest(path)
        if record.get("written_as") == "saved-model":
            raise InputError(
                f"{path} is for TensorFlow Serving (its README.md says how to load it): give the run itself, "
                "or export it with --format onnx."
            )
        if record["task"] not in tasks:
            expected = " or ".join(map(repr, tasks))
            raise InputError(f"{path} is an export of the task {record['task']!r}, expected one of {expected}.")
        places = [path, *(path / name for name in record["folders"])]
        for name, checksum in record["files"].items():
            file = path / name
            if file.parent not in places or not file.is_file():
                raise InputError(f"{path} has no file {name!r}, which its {MANIFEST} names: export the run again.")
            if digest(file) != checksum:
                raise InputError(f"{file} is damaged (its checksum is another): export the run again.")
        return cls(path, record["task"], record["config"], origin=record["weights"], record=record)

    @property
    def weights(self) -> Path:
        """What stands for them here, and names the checksums of all files as they do in a run."""
        return self.path / MANIFEST

    @property
    def data(self) -> Mapping[str, Any]:
        """The checksums of the data of the training, as of the run."""
        return self.record["data"]

    @property
    def identity(self) -> str:
        """Of the weights that the graphs were made from, as that of the run."""
        return self.origin

    @property
    def members(self) -> list[str]:
        """The names of the runs that its graphs are of, where these are several."""
        return [each["name"] for each in self.record["members"]]

    def graph(self, name: str) -> Graph | LiteGraph:
        """A graph of the folder."""
        for suffix, kind in KINDS.items():
            if (file := f"{name}{suffix}") in self.record["files"]:
                return kind(self.path / file)
        raise InputError(f"{self.path} has no graph {name!r}: export the run again.")


def folders_of(path: Path) -> list[Path]:
    """The exported folders in one of several runs on numbers, which answer together; any other alone.

    Raises:
        InputError: its manifest, or one of their files, is damaged.
    """
    record = read_manifest(path)
    if not record["folders"]:
        return [path]
    ExportedRun.open(path, record["task"])  # they are those that were exported together
    return [path / name for name in record["folders"]]


def read_manifest(path):
    file = path / MANIFEST
    try:
        if file.stat().st_size > MOST_JSON_BYTES:
            raise ValueError(f"larger than {MOST_JSON_BYTES:,} bytes")
        record = json.loads(file.read_text(encoding="utf-8"))
        kinds = {"format": int, "task": str, "config": dict, "weights": str, "files": dict, "data": dict}
        if wrong := [name for name, kind in kinds.items() if not isinstance(record[name], kind)]:
            raise TypeError(f"{wrong[0]} is not what it should be")
        if not all(isinstance(each["name"], str) for each in record.setdefault("members", [])):
            raise TypeError("members are not what they should be")
        # A number leads nowhere else, and none is in itself, as the checksum of its manifest is in this one.
        for name in record.setdefault("folders", []):
            if not (name.isdecimal() and f"{name}/{MANIFEST}" in record["files"]):
                raise TypeError("folders are not what they should be")
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as error:
        raise InputError(f"{file} is damaged ({error}): export the run again.") from error
    if record["format"] > FORMAT:
        raise InputError(
            f"{path} was exported by a newer seq2seq (export format {record['format']}; this one reads {FORMAT}): "
            "update it."
        )
    return record
