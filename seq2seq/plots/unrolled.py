"""Unrolled networks as people draw them: boxes for steps, arrows for states, shapes on the arrows."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.path import Path

from seq2seq.plots.unrolled_layout import (
    BOX,
    LABEL_LINE,
    MARGIN,
    SMALL,
    USUAL,
    Layout,
    crosses,
    label_lines,
    node_width,
    shape_text,
    symbol_parts,
    width_of,
)

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
FILLS = {"recurrent": "#d6e6f5", "each": "white", "repeat": "#ececec", "attention": "#fbe9c6"}
NODE_FILLS = {"input": "white", "output": "#e4f0df"}
BARS = {
    "repeat": ("the same vector at every step", "the same at every step", "repeated"),
    "attention": (
        "attention: each step of the decoder weighs all outputs of the encoder",
        "attention over all outputs of the encoder",
        "attention",
    ),
}


def draw_unrolled(unrolled) -> Figure:
    """Draw a network over its steps: time from left to right, layers from bottom to top.

    Args:
        unrolled: as `seq2seq.unrolled` describes it.

    Returns:
        A `matplotlib.figure.Figure`, legible at 800 pixels of width, in colour or grey. Shapes stand on the first arrow
        from one layer to the next.
    """
    layout = Layout(unrolled)
    lines = _legend_lines(_entries(unrolled, layout), layout.width)
    below = 0.2 * (len(lines) + len(unrolled.notes)) + 0.1
    figure = Figure(figsize=(layout.width, layout.height + below))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, layout.width), ylim=(-below, layout.height))
    axes.set_axis_off()
    _sections(axes, layout)
    for number, section in enumerate(unrolled.sections):
        for slot in range(unrolled.slots):
            for k, row in enumerate(section.rows):
                _row(axes, layout, slot, number, k, row)
        if number in layout.labelled:
            _labels(axes, layout, section, layout.labelled[number])
    _edges(axes, layout)
    _legend(axes, lines, unrolled.notes)
    return figure


def _write(axes: Axes, x, y, text, size=SMALL, **style):
    style = {"ha": "center", "va": "center", "color": INK, "parse_math": False, "zorder": 6} | style
    return axes.text(x, y, text, fontsize=size, **style)


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
        _write(axes, (left + right) / 2, bottom - 0.13, _caption(section), USUAL)
    if unrolled.slots == 1:
        return
    for slot in range(unrolled.slots):
        y = layout.y(slot, layout.levels - 1) + 0.42
        _write(axes, MARGIN, y, f"slot {slot + 1}, a sequence of its own", SMALL, ha="left", style="italic")
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
            _write(axes, x, y - k * LABEL_LINE, line, ha="left", **style)


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
        _write(axes, (first + last) / 2, y, fits[0] if fits else "")
        return
    boxes = section.boxes(row)
    for column in range(len(section.columns)):
        x = layout.x(number, column)
        if column in boxes:
            symbol = row.symbols[column if row.each_step else 0] if row.symbols else row.mark
            _place(axes, layout, row, x, y, symbol)
        elif row.each_step:
            for offset in (-0.25, 0.25) if row.direction == "both" else (0,):
                _write(axes, x, y + offset * 2 * layout.half_height(row), "…", USUAL + 1)


def _place(axes, layout, row, x, y, text):
    half = layout.half_height(row)
    if row.kind in NODE_FILLS:
        width = node_width(text)
        axes.add_patch(_box(x - width / 2, y - half, width, 2 * half, NODE_FILLS[row.kind], rounding=half, edge=GREY))
        _write(axes, x, y - 0.005, _symbol(text), USUAL, parse_math=True)
        return
    heavy = 1.4 if row.kind == "recurrent" else 0.9
    axes.add_patch(_box(x - BOX[0] / 2, y - half, BOX[0], 2 * half, FILLS[row.kind], 0.03, linewidth=heavy))
    if row.direction != "both":
        _write(axes, x, y, text, USUAL if width_of(text, USUAL) < BOX[0] - 0.06 else SMALL)
        return
    axes.plot((x - BOX[0] / 2, x + BOX[0] / 2), (y, y), color=INK, linewidth=0.8, zorder=5)
    for offset, arrow in ((-half / 2, f"{text} →"), (half / 2, f"← {text}")):
        _write(axes, x, y + offset, arrow, SMALL)


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


def _arrow(axes, kind, points, head=True):
    style = LINES[kind]
    if len(points) == 1:
        return
    path = Path(points)
    axes.add_patch(
        FancyArrowPatch(
            path=path,
            arrowstyle="-|>,head_length=3.2,head_width=1.7" if head else "-",
            mutation_scale=1.0 if style["linewidth"] < 1.5 else 1.35,
            shrinkA=0,
            shrinkB=0,
            joinstyle="miter",
            capstyle="butt",
            zorder=3,
            **style,
        )
    )


def _edges(axes, layout):
    ends, named = {}, set()
    for edge in filter(crosses, layout.unrolled.edges):
        ends.setdefault(edge.start, set()).add((edge.end.row, edge.end.column))
    for edge in layout.unrolled.edges:
        if edge.kind in ("output", "attention"):
            _up(axes, layout, edge, named)
        elif edge.kind == "feedback":
            _feedback(axes, layout, edge)
        elif edge.kind == "repeat":
            _repeat(axes, layout, edge)
        elif crosses(edge) and len({column for _, column in ends[edge.start]}) > 1:
            _fan(axes, layout, edge)
        elif crosses(edge) and edge.kind == "state":
            _handed_over(axes, layout, edge, named)
        else:
            _state(axes, layout, edge)
    _ends_of_states(axes, layout)


def _up(axes, layout, edge, named):
    """From a box up to the next row; its shape stands on the first of those between two rows."""
    x, y = layout.at(edge.start)
    end_x, end_y = layout.at(edge.end)
    start, end = layout.row(edge.start), layout.row(edge.end)
    bottom = y + layout.half_height(start)
    if end.kind == "attention" or start.kind == "attention" or start.kind == "repeat":
        end_x = x
    top = end_y - layout.half_height(end)
    if x == end_x:
        _arrow(axes, edge.kind, [(x, bottom), (x, top)])
        middle = (bottom + top) / 2 - 0.02 if top - bottom < 0.7 else bottom + 0.22
        between = (edge.kind, edge.start.section, edge.start.row, edge.end.row)
        if between not in named and edge.start.slot == 0:
            named.add(between)
            _write(axes, x, middle, shape_text(edge.shape), bbox=GROUND_OF_TEXT)
    else:  # the first step of the way back, beside the last one of the way there
        _arrow(axes, edge.kind, [(x, bottom), (x, end_y), (end_x - layout.half(edge.end), end_y)])


def _state(axes, layout, edge):
    """To the next step, or to the next batch."""
    (x, y), (end_x, end_y) = layout.at(edge.start), layout.at(edge.end)
    row, way = layout.row(edge.start), 1 if end_x > x else -1
    offset = -way * layout.half_height(row) / 2 if row.direction == "both" else 0
    x, end_x = x + way * layout.half(edge.start), end_x - way * layout.half(edge.end)
    _arrow(axes, edge.kind, [(x, y + offset), (end_x, end_y + offset)])


def _handed_over(axes, layout, edge, named):
    """From the last state of a section to the first one of another."""
    (x, y), (end_x, end_y) = layout.at(edge.start), layout.at(edge.end)
    x, end_x = x + BOX[0] / 2, end_x - BOX[0] / 2
    turn = layout.ends[edge.start.section][1] + layout.gap / 2
    _arrow(axes, "state", [(x, y), (end_x, y)] if y == end_y else [(x, y), (turn, y), (turn, end_y), (end_x, end_y)])
    if edge.label and edge.label not in named:
        named.add(edge.label)
        if y == end_y:
            _write(axes, (x + end_x) / 2, y - 0.11, edge.label)
        else:
            _write(axes, turn, (y + end_y) / 2, edge.label, bbox=GROUND_OF_TEXT | {"facecolor": "white"})


def _fan(axes, layout, edge):
    """One state for all steps, from below into each box."""
    (x, y), (end_x, end_y) = layout.at(edge.start), layout.at(edge.end)
    gap = layout.ends[edge.start.section][1] + layout.gap / 2
    low = end_y - layout.half_height(layout.row(edge.end)) - 0.14
    side = end_x - 0.16
    points = [(x + BOX[0] / 2, y), (gap, y), (gap, low), (side, low), (side, low + 0.14)]
    _arrow(axes, "state", points)


def _repeat(axes, layout, edge):
    (x, y), (_, end_y) = layout.at(edge.start), layout.at(edge.end)
    number = edge.end.section
    gap = layout.ends[edge.start.section][1] + layout.gap / 2
    end = layout.x(number, 0) - BOX[0] / 2
    start = x + layout.half(edge.start)
    if number - edge.start.section == 1:
        _arrow(axes, "repeat", [(start, y), (gap, y), (gap, end_y), (end, end_y)])
    else:  # under what is between
        low, last = layout.below - 0.42, layout.ends[number - 1][1] + layout.gap / 2
        _arrow(axes, "repeat", [(gap, end_y), (gap, low), (last, low), (last, end_y), (end, end_y)])


def _feedback(axes, layout, edge):
    """From an output, on the top, down between two columns to what reads it."""
    (x, y), (end_x, end_y) = layout.at(edge.start), layout.at(edge.end)
    row = layout.row(edge.end)
    start, end = x + layout.half(edge.start), end_x - layout.half(edge.end)
    middle = (start + end) / 2
    if row.kind == "input":
        rest = [(middle, end_y), (end, end_y)]
    else:  # from below into the box
        low, side = end_y - layout.half_height(row) - 0.12, end_x - min(0.15, layout.half(edge.end) / 2)
        rest = [(middle, low), (side, low), (side, low + 0.12)]
    _arrow(axes, "feedback", [(start, y), (middle, y), *rest])


def _ends_of_states(axes, layout):
    """Where states begin as zeros, where they go on beyond the picture, and outputs that nobody reads."""
    unrolled = layout.unrolled
    read = {e.start for e in unrolled.edges if e.kind in ("output", "attention")}
    carried = {(e.end.slot, e.end.row) for e in unrolled.edges if e.kind == "carry"}
    for slot in range(unrolled.slots):
        for number, section in enumerate(unrolled.sections):
            for k, row in enumerate(section.rows):
                if row.kind != "recurrent":
                    continue
                y, half = layout.y(slot, row.level), layout.half_height(row)
                if (slot, number, k) not in layout.given:
                    _zeros(axes, layout, number, row, y, half)
                if (slot, k) in carried and number == len(unrolled.sections) - 1:
                    x = layout.x(number, -1) + BOX[0] / 2
                    _arrow(axes, "carry", [(x, y), (layout.ends[number][1] + 0.3, y)])
                used = {place.column for place in read if (place.slot, place.section, place.row) == (slot, number, k)}
                for column in section.shown:
                    if column not in used:
                        x = layout.x(number, column)
                        axes.plot((x, x), (y + half, y + half + 0.1), **LINES["output"], zorder=3)
                        _write(axes, x, y + half + 0.13, "×", USUAL + 1)


def _zeros(axes, layout, number, row, y, half):
    ways = {"right": (1,), "left": (-1,), "both": (1, -1)}[row.direction]
    for way in ways:
        x = layout.x(number, 0) - BOX[0] / 2 if way > 0 else layout.x(number, -1) + BOX[0] / 2
        offset = -way * half / 2 if row.direction == "both" else 0
        _arrow(axes, "state", [(x - way * 0.2, y + offset), (x, y + offset)])
        _write(axes, x - way * 0.26, y + offset, "0", SMALL)


def _entries(unrolled, layout):
    """What the legend explains: only what is in the picture."""
    kinds = {edge.kind for edge in unrolled.edges}
    recurrent = [row for section in unrolled.sections for row in section.rows if row.kind == "recurrent"]
    parts = max((len(row.states) // (2 if row.direction == "both" else 1) for row in recurrent), default=0)
    widths = dict.fromkeys(shape_text(row.states[0]) for row in recurrent)
    each = " each" if parts > 1 else ""
    sizes = f", {' or '.join(widths)}{each}" if widths else ""
    told = {
        "output": "output of a step, with its shape",
        "state": f"state{' h, c' if parts > 1 else ' h'}{sizes}",
        "carry": "state that the next batch goes on from",
        "feedback": "written, then read",
        "attention": "what is attended to",
    }
    entries = [(kind, text) for kind, text in told.items() if kind in kinds]
    given = {(section, row) for _, section, row in layout.given}
    rows = {(n, k) for n, s in enumerate(unrolled.sections) for k, r in enumerate(s.rows) if r.kind == "recurrent"}
    if rows - given:
        entries.append(("0", "begins with zeros"))
    read = {(e.start.section, e.start.row, e.start.column) for e in unrolled.edges if e.kind in ("output", "attention")}
    boxes = {(n, k, c) for n, k in rows for c in unrolled.sections[n].shown}
    if boxes - read:
        entries.append(("×", "output that is not used"))
    return entries


def _legend_lines(entries, width):
    """The entries in lines that are not wider than the picture, each with where it begins."""
    lines, x = [[]], MARGIN
    for mark, text in entries:
        needed = 0.5 + width_of(text, SMALL) + 0.22
        if lines[-1] and x + needed > width:
            lines.append([])
            x = MARGIN
        lines[-1].append((x, mark, text))
        x += needed
    return lines


def _legend(axes, lines, notes):
    for k, line in enumerate(lines):
        y = -0.08 - 0.2 * k
        for x, mark, text in line:
            if mark in LINES:
                _arrow(axes, mark, [(x, y), (x + 0.4, y)])
            else:
                _write(axes, x + 0.3, y, mark, USUAL + 1)
            _write(axes, x + 0.46, y, text, ha="left")
    for k, note in enumerate(notes):
        _write(axes, MARGIN, -0.08 - 0.2 * (len(lines) + k), note, ha="left", style="italic")
