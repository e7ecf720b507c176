"""The rates as a picture: a panel for each work, a bar for each system, a line from the lowest to the highest turn; and
the costs of the curves: a panel for each size that grows, a line for each system."""

from itertools import groupby

from curves import Point
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter, NullLocator

from seq2seq.plots import save_figure

COLORS = ("C0", "C1", "C2")
COLUMNS = 3  # of panels
# Curve → the title of its panel and what grows.
PANELS = {
    "training, batch": ("Training: larger batches", "sentences in a batch"),
    "training, length": ("Training: longer sentences", "tokens in a sentence"),
    "training, units": ("Training: wider model", "units of the decoder"),
    "training, vocabulary": ("Training: larger vocabulary", "tokens in the vocabulary"),
    "translation, beam": ("Translation: wider beam", "hypotheses of a sentence"),
    "pipeline, pairs": ("Batching: larger corpus", "pairs of sentences"),
}


def draw(rows, path):
    """Draw the rows of `driver.result_rows`, several works one after the other, to a file."""
    panels = [(work, list(group)) for work, group in groupby(rows, lambda row: row["work"])]
    heights = [len(group) for _, group in panels]
    figure = Figure(figsize=(8, 0.7 * len(panels) + 0.4 * sum(heights)), layout="constrained")
    all_axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (work, group) in zip(all_axes, panels, strict=True):
        names = [row["system"] for row in group]
        medians = [row["median"] for row in group]
        spread = [[row["median"] - row["low"] for row in group], [row["high"] - row["median"] for row in group]]
        axes.barh(names, medians, xerr=spread, color=["C0", *["0.75"] * (len(group) - 1)], ecolor="0.3")
        axes.invert_yaxis()
        axes.set(title=f"{work}, {group[0]['unit']}")
        axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path)


def costs(rows):
    """The curves in the rows of `curves.curves`.

    Returns:
        A dict: curve → (unit of work, dict: system → list of `(value, seconds, least, most)` for one such unit).
    """
    found = {}
    for row in rows:
        point = Point.of(row["work"])
        _, systems = found.setdefault(point.curve, (row["unit"].removesuffix("s/s"), {}))
        seconds = (1 / row["median"], 1 / row["high"], 1 / row["low"])
        systems.setdefault(row["system"], []).append((point.value, *seconds))
    return found


def draw_curves(rows, path):
    """Draw the rows of `curves.curves`, cost against size, to a file."""
    panels = costs(rows)
    columns = min(COLUMNS, len(panels))
    lines = -(-len(panels) // columns)
    figure = Figure(figsize=(4 * columns, 3.2 * lines + 0.4), layout="constrained")
    all_axes = figure.subplots(lines, columns, squeeze=False).ravel()
    names = list(dict.fromkeys(row["system"] for row in rows))  # a system has one colour in all panels
    for axes, (curve, (unit, systems)) in zip(all_axes, panels.items(), strict=False):
        _draw_curve(axes, {name: (color, systems.get(name)) for name, color in zip(names, COLORS, strict=False)})
        title, size = PANELS[curve]
        axes.set(title=title, xlabel=size, ylabel=f"time for one {unit}")
    for axes in all_axes[len(panels) :]:
        axes.remove()
    handles, labels = all_axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    save_figure(figure, path)


def _draw_curve(axes, systems):
    """One panel on two log axes: system → (colour, points)."""
    values = sorted({point[0] for _, points in systems.values() for point in points or ()})
    for name, (color, points) in systems.items():
        if points:
            sizes, seconds, least, most = zip(*points, strict=True)
            axes.loglog(sizes, seconds, "o-", color=color, markersize=4, linewidth=1.8, label=name)
            axes.fill_between(sizes, least, most, color=color, alpha=0.2, linewidth=0)
    thousands = EngFormatter(sep="")
    axes.set_xticks(values, [str(value) if value % 1000 else thousands(value) for value in values])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(EngFormatter(unit="s"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(True, color="0.9")
    axes.spines[["top", "right"]].set_visible(False)
