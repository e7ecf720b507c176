"""What the lines and signs in the picture of an unrolled network mean."""

from matplotlib.axes import Axes

from seq2seq.plots.unrolled_ink import LINES, arrow, write
from seq2seq.plots.unrolled_layout import MARGIN, SMALL, USUAL, Layout, shape_text, width_of


def entries_of(unrolled, layout: Layout) -> list[tuple[str, str]]:
    """What the legend explains: only what is in the picture."""
    kinds = {edge.kind for edge in unrolled.edges}
    recurrent = [row for section in unrolled.sections for row in section.rows if row.kind == "recurrent"]
    told = {
        "output": "output of a step, with its shape",
        "state": f"state {' or '.join(_states(recurrent))}",
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


def _states(recurrent):
    """The states of layers, `h, c, (batch, 32) each`: those of one part after those of two."""
    for parts, names, each in ((2, "h, c", " each"), (1, "h", "")):
        of_these = [row for row in recurrent if len(row.states) // (2 if row.direction == "both" else 1) == parts]
        if of_these:
            yield f"{names}, {' or '.join(dict.fromkeys(shape_text(row.states[0]) for row in of_these))}{each}"


def width_of_legend(entries: list[tuple[str, str]]) -> float:
    """The least width of a picture that has room for each of the entries in a line."""
    return max((_needed(text) for _, text in entries), default=0.0) + 2 * MARGIN


def _needed(text):
    return 0.5 + width_of(text, SMALL) + 0.22


def in_lines(entries: list[tuple[str, str]], width: float) -> list[list[tuple[float, str, str]]]:
    """The entries in lines that are not wider than the picture, each with where it begins."""
    lines, x = [[]], MARGIN
    for mark, text in entries:
        needed = _needed(text)
        if lines[-1] and x + needed > width:
            lines.append([])
            x = MARGIN
        lines[-1].append((x, mark, text))
        x += needed
    return lines


def draw_legend(axes: Axes, lines: list, notes: tuple[str, ...]) -> None:
    """Write the lines of the legend below the picture, and the notes below these."""
    for k, line in enumerate(lines):
        y = -0.08 - 0.2 * k
        for x, mark, text in line:
            if mark in LINES:
                arrow(axes, mark, [(x, y), (x + 0.4, y)])
            else:
                write(axes, x + 0.3, y, mark, USUAL + 1)
            write(axes, x + 0.46, y, text, ha="left")
    for k, note in enumerate(notes):
        write(axes, MARGIN, -0.08 - 0.2 * (len(lines) + k), note, ha="left", style="italic")
