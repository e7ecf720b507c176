"""Unrolled networks as people draw them: boxes for steps, arrows for states, shapes on the arrows."""

from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from seq2seq.plots.unrolled_arrows import draw_edges
from seq2seq.plots.unrolled_ink import GREY, GROUND, INK, write
from seq2seq.plots.unrolled_layout import (
    BOX,
    LABEL_LINE,
    MARGIN,
    SMALL,
    USUAL,
    Layout,
    label_lines,
    node_width,
    symbol_parts,
    width_of,
)
from seq2seq.plots.unrolled_legend import draw_legend, entries_of, in_lines, width_of_legend

FILLS = {"recurrent": "#d6e6f5", "each": "white", "repeat": "#ececec", "attention": "#fbe9c6"}
NODE_FILLS = {"input": "white", "output": "#e4f0df"}
BARS = {
    "repeat": ("the same vector at every step", "the same at every step", "repeated", "same"),
    "attention": (
        "attention: each step of the decoder weighs all outputs of the encoder",
        "attention over all outputs of the encoder",
        "attention",
    ),
}


def draw_unrolled(unrolled: Any) -> Figure:
    """Draw a network over its steps: time from left to right, layers from bottom to top.

    Args:
        unrolled: as `seq2seq.unrolled` describes it.

    Returns:
        A `matplotlib.figure.Figure`, legible at 800 pixels of width, in colour or grey. Shapes stand on the first arrow
        from one layer to the next.
    """
    layout = Layout(unrolled)
    entries = entries_of(unrolled, layout)
    width = max(layout.width, width_of_legend(entries))
    lines = in_lines(entries, width)
    below = 0.2 * (len(lines) + len(unrolled.notes)) + 0.1
    figure = Figure(figsize=(width, layout.height + below))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(-below, layout.height))
    axes.set_axis_off()
    _sections(axes, layout)
    for number, section in enumerate(unrolled.sections):
        for slot in range(unrolled.slots):
            for k, row in enumerate(section.rows):
                _row(axes, layout, slot, number, k, row)
        if number in layout.labelled:
            _labels(axes, layout, section, layout.labelled[number])
    draw_edges(axes, layout)
    draw_legend(axes, lines, unrolled.notes)
    return figure


def _sections(axes, layout):
    """A light ground under each section, its name and its steps below; lines between slots."""
    unrolled = layout.unrolled
    attended = {edge.start.section for edge in unrolled.edges if edge.kind == "attention"}
    for number, (section, (left, right)) in enumerate(zip(unrolled.sections, layout.ends, strict=True)):
        highest = max(section.rows, key=lambda row: row.level)
        if number in attended:
            highest = next(row for other in unrolled.sections for row in other.rows if row.kind == "attention")
        above = 0.44 if highest.kind == "recurrent" else 0.28
        bottom, top = layout.below, layout.y(0, highest.level) + above
        ground = {"facecolor": GROUND, "edgecolor": "0.85", "zorder": 0}
        axes.add_patch(Rectangle((left, bottom), right - left, top - bottom, **ground))
        write(axes, (left + right) / 2, bottom - 0.13, _caption(section), USUAL)
    if unrolled.slots == 1:
        return
    for slot in range(unrolled.slots):
        y = layout.y(slot, layout.levels - 1) + 0.4
        write(axes, MARGIN, y, f"slot {slot + 1}", USUAL, ha="left", style="italic")
        if slot:
            axes.plot((MARGIN, layout.ends[-1][1]), (y + 0.1, y + 0.1), color="0.5", linewidth=0.8, linestyle=":")


def _caption(section):
    name = f"{section.name}: " if section.name else ""
    if section.steps == 1:
        return name + ("1 step" if section.rows[0].each_step else "one vector")
    return f"{name}{section.steps} {section.unit}{', last first' if section.columns[0] != '1' else ''} →"


def _labels(axes, layout, section, x):
    """The names and sizes of the rows of a section, in the uppermost slot."""
    for row in section.rows:
        if row.kind == "bridge":
            continue
        lines = label_lines(section, row)
        y = layout.y(0, row.level) + LABEL_LINE * (len(lines) - 1) / 2
        for k, line in enumerate(lines):
            style = {"weight": "bold", "size": USUAL} if k == 0 else {"size": SMALL, "color": "0.25"}
            write(axes, x, y - k * LABEL_LINE, line, ha="left", **style)


def _row(axes, layout, slot, number, k, row):
    """The boxes of a row."""
    section = layout.unrolled.sections[number]
    y = layout.y(slot, row.level)
    if row.kind == "bridge":
        return
    if row.kind in BARS:
        first = layout.x(0 if row.kind == "attention" else number, 0) - BOX[0] / 2
        last = layout.x(number, len(section.columns) - 1) + BOX[0] / 2
        half = layout.half_height(row)
        axes.add_patch(_box(first, y - half, last - first, 2 * half, FILLS[row.kind], rounding=0.05))
        fits = [text for text in BARS[row.kind] if width_of(text, SMALL) < last - first - 0.1]
        write(axes, (first + last) / 2, y, fits[0] if fits else "")
        return
    boxes = section.boxes(row)
    for column in range(len(section.columns)):
        x = layout.x(number, column)
        if column in boxes:
            symbol = row.symbols[column if row.each_step else 0] if row.symbols else row.mark
            _place(axes, layout, row, x, y, symbol)
        elif row.each_step:
            for offset in (-0.25, 0.25) if row.direction == "both" else (0,):
                write(axes, x, y + offset * 2 * layout.half_height(row), "…", USUAL + 1)


def _place(axes, layout, row, x, y, text):
    half = layout.half_height(row)
    if row.kind in NODE_FILLS:
        width = node_width(text)
        axes.add_patch(_box(x - width / 2, y - half, width, 2 * half, NODE_FILLS[row.kind], rounding=half, edge=GREY))
        write(axes, x, y - 0.005, _symbol(text), USUAL, parse_math=True)
        return
    heavy = 1.4 if row.kind == "recurrent" else 0.9
    axes.add_patch(_box(x - BOX[0] / 2, y - half, BOX[0], 2 * half, FILLS[row.kind], 0.03, linewidth=heavy))
    if row.direction != "both":
        while width_of(text, SMALL) > BOX[0]:
            text = text.removesuffix("…")[:-1] + "…"
        write(axes, x, y, text, USUAL if width_of(text, USUAL) < BOX[0] - 0.06 else SMALL)
        return
    axes.plot((x - BOX[0] / 2, x + BOX[0] / 2), (y, y), color=INK, linewidth=0.8, zorder=5)
    for offset, arrow in ((-half / 2, f"{text} →"), (half / 2, f"← {text}")):
        write(axes, x, y + offset, arrow, SMALL)


def _box(x, y, width, height, fill, rounding=0.03, edge=INK, linewidth=0.9):
    style = f"round,pad=0,rounding_size={rounding}"
    return FancyBboxPatch(
        (x, y), width, height, boxstyle=style, facecolor=fill, edgecolor=edge, linewidth=linewidth, zorder=4
    )


def _symbol(text):
    """`x_12` as mathematics; a word as it is."""
    letter, index = symbol_parts(text)
    if not index and len(text) > 2:
        return text
    letter = {"ŷ": r"\hat{y}", "x̂": r"\hat{x}"}.get(letter, letter)
    return f"${letter}_{{{index.replace('…', chr(92) + 'ldots ')}}}$" if index else f"${letter}$"
