"""A run without a folder: the bytes of its files, which pickle as they are and are read as safely as a run is."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from seq2seq.inference.detectors import Detectors
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.run import RunFolder


class StoredRun:
    """The run of an autoencoder; loaded when it is first asked for, in this process or in another.

    Args:
        files: name of a file → its content, `bytes`: configuration, units, weights, detector. Nothing else is pickled,
            and nothing in them is.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)

    @classmethod
    def of(cls, path: Path) -> "StoredRun":
        """Keep what answers take of a run directory that was trained."""
        folder = RunFolder(path)
        names = [*folder.companions(), folder.weights.name, folder.detector.name]
        return cls({name: (path / name).read_bytes() for name in names})

    def __getstate__(self) -> dict[str, dict[str, bytes]]:
        return {"files": self.files}

    @cached_property
    def reconstructor(self) -> Reconstructor:
        """The run, loaded.

        Raises:
            InputError: its files are damaged, or of a newer version.
        """
        return self._loaded[0]

    @cached_property
    def detectors(self) -> Detectors:
        """What scores with it."""
        return self._loaded[1]

    @cached_property
    def _loaded(self):
        with TemporaryDirectory() as folder:
            for name, content in self.files.items():
                (Path(folder) / name).write_bytes(content)
            reconstructor = Reconstructor.load(folder)
            return reconstructor, Detectors(reconstructor)
