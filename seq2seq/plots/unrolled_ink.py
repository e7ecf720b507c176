"""Lines and letters of the pictures of unrolled networks."""

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch
from matplotlib.path import Path

from seq2seq.plots.unrolled_layout import SMALL

INK, GREY, GROUND = "0.1", "0.45", "0.965"
GROUND_OF_TEXT = {"boxstyle": "square,pad=0.12", "facecolor": GROUND, "edgecolor": "none"}
# Kinds differ in their lines, and boxes in their marks: colours only help.
LINES = {
    "output": {"linewidth": 0.9, "color": INK},
    "state": {"linewidth": 1.9, "color": "#1f4e79"},
    "carry": {"linewidth": 3.0, "color": "#1f4e79"},
    "repeat": {"linewidth": 0.9, "color": INK},
    "attention": {"linewidth": 0.9, "color": INK, "linestyle": "-."},
    "feedback": {"linewidth": 1.1, "color": "#9c3d00", "linestyle": (0, (3, 1.6))},
}


def write(axes: Axes, x: float, y: float, text: str, size: float = SMALL, **style):
    """Write a plain text around a point, unless told otherwise."""
    style = {"ha": "center", "va": "center", "color": INK, "parse_math": False, "zorder": 6} | style
    return axes.text(x, y, text, fontsize=size, **style)


def arrow(axes: Axes, kind: str, points: list[tuple[float, float]]):
    """Draw an arrow of a kind of edge along these points."""
    style = LINES[kind]
    axes.add_patch(
        FancyArrowPatch(
            path=Path(points),
            arrowstyle="-|>,head_length=3.2,head_width=1.7",
            mutation_scale=1.0 if style["linewidth"] < 1.5 else 1.35,
            shrinkA=0,
            shrinkB=0,
            joinstyle="miter",
            capstyle="butt",
            zorder=3,
            **style,
        )
    )
