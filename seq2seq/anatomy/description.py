"""An unrolled network as values: layers from bottom to top, steps from left to right, arrows between them."""

from dataclasses import dataclass, replace
from itertools import pairwise

BATCH = "batch"  # the axis of a shape that holds the rows of a batch
ELIDED = "…"  # a column that stands for those that are left out
LEFT, BOTH = "left", "both"

Shape = tuple[int | str, ...]


@dataclass(frozen=True)
class Row:
    """A layer, or what goes into a network or comes out of it, over all steps of a section.

    Attributes:
        name: str. Of the layer in its model.
        kind: str. `"input"` and `"output"`, values; `"recurrent"`, a layer with a state; `"each"`, one that works on
            each step, or on the one vector that there is, by itself; `"repeat"`, one vector for every step;
            `"attention"`; `"bridge"`, which makes first states from last ones.
        title: str. The layer and its size.
        shape: of what it gives, such as `("batch", 24, 32)`; a letter stands for any number of steps.
        mark: str. The short name inside a box.
        each_step: bool. It has a box at every step; else one, at the last.
        return_sequences: bool, or `None` of what has no state. Whether what is above reads the outputs of all steps, or
            that of the last one alone.
        states: the shapes of the parts of a state: of `h` and `c`; of a bidirectional layer those of one direction
            come first.
        direction: str. `"right"`, `"left"` or `"both"`: which way the state goes.
        weights: int.
        symbols: str for each column: the values, `"x_1"`, of inputs and outputs.
        notes: lines of text: what the picture does not show.
        level: int. How high it is drawn; rows of one level, of two sections, are side by side.
    """

    name: str
    kind: str
    title: str
    shape: Shape
    mark: str = ""
    each_step: bool = True
    return_sequences: bool | None = None
    states: tuple[Shape, ...] = ()
    direction: str = "right"
    weights: int = 0
    symbols: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    level: int = 0

    @property
    def step_shape(self) -> Shape:
        """The shape of what one box gives."""
        whole = self.each_step and self.return_sequences is not False
        return (self.shape[0], *self.shape[2:]) if whole else self.shape


@dataclass(frozen=True)
class Section:
    """Rows that go through the same steps: an encoder, a decoder, or one of several batches.

    Attributes:
        name: str.
        steps: int, or a letter for any number.
        columns: the steps that are shown, `("1", "2", "…", "24")`.
        rows: from bottom to top.
        unit: str. What its steps are.
    """

    name: str
    steps: int | str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    unit: str = "steps"

    @property
    def shown(self) -> list[int]:
        """The positions of the columns that stand for a step."""
        return [k for k, column in enumerate(self.columns) if column != ELIDED]

    def boxes(self, row: Row) -> list[int]:
        """The positions of the columns in which `row` has a box; of elided steps there is none."""
        if row.kind in ("repeat", "attention", "bridge"):
            return []
        return self.shown if row.each_step else self.shown[-1:]


@dataclass(frozen=True)
class Place:
    """One end of an arrow: numbers of a slot, a section, a row of that and a column of that, from 0."""

    slot: int
    section: int
    row: int
    column: int


@dataclass(frozen=True)
class Edge:
    """An arrow.

    Attributes:
        kind: str. `"output"`, up to the next row; `"state"`, to the next step; `"carry"`, a state that goes on to the
            next batch; `"repeat"`, one vector for every step; `"attention"`; `"feedback"`, an output that is the next
            input.
        start: `Place`.
        end: `Place`.
        shape: of what goes along it; of a state that of each part.
        label: str. What it passes on its way.
    """

    kind: str
    start: Place
    end: Place
    shape: Shape
    label: str = ""


@dataclass(frozen=True)
class Unrolled:
    """A network over its steps.

    Attributes:
        title: str.
        sections: from left to right.
        edges: all arrows between the places that are shown.
        slots: int. Rows of a batch that are drawn one above the other.
        notes: lines of text: what the picture does not show.
    """

    title: str
    sections: tuple[Section, ...]
    edges: tuple[Edge, ...]
    slots: int = 1
    notes: tuple[str, ...] = ()

    @property
    def layers(self) -> list[tuple[Section, Row, Shape]]:
        """All layers, each once with the section that it is in and the shape of what it reads, from left to right."""
        found = {}
        for section in self.sections:
            read: Shape = ()  # a bridge reads states, which are as wide as those that it gives
            for row in sorted(section.rows, key=lambda row: row.kind != "bridge"):
                if row.kind not in ("input", "output") or row.weights:
                    found.setdefault(row.name, (section, row, read or row.shape))
                read = () if row.kind == "bridge" else row.shape
        return list(found.values())

    def edges_of(self, kind: str) -> list[Edge]:
        """The arrows of one kind."""
        return [edge for edge in self.edges if edge.kind == kind]


