"""Where the boxes of an unrolled network are: in inches, from the lower left corner."""

import textwrap
from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

BOX, NODE_HEIGHT, LEVEL = (0.5, 0.36), 0.27, 0.86
SMALL, USUAL, LARGE = 7.5, 8.5, 9.5  # points
ELIDED_WIDTH = 0.2  # of the dots between boxes
BETWEEN = 0.3  # least space between boxes
MARGIN, LABEL_LINE = 0.08, 0.135
START = 0.38  # before the first box and after the last one: for what comes from outside
_LABEL_CHARACTERS = 25


@lru_cache(maxsize=4096)
def width_of(text: str, points: float, bold: bool = False) -> float:
    """The width of a text in inches."""
    if not text.strip():
        return 0.0
    font = FontProperties(weight="bold" if bold else "normal")
    return TextPath((0, 0), text.replace("$", "S"), size=points, prop=font).get_extents().x1 / 72


def shape_text(shape) -> str:
    """`(batch, 24, 2)`, as Python writes a tuple."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def label_lines(row) -> list[str]:
    """What is told of a row beside it: its title first."""
    lines = [row.title, shape_text(row.shape)]
    if row.return_sequences is not None:
        lines.append("returns every step" if row.return_sequences else "returns the last step")
    if row.weights:
        lines.append(f"{row.weights:,} weights")
    return [line for text in (*lines, *row.notes) for line in textwrap.wrap(text, _LABEL_CHARACTERS)]


class Layout:
    """The places of an `Unrolled`.

    Attributes:
        width: float. Of the whole picture, in inches.
        height: float. Of all above the legend.
        labelled: the numbers of the sections whose rows are told of, with the left end of their labels.
        gaps: the middles between sections.
    """

    def __init__(self, unrolled):
        self.unrolled = unrolled
        sections = unrolled.sections
        many, batches = len(sections) > 1, unrolled.slots > 1 or any(e.kind == "carry" for e in unrolled.edges)
        both_sides = many and not batches
        self.left = max(_labels_width(sections[0]), 0.6) + MARGIN
        crossing = max((width_of(edge.label, SMALL) for edge in unrolled.edges), default=0.0)
        self.gap = max(START + 0.1, crossing + 0.2) if both_sides else 0.25
        labels = [shape_text(edge.shape) for edge in unrolled.edges if edge.kind in ("output", "attention")]
        longest = max((width_of(text, SMALL) for text in labels), default=0.0)
        self.pitch = max(BOX[0] + BETWEEN, longest + 0.1)
        self._columns, x = [], self.left + START
        self.ends = []
        for section in sections:
            first, places = x, []
            for k, column in enumerate(section.columns):
                if k:
                    between = {True: 0.5, False: 0.0}
                    elided = (column == "…") or (section.columns[k - 1] == "…")
                    x += (BOX[0] + ELIDED_WIDTH) / 2 + BETWEEN if between[elided] else self.pitch
                places.append(x + BOX[0] / 2)
            self._columns.append(places)
            x += BOX[0]
            self.ends.append((first - START * 0.92, x + START * 0.92))
            x += self.gap + 2 * START
        right = self.ends[-1][1]
        self.labelled = {0: MARGIN}
        if both_sides:
            self.labelled[len(sections) - 1] = right + 0.1
            right += 0.1 + _labels_width(sections[-1])
        self.width = right + MARGIN
        self.levels = 1 + max(row.level for section in sections for row in section.rows)
        far = any(e.kind == "repeat" and e.end.section - e.start.section > 1 for e in unrolled.edges)
        self.below = 0.62 if far else 0.42
        self.lane = self.levels * LEVEL
        self.height = self.below + unrolled.slots * self.lane + 0.1

    def row(self, place):
        return self.unrolled.sections[place.section].rows[place.row]

    def x(self, section: int, column: int) -> float:
        return self._columns[section][column]

    def y(self, slot: int, level: int) -> float:
        lane = self.unrolled.slots - 1 - slot
        return self.below + lane * self.lane + (level + 0.32) * LEVEL

    def at(self, place) -> tuple[float, float]:
        """The middle of a box."""
        return self.x(place.section, place.column), self.y(place.slot, self.row(place).level)

    def half(self, place) -> float:
        """Half the width of what is drawn there."""
        elided = self.unrolled.sections[place.section].columns[place.column] == "…"
        return (ELIDED_WIDTH if elided else BOX[0]) / 2

    def half_height(self, row) -> float:
        if row.kind in ("input", "output"):
            return NODE_HEIGHT / 2
        return BOX[1] / 2 * (1.3 if row.direction == "both" else 0.75 if row.kind in ("attention", "repeat") else 1)


def _labels_width(section):
    texts = [(line, k == 0) for row in section.rows if row.kind != "bridge" for k, line in enumerate(label_lines(row))]
    return max(width_of(text, SMALL if not bold else USUAL, bold) for text, bold in texts)
