"""Many columns in one panel: a heat map over time, and which of them are worth a panel of their own."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

MOST_CELLS = 800  # along the time axis; of more steps the highest of several is shown
MOST_NAMES = 40  # beside the rows; of more columns every second, third … is named
_COLOURS = "magma_r"


def gaps_after(times: np.ndarray) -> np.ndarray:
    """The steps after which there is a gap: over twice as long as nine in ten of the distances.

    >>> gaps_after(np.array([0.0, 1.0, 2.0, 9.0, 10.0])).tolist()
    [2]
    """
    steps = np.diff(times).astype(np.float64)
    return np.flatnonzero(steps > 2 * np.quantile(steps, 0.9, method="lower")) if len(steps) > 1 else np.zeros(0, int)


def strongest(weights: np.ndarray, count: int, alarms: np.ndarray | None = None) -> list[int]:
    """The `count` columns of `weights`, `(steps, columns)`, with the highest mean, over `alarms` where there are any;
    in the order of the columns."""
    rows = weights[alarms] if alarms is not None and alarms.any() else weights
    means = np.nan_to_num(np.nansum(rows, axis=0) / np.maximum(np.sum(~np.isnan(rows), axis=0), 1))
    return sorted(np.argsort(-means, kind="stable")[:count].tolist())


def heat_map(axes: Axes, times: np.ndarray, values: np.ndarray, names: list[str], what: str) -> None:
    """Draw `values`, `(steps, columns)`, 0 or more, a row for each column; white where there is none, and in gaps."""
    # One cell more than steps after each gap: it is empty, and as long as the gap.
    after = gaps_after(times) + 1
    usual = np.median(np.diff(times)) if len(times) > 1 else np.ones(1, times.dtype)[0] - np.zeros(1, times.dtype)[0]
    starts = np.insert(times, after, times[after - 1] + usual)
    values = np.insert(np.asarray(values, np.float64), after, np.nan, axis=0)
    several = -(-len(values) // MOST_CELLS)
    empty = after + np.arange(len(after))
    firsts = np.unique(np.concatenate((np.arange(0, len(values), several), empty, empty + 1)))
    cells = np.fmax.reduceat(values, firsts, axis=0)
    edges = np.append(starts[firsts], times[-1] + usual)
    seen = cells[np.isfinite(cells) & (cells > 0)]
    low, high = np.quantile(seen, (0.9, 1.0)) if seen.size else (0.1, 1.0)
    colours = LogNorm(low, max(high, 10 * low), clip=True)
    shown = np.where(np.isnan(cells), np.nan, np.maximum(cells, low))
    mesh = axes.pcolormesh(edges, np.arange(len(names) + 1), shown.T, cmap=_COLOURS, norm=colours, rasterized=True)
    every = -(-len(names) // MOST_NAMES)
    labels = [name.replace("\n", " ") for name in names[::every]]
    axes.set_yticks(np.arange(0, len(names), every) + 0.5, labels, fontsize=6, parse_math=False)
    axes.invert_yaxis()
    axes.figure.colorbar(mesh, ax=axes, pad=0.01, aspect=30).set_label(what)
