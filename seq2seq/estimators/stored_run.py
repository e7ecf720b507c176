"""A run without a folder: the bytes of its files, which pickle as they are and are read as safely as a run is."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from seq2seq.inference.detectors import Detectors
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.run import RunFolder


class StoredRun:
    """The files of a run; what answers is loaded when it is first asked for, in this process or in another.

    Args:
        files: name of a file → its content, `bytes`: configuration, units, weights and what else `load` reads. Nothing
            else is pickled, and nothing in them is.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)

    @classmethod
    def of(cls, path: Path) -> Self:
        """Keep what answers take of a run directory that was trained."""
        folder = RunFolder(path)
        beside = [file for file in (folder.weights, folder.detector, folder.calibration) if file.exists()]
        names = {*folder.companions(), *(file.name for file in beside)}
        return cls({name: (path / name).read_bytes() for name in sorted(names)})

    def __getstate__(self) -> dict[str, dict[str, bytes]]:
        return {"files": self.files}

    def _from_folder(self, load: Any) -> Any:
        with TemporaryDirectory() as folder:
            for name, content in self.files.items():
                (Path(folder) / name).write_bytes(content)
            return load(folder)


class StoredAutoencoder(StoredRun):
    """The run of an autoencoder."""

    @cached_property
    def detectors(self) -> Detectors:
        """What scores with it.

        Raises:
            InputError: its files are damaged, or of a newer version.
        """
        return self._from_folder(lambda folder: Detectors(Reconstructor.load(folder)))

    @property
    def reconstructor(self) -> Reconstructor:
        """The run, loaded."""
        return self.detectors.members[0]


class StoredForecaster(StoredRun):
    """The run of a forecaster."""

    @cached_property
    def forecaster(self) -> Forecaster:
        """The run, loaded.

        Raises:
            InputError: its files are damaged, or of a newer version.
        """
        return self._from_folder(Forecaster.load)
