"""Series in, their next steps out: a trained forecaster, loaded."""

from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from seq2seq.config import ForecasterConfig
from seq2seq.errors import InputError
from seq2seq.evaluation.linear import LinearForecast
from seq2seq.inference.calibration import Calibration
from seq2seq.inference.columns import Columns
from seq2seq.inference.ensemble import Paths, members_of
from seq2seq.inference.forecast import Forecast
from seq2seq.inference.forecast_notes import far_values, never_seen, new_series
from seq2seq.inference.loaded import open_run
from seq2seq.inference.plans import join_plans, pattern_of
from seq2seq.inference.series_data import for_other, of_run, passing, read_data, read_usable
from seq2seq.inference.stateful import Stateful
from seq2seq.inference.windowed import LinearWindows, Windowed
from seq2seq.report import Naming, Report
from seq2seq.run import Run
from seq2seq.runtime.folder import ExportedRun
from seq2seq.runtime.numbers import ExportedWindows, exported_stream
from seq2seq.series.continuing import continue_each
from seq2seq.series.in_memory import series_at
from seq2seq.series.reading import category_of
from seq2seq.series.scaling import Scaler
from seq2seq.series.segments import last_segments, since_gap
from seq2seq.series.series import check_read
from seq2seq.series.table import Series
from seq2seq.series.writing import decimals_of_each

if TYPE_CHECKING:
    from seq2seq.models import StreamForecaster, WindowForecaster

TASK = "forecaster"


def build_model(
    config: ForecasterConfig, columns: Columns, dtype: Any = "float32"
) -> Union["WindowForecaster", "StreamForecaster"]:
    """The model of a settled configuration and its columns."""
    from seq2seq.models import StreamForecaster, WindowForecaster

    model = config.model
    sizes = {name: getattr(model, name) for name in ("units", "num_layers", "cell", "dropout", "residual")}
    if model.kind == "stateful":
        return StreamForecaster(columns.features, dtype=dtype, **sizes)
    return WindowForecaster(
        columns.features,
        config.windows.horizon,
        target_columns=columns.target_columns,
        known_features=len(columns.known_columns),
        kind=model.kind,
        season=model.season,
        normalize_window=model.normalize_window,
        quantiles=quantiles_of(model.interval),
        look_back=config.windows.look_back,
        segment=model.segment,
        known_columns=columns.known_columns,
        dtype=dtype,
        **sizes,
    )


def quantiles_of(interval: float) -> tuple[float, ...]:
    """The quantiles that a model of that prediction interval gives: its ends and the median. None without one."""
    return ((1 - interval) / 2, 0.5, (1 + interval) / 2) if interval else ()


