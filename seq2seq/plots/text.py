"""Pictures of what text models did."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from seq2seq.errors import InputError

_WORD_START = str.maketrans({"\u2581": "\u2423", " ": "\u2423"})  # SentencePiece's mark and a blank, as an open box
_LONGEST_LABEL = 24  # characters


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


def _label(piece: str) -> str:
    if len(piece) > _LONGEST_LABEL:
        piece = piece[: _LONGEST_LABEL - 1] + "…"
    return piece.translate(_WORD_START)
