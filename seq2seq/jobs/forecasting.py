"""The batch job of a forecaster: files of series to tables of their next steps."""

from pathlib import Path
from typing import Any

import numpy as np

from seq2seq.errors import InputError
from seq2seq.inference.forecast_lines import forecast_lines
from seq2seq.inference.forecaster import Forecaster
from seq2seq.jobs.series import SeriesWork, join_lines, write_lines
from seq2seq.report import Report
from seq2seq.storage import digest, fingerprint


class BatchForecast(SeriesWork):
    """Forecasts what comes after the series of files, see `SeriesWork`.

    Args:
        forecaster: `Forecaster`.
        steps: int. Default: the horizon of the run.
        interval: float. Share of the actual values that the interval is to hold; default: as trained.
        **given: arguments of `SeriesWork`.
    """

    title, unit = "Forecasting", "series"

    def __init__(
        self, forecaster: Forecaster, *, steps: int | None = None, interval: float | None = None, **given: Any
    ):
        run, settings = forecaster.run, {"task": "forecast", "steps": steps, "interval": interval}
        files = [run.weights, *[run.calibration] * run.calibration.exists()]
        super().__init__(forecaster, fingerprint([digest(file) for file in files]), settings, **given)
        self.asked = {"steps": steps, "interval": interval}

    @classmethod
    def load(cls, run_dir: str | Path, **given: Any) -> "BatchForecast":
        """The work of a run directory.

        Raises:
            InputError: not a run of a forecaster, one that needs to know columns ahead, no weights yet, damaged, or
                written by a newer version.
        """
        forecaster = Forecaster.load(run_dir)
        if forecaster.columns.known:
            names = ", ".join(forecaster.columns.known)
            raise InputError(
                f"{run_dir} reads what is known ahead ({names}): forecast --known does that, file by file."
            )
        return cls(forecaster, **given)

    def read(self, path, rejected):
        series = self.loaded.read(str(path), array=self.key(path), report=Report())
        if series.times is None and self.loaded.columns.calendar:
            raise InputError(f"{path} has no column of times, of which the model reads the calendar.")
        return self.loaded.usable(series, self.asked["steps"], rejected)

    def amounts(self, series):
        return np.ones(len(series.values), np.int64)

    def answer(self, series, file, several):
        made = self.loaded.forecast(series, **self.asked)
        notes = [f"{self._latest[0]}: {note}" for note in made.notes]
        self._notes += [note for note in notes if note not in self._notes]
        write_lines(forecast_lines(made, self.loaded.config.data, several), file)

    def join(self, source, paths, file):
        join_lines(paths, source.name, file)
