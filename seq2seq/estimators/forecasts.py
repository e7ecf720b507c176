"""A series into its next steps: a forecaster as sktime knows them."""

from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar
from warnings import warn

import numpy as np
import pandas as pd

from seq2seq.config import ForecasterConfig, resolve
from seq2seq.config.series import ForecasterDataConfig
from seq2seq.errors import InputError, installed_with
from seq2seq.estimators.sequences import seed_of
from seq2seq.estimators.stored_run import StoredForecaster
from seq2seq.evaluation.forecasting import interval_end
from seq2seq.tasks.train_forecaster import train

try:
    from sktime.forecasting.base import BaseForecaster, ForecastingHorizon
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(f"SequenceForecaster needs the package sktime: {installed_with('sktime')}.") from error

OWN = ("data.test_share=0", "data.missing=mask")  # of the settings, unless told
SERIES = "series"  # column that names the series of a panel


class SequenceForecaster(BaseForecaster):
    """An LSTM that starts from a linear forecast of its window, for one series or a panel that it learns as a whole.

    >>> from seq2seq import SequenceForecaster
    >>> from sktime.datasets import load_airline
    >>> forecaster = SequenceForecaster(look_back=24, units=8, epochs=1).fit(load_airline(), fh=range(1, 13))
    >>> forecaster.predict().shape, forecaster.predict_interval(coverage=0.9).shape
    ((12,), (12, 2))

    All columns of `y` are forecast; those of `X` are known ahead, and at a step of which nothing is asked and no `X`
    given they are as they were before. A missing value counts as not observed. `update` adds to what is known; with
    `update_params=True` it trains anew on all of that. The estimator pickles as the bytes of a run's files and what it
    has seen.

    Args:
        look_back: int. Steps that are read for a forecast.
        horizon: int. Steps that are forecast at once, beyond which forecasts are fed back; None: the last of the `fh`
            that `fit` is given, or else 1.
        units: int. Width of the LSTM.
        epochs: int. None: that of the settings.
        settings: sequence of str. Any other of the settings of a forecaster, `"section.name=value"`.
        random_state: int, RandomState or None, which draws one. What decides all random choices.

    Attributes:
        run_: `StoredForecaster`, with `forecaster`, the loaded run.
    """

    _tags: ClassVar = {
        "authors": "seq2seq",
        "maintainers": "seq2seq",
        "python_dependencies": "seq2seq",
        "capability:multivariate": True,
        "capability:exogenous": True,
        "capability:insample": False,
        "capability:pred_int": True,
        "capability:pred_int:insample": False,
        "capability:missing_values": True,
        "capability:categorical_in_X": False,
        "capability:random_state": True,
        "capability:update": True,
        "y_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
        "X_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
        "requires-fh-in-fit": False,
        "X-y-must-have-same-index": True,
    }

    _config: ClassVar = {"remember_data": False}  # since it keeps what it has seen itself

    run_: StoredForecaster

    def __init__(
        self,
        look_back: int = 24,
        horizon: int | None = None,
        units: int = 64,
        epochs: int | None = None,
        settings: Sequence[str] = (),
        random_state: Any = 1,
    ) -> None:
        self.look_back, self.horizon, self.units = look_back, horizon, units
        self.epochs, self.settings, self.random_state = epochs, settings, random_state
        super().__init__()

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Arguments of estimators that sktime's own checks can train in a moment."""
        small = {"units": 2, "epochs": 1, "settings": ["training.precision=float32"]}
        return [{"look_back": 3, **small}, {"look_back": 2, "horizon": 2, **small}]

    def _fit(self, y, X, fh):
        self._columns = [*y.columns], [] if X is None else [*X.columns]
        self._known = self._joined(y, X)
        self._train(1 if fh is None else self._ahead(fh).max())
        return self

    def _train(self, furthest):
        """Train on all that is known, for a horizon to the `furthest` step that is asked for, unless it is told."""
        horizon = max(1, int(furthest)) if self.horizon is None else self.horizon
        longest = max(len(steps) for _, steps in _each(self._known))
        held_out = max(ForecasterDataConfig.valid_share, horizon / longest)
        targets, known = self._names
        own = [*OWN, f"data.valid_share={held_out:.6f}"]
        settings = self.settings if isinstance(self.settings, str) else [*own, *self.settings]  # a str is refused
        config = resolve(
            ForecasterConfig,
            settings=settings,
            data__group=SERIES if isinstance(self._known.index, pd.MultiIndex) else None,
            data__columns=[*targets, *known],  # also where one counts up, as numbers of rows do
            windows__look_back=self.look_back,
            windows__horizon=horizon,
            model__targets=targets,
            model__known=known or None,
            model__units=self.units,
            training__epochs=self.epochs,
            seed=seed_of(self.random_state),
        )
        with TemporaryDirectory() as folder:
            train(config, Path(folder) / "run", data=_table(self._known))
            self.run_ = StoredForecaster.of(Path(folder) / "run")

    def _update(self, y, X=None, update_params=True):
        known = pd.concat([self._known, self._joined(y, X)])
        self._known = _without_gaps(known[~known.index.duplicated(keep="last")].sort_index())
        if update_params:
            self._train(self._ahead(self._fh).max() if self._fh is not None else 1)
        return self

    def _predict(self, fh, X):
        return self._forecast(fh, X, 0.0)[0]

    def _predict_interval(self, fh, X, coverage):
        """Ends of intervals that were calibrated on the validation part; between two levels, and beyond the last, as
        those of normal errors."""
        levels = sorted(self.run_.forecaster.core.calibration.levels)
        if not levels:
            raise InputError(
                "no interval could be calibrated: the validation part is too short; give more steps, a larger "
                "data.valid_share or a shorter horizon."
            )
        if max(coverage) > levels[-1]:
            warn(
                f"coverage={max(coverage):g} is more than the validation part can tell ({levels[-1]:g}): such an "
                "interval is as wide as it would be if errors were normal.",
                stacklevel=2,
            )
        beside = {bisect_left(levels, share) + step for share in coverage for step in (-1, 0)}
        levels = [level for place, level in enumerate(levels) if place in beside]  # the others are not looked at
        middle = self._forecast(fh, X, 0.0)[0]
        ends = {level: self._forecast(fh, X, level)[1:] for level in levels}
        found = {}
        for number, name in enumerate(self._get_varnames()):
            for share in coverage:
                for side, end in enumerate(("lower", "upper")):
                    known = np.stack([ends[level][side].to_numpy()[:, number] for level in levels])
                    found[name, share, end] = interval_end(share, levels, known, middle.to_numpy()[:, number])
        index = pd.MultiIndex.from_tuples(found)
        return pd.DataFrame(np.stack([*found.values()], axis=1), index=middle.index, columns=index)

    @property
    def _names(self):
        """What the columns of `y` and of `X` are called in a run, where no two have one name."""
        targets, known = self._columns
        return [f"y{number}" for number in range(len(targets))], [f"x{number}" for number in range(len(known))]

    def _joined(self, y, X):
        parts = [_numbers(y, self._columns[0], "y")]
        parts += [] if X is None else [_numbers(X, self._columns[1], "X").reindex(y.index)]
        named = [part.set_axis(names, axis=1) for part, names in zip(parts, self._names, strict=False)]
        return _without_gaps(pd.concat(named, axis=1).sort_index())

    def _ahead(self, fh):
        return np.asarray(fh.to_relative(self.cutoff).to_pandas())

    def _forecast(self, fh, X, level):
        """Forecasts at `fh`, and the ends of their intervals if a level is asked for: data frames as `y` is."""
        ahead, index = self._ahead(fh), self._index(fh)
        forecaster = self.run_.forecaster
        known = forecaster.read_known(_table(self._plan(X, index, ahead.max()))) if self._names[1] else None
        history = forecaster.read(_table(self._known))
        made = forecaster.forecast(history, int(ahead.max()), known=known, interval=level)
        parts = (made.values, made.lower, made.upper) if level else (made.values,)
        rows = [np.concatenate([part[ahead - 1] for part in each]) for each in parts]
        return [pd.DataFrame(each, index, columns=self._columns[0]) for each in rows]

    def _index(self, fh):
        """The index of forecasts at `fh`: after the end of each series, or of all of them.

        Raises:
            InputError: some end earlier, and `fh` says when and not how far ahead.
        """
        ends = {steps.index.get_level_values(-1)[-1] for _, steps in _each(self._known)}
        if len(ends) == 1:
            return fh.get_expected_pred_idx(self._known, cutoff=self.cutoff)
        if not fh.is_relative:
            raise InputError(
                f"The series of the panel end between {min(ends)} and {max(ends)}: give fh in steps ahead of each."
            )
        return fh.get_expected_pred_idx(self._known)

    def _plan(self, X, index, furthest):
        """The columns of `X` at each step up to the `furthest`; one that is not given is as the one before.

        Raises:
            InputError: they are not given at those of `index`, which are asked for.
        """
        if X is None or not index.isin(X.index).all():
            raise InputError("X must be given at each step of fh: the columns of X in fit are known ahead.")
        known, X = self._known[self._names[1]], _numbers(X, self._columns[1], "X")
        if X.loc[index].isna().to_numpy().any():
            raise InputError("X has missing values at steps of fh, where the columns of X in fit are to be known.")
        steps = self._index(ForecastingHorizon(np.arange(1, furthest + 1), is_relative=True))
        whole = pd.concat([known, X.set_axis(known.columns, axis=1)])
        whole = whole[~whole.index.duplicated(keep="last")].reindex(known.index.union(steps))
        levels = [*range(whole.index.nlevels - 1)]
        return (whole.groupby(level=levels) if levels else whole).ffill().loc[steps]


