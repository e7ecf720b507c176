"""What the user should be told of forecasts that were made."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from seq2seq.report import counted
from seq2seq.series.far import far_in_any
from seq2seq.series.scaling import Scaler
from seq2seq.series.series import Series, some_of

if TYPE_CHECKING:
    from seq2seq.inference.forecaster import Forecaster


def far_values(
    forecaster: "Forecaster", series: Series, plans: Sequence[np.ndarray | None], scalers: Sequence[Scaler]
) -> list[str]:
    """What there is to say of values far from the training, in what the model reads: once for each column."""
    each = list(zip(series.values, scalers, series.names, strict=True))
    read = [(values[-forecaster.core.least_history :], series.columns, *of) for values, *of in each]
    known = forecaster.columns.known
    ahead = [(plan, known, *of) for plan, (_, *of) in zip(plans, each, strict=True) if plan is not None]
    return far_in_any(read + ahead)


def new_series(forecaster: "Forecaster", series: Series) -> list[str]:
    """What there is to say of series that have units of their own, which were not there in training."""
    new = forecaster.scaler.new(series.names)
    return [f"{some_of(new)} not there in training: forecast in units of its own values"] if new else []


def never_seen(
    forecaster: "Forecaster",
    histories: Sequence[np.ndarray],
    forecasts: Sequence[tuple[np.ndarray, np.ndarray | None, np.ndarray | None]],
    names: Sequence[str],
) -> list[str]:
    """Say of which targets a window has no value, and empty the intervals of these, where there are some."""
    if forecaster.stateful:
        return []
    columns, look_back = forecaster.columns, forecaster.core.least_history
    unseen: dict[tuple[str, ...], list[str]] = {}
    for history, (_, *ends), name in zip(histories, forecasts, names, strict=True):
        window = history[-look_back:, columns.target_columns]
        targets = np.flatnonzero(np.isnan(window).all(axis=0))
        if len(targets):
            unseen.setdefault(tuple(columns.targets[each] for each in targets), []).append(name)
            for end in ends:
                if end is not None:
                    end[:, targets] = np.nan
    without = ", and has no interval" if any(end is not None for _, *ends in forecasts for end in ends) else ""
    return [
        f"{', '.join(targets)}{f' of {some_of(of)}' if any(of) else ''} has no value in the "
        f"{counted(look_back, 'step')} that the model reads: its forecast rests on the other columns and the "
        f"training part alone{without}"
        for targets, of in unseen.items()
    ]
