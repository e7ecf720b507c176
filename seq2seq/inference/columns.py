"""What each column is to a forecaster, and the arrays that it reads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seq2seq.config import ForecasterConfig
from seq2seq.errors import InputError
from seq2seq.series.calendar import calendar_columns, calendar_features
from seq2seq.series.reading import category_of
from seq2seq.series.scaling import Scaler
from seq2seq.series.series import column_positions, listed
from seq2seq.series.table import Series


@dataclass(frozen=True)
class Columns:
    """The columns of the data, in their order, and what they are to the model.

    Attributes:
        names: all that are read.
        targets: those that are forecast.
        known: those that are known ahead.
        calendar: calendar features, which are read after the columns and known ahead too.
        categories: columns of the table that are among `names` as one for each of their values.
    """

    names: tuple[str, ...]
    targets: tuple[str, ...]
    known: tuple[str, ...] = ()
    calendar: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

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
            name = category_of(both[0], categories) or both[0]
            raise InputError(f"the column {name!r} is in model.targets and in model.known: it is one or the other.")
        if not targets:
            raise InputError(f"model.known={listed(model.known)} leaves no column to forecast.")
        return cls(names, targets, known, calendar, tuple(categories))

    def in_table(self, names: Sequence[str]) -> tuple[str, ...]:
        """These columns as the table has them: of a category once, and not one for each of its values."""
        return tuple(dict.fromkeys(category_of(name, self.categories) or name for name in names))

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
        pairs = zip(scaler.of_each(series), series.values, strict=True)
        scaled = [alone.transform(values) for alone, values in pairs]
        if not self.calendar:
            return scaled
        if series.times is None:
            raise InputError(f"model.calendar={','.join(self.calendar)} needs a column of times: name it with --time.")
        return [
            np.concatenate((values, self.calendar_of(times)), axis=1)
            for values, times in zip(scaled, series.local_times, strict=True)
        ]

    def read_ahead(
        self, plans: np.ndarray | None, times: np.ndarray | None, whole: int, scaler: Scaler
    ) -> np.ndarray | None:
        """What the model reads about the steps that it forecasts.

        Args:
            plans: float `(steps, known columns)` in the user's units, the columns known ahead; or `None` without any.
            times: of `whole` steps, by the clock on the wall; or `None` where there are none.
            whole: int. Steps up to the end of a horizon. The columns are NaN beyond those of `plans`.
            scaler: `Scaler` of all columns, of the series that is forecast.

        Returns:
            Scaled float32 `(whole, known features)`; `None` for a model that reads nothing ahead.
        """
        if not self.known_columns:
            return None
        ahead = []
        if self.known:
            at = [self.names.index(name) for name in self.known]
            rows = np.full((whole, len(self.names)), np.nan)
            rows[: len(plans), at] = plans
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
