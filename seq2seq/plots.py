"""Pictures of results. A result goes in, a matplotlib `Figure` comes out; nothing is computed and no screen is used."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .errors import InputError

_FORMATS = (".png", ".svg", ".pdf")
_WORD_START = str.maketrans({"\u2581": "\u2423", " ": "\u2423"})  # SentencePiece's mark and a blank, as an open box
_LONGEST_LABEL = 24  # characters

# Panel: its y label, the curves in it as column of the history → name, and what its best epoch is.
_PANELS = (
    ("loss, nats per token", {"loss": "training", "val_loss": "validation"}, np.argmin),
    ("BLEU, %", {"val_bleu": "validation"}, np.argmax),
    ("perplexity", {"val_perplexity": "validation"}, np.argmin),
)


def attention_heatmap(weights, source_pieces: Sequence[str], target_pieces: Sequence[str]) -> Figure:
    """Draw what a translation looked at: one row for each target piece, the darker the more weight.

    The mark of SentencePiece for the start of a word, and a blank, are shown as an open box.

    Args:
        weights: float array, `(target_steps, source_steps)`, padding removed; rows sum to 1.
        source_pieces: sequence of `source_steps` str, end-of-sequence included where attended to.
        target_pieces: sequence of `target_steps` str.

    Returns:
        A `matplotlib.figure.Figure` that grows with the number of pieces.

    Raises:
        InputError: if the shape of `weights` does not fit the pieces or there are none.
    """
    weights = np.asarray(weights, dtype=np.float32)
    shape = (len(target_pieces), len(source_pieces))
    if weights.shape != shape or 0 in shape:
        raise InputError(
            f"Attention weights of shape {weights.shape} for {shape[0]} target and {shape[1]} source pieces;"
            f" pass (target_steps, source_steps), neither of them 0."
        )
    rows, columns = ([_label(piece) for piece in pieces] for pieces in (target_pieces, source_pieces))
    # Sizes in inches, from the cells outwards: they stay square and their labels legible, however many there are.
    cell = min(0.22, 30 / max(shape))
    points = 0.62 * 72 * cell
    left, above = (0.7 + 0.01 * points * max(map(len, labels)) for labels in (rows, columns))
    size = np.array((left + cell * shape[1] + 1.1, 0.5 + cell * shape[0] + above))
    figure = Figure(figsize=tuple(size))
    axes = figure.add_axes((*((left, 0.5) / size), *(cell * np.array(shape[::-1]) / size)))
    image = axes.imshow(weights, cmap="Blues", vmin=0.0, aspect="auto", interpolation="nearest")
    font = {"fontsize": points, "parse_math": False}  # a piece "$x$" is text, no formula
    axes.set_xticks(range(shape[1]), columns, rotation=90, **font)
    axes.set_yticks(range(shape[0]), rows, **font)
    axes.xaxis.set_label_position("top")
    axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=2)
    axes.set_xlabel("source")
    axes.set_ylabel("target")
    # Thin white lines between the cells keep long rows and columns apart for the eye.
    axes.set_xticks(np.arange(1, shape[1]) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, shape[0]) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=0.6)
    axes.tick_params(which="minor", length=0)
    axes.spines[:].set_color("0.8")
    inch = 1 / (cell * shape[1])  # in widths of the picture
    figure.colorbar(image, cax=axes.inset_axes((1 + 0.1 * inch, 0, 0.14 * inch, 1)), label="attention weight")
    return figure


def learning_curve(history: Mapping[str, Sequence[float]]) -> Figure:
    """Draw training and validation by epoch, with the best epoch of each panel marked.

    Args:
        history: columns by name, each with one value for each epoch: `epoch`, and those that there are of `loss`,
            `val_loss` (nats per token), `val_bleu` (percent) and `val_perplexity`. NaN where an epoch was not measured.

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
        axes.set(xlabel="epoch", ylabel=label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(color="0.9")
        axes.spines[["top", "right"]].set_visible(False)
        if axes.lines:
            axes.legend(frameon=False)
    return figure


def save_figure(figure: Figure, path: str | os.PathLike) -> None:
    """Write a figure as PNG, SVG or PDF, by the suffix of `path`; a file already there is replaced as a whole.

    Raises:
        InputError: if the suffix is another, the folder is missing or the file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _FORMATS:
        raise InputError(f"Cannot write a picture to '{path}': end its name in {', '.join(_FORMATS)}.")
    if not path.parent.is_dir():
        raise InputError(f"Cannot write '{path}': there is no folder '{path.parent}'; create it or name another.")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        figure.savefig(temporary, format=suffix[1:], dpi=150, bbox_inches="tight", pad_inches=0.1)
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"Cannot write '{path}': {error.strerror}; name a file that you may write.") from error
    finally:
        temporary.unlink(missing_ok=True)


def _label(piece: str) -> str:
    if len(piece) > _LONGEST_LABEL:
        piece = piece[: _LONGEST_LABEL - 1] + "…"
    return piece.translate(_WORD_START)


def _mark_best(axes: Axes, epochs: np.ndarray, values: np.ndarray, best: Callable) -> None:
    epoch, value = epochs[best(values)], values[best(values)]
    label = f"best: {value:.4g}, epoch {epoch:g}"
    axes.plot(epoch, value, "o", color="C3", markersize=8, fillstyle="none", label=label)
