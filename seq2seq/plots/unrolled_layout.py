"""Where the boxes of an unrolled network are: in inches, from the lower left corner."""

import textwrap
from functools import lru_cache
from itertools import pairwise

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

BOX, NODE_HEIGHT = (0.48, 0.34), 0.27
SMALL, USUAL = 8, 9  # points
ELIDED, ELIDED_WIDTH = "…", 0.2  # of the dots between boxes
BETWEEN = 0.24  # least space between boxes
MARGIN, LABEL_LINE = 0.06, 0.138
NARROW, WIDE = 0.16, 0.4  # beside the boxes of a section; wide where a state begins
_LEVEL, _LABEL_CHARACTERS = 0.78, 25


@lru_cache(maxsize=4096)
def width_of(text: str, points: float, bold: bool = False) -> float:
    """The width of a text in inches, with some room: pixels round letters up."""
    if not text.strip():
        return 0.0
    font = FontProperties(weight="bold" if bold else "normal")
    return TextPath((0, 0), text.replace("$", "S"), size=points, prop=font).get_extents().x1 * 1.04 / 72


def shape_text(shape) -> str:
    """`(batch, 24, 2)`, as Python writes a tuple."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def symbol_parts(symbol: str) -> tuple[str, str]:
    """`x_12` as a letter and its index; of a word the index is empty."""
    letter, _, index = symbol.partition("_")
    return letter, index


def node_width(symbol: str) -> float:
    """The width of an input or output, which is that of a long name."""
    letter, index = symbol_parts(symbol)
    written = width_of(letter[:1], USUAL) + width_of(index, 0.75 * USUAL) if index else width_of(letter, USUAL)
    return max(BOX[0] * 0.86, written + 0.17)


def label_lines(section, row) -> list[str]:
    """What is told of a row beside it: its title first."""
    lines = [row.title, shape_text(row.shape)]
    if row.return_sequences is not None:
        last = "only its state is read" if row is section.rows[-1] else "returns the last step"
        lines.append("returns every step" if row.return_sequences else last)
    if row.weights:
        lines.append(f"{row.weights:,} weights")
    return [line for text in (*lines, *row.notes) for line in textwrap.wrap(text, _LABEL_CHARACTERS)]


class Layout:
    """The places of an `Unrolled`.

    Attributes:
        width: float. Of the whole picture, in inches.
        height: float. Of all above the legend.
        levels: int.
        ends: the left and the right end of each section.
        gap: float. Between sections.
        below: float. What is under the slots.
        lane: float. Height of a slot.
        labelled: the numbers of the sections whose rows are told of, with the left end of their labels.
        given: slots, sections and rows whose state comes from another section.
        batches: bool. The sections are batches.
    """

    def __init__(self, unrolled):
        self.unrolled, sections = unrolled, unrolled.sections
        self.batches = any(edge.kind == "carry" for edge in unrolled.edges)
        self.given = {(e.end.slot, e.end.section, e.end.row) for e in unrolled.edges if crosses(e)}
        both_sides = len(sections) > 1 and not self.batches
        crossing = max((width_of(edge.label, SMALL) for edge in unrolled.edges), default=0.0)
        self.gap = max(0.46, crossing + 0.1 - 2 * NARROW) if both_sides else 0.3
        x = self._set_columns(_labels_width(sections[0]) + MARGIN + 0.14)
        self.labelled = {0: MARGIN}
        if both_sides:
            self.labelled[len(sections) - 1] = x + 0.1
            x += 0.1 + _labels_width(sections[-1])
        self.width = x + (0.34 if self.batches else MARGIN)
        self._set_levels()

    def _set_columns(self, x):
        """Where the columns of all sections are, the first of which begins at `x`; the right end of the last one."""
        edges = [edge for edge in self.unrolled.edges if edge.kind in ("output", "attention")]
        longest = max((width_of(shape_text(edge.shape), SMALL) for edge in edges), default=0.0)
        pitch = max(BOX[0] + BETWEEN, longest + 0.08)
        beside_dots = (BOX[0] + ELIDED_WIDTH) / 2 + BETWEEN - 0.04
        # What is fed back passes between the first column, where shapes are written, and the dots.
        fed_back = {edge.start.section for edge in self.unrolled.edges if edge.kind == "feedback"}
        if any(self.unrolled.sections[number].columns[1:2] == (ELIDED,) for number in fed_back):
            beside_dots = max(beside_dots, longest)
        self._columns, self.ends = [], []
        for number, section in enumerate(self.unrolled.sections):
            ways = {
                row.direction
                for k, row in enumerate(section.rows)
                if row.kind == "recurrent" and (0, number, k) not in self.given
            }
            left, places = x, []
            x += WIDE if ways & {"right", "both"} else NARROW
            for k, column in enumerate(section.columns):
                if k:
                    x += beside_dots if ELIDED in (column, section.columns[k - 1]) else pitch
                places.append(x + BOX[0] / 2)
            x += BOX[0] + (WIDE if ways & {"left", "both"} else NARROW)
            self._columns.append(places)
            self.ends.append((left, x))
            x += self.gap
        return x - self.gap

    def _set_levels(self):
        """How high each level is: as its labels need."""
        sections = self.unrolled.sections
        rows = [row for section in sections for row in section.rows if row.kind != "bridge"]
        self.levels = 1 + max(row.level for row in rows)
        halves = [0.0] * self.levels
        for section in map(sections.__getitem__, self.labelled):
            for row in section.rows:
                if row.kind != "bridge":
                    halves[row.level] = max(halves[row.level], LABEL_LINE * len(label_lines(section, row)) / 2)
        self._levels = [max(halves[0], 0.24)]
        for below, above in pairwise(halves):
            self._levels.append(self._levels[-1] + max(_LEVEL, below + above + 0.1))
        self.lane = self._levels[-1] + max(halves[-1], 0.24) + (0.24 if self.unrolled.slots > 1 else 0.06)
        far = any(e.kind == "repeat" and e.end.section - e.start.section > 1 for e in self.unrolled.edges)
        self.below = 0.58 if far else 0.4
        self.height = self.below + self.unrolled.slots * self.lane

    def row(self, place):
        """The row that a place is in."""
        return self.unrolled.sections[place.section].rows[place.row]

    def x(self, section: int, column: int) -> float:
        """The middle of a column."""
        return self._columns[section][column]

    def y(self, slot: int, level: int) -> float:
        """The middle of a level; the first slot is the uppermost."""
        return self.below + (self.unrolled.slots - 1 - slot) * self.lane + self._levels[level]

    def at(self, place) -> tuple[float, float]:
        """The middle of a box."""
        return self.x(place.section, place.column), self.y(place.slot, self.row(place).level)

    def half(self, place) -> float:
        """Half the width of what is drawn there."""
        row = self.row(place)
        if self.unrolled.sections[place.section].columns[place.column] == ELIDED:
            return ELIDED_WIDTH / 2
        return node_width(row.symbols[place.column if row.each_step else 0]) / 2 if row.symbols else BOX[0] / 2

    def half_height(self, row) -> float:
        """Half the height of a box of the row."""
        if row.kind in ("input", "output"):
            return NODE_HEIGHT / 2
        return BOX[1] / 2 * {"attention": 0.75, "repeat": 0.75}.get(row.kind, 1.3 if row.direction == "both" else 1)


def crosses(edge) -> bool:
    """Whether a state goes from one section to another."""
    return edge.kind in ("state", "carry") and edge.start.section != edge.end.section


def _labels_width(section):
    rows = [row for row in section.rows if row.kind != "bridge"]
    texts = [(line, k == 0) for row in rows for k, line in enumerate(label_lines(section, row))]
    return max(width_of(text, USUAL if first else SMALL, first) for text, first in texts)
