"""Several forecasters that answer as one: by the means of their forecasts and of the ends of their intervals."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from seq2seq.inference.agreement import check_columns, check_settings, naming, read_alike
from seq2seq.inference.forecast import Forecast
from seq2seq.inference.forecaster import Forecaster
from seq2seq.report import Report
from seq2seq.series.series import Series


class ForecasterEnsemble(Forecaster):
    """Runs of the same columns, steps and horizon; how each looks back, its layers, units and seed are its own.

    The mean is taken of what they say in the user's units: of the forecasts, and of each end of the intervals, which
    averages quantiles (Lichtendahl, Grushka-Cockayne and Winkler 2013, "Is it better to average probabilities or
    quantiles?"). Beyond the horizon each run feeds back its own forecasts. Data are read, and all else is told, as the
    first run says.

    Args:
        members: sequence of `Forecaster`, the first one first.

    Raises:
        InputError: they cannot forecast together.
    """

    def __init__(self, members: Sequence[Forecaster]):
        first, *others = members
        for other in others:
            _check_fits(first, other)
        super().__init__(first.config, first.scaler, first.model, first.core.calibration, first.run)
        self._members = tuple(members)

    @property
    def members(self) -> tuple[Forecaster, ...]:
        """The runs that forecast together, each by itself."""
        return self._members

    @cached_property
    def ridge(self) -> Forecaster | None:
        """The linear forecasts of all runs together, see `Forecaster.ridge`; None where one has none."""
        found = [member.ridge for member in self.members]
        return ForecasterEnsemble(found) if all(found) else None

    def usable(self, series: Series, steps: int | None, rejected: list[tuple[int | str, str]]) -> Series:
        """`series` without those that one of the runs cannot forecast, see `Forecaster.usable`."""
        for member in self.members:
            series = member.usable(member.scaler.match(series), steps, rejected)
        return self.scaler.match(series)

    def forecast(
        self,
        series: Series,
        steps: int | None = None,
        *,
        known: Series | None = None,
        interval: float | None = None,
        report: Report | None = None,
    ) -> Forecast:
        """Forecast the steps after the end of each series, see `Forecaster.forecast`.

        The interval is by default that of the first run, for which all must be calibrated.
        """
        level, made = self.core.checked_level(interval), []
        for member in self.members:
            with naming(member.run):
                made.append(member.forecast(series, steps, known=known, interval=level, report=report))
        return _mean_of(made)


def _mean_of(made):
    """The mean of forecasts of the same series, whose columns may have another order."""
    first = made[0]
    orders = [[each.columns.index(name) for name in first.columns] for each in made]

    def mean(name):
        of_runs = ([part[:, order] for part in getattr(each, name)] for each, order in zip(made, orders, strict=True))
        return tuple(np.mean(parts, axis=0) for parts in zip(*of_runs, strict=True))

    return replace(
        first,
        values=mean("values"),
        lower=first.lower and mean("lower"),
        upper=first.upper and mean("upper"),
        notes=tuple(dict.fromkeys(note for each in made for note in each.notes)),
    )


def _check_fits(first, other):
    both = f"{other.run.path} and {first.run.path} cannot forecast together"
    for name, what in (("names", "read"), ("targets", "forecast"), ("known", "known ahead")):
        check_columns(both, what, getattr(first.columns, name), getattr(other.columns, name))
    check_settings(both, _settings(first), _settings(other))


def _settings(forecaster):
    """What two runs must have in common, by the names of the settings."""
    kind = "stateful" if forecaster.stateful else "of windows"
    return {"model.kind": kind, "windows.horizon": forecaster.horizon, **read_alike(forecaster.config.data)}
