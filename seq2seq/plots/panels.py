"""Panels of pictures over time: one above the other, with one axis of times or steps, and lines that break."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seq2seq.errors import InputError
from seq2seq.plots.heat import gaps_after

DATA, MODEL = "0.25", "C0"  # colours

# Dates on the axis, and beside it what they leave out; the formats of `ConciseDateFormatter`, years to seconds.
_DATES = {
    "formats": ["%Y", "%b", "%d %b", "%H:%M", "%H:%M", "%S.%f"],
    "zero_formats": ["", "%Y", "%d %b", "%d %b", "%H:%M", "%H:%M"],
    "offset_formats": ["", "%Y", "%Y", "%d %b %Y", "%d %b %Y", "%d %b %Y, %H:%M"],
}


def make_panels(heights: Sequence[float]) -> tuple[Figure, np.ndarray]:
    """A figure with panels of these heights in inches, one under the other, over one time axis."""
    figure = Figure(figsize=(9.6, 0.9 + sum(heights)), layout="constrained")
    return figure, figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]


def finish(figure: Figure, panels: np.ndarray, times: np.ndarray, title: str) -> Figure:
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


def draw_line(
    axes: Axes, times: np.ndarray, values: np.ndarray, color: str, label: str, linewidth=1.2, **style
) -> None:
    axes.plot(*with_breaks(times, values), color=color, label=label, linewidth=linewidth, **style)


def with_breaks(times, *values):
    """Times and values with a NaN in the middle of each gap in time, so that no line is drawn across."""
    after = gaps_after(times) + 1
    if not len(after):
        return times, *values
    middle = times[after - 1] + (times[after] - times[after - 1]) / 2
    return np.insert(times, after, middle), *(np.insert(np.asarray(each, float), after, np.nan) for each in values)


def as_times(times, steps: int) -> np.ndarray:
    if times is None:
        return np.arange(steps)
    times = np.asarray(times)
    if times.shape != (steps,):
        raise InputError(f"Times of shape {times.shape} for {steps} steps; pass one time for each step.")
    return times if times.dtype.kind == "M" else times.astype(np.float64)


def short_label(name: str, line: int = 20) -> str:
    """A name in at most two lines of so many characters, the height of a panel."""
    return textwrap.fill(str(name), line, max_lines=2, placeholder="…")
