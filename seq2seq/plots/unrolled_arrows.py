"""The arrows of an unrolled network, each from box to box."""

from matplotlib.axes import Axes

from seq2seq.plots.unrolled_ink import GROUND_OF_TEXT, LINES, arrow, write
from seq2seq.plots.unrolled_layout import BOX, SMALL, USUAL, Layout, crosses, shape_text


def draw_edges(axes: Axes, layout: Layout) -> None:
    """Draw all arrows of a layout, and where states and outputs come from nowhere or go nowhere."""
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
        arrow(axes, edge.kind, [(x, bottom), (x, top)])
        middle = (bottom + top) / 2 - 0.02 if top - bottom < 0.7 else bottom + 0.22
        between = (edge.kind, edge.start.section, edge.start.row, edge.end.row)
        if between not in named and edge.start.slot == 0:
            named.add(between)
            write(axes, x, middle, shape_text(edge.shape), bbox=GROUND_OF_TEXT)
    else:  # the first step of the way back, beside the last one of the way there
        arrow(axes, edge.kind, [(x, bottom), (x, end_y), (end_x - layout.half(edge.end), end_y)])


def _state(axes, layout, edge):
    """To the next step, or to the next batch."""
    (x, y), (end_x, end_y) = layout.at(edge.start), layout.at(edge.end)
    row, way = layout.row(edge.start), 1 if end_x > x else -1
    offset = -way * layout.half_height(row) / 2 if row.direction == "both" else 0
    x, end_x = x + way * layout.half(edge.start), end_x - way * layout.half(edge.end)
    arrow(axes, edge.kind, [(x, y + offset), (end_x, end_y + offset)])


def _handed_over(axes, layout, edge, named):
    """From the last state of a section to the first one of another."""
    (x, y), (end_x, end_y) = layout.at(edge.start), layout.at(edge.end)
    x, end_x = x + BOX[0] / 2, end_x - BOX[0] / 2
    turn = layout.ends[edge.start.section][1] + layout.gap / 2
    arrow(axes, "state", [(x, y), (end_x, y)] if y == end_y else [(x, y), (turn, y), (turn, end_y), (end_x, end_y)])
    if edge.label and edge.label not in named:
        named.add(edge.label)
        if y == end_y:
            write(axes, (x + end_x) / 2, y - 0.11, edge.label)
        else:
            write(axes, turn, (y + end_y) / 2, edge.label, bbox=GROUND_OF_TEXT | {"facecolor": "white"})


def _fan(axes, layout, edge):
    """One state for all steps, from below into each box."""
    (x, y), (end_x, end_y) = layout.at(edge.start), layout.at(edge.end)
    gap = layout.ends[edge.start.section][1] + layout.gap / 2
    low = end_y - layout.half_height(layout.row(edge.end)) - 0.14
    side = end_x - 0.16
    points = [(x + BOX[0] / 2, y), (gap, y), (gap, low), (side, low), (side, low + 0.14)]
    arrow(axes, "state", points)


def _repeat(axes, layout, edge):
    (x, y), (_, end_y) = layout.at(edge.start), layout.at(edge.end)
    number = edge.end.section
    gap = layout.ends[edge.start.section][1] + layout.gap / 2
    end = layout.x(number, 0) - BOX[0] / 2
    start = x + layout.half(edge.start)
    if number - edge.start.section == 1:
        arrow(axes, "repeat", [(start, y), (gap, y), (gap, end_y), (end, end_y)])
    else:  # under what is between
        low, last = layout.below - 0.42, layout.ends[number - 1][1] + layout.gap / 2
        arrow(axes, "repeat", [(gap, end_y), (gap, low), (last, low), (last, end_y), (end, end_y)])


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
        shown = edge.end.column in layout.unrolled.sections[edge.end.section].shown
        rest = [(middle, low), (side, low), (side, low + 0.12 if shown else end_y - 0.09)]
    arrow(axes, "feedback", [(start, y), (middle, y), *rest])


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
                    arrow(axes, "carry", [(x, y), (layout.ends[number][1] + 0.3, y)])
                used = {place.column for place in read if (place.slot, place.section, place.row) == (slot, number, k)}
                for column in section.shown:
                    if column not in used:
                        x = layout.x(number, column)
                        axes.plot((x, x), (y + half, y + half + 0.1), **LINES["output"], zorder=3)
                        write(axes, x, y + half + 0.13, "×", USUAL + 1)


def _zeros(axes, layout, number, row, y, half):
    ways = {"right": (1,), "left": (-1,), "both": (1, -1)}[row.direction]
    for way in ways:
        x = layout.x(number, 0) - BOX[0] / 2 if way > 0 else layout.x(number, -1) + BOX[0] / 2
        offset = -way * half / 2 if row.direction == "both" else 0
        arrow(axes, "state", [(x - way * 0.2, y + offset), (x, y + offset)])
        write(axes, x - way * 0.26, y + offset, "0", SMALL)
