"""Pictures of what numeric models did: in the user's units, over the user's times, a gap where a value is NaN."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seq2seq.errors import InputError
from seq2seq.plots.heat import heat_map, strongest
from seq2seq.plots.panels import DATA, MODEL, as_times, draw_line, finish, make_panels, short_label, with_breaks

_MOST_COLUMNS = 6  # panels in a figure; more would be too low to read
_STRONGEST = 4  # of more columns: those with a panel of their own above the heat map of all
_ALARM, _LABELLED = "C3", "C1"  # colours
_FILL = {"color": _ALARM, "alpha": 0.25, "linewidth": 0}


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
    times, errors = as_times(times, len(original)), np.abs(reconstructed - original)
    spread = np.nanstd(original, axis=0)
    errors_over = np.divide(errors, spread, out=np.zeros_like(errors), where=spread > 0)
    many = len(names) > _MOST_COLUMNS
    shown = strongest(errors_over, _STRONGEST) if many else list(range(len(names)))
    figure, panels = make_panels([2.0, 0.9] * len(shown) + [_height(names)] * many)
    if many:
        heat_map(panels[-1], times, errors_over, names, "error / spread")
    for column, (values, error) in zip(shown, panels[: 2 * len(shown)].reshape(-1, 2), strict=True):
        draw_line(values, times, original[:, column], DATA, "original", linewidth=1.6)
        draw_line(values, times, reconstructed[:, column], MODEL, "reconstruction")
        error.fill_between(*with_breaks(times, 0.0 * errors[:, column], errors[:, column]), **_FILL)
        draw_line(error, times, errors[:, column], _ALARM, "absolute error", linewidth=0.8)
        error.set_ylim(bottom=0)
        values.set_ylabel(names[column], parse_math=False)
        error.set_ylabel("error")
    return finish(figure, panels, times, _title(title, len(names), "with the largest errors"))


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
    times = as_times(times, len(scores))
    many = blame is not None and len(names) > _MOST_COLUMNS
    shown = list(range(len(names)))[:_MOST_COLUMNS]
    if many:
        blame = np.asarray(blame, np.float64)
        shown = strongest(blame, _STRONGEST, None if threshold is None else scores > threshold)
    figure, panels = make_panels([1.6] * len(shown) + [_height(names)] * many + [1.8])
    if many:
        heat_map(panels[-2], times, blame, names, "part of the score")
    for column, axes in zip(shown, panels, strict=False):
        draw_line(axes, times, values[:, column], DATA, "values")
        axes.set_ylabel(names[column], parse_math=False)
    draw_line(panels[-1], times, scores, MODEL, "score")
    _mark_alarms(panels[-1], times, scores, threshold)
    for axes in (*panels[: len(shown)], panels[-1]):
        for number, window in enumerate(windows):
            first, last = (np.datetime64(end) if isinstance(end, str) else end for end in window)
            # With an edge, so that one step of thousands is seen, too.
            axes.axvspan(first, last, color=_LABELLED, alpha=0.3, linewidth=1, label="" if number else "labelled")
    return finish(figure, panels, times, _title(title, len(names), "most to blame" if many else ""))


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
    figure, panels = make_panels([3.2])
    numbers = np.arange(len(scores))
    for (name, members), colour in zip(groups.items(), (MODEL, _LABELLED), strict=False):
        size = 4 if len(scores) > 500 else 7
        panels[0].plot(numbers[members], scores[members], ".", color=colour, markersize=size, label=name, alpha=0.7)
    _mark_alarms(panels[0], None, scores, threshold)
    figure = finish(figure, panels, numbers, title)
    panels[0].set_xlabel("sample")
    return figure


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
    return values, [short_label(name) for name in columns or map("feature {}".format, range(values.shape[1]))]


def _scores(scores) -> np.ndarray:
    scores = np.asarray(scores, dtype=np.float64)
    if scores.ndim != 1 or not scores.size:
        raise InputError(f"Scores of shape {scores.shape}; pass one number for each step or sample, at least one.")
    return scores


def _title(title: str, columns: int, which: str = "") -> str:
    chosen = (
        f"the {_STRONGEST} of {columns} columns {which}" if which else f"the first {_MOST_COLUMNS} of {columns} columns"
    )
    left_out = chosen if columns > _MOST_COLUMNS else ""
    return ": ".join(filter(None, (title, left_out)))
