"""Pictures of a training."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seq2seq.errors import InputError

# Panel: its y label (None: the loss), the curves in it as column of the history → name, and what
# its best epoch is.
_PANELS = (
    (None, {"loss": "training", "val_loss": "validation"}, np.argmin),
    ("BLEU, %", {"val_bleu": "validation"}, np.argmax),
    ("perplexity", {"val_perplexity": "validation"}, np.argmin),
)


def learning_curve(history: Mapping[str, Sequence[float]], loss_unit: str) -> Figure:
    """Draw training and validation by epoch, with the best epoch of each panel marked.

    Args:
        history: columns by name, each with one value for each epoch: `epoch`, and those that there are of `loss`,
            `val_loss`, `val_bleu` (percent) and `val_perplexity`. NaN where an epoch was not measured.
        loss_unit: str. That of `loss` and `val_loss`.

    Returns:
        A `matplotlib.figure.Figure` with a panel for loss, for BLEU and for perplexity, as far as `history` has them.

    Raises:
        InputError: if `history` has no epoch or nothing to draw.
    """
    epochs = history.get("epoch", ())
    panels = [panel for panel in _PANELS if any(name in history for name in panel[1])]
    if not len(epochs) or not panels:
        raise InputError(
            f"A history of {len(epochs)} epochs with columns {sorted(history)}; pass at least one epoch, and 'loss',"
            " 'val_loss', 'val_bleu' or 'val_perplexity'."
        )
    figure = Figure(figsize=(4.8 * len(panels), 3.6), layout="constrained")
    all_axes = figure.subplots(1, len(panels), sharex=True, squeeze=False)[0]
    for axes, (label, curves, best) in zip(all_axes, panels, strict=True):
        for column, name in curves.items():
            values = np.asarray(history.get(column, ()), dtype=np.float64)
            measured = np.flatnonzero(np.isfinite(values))
            if measured.size:
                points = np.asarray(epochs)[measured], values[measured]
                axes.plot(*points, marker=".", label=name, color="C0" if name == "validation" else "0.6")
                if name == "validation":
                    _mark_best(axes, *points, best)
        axes.set(xlabel="epoch", ylabel=label or f"loss, {loss_unit}")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(color="0.9")
        axes.spines[["top", "right"]].set_visible(False)
        if axes.lines:
            axes.legend(frameon=False)
    return figure


def _mark_best(axes: Axes, epochs: np.ndarray, values: np.ndarray, best: Callable) -> None:
    epoch, value = epochs[best(values)], values[best(values)]
    label = f"best: {value:.4g}, epoch {epoch:g}"
    axes.plot(epoch, value, "o", color="C3", markersize=8, fillstyle="none", label=label)
