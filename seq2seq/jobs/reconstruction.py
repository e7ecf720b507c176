"""The batch job of an autoencoder: files of series through a trained run."""

from dataclasses import replace
from typing import Any

import numpy as np

from seq2seq.errors import InputError
from seq2seq.inference.ensemble import Paths
from seq2seq.inference.pieces import num_pieces
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.jobs.series import SeriesWork
from seq2seq.series.writing import decimals_of_each, write_like
from seq2seq.storage import digest, one_of


class AutoencoderWork(SeriesWork):
    """What the jobs of an autoencoder share: how they read, and that windows or sequences are counted."""

    loaded: Reconstructor

    @property
    def unit(self) -> str:
        return self.loaded.unit

    def read(self, source, rejected):
        path, told = source.path, self.telling(source.place)
        series = self.loaded.read(str(path), array=self.key(path), report=told, rejected=rejected)
        if note := self.loaded.learned_note(series):
            told.warn(note)
        return series

    def amounts(self, series):
        return np.array([num_pieces(length, self.loaded.look_back) for length in series.lengths[:, None]], np.int64)

    def without(self, series, rows):
        """Their values are missing then: each step has its place in what comes out."""
        values = [np.full_like(each, np.nan) if row in rows else each for row, each in enumerate(series.values)]
        return replace(series, values=values)


class BatchReconstruction(AutoencoderWork):
    """Reconstructs the series of files, see `SeriesWork`; its model is named by the weights."""

    title = "Reconstructing"

    @classmethod
    def load(cls, run_dir: Paths, **given: Any) -> "BatchReconstruction":
        """The work of a run directory, or of a list of several, see `Reconstructor.load`.

        Raises:
            InputError: not a run of an autoencoder, no weights yet, damaged, or written by a newer version.
        """
        reconstructor = Reconstructor.load(run_dir)
        data = reconstructor.config.data
        if data.step or data.gaps == "fill" or data.duplicates != "error":
            raise InputError(
                f"{reconstructor.run.path} was trained with data.step, data.gaps=fill or data.duplicates, so that "
                "steps are not the rows of a file, which a batch job writes again: use `reconstruct`, which writes a "
                "line for each step."
            )
        # The weights name the checksums of all files that they need.
        model = one_of([digest(member.run.weights) for member in reconstructor.members])
        return cls(reconstructor, model, {"task": "reconstruct"}, **given)

    def answer(self, series, file, several):
        np.save(file, np.concatenate(self.loaded.reconstruct(series)), allow_pickle=False)

    def join(self, source, paths, file):
        series, *_ = self._read(source)
        values = np.concatenate([np.load(path, allow_pickle=False) for path in paths])
        reconstructed = np.split(values, np.cumsum(series.lengths)[:-1])
        write_like(source.path, file, series, reconstructed, decimals_of_each(self.loaded.scaler, series))
