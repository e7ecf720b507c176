"""Several batches in a row: where the state of each slot goes on."""

from dataclasses import replace

from seq2seq.anatomy.description import BATCH, ELIDED, Edge, Place, Row, Unrolled, inner_edges
from seq2seq.anatomy.options import Options
from seq2seq.errors import InputError


def in_batches(one: Unrolled, options: Options, goes_on: set[str]) -> Unrolled:
    """Set batches side by side, and their slots one above the other.

    Slot i of a batch goes on where slot i of the one before ended: so its steps are the next ones of the same sequence,
    and its states are those in which the batch before left them.

    Args:
        one: of one section, one batch.
        options: `batches` and `slots` of them.
        goes_on: names of the rows whose states go on.
    """
    (section,) = one.sections
    if any(row.direction != "right" for row in section.rows):
        raise InputError(f"batches={options.batches}: expected layers that go from the first step to the last alone.")
    sections, edges = [], []
    for number in range(options.batches):
        rows = tuple(_later(row, section, number) for row in section.rows)
        sections.append(replace(section, name=f"batch {number + 1}", rows=rows))
    for slot in range(options.slots):
        for number, each in enumerate(sections):
            edges += inner_edges(number, each, slot)
            for k, row in enumerate(each.rows):
                if row.name in goes_on and number + 1 < len(sections):
                    start, end = Place(slot, number, k, each.shown[-1]), Place(slot, number + 1, k, 0)
                    edges.append(Edge("carry", start, end, row.states[0]))
    batch = section.rows[0].shape[0]
    notes = ("Slot i of a batch goes on where slot i of the batch before ended: each slot is a sequence of its own.",)
    if batch == BATCH or batch > options.slots:
        size = "the slots" if batch == BATCH else f"{batch} slots"
        notes += (f"Shown: {options.slots} of {size}.",)
    return replace(one, sections=tuple(sections), edges=tuple(edges), slots=options.slots, notes=notes)


def _later(row: Row, section, number: int) -> Row:
    """A row of values with the names of those `number` batches later."""
    if not row.symbols or not row.each_step:
        return row
    return replace(row, symbols=tuple(_symbol(each, section.steps, number) for each in row.symbols))


def _symbol(symbol, steps, number):
    letter, _, step = symbol.partition("_")
    if ELIDED in symbol or not number:
        return symbol
    if isinstance(steps, int):
        return f"{letter}_{int(step) + number * steps}"
    before = steps if number == 1 else f"{number}{steps}"
    if step.isdigit():
        return f"{letter}_{before}+{step}"
    return f"{letter}_{number + 1}{step}"  # the last one, "T", or one after it, "T+1"