class Forecaster:
    """A trained model with the units of its columns.

    ```python
    forecaster = Forecaster.load("runs/air")
    forecaster.forecast(forecaster.read("this_week.csv"), steps=24).values
    ```

    Args:
        config: `ForecasterConfig`, settled.
        scaler: `Scaler` of all columns.
        model: `WindowForecaster` or `StreamForecaster`, or `ExportedWindows` or `ExportedStream` of a folder.
        calibration: `Calibration` of the intervals.
        run: the `Run` it comes from.

    Attributes:
        columns: `Columns`.
        core: `Windowed` or `Stateful`: what the model does in scaled numbers.
        horizon: int. Steps that are forecast unless told otherwise.
    """

    def __init__(
        self,
        config: ForecasterConfig,
        scaler: Scaler,
        model: Any,
        calibration: Calibration | None = None,
        run: Run | None = None,
    ):
        self.config, self.scaler, self.model, self.run = config, scaler, model, run
        self.columns, self.horizon = Columns.of(config, scaler.columns), config.windows.horizon
        self._non_negative = config.data.non_negative or ()
        calibration = calibration or Calibration()
        if config.model.kind == "stateful":
            self.core = Stateful(config, model, calibration)
        else:
            self.core = Windowed(config, self.columns, model, calibration)

    @classmethod
    def load(cls, run_dir: Paths) -> "Forecaster":
        """Load a run directory, or an exported folder; or a list of run directories, which forecast together.

        Raises:
            InputError: not a run of a forecaster, no weights yet, damaged, or written by a newer version; or several
                that cannot forecast together.
        """
        folder, *others = members_of(run_dir)
        if others:
            from seq2seq.inference.forecaster_ensemble import ForecasterEnsemble  # which is a forecaster itself

            return ForecasterEnsemble([cls.load(each) for each in (folder, *others)])
        run, config = open_run(folder, TASK, ForecasterConfig)
        scaler = Scaler.load(run.scaler)
        config = replace(config, data=of_run(config.data, scaler.columns))
        if isinstance(run, ExportedRun):
            model = exported_stream(run) if config.model.kind == "stateful" else ExportedWindows(run)
        else:
            model = build_model(config, Columns.of(config, scaler.columns))
            run.load_weights(model)
        return cls(config, scaler, model, Calibration.load(run), run)

    @property
    def members(self) -> tuple["Forecaster", ...]:
        """The runs that forecast together, each by itself: this one alone."""
        return (self,)

    @cached_property
    def ridge(self) -> Union["Forecaster", None]:
        """What forecasts by the linear forecast that was fitted beside the model, without intervals: the baseline.

        None where there is no such forecast: of stateful runs, and of runs of earlier versions.
        """
        if not (self.run and self.run.linear.exists()):
            return None
        linear = LinearForecast.load(self.run.linear)
        config = replace(self.config, model=replace(self.config.model, interval=0.0))
        return Forecaster(config, self.scaler, LinearWindows(linear, self.columns), run=self.run)

    @property
    def least_history(self) -> int:
        """Steps that must be known before one can be forecast."""
        return max(member.core.least_history for member in self.members)

    @property
    def stateful(self) -> bool:
        """Whether it reads step by step, and not windows."""
        return isinstance(self.core, Stateful)

    def read(
        self,
        location: Any = None,
        *,
        array: str | None = None,
        report: Report | None = None,
        rejected: list[tuple[int | str, str]] | None = None,
    ) -> Series:
        """Read the series to continue in the way of the training data; columns are matched by name.

        Args:
            location: file, `tfds:NAME/CONFIG`, `hf:NAME`; or a data frame, array or list of arrays, see `series_at`;
                default: the data of the training, to their end.
            array: of an NPZ file, or feature of a data set; default: that of the training.
            report: `Report`.
            rejected: list that takes what cannot be used, as in `read_series`. None: series of a group are left out
                with a warning, and the first such sample raises.

        Raises:
            InputError: data that cannot be read, or a column is missing.
        """
        data = self.config.data
        if location is not None:
            location = series_at(location)
            data = for_other(data, location, array)
        return self.scaler.match(read_usable(data, report or Report(), location, not self.stateful, rejected))

    def read_known(self, location: Any, report: Report | None = None) -> Series:
        """Read the columns that are known ahead, from a file with the steps to forecast and perhaps others.

        It has the columns of groups and times that the data of the training have. Several files, a pattern or a
        folder, are read as one. A data frame is read likewise.

        Raises:
            InputError: the run knows no such columns, or the file cannot be read.
        """
        if not self.columns.known:
            raise InputError(
                f"--known {location}: this run was trained without columns that are known ahead (model.known)."
            )
        location = pattern_of(series_at(location, "known"))
        # What is missing may be in rows that nobody asks for.
        data = replace(for_other(self.config.data, location), columns=self.columns.known, missing="mask", zoned=None)
        if not any(category_of(name, data.categorical) for name in self.columns.known):
            data = replace(data, categorical=None)
        # Beside the warnings about the series to continue these would be taken for theirs.
        return read_data(data, Naming(report or Report(), location), location, windowed=True, joined=True)

    def unscaled(self, values: np.ndarray, scaler: Scaler | None = None) -> np.ndarray:
        """Scaled values of the targets, last axis, in the user's units, float64; of some, never below 0.

        Args:
            values: float array `(…, targets)`.
            scaler: that of the series, where series have units of their own.
        """
        values = (scaler or self.scaler).inverse(values, self.columns.targets)
        floors = [0.0 if name in self._non_negative else -np.inf for name in self.columns.targets]
        return np.maximum(values, floors) if self._non_negative else values

    def usable(self, series: Series, steps: int | None, rejected: list[tuple[int | str, str]]) -> Series:
        """`series` without those that are too short to be forecast, or have values far from those of the training.

        Args:
            series: in the user's units, with the columns of the run.
            steps: int. That follow the end of each; default: the horizon. 0: none, histories may be of any length.
            rejected: list that takes the names of the others, and what is wrong.

        Raises:
            InputError: none can be used.
        """
        steps = self.horizon if steps is None else steps
        known = last_segments(series).lengths.tolist()

        def check(number):
            name, values = series.names[number], series.values[number]
            if steps:
                self.core.check_history(known[number], name, steps, since_gap(series, number, known[number]))
            self.scaler.of(name, values).transform(values)

        return passing(series, check, rejected)

    def forecast(
        self,
        series: Series,
        steps: int | None = None,
        *,
        known: Series | None = None,
        interval: float | None = None,
        report: Report | None = None,
    ) -> Forecast:
        """Forecast the steps after the end of each series.

        Beyond the model's horizon its forecasts are fed back. The interval is there of futures in which each forecast
        is off by errors drawn from those of the validation part.

        Args:
            series: history in the user's units; columns are matched by name. What comes before a gap in time is not
                read, unless the run takes steps as equal.
            steps: int. Default: the horizon of the run.
            known: the columns known ahead for those steps, joined by the names and times of the series.
            interval: float. Share of actual values that the prediction interval is to hold; default: as trained.
            report: `Report`.

        Returns:
            A `Forecast` of all series, in their order.

        Raises:
            InputError: too short a history, missing columns, an interval that was not calibrated.
        """
        check_read(series)
        steps = self.horizon if steps is None else steps
        if steps < 1:
            raise InputError(f"{steps} steps to forecast: expected at least 1.")
        whole_series = self.scaler.match(series)
        series = last_segments(whole_series)
        # Windows are forecast a whole horizon at a time, of which the calendar is read to its end.
        whole = -(-steps // self.horizon) * self.horizon
        clock, level = series.clock, self.core.checked_level(interval)
        times = self.times_ahead(series, whole)
        plans = self._plans(series, times, steps, known)
        scalers, histories = self.scaler.of_each(series), self.columns.read_by_model(series, self.scaler)
        local, ahead, forecasts = times and tuple(map(clock.local, times)), [], []
        for number, history in enumerate(histories):
            gap = since_gap(whole_series, number, len(history))
            self.core.check_history(len(history), series.names[number], steps, gap)
            ahead.append(self.columns.read_ahead(plans[number], local and local[number], whole, scalers[number]))
        with (report or Report()).progress("Forecasting", len(scalers), "series") as progress:
            for made in self.core.forecasts(histories, steps, ahead, level):
                forecasts.append(made)
                progress.advance()
        notes = [*new_series(self, series), *self.core.gaps_of_interval(steps, level)]
        notes += never_seen(self, histories, forecasts, series.names)
        notes += far_values(self, series, plans, scalers)
        points, lowers, uppers = zip(*forecasts, strict=True)
        return Forecast(
            self.columns.targets,
            series.names,
            times and tuple(part[:steps] for part in times),
            tuple(map(self.unscaled, points, scalers)),
            decimals_of_each(self.scaler, whole_series, self.columns.targets),
            tuple(map(self.unscaled, lowers, scalers)) if level else None,
            tuple(map(self.unscaled, uppers, scalers)) if level else None,
            level,
            clock,
            tuple(notes),
        )

    def planned(
        self, series: Series, steps: int | None, known: Series | None, rejected: list[tuple[int | str, str]]
    ) -> Series:
        """`series` without those of which too little is known ahead, as `usable` is without others; see `forecast`."""
        steps, cut = self.horizon if steps is None else steps, last_segments(series)
        times = self.times_ahead(cut, steps)
        with suppress(InputError):
            self._plans(cut, times, steps, known)
            return series

        def check(number):
            self._plans(cut.take([number]), times and times[number : number + 1], steps, known)

        return passing(series, check, rejected)

    def times_ahead(self, series: Series, steps: int) -> tuple[np.ndarray, ...] | None:
        """The times of the steps after each series; None where they have none."""
        rhythm = series.reading.rhythm if series.reading.gaps else None
        return series.times and continue_each(series.times, steps, rhythm, series.clock)

    def _plans(self, series, times, steps, known):
        """What is known of the steps after each series."""
        if not self.columns.known:
            return [None] * len(series.values)
        called = self.columns.in_table(self.columns.known)
        return join_plans(known, series.names, times, steps, self.columns.known, series.clock, called)
