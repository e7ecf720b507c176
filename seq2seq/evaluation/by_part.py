"""Scores of forecasts by column and by series, and of all together in a unit that they have in common."""

from collections.abc import Mapping, Sequence

import numpy as np

from seq2seq.evaluation.forecasting import Scores, coverage, forecast_scores, mean_width


def scaled_scores(actual: np.ndarray, predicted: np.ndarray, scale: np.ndarray) -> Scores:
    """`mae_scaled` and `mse_scaled`: errors in the unit `scale`, as scores of scaled data are published.

    Args:
        actual, predicted: float arrays `(windows, horizon, columns)`.
        scale: float array that broadcasts to them.
    """
    scores = forecast_scores(actual, predicted, scale)
    return {f"{name}_scaled": scores[name] for name in ("mae", "mse")}


def by_column(
    columns: Sequence[str], actual: np.ndarray, named: Mapping[str, np.ndarray]
) -> dict[str, dict[str, float]]:
    """Column → name of a forecast → its RMSE there, in the unit of that column; of columns of which something came.

    Args:
        columns: their names.
        actual: float array `(windows, horizon, columns)`, NaN = not observed.
        named: from the name of each forecast to an array of that shape.
    """
    return {
        column: {name: forecast_scores(actual[..., k], forecast[..., k])["rmse"] for name, forecast in named.items()}
        for k, column in enumerate(columns)
        if not np.isnan(actual[..., k]).all()
    }


def intervals_by_column(columns: Sequence[str], lower: np.ndarray, upper: np.ndarray, actual: np.ndarray) -> dict:
    """What there is to say of intervals of columns in different units.

    Args:
        columns: their names.
        lower, upper, actual: float arrays `(windows, horizon, columns)`.

    Returns:
        From the name of each to the share of the values that its intervals hold (`coverage`) and their mean `width` in
        its unit; of columns of which something came.
    """
    return {
        column: {
            "coverage": coverage(lower[..., k], upper[..., k], actual[..., k]),
            "width": mean_width(lower[..., k], upper[..., k]),
        }
        for k, column in enumerate(columns)
        if not np.isnan(actual[..., k]).all()
    }


def by_group(
    names: Sequence[str],
    counts: Sequence[int],
    actual: np.ndarray,
    named: Mapping[str, np.ndarray],
    scale: np.ndarray | float,
) -> dict[str, dict[str, float]]:
    """Series → name of a forecast → the root of its mean squared error there; empty where there is but one series.

    Args:
        names: of each series, or stretch of one.
        counts: how many windows of each there are, one after the other.
        actual: float array `(windows, horizon, columns)`, NaN = not observed.
        named: from the name of each forecast to an array of that shape.
        scale: what errors are in: a float or an array that broadcasts to `actual`.
    """
    number_of = {name: number for number, name in enumerate(dict.fromkeys(names))}
    of_row = np.repeat([number_of[name] for name in names], counts)
    if len(np.unique(of_row)) < 2:
        return {}
    observed = np.bincount(of_row, (~np.isnan(actual)).sum(axis=(1, 2)), len(number_of))

    def errors(forecast):
        squares = np.nansum(np.square((forecast - actual) / scale), axis=(1, 2))
        return np.sqrt(np.bincount(of_row, squares, len(number_of)) / np.maximum(observed, 1)).tolist()

    found = {name: errors(forecast) for name, forecast in named.items()}
    return {
        group: {name: each[number] for name, each in found.items()}
        for group, number in number_of.items()
        if observed[number]
    }