def columns_of(steps: int | str, shown: int) -> tuple[str, ...]:
    """The columns of so many steps, of which all are shown or `shown`, the last of all among them.

    >>> columns_of(24, 3), columns_of(4, 3)
    (('1', '2', '…', '24'), ('1', '2', '3', '4'))
    """
    if isinstance(steps, int) and steps <= shown + 1:  # to leave out one alone makes room for nothing
        return tuple(map(str, range(1, steps + 1)))
    return (*map(str, range(1, shown)), ELIDED, str(steps))


def mirrored(columns: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of the same steps counted from the last one.

    >>> mirrored(("1", "2", "…", "24")), mirrored(("1", "2", "…", "T"))
    (('24', '23', '…', '1'), ('T', 'T−1', '…', '1'))
    """
    last = columns[-1]
    counted = {last: "1", "1": last, ELIDED: ELIDED}
    for column in columns[1:-1]:
        if column != ELIDED:
            counted[column] = _shifted(last, 1 - int(column))
    return tuple(counted[column] for column in columns)


def symbols_of(letter: str, columns: tuple[str, ...], shift: int = 0) -> tuple[str, ...]:
    """The names of values at these columns, `shift` steps later: `"x_1"`, of the last of any number `"x_T"`.

    >>> symbols_of("x", ("1", "2", "…", "T"), shift=-1)
    ('x_0', 'x_1', '…', 'x_T−1')
    """
    return tuple(column if column == ELIDED else f"{letter}_{_shifted(column, shift)}" for column in columns)


def _shifted(step, shift):
    if step.isdigit():
        return str(int(step) + shift)
    letter, offset = step[0], int(step[1:].replace("−", "-") or 0) + shift
    return letter if not offset else f"{letter}{'+' if offset > 0 else '−'}{abs(offset)}"


def in_levels(rows: list[Row], least: int = 0) -> tuple[Row, ...]:
    """Rows one above the other; an attention, which spans what it attends to, is at `least` as high as that."""
    placed, level = [], 0
    for row in rows:
        if row.kind == "bridge":
            placed.append(row)
            continue
        level = max(level, least) if row.kind == "attention" else level
        placed.append(replace(row, level=level))
        level += 1
    return tuple(placed)


def inner_edges(number: int, section: Section, slot: int = 0) -> list[Edge]:
    """The arrows inside a section: from each row up to the next one, and along the steps of those with a state."""
    rows = [k for k, row in enumerate(section.rows) if row.kind != "bridge"]
    edges = []
    for k in rows:
        row = section.rows[k]
        if row.kind == "recurrent":
            edges += _states(number, section, k, slot)
    for below, above in pairwise(rows):
        starts, shape = _read(section, section.rows[below], section.rows[above]), section.rows[below].step_shape
        if not section.rows[above].each_step and len(starts) > 1:  # the two ends of two directions
            shape = section.rows[below].states[0]
        for start in starts:
            end = start if section.rows[above].each_step else section.shown[-1]
            edges.append(Edge("output", Place(slot, number, below, start), Place(slot, number, above, end), shape))
    return edges


def _states(number, section, k, slot):
    row, columns = section.rows[k], range(len(section.columns))
    steps = list(pairwise(columns))
    ways = [] if row.direction == LEFT else steps
    ways += [(b, a) for a, b in steps] if row.direction in (LEFT, BOTH) else []
    return [Edge("state", Place(slot, number, k, a), Place(slot, number, k, b), row.states[0]) for a, b in ways]


def _read(section, below, above):
    """The columns whose outputs of the row `below` the row `above` reads."""
    if not below.each_step:
        return section.shown[-1:]
    if above.each_step and below.return_sequences is not False:
        return section.shown
    ends = {"left": [0], "both": [0, section.shown[-1]]}
    return sorted(set(ends.get(below.direction, section.shown[-1:])))
