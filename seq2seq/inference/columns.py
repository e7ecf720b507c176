"""What each column is to a forecaster, and the arrays that it reads."""

from dataclasses import dataclass, replace

import numpy as np

from seq2seq.config import ForecasterConfig
from seq2seq.errors import InputError
from seq2seq.report import Report
from seq2seq.series.calendar import calendar_columns, calendar_features
from seq2seq.series.reading import category_of
from seq2seq.series.scaling import Scaler
from seq2seq.series.series import column_positions
from seq2seq.series.table import Series

HOUR = 3_600 * 10**9  # nanoseconds


@dataclass(frozen=True)
class Columns:
    """The columns of the data, in their order, and what they are to the model.

    Attributes:
        names: all that are read.
        targets: those that are forecast.
        known: those that are known ahead.
        calendar: calendar features, which are read after the columns and known ahead too.
    """

    names: tuple[str, ...]
    targets: tuple[str, ...]
    known: tuple[str, ...] = ()
    calendar: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: ForecasterConfig, names: tuple[str, ...]) -> "Columns":
        """The columns `names` of the data as `config` wants them used.

        Raises:
            InputError: a column that is wanted is not there, or is both forecast and known ahead.
        """
        model = config.model
        categories, calendar = config.data.categorical or (), model.calendar or ()
        known, targets = (_with_values(wanted, names, categories) for wanted in (model.known, model.targets))
        targets = targets or tuple(name for name in names if name not in known and not category_of(name, categories))
        column_positions((*targets, *known), names, "the data")
        calendar_columns(calendar)
        if both := [name for name in targets if name in known]:
            raise InputError(f"the column {both[0]!r} is in model.targets and in model.known: it is one or the other.")
        if not targets:
            raise InputError(f"model.known={','.join(known)} leaves no column to forecast.")
        return cls(names, targets, known, calendar)

    @property
    def features(self) -> int:
        """Columns that the model reads in each step of its window."""
        return len(self.names) + len(calendar_columns(self.calendar))

    @property
    def target_columns(self) -> list[int]:
        """Where the forecast columns are in those that the model reads."""
        return [self.names.index(name) for name in self.targets]

    @property
    def known_columns(self) -> list[int]:
        """Where those known ahead are in those that the model reads."""
        return [*map(self.names.index, self.known), *range(len(self.names), self.features)]

    def read_by_model(self, series: Series, scaler: Scaler) -> list[np.ndarray]:
        """Scaled float32 `(steps, features)` of each series, the calendar after the columns."""
        pairs = zip(series.names, series.values, strict=True)
        scaled = [scaler.of(name, values).transform(values) for name, values in pairs]
        if not self.calendar:
            return scaled
        if series.times is None:
            raise InputError(f"model.calendar={','.join(self.calendar)} needs a column of times: name it with --time.")
        return [
            np.concatenate((values, self.calendar_of(times)), axis=1)
            for values, times in zip(scaled, series.local_times, strict=True)
        ]

    def read_ahead(
        self, plans: np.ndarray | None, times: np.ndarray | None, steps: int, whole: int, scaler: Scaler
    ) -> np.ndarray | None:
        """What the model reads about the steps that it forecasts.

        Args:
            plans: float `(at least steps, known columns)` in the user's units, the columns known ahead; or `None`.
            times: of `whole` steps, by the clock on the wall; or `None` where there are none.
            steps: int. How many are to be forecast: of so many the columns must be known.
            whole: int. Steps up to the end of a horizon. The columns are NaN beyond `steps`.
            scaler: `Scaler` of all columns, of the series that is forecast.

        Returns:
            Scaled float32 `(whole, known features)`; `None` for a model that reads nothing ahead.

        Raises:
            InputError: the columns are not known for so many steps.
        """
        if not self.known_columns:
            return None
        ahead = []
        if self.known:
            if plans is None or len(plans) < steps:
                names = ", ".join(self.known)
                raise InputError(f"{names} must be known for the {steps} steps ahead: give them with --known FILE.")
            at = [self.names.index(name) for name in self.known]
            rows = np.full((whole, len(self.names)), np.nan)
            rows[:steps, at] = plans[:steps]
            ahead.append(scaler.transform(rows)[:, at])
        if self.calendar:
            ahead.append(self.calendar_of(times))
        return np.concatenate(ahead, axis=1)

    def calendar_of(self, times: np.ndarray) -> np.ndarray:
        """float32 `(steps, calendar features)` of times."""
        return calendar_features(times, self.calendar).astype(np.float32)


def _with_values(wanted, names, categories):
    """The columns that are wanted, of a category all of its values."""
    return tuple(
        name
        for column in wanted or ()
        for name in ([each for each in names if category_of(each, [column])] if column in categories else [column])
    )


def settled(config: ForecasterConfig, series: Series, report: Report) -> ForecasterConfig:
    """`config` with the season and the residual that it leaves to the data."""
    model, look_back = config.model, config.windows.look_back
    season = model.season
    if season is None:
        season = season_of(series.times[0]) if series.times else 0
    residual = model.residual
    if residual == "auto":
        residual = "season" if model.kind != "stateful" and 0 < season <= look_back else "last"
    needed = {"season": season, "season_growth": season + 1}.get(residual, 0)  # steps of a window
    if needed and model.kind == "stateful":
        raise InputError(
            f"model.residual={residual} needs windows: a stateful model forecasts the change from the last."
        )
    if needed and not (season and needed <= look_back):
        raise InputError(
            f"model.residual={residual} with a season of {season} steps and windows of {look_back}: set model.season, "
            f"and windows.look_back to at least {needed}."
        )
    said = {"none": "the values themselves", "last": "the change from the last value"}
    said["season"] = f"the change from the value {season} steps before"
    said["season_growth"] = f"{said['season']} with its latest growth"
    report.say(f"season: {f'{season} steps' if season else 'none'}; the model learns {said[residual]}")
    return replace(config, model=replace(model, season=season, residual=residual))


def season_of(times: np.ndarray) -> int:
    """Steps of the season that times suggest: a day of hours or less, a week of days, a year of months or quarters.

    Args:
        times: datetime64 or float64 array, `(steps,)`.

    Returns:
        int; 0 where there is none.

    >>> season_of(np.arange("2024-01-01", "2024-01-05", dtype="datetime64[h]"))
    24
    """
    if times.dtype.kind != "M" or len(times) < 3:
        return 0
    step = float(np.median(np.diff(times.astype("datetime64[ns]")).astype(np.int64))) / HOUR
    if step < 24:
        return round(24 / step) if step > 0 and abs(24 / step - round(24 / step)) < 1e-6 else 0
    # Months and quarters are of different lengths.
    return next((season for low, high, season in _SEASONS if 24 * low <= step <= 24 * high), 0)


_SEASONS = ((1, 1, 7), (28, 31, 12), (89, 92, 4))  # days between steps, at least and at most; steps of the season
