"""The batch job of a forecaster: files of series to tables of their next steps."""

from pathlib import Path
from typing import Any

import numpy as np

from seq2seq.errors import InputError
from seq2seq.inference.baseline_forecasts import check_baseline, forecast_by
from seq2seq.inference.ensemble import Paths
from seq2seq.inference.forecast_lines import forecast_lines
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.plans import pattern_of
from seq2seq.jobs.series import SeriesWork, join_lines, write_lines
from seq2seq.series.files import files_of
from seq2seq.series.series import listed
from seq2seq.storage import digest, fingerprint


class BatchForecast(SeriesWork):
    """Forecasts what comes after the series of files, see `SeriesWork`.

    Args:
        forecaster: `Forecaster`.
        steps: int. Default: the horizon of the run.
        interval: float. Share of the actual values that the interval is to hold; default: as trained.
        known: str. File, pattern or folder with the columns that are known ahead, joined to inputs by series and time.
            Where the data have no column of groups, a folder has a file for each input, called like it.
        baseline: str. What forecasts in place of the model, see `forecast_by`.
        **given: arguments of `SeriesWork`.
    """

    title, unit = "Forecasting", "series"

    def __init__(
        self,
        forecaster: Forecaster,
        *,
        steps: int | None = None,
        interval: float | None = None,
        known: str | None = None,
        baseline: str | None = None,
        **given: Any,
    ):
        run, settings = forecaster.run, {"task": "forecast", "steps": steps, "interval": interval}
        if baseline is not None:  # not named otherwise: jobs of earlier versions go on
            check_baseline(baseline, forecaster)
            settings["baseline"] = baseline
        runs = [member.run for member in forecaster.members]
        files = [file for each in runs for file in (each.weights, each.calibration) if file.exists()]
        if known is None and forecaster.columns.known:
            names = listed(forecaster.columns.in_table(forecaster.columns.known))
            raise InputError(f"{run.path} reads what is known ahead ({names}): give it with --known.")
        if known is not None:
            plans = files_of(pattern_of(known))
            settings |= {"known": fingerprint([[file.name, digest(file)] for file in plans if file.is_file()])}
        super().__init__(forecaster, fingerprint([digest(file) for file in files]), settings, **given)
        self._steps, self._interval, self._baseline = steps, interval, baseline
        # Without names of series nothing but its own name tells which input a file is for.
        apart = known is not None and Path(known).is_dir() and not forecaster.config.data.group
        apart = apart and bool(forecaster.columns.known)  # else reading them refuses it
        self._folder = Path(known) if apart else None
        self._known = None if known is None or apart else forecaster.read_known(known, self.telling(known))

    @classmethod
    def load(cls, run_dir: Paths, **given: Any) -> "BatchForecast":
        """The work of a run directory, or of a list of several, see `Forecaster.load`.

        Raises:
            InputError: not a run of a forecaster, one that needs to know columns ahead without `known`, or the other
                way round, no weights yet, damaged, or written by a newer version.
        """
        return cls(Forecaster.load(run_dir), **given)

    def read(self, source, rejected):
        path, steps, told = source.path, self._steps, self.telling(source.place)
        series = self.loaded.read(str(path), array=self.key(path), report=told, rejected=rejected)
        if series.times is None and self.loaded.columns.calendar:
            raise InputError(f"{source.place} has no column of times, of which the model reads the calendar.")
        if self._folder:
            file = self._folder / source.below
            self._known = self.loaded.read_known(str(file), self.telling(file))
        series = self.loaded.usable(series, steps, rejected)
        return self.loaded.planned(series, steps, self._known, rejected)

    def amounts(self, series):
        return np.ones(len(series.values), np.int64)

    def answer(self, series, file, several):
        if self._baseline is None:
            made = self.loaded.forecast(series, self._steps, interval=self._interval, known=self._known)
        else:
            made = forecast_by(self._baseline, self.loaded, series, self._steps, known=self._known)
        for note in made.notes:
            self.telling(self._latest[0]).warn(note)
        write_lines(forecast_lines(made, self.loaded.config.data, several), file)

    def join(self, source, paths, file):
        join_lines(paths, source.name, file)
