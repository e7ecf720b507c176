"""Pictures of what numeric models did: in the user's units, over the user's times, a gap where a value is NaN."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seq2seq.errors import InputError
from seq2seq.plots.heat import gaps_after, heat_map, strongest

_MOST_COLUMNS = 6  # panels in a figure; more would be too low to read
_STRONGEST = 4  # of more columns: those with a panel of their own above the heat map of all
_DATA, _MODEL, _ALARM, _LABELLED = "0.25", "C0", "C3", "C1"  # colours
_FILL = {"color": _ALARM, "alpha": 0.25, "linewidth": 0}

# Dates on the axis, and beside it what they leave out; the formats of `ConciseDateFormatter`, years to seconds.
_DATES = {
    "formats": ["%Y", "%b", "%d %b", "%H:%M", "%H:%M", "%S.%f"],
    "zero_formats": ["", "%Y", "%d %b", "%d %b", "%H:%M", "%H:%M"],
    "offset_formats": ["", "%Y", "%Y", "%d %b %Y", "%d %b %Y", "%d %b %Y, %H:%M"],
}


def reconstruction(original, reconstructed, times=None, columns: Sequence[str] = (), title: str = "") -> Figure:
    """Draw a sequence, what an autoencoder made of it, and the error below, one pair of panels for each column.

    Args:
        original: float array, `(steps, features)`, in the user's units; NaN where not observed.
        reconstructed: float array like `original`.
        times: array of `steps` datetime64 or numbers; None counts the steps from 0.
        columns: sequence of `features` str, with units where known, such as `"pressure, kPa"`; may be left out.
        title: str.

    Returns:
        A `matplotlib.figure.Figure`. Of more than six columns those four are drawn that are most off, over how much
        they vary, and the errors of all as a heat map below.

    Raises:
        InputError: if the shapes do not fit, or there is no step or no column.
    """
    original, names = _table(original, columns)
    reconstructed = np.asarray(reconstructed, dtype=np.float64)
    if reconstructed.shape != original.shape:
        raise InputError(
            f"A reconstruction of shape {reconstructed.shape} for values of shape {original.shape};"
            " pass the same (steps, features) for both."
        )
    times, errors = _times(times, len(original)), np.abs(reconstructed - original)
    spread = np.nanstd(original, axis=0)
    errors_over = np.divide(errors, spread, out=np.zeros_like(errors), where=spread > 0)
    many = len(names) > _MOST_COLUMNS
    shown = strongest(errors_over, _STRONGEST) if many else list(range(len(names)))
    figure, panels = _panels([2.0, 0.9] * len(shown) + [_height(names)] * many)
    if many:
        heat_map(panels[-1], times, errors_over, names, "error / spread")
    for column, (values, error) in zip(shown, panels[: 2 * len(shown)].reshape(-1, 2), strict=True):
        _line(values, times, original[:, column], _DATA, "original", linewidth=1.6)
        _line(values, times, reconstructed[:, column], _MODEL, "reconstruction")
        error.fill_between(*_broken(times, 0.0 * errors[:, column], errors[:, column]), **_FILL)
        _line(error, times, errors[:, column], _ALARM, "absolute error", linewidth=0.8)
        error.set_ylim(bottom=0)
        values.set_ylabel(names[column], parse_math=False)
        error.set_ylabel("error")
    return _finished(figure, panels, times, _title(title, len(names), "with the largest errors"))


def anomaly_scores(
    times,
    scores,
    threshold: float | None = None,
    windows=(),
    values=None,
    columns: Sequence[str] = (),
    title: str = "",
    blame=None,
) -> Figure:
    """Draw the anomaly scores of a series with the threshold, under the values that they judge.

    Scores above the threshold are red dots; labelled windows are shaded in every panel. The axis of the scores is
    logarithmic where the highest is over a hundred times the median. Lines break where there are no data.

    Args:
        times: array of `steps` datetime64 or numbers; None counts the steps from 0.
        scores: float array, `(steps,)`, higher is more anomalous; NaN where there is none.
        threshold: float. Scores above it are alarms.
        windows: sequence of (first, last), the labelled anomalies, in the unit of `times` or as text of dates.
        values: float array, `(steps, features)`; None draws the scores alone.
        columns: sequence of `features` str, with units where known; may be left out.
        title: str.
        blame: float array, `(steps, features)`: the scores shared out among the columns.

    Returns:
        A `matplotlib.figure.Figure`. Of more than six columns four are drawn, those most to blame for the alarms (the
        first without `blame`), and the blame of all as a heat map below.

    Raises:
        InputError: if the shapes do not fit or there is no step.
    """
    scores = _scores(scores)
    values, names = (np.empty((len(scores), 0)), []) if values is None else _table(values, columns)
    if len(values) != len(scores):
        raise InputError(f"{len(scores)} scores for {len(values)} steps; pass one score for each step.")
    times = _times(times, len(scores))
    many = blame is not None and len(names) > _MOST_COLUMNS
    shown = list(range(len(names)))[:_MOST_COLUMNS]
    if many:
        blame = np.asarray(blame, np.float64)
        shown = strongest(blame, _STRONGEST, None if threshold is None else scores > threshold)
    figure, panels = _panels([1.6] * len(shown) + [_height(names)] * many + [1.8])
    if many:
        heat_map(panels[-2], times, blame, names, "part of the score")
    for column, axes in zip(shown, panels, strict=False):
        _line(axes, times, values[:, column], _DATA, "values")
        axes.set_ylabel(names[column], parse_math=False)
    _line(panels[-1], times, scores, _MODEL, "score")
    _mark_alarms(panels[-1], times, scores, threshold)
    for axes in (*panels[: len(shown)], panels[-1]):
        for number, window in enumerate(windows):
            first, last = (np.datetime64(end) if isinstance(end, str) else end for end in window)
            axes.axvspan(first, last, color=_LABELLED, alpha=0.3, linewidth=0, label="" if number else "labelled")
    return _finished(figure, panels, times, _title(title, len(names), "most to blame" if many else ""))


def sample_scores(scores, threshold: float | None = None, labels=None, title: str = "") -> Figure:
    """Draw the anomaly score of each of many samples as a dot, coloured by its label where that is known.

    The axis of the scores is logarithmic where the highest is over a hundred times the median.

    Args:
        scores: float array, `(samples,)`, higher is more anomalous.
        threshold: float. Scores above it are alarms.
        labels: bool array, `(samples,)`: True where a sample is labelled anomalous.
        title: str.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        InputError: if the shapes do not fit or there is no sample.
    """
    scores = _scores(scores)
    groups = {"sample": np.ones(len(scores), bool)}
    if labels is not None:
        labels = np.asarray(labels, dtype=bool)
        if labels.shape != scores.shape:
            raise InputError(f"Labels of shape {labels.shape} for {len(scores)} scores; pass one for each sample.")
        groups = {"labelled normal": ~labels, "labelled anomalous": labels}
    figure, panels = _panels([3.2])
    numbers = np.arange(len(scores))
    for (name, members), colour in zip(groups.items(), (_MODEL, _LABELLED), strict=False):
        size = 4 if len(scores) > 500 else 7
        panels[0].plot(numbers[members], scores[members], ".", color=colour, markersize=size, label=name, alpha=0.7)
    _mark_alarms(panels[0], None, scores, threshold)
    figure = _finished(figure, panels, numbers, title)
    panels[0].set_xlabel("sample")
    return figure


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
    past = _times(history_times, steps)
    future = np.arange(steps, steps + horizon) if times is None else _times(times, horizon)
    kept = slice(-max(48, 3 * horizon), None)
    # Lines start at the last known value, so that a horizon of one step shows too.
    joined = np.concatenate([past[-1:], future])
    after = lambda name, values: np.concatenate([history[-1:], _future(name, values, horizon)])  # noqa: E731
    figure, panels = _panels([3.4])
    axes = panels[0]
    marker = {"marker": "."} if horizon <= 36 else {}
    _line(axes, past[kept], history[kept], _DATA, "history")
    if actual is not None:
        _line(axes, joined, after("actual values", actual), "black", "actual", **marker)
    _line(axes, joined, after("forecast", predicted), _MODEL, "forecast", linewidth=1.8, zorder=3, **marker)
    if lower is not None and upper is not None:
        label = "interval" if interval is None else f"{100 * interval:g} % interval"
        ends = after("lower end", lower), after("upper end", upper)
        axes.fill_between(joined, *ends, color=_MODEL, alpha=0.25, linewidth=0, label=label)
    for number, (name, values) in enumerate((baselines or {}).items()):
        style = ("--", ":", "-.")[number % 3]
        _line(axes, joined, after(name, values), f"C{number % 8 + 1}", name, linestyle=style)
    axes.axvline(past[-1], color="0.6", linewidth=0.8)
    axes.set_ylabel(_label(", ".join(filter(None, (column, unit))) or "value", 40), parse_math=False)
    return _finished(figure, panels, joined, title)


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
    times = _times(times, len(values["actual"]))
    figure, panels = _panels([3.6])
    axes = panels[0]
    low, high = values.pop("low", None), values.pop("high", None)
    marker = {"marker": "."} if len(times) <= 60 else {}
    _line(axes, times, values.pop("actual"), "black", "actual", **marker)
    _line(axes, times, values.pop("forecast"), _MODEL, "forecast", zorder=3, **marker)
    if low is not None:
        label = "interval" if interval is None else f"{100 * interval:g} % interval"
        axes.fill_between(times, low, high, color=_MODEL, alpha=0.25, linewidth=0, label=label)
    for number, (name, line) in enumerate(values.items()):
        _line(axes, times, line, f"C{number % 8 + 1}", name, linestyle=("--", ":", "-.")[number % 3], linewidth=0.8)
    axes.set_ylabel(_label(column or "value", 40), parse_math=False)
    return _finished(figure, panels, times, title)


def _panels(heights: Sequence[float]) -> tuple[Figure, np.ndarray]:
    """A figure with panels of these heights in inches, one under the other, over one time axis."""
    figure = Figure(figsize=(9.6, 0.9 + sum(heights)), layout="constrained")
    return figure, figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]


def _finished(figure: Figure, panels: np.ndarray, times: np.ndarray, title: str) -> Figure:
    """Add what all figures have: grid, time axis, and above all panels one legend under the title."""
    entries = {}
    for axes in panels:
        if not axes.yaxis_inverted():  # a heat map
            axes.grid(color="0.92")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.01)
        entries |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.align_ylabels(panels)
    axis, counted = panels[-1].xaxis, times.dtype.kind in "iu"
    if times.dtype.kind == "M":
        axis.set_major_locator(AutoDateLocator(maxticks=10))
        axis.set_major_formatter(ConciseDateFormatter(axis.get_major_locator(), **_DATES))
    elif counted:
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    panels[-1].set_xlabel("step" if counted else "time")
    columns = len(entries) if len(entries) <= 5 else 4
    legend = figure.legend(
        entries.values(), entries.keys(), loc="outside upper center", ncols=columns, frameon=False, title=title or None
    )
    for text in (*legend.get_texts(), legend.get_title()):
        text.set_parse_math(False)
    return figure


def _line(axes: Axes, times: np.ndarray, values: np.ndarray, color: str, label: str, linewidth=1.2, **style) -> None:
    axes.plot(*_broken(times, values), color=color, label=label, linewidth=linewidth, **style)


def _broken(times, *values):
    """Times and values with a NaN in the middle of each gap in time, so that no line is drawn across."""
    after = gaps_after(times) + 1
    if not len(after):
        return times, *values
    middle = times[after - 1] + (times[after] - times[after - 1]) / 2
    return np.insert(times, after, middle), *(np.insert(np.asarray(each, float), after, np.nan) for each in values)


def _height(names):
    """Of a heat map, in inches."""
    return float(np.clip(0.08 * len(names), 1.6, 4.0))


def _mark_alarms(axes: Axes, times: np.ndarray | None, scores: np.ndarray, threshold: float | None) -> None:
    """Draw the threshold, and in red the scores above it where `times` says where they are."""
    if threshold is not None:
        axes.axhline(threshold, color=_ALARM, linestyle="--", linewidth=1, label=f"threshold {threshold:.3g}")
        if times is not None and (above := scores > threshold).any():
            axes.plot(times[above], scores[above], ".", color=_ALARM, markersize=4, label="above threshold")
    finite = scores[np.isfinite(scores)]
    if finite.size and finite.min() > 0 and finite.max() > 100 * np.median(finite):
        axes.set_yscale("log")
    axes.set_ylabel("anomaly score")


def _table(values, columns: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or 0 in values.shape or len(columns) not in (0, values.shape[-1]):
        raise InputError(
            f"Values of shape {values.shape} with {len(columns)} names of columns; pass (steps, features), neither of"
            " them 0, and one name for each feature."
        )
    return values, [_label(name) for name in columns or map("feature {}".format, range(values.shape[1]))]


def _scores(scores) -> np.ndarray:
    scores = np.asarray(scores, dtype=np.float64)
    if scores.ndim != 1 or not scores.size:
        raise InputError(f"Scores of shape {scores.shape}; pass one number for each step or sample, at least one.")
    return scores


def _times(times, steps: int) -> np.ndarray:
    if times is None:
        return np.arange(steps)
    times = np.asarray(times)
    if times.shape != (steps,):
        raise InputError(f"Times of shape {times.shape} for {steps} steps; pass one time for each step.")
    return times if times.dtype.kind == "M" else times.astype(np.float64)


def _future(name: str, values, horizon: int) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (horizon,):
        raise InputError(f"{name}: shape {values.shape} for a forecast of {horizon} steps; pass one value for each.")
    return values


def _title(title: str, columns: int, which: str = "") -> str:
    chosen = (
        f"the {_STRONGEST} of {columns} columns {which}" if which else f"the first {_MOST_COLUMNS} of {columns} columns"
    )
    left_out = chosen if columns > _MOST_COLUMNS else ""
    return ": ".join(filter(None, (title, left_out)))


def _label(name: str, line: int = 20) -> str:
    """A name in at most two lines of so many characters, the height of a panel."""
    return textwrap.fill(str(name), line, max_lines=2, placeholder="…")
