"""The batch job of an autoencoder: files of series through a trained run."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from seq2seq.errors import InputError
from seq2seq.inference.pieces import num_pieces
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.jobs.job import Work
from seq2seq.report import Report
from seq2seq.series.writing import write_like
from seq2seq.storage import digest

PART_SIZE = 20_000


class BatchReconstruction(Work):
    """Reconstructs the series of files. A file is read whole; its series are worked on in parts.

    Args:
        reconstructor: `Reconstructor`.
        model: str. Checksum of its weights, which name those of all files that they need.
        array: str. Of an NPZ file; default: that of the training.
        part_size: int. Sequences or windows after which a part ends.
        strict: bool. Stop at the first sample or series that cannot be used.
    """

    title = "Reconstructing"

    def __init__(
        self,
        reconstructor: Reconstructor,
        model: str,
        *,
        array: str | None = None,
        part_size: int = PART_SIZE,
        strict: bool = False,
    ):
        self.reconstructor, self.model, self.strict, self.part_size = reconstructor, model, strict, part_size
        self.unit, self.array = reconstructor.unit, array or reconstructor.config.data.array
        self.settings = {"task": "reconstruct", "array": self.array, "part_size": part_size}
        self._latest = None
        self._notes: list[str] = []

    @classmethod
    def load(cls, run_dir: str | Path, **given) -> "BatchReconstruction":
        """The work of a run directory.

        Raises:
            InputError: not a run of an autoencoder, no weights yet, damaged, or written by a newer version.
        """
        reconstructor = Reconstructor.load(run_dir)
        data = reconstructor.config.data
        if data.step or data.gaps == "fill" or data.duplicates != "error":
            raise InputError(
                f"{run_dir} was trained with data.step, data.gaps=fill or data.duplicates, so that steps are not the "
                "rows of a file, which a batch job writes again: use `reconstruct`, which writes a line for each step."
            )
        return cls(reconstructor, digest(reconstructor.run.weights), **given)

    def scan(self, source):
        try:
            series, rejected = self._read(source.path)
        except InputError as error:
            return replace(source, problem=str(error))
        sizes = tuple(self._pieces(series)[rows].sum().item() for rows in self._bounds(series))
        self._notes += [note if str(source.path) in note else f"{source.path}: {note}" for note in series.notes]
        whole = series.whole
        records = len(series.values) + len(rejected) if whole else int(series.lengths.sum())
        return replace(source, records=records, sizes=sizes)

    def work(self, todo, progress) -> Iterator:
        for source, parts, numbers in todo:
            for number in numbers:
                series, rejected = self._read(source.path)
                rows = self._bounds(series)[number]
                reconstructed = self.reconstructor.reconstruct(series.take(range(rows.start, rows.stop)))
                with parts.writing(number) as (file, bad):
                    np.save(file, np.concatenate(reconstructed), allow_pickle=False)
                    for name, reason in rejected if number == 0 else ():
                        bad.add({"sample" if series.whole else "series": name}, reason)
                progress.advance(source.sizes[number])
                yield source

    def join(self, source, paths, file):
        series, _ = self._read(source.path)
        values = np.concatenate([np.load(path, allow_pickle=False) for path in paths])
        reconstructed = np.split(values, np.cumsum(series.lengths)[:-1])
        write_like(source.path, file, series, reconstructed)

    def notes(self):
        return self._notes

    def _read(self, path):
        """The series of a file and its bad samples; of the latest file they are kept."""
        if self._latest is None or self._latest[0] != path:
            rejected = []
            series = self.reconstructor.read(str(path), array=self._key(path), report=Report(), rejected=rejected)
            if rejected and self.strict:
                (name, reason), what = rejected[0], "sample" if series.whole else "series"
                raise InputError(f"{path}, {what} {name}: {reason}: mend it, or leave --strict.")
            self._latest = path, series, rejected
        return self._latest[1:]

    def _key(self, path):
        return self.array if path.suffix.lower() == ".npz" else None

    def _pieces(self, series):
        look_back = self.reconstructor.look_back
        return np.array([num_pieces(length, look_back) for length in series.lengths[:, None]], np.int64)

    def _bounds(self, series):
        """Which series are in which part: one ends with the series that fills it."""
        bounds, start, filled = [], 0, 0
        for row, pieces in enumerate(self._pieces(series).tolist(), 1):
            filled += pieces
            if filled >= self.part_size or row == len(series.values):
                bounds.append(slice(start, row))
                start, filled = row, 0
        return bounds