def _each(frame):
    """Each series of a panel, or the only one."""
    if not isinstance(frame.index, pd.MultiIndex):
        return [("", frame)]
    return frame.groupby(level=[*range(frame.index.nlevels - 1)])


def _numbers(frame, columns, what):
    """The columns of a frame by their names, as floats.

    Raises:
        InputError: one is missing, or not of numbers.
    """
    if missing := [name for name in columns if name not in frame.columns]:
        raise InputError(f"{what} has no column {missing[0]!r}, which fit was given: it has {[*frame.columns]}.")
    try:
        return frame[columns].astype(float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} has a column that is not of numbers: {error}.") from error


def _without_gaps(frame):
    """The frame itself.

    Raises:
        InputError: its steps are integers that do not follow one another, and nothing tells what lies between.
    """
    for _, steps in _each(frame):
        at = steps.index.get_level_values(-1)
        if pd.api.types.is_integer_dtype(at.dtype) and (np.diff(at) != 1).any():
            row = int(np.argmax(np.diff(at) != 1))
            raise InputError(
                f"after step {at[row]} comes step {at[row + 1]}: give every step, NaN where nothing was observed, or "
                "an index of times."
            )
    return frame


def _table(frame):
    """A frame as `series_at` reads it: the series of a panel in a column, times in another, steps that are numbers in
    none."""
    if not isinstance(frame.index, pd.MultiIndex):
        return frame if isinstance(frame.index, pd.DatetimeIndex | pd.PeriodIndex) else frame.reset_index(drop=True)
    series, times = frame.index.droplevel(-1), frame.index.get_level_values(-1)
    named = [str(each) for each in series]
    table = frame.reset_index(drop=True).assign(**{SERIES: named})
    if isinstance(times, pd.PeriodIndex):
        times = times.to_timestamp()
    return table.assign(time=times) if isinstance(times, pd.DatetimeIndex) else table
