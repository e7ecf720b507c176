"""Pictures of forecasts: in the user's units, over the user's times, a gap where a value is NaN."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from seq2seq.errors import InputError
from seq2seq.plots.panels import DATA, MODEL, as_times, draw_line, finish, make_panels, short_label, with_breaks


def forecast(
    history,
    history_times,
    predicted,
    times,
    lower=None,
    upper=None,
    baselines: Mapping[str, Sequence[float]] | None = None,
    actual=None,
    column: str = "",
    unit: str = "",
    interval: float | None = None,
    title: str = "",
) -> Figure:
    """Draw a forecast of one column after the end of its history, beside naive ones and what came, where known.

    Args:
        history: float array, `(steps,)`. The last 48 steps of it are drawn, or three times the horizon if that is more.
        history_times: array of `steps` datetime64 or numbers; None counts from 0, and then `times` is None too.
        predicted: float array, `(horizon,)`.
        times: array of `horizon` datetime64 or numbers, after `history_times`.
        lower, upper: float arrays, `(horizon,)`: the ends of the prediction interval.
        baselines: dict from the name of a naive forecast to its `(horizon,)` values.
        actual: float array, `(horizon,)`: what came; NaN where unknown.
        column: str. What is forecast.
        unit: str. Its unit.
        interval: float. The share that the prediction interval is to cover, such as 0.9.
        title: str.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        InputError: if the shapes do not fit, or history or forecast are empty.
    """
    history, predicted = (np.asarray(values, dtype=np.float64) for values in (history, predicted))
    if history.ndim != 1 or predicted.ndim != 1 or not history.size or not predicted.size:
        raise InputError(
            f"A history of shape {history.shape} and a forecast of shape {predicted.shape};"
            " pass one column of each, (steps,) and (horizon,), neither of them empty."
        )
    steps, horizon = len(history), len(predicted)
    past = as_times(history_times, steps)
    future = np.arange(steps, steps + horizon) if times is None else as_times(times, horizon)
    kept = slice(-max(48, 3 * horizon), None)
    # Lines start at the last known value, so that a horizon of one step shows too.
    joined = np.concatenate([past[-1:], future])
    after = lambda name, values: np.concatenate([history[-1:], _future(name, values, horizon)])  # noqa: E731
    figure, panels = make_panels([3.4])
    axes = panels[0]
    marker = {"marker": "."} if horizon <= 36 else {}
    draw_line(axes, past[kept], history[kept], DATA, "history")
    if actual is not None:
        draw_line(axes, joined, after("actual values", actual), "black", "actual", **marker)
    draw_line(axes, joined, after("forecast", predicted), MODEL, "forecast", linewidth=1.8, zorder=3, **marker)
    if lower is not None and upper is not None:
        label = "interval" if interval is None else f"{100 * interval:g} % interval"
        ends = after("lower end", lower), after("upper end", upper)
        axes.fill_between(*with_breaks(joined, *ends), color=MODEL, alpha=0.25, linewidth=0, label=label)
    for number, (name, values) in enumerate((baselines or {}).items()):
        style = ("--", ":", "-.")[number % 3]
        draw_line(axes, joined, after(name, values), f"C{number % 8 + 1}", name, linestyle=style)
    axes.axvline(past[-1], color="0.6", linewidth=0.8)
    axes.set_ylabel(short_label(", ".join(filter(None, (column, unit))) or "value", 40), parse_math=False)
    return finish(figure, panels, joined, title)


def forecasts_over(
    times, values: Mapping[str, Sequence[float]], title: str = "", column: str = "", interval: float | None = None
) -> Figure:
    """Draw what came and what was forecast over a stretch of time.

    Args:
        times: array of `steps` datetime64 or numbers.
        values: dict of name to `(steps,)` values; "low" and "high" are the ends of the interval of the forecast.
        title: str.
        column: str. What is forecast.
        interval: float. The share that the interval is to cover.

    Returns:
        A `matplotlib.figure.Figure`.
    """
    values = {name: np.asarray(line, np.float64) for name, line in values.items()}
    times = as_times(times, len(values["actual"]))
    figure, panels = make_panels([3.6])
    axes = panels[0]
    low, high = values.pop("low", None), values.pop("high", None)
    marker = {"marker": "."} if len(times) <= 60 else {}
    draw_line(axes, times, values.pop("actual"), "black", "actual", **marker)
    draw_line(axes, times, values.pop("forecast"), MODEL, "forecast", zorder=3, **marker)
    if low is not None:
        label = "interval" if interval is None else f"{100 * interval:g} % interval"
        axes.fill_between(*with_breaks(times, low, high), color=MODEL, alpha=0.25, linewidth=0, label=label)
    for number, (name, line) in enumerate(values.items()):
        draw_line(axes, times, line, f"C{number % 8 + 1}", name, linestyle=("--", ":", "-.")[number % 3], linewidth=0.8)
    axes.set_ylabel(short_label(column or "value", 40), parse_math=False)
    return finish(figure, panels, times, title)


def _future(name: str, values, horizon: int) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (horizon,):
        raise InputError(f"{name}: shape {values.shape} for a forecast of {horizon} steps; pass one value for each.")
    return values
