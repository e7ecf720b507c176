"""The rates as a picture: a panel for each work, a bar for each system, a line from the lowest to the highest turn."""

from itertools import groupby

from matplotlib.figure import Figure

from seq2seq.plots import save_figure


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
