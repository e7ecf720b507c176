"""The descriptions of models that write their own next input: what they have in common."""

from collections.abc import Callable
from itertools import pairwise

from seq2seq.anatomy import rows
from seq2seq.anatomy.description import (
    BATCH,
    Edge,
    Place,
    Row,
    Section,
    Unrolled,
    columns_of,
    in_levels,
    inner_edges,
    symbols_of,
)
from seq2seq.anatomy.joining import in_batches
from seq2seq.anatomy.options import ANY_TARGET_STEPS, Options
from seq2seq.models.stateful import StatefulModel


def going_on(model: StatefulModel, options: Options, reads: Callable, title: str, width: int) -> Unrolled:
    """Describe a model that tells at each step what the next one is.

    In training it reads what is known, of one batch or of several in a row. At prediction it reads what is known, and
    then what it has written itself.

    Args:
        model: with a `stack` and an `output_layer`.
        options: what is asked for.
        reads: function from the letter of what is read, the number of steps and the columns, to the rows beneath the
            stack.
        title: str. What comes out.
        width: int. Of each output.
    """
    steps = options.length()

    def section(name, letter, steps, columns, written, last_alone=False):
        shape = (BATCH, width) if last_alone else (BATCH, steps, width)
        dense = rows.each(model.output_layer, f"Dense {width:,}", shape, each_step=not last_alone)
        out = Row("output", "output", title, shape, each_step=not last_alone, symbols=written)
        stack = rows.stack(model.stack, "stack", steps, last_alone)
        return Section(name, steps, columns, in_levels([*reads(letter, steps, columns), *stack, dense, out]))

    if not options.predicting:
        columns = columns_of(steps, options.most(1 if options.batches == 1 else 3))
        one = section("", "x", steps, columns, symbols_of("x̂", columns, shift=1))
        found = Unrolled(f"{model.name}, training", (one,), tuple(inner_edges(0, one)))
        if options.batches == 1:
            return found
        return in_batches(found, options, {row.name for row in one.rows if row.kind == "recurrent"})
    ahead = (options.target_steps - 1) if options.target_steps else f"{ANY_TARGET_STEPS}−1"
    columns = columns_of(steps, options.most(2))
    known = section("what is known", "x", steps, columns, ("ŷ_1",), last_alone=True)
    title_ = f"{model.name}, prediction: it reads what it has written"
    if not ahead:
        return Unrolled(title_, (known,), tuple(inner_edges(0, known)))
    columns = columns_of(ahead, options.most(2))
    written = section("what is written", "ŷ", ahead, columns, symbols_of("ŷ", columns, shift=1))
    edges = [*inner_edges(0, known), *inner_edges(1, written), *goes_on(known, written), *fed_back(1, written)]
    end = Place(0, 0, len(known.rows) - 1, known.shown[-1])
    edges.append(Edge("feedback", end, Place(0, 1, 0, 0), known.rows[0].step_shape))
    return Unrolled(title_, (known, written), tuple(edges))


def goes_on(before: Section, after: Section) -> list[Edge]:
    """The arrows from the last states of one section to the first ones of the next, which has the same layers."""
    rows_ = [k for k, row in enumerate(before.rows) if row.kind == "recurrent"]
    others = [k for k, row in enumerate(after.rows) if row.kind == "recurrent"]
    return [
        Edge("state", Place(0, 0, k, before.shown[-1]), Place(0, 1, other, 0), after.rows[other].states[0])
        for k, other in zip(rows_, others, strict=True)
    ]


def fed_back(number: int, section: Section, row: int = 0) -> list[Edge]:
    """The arrows from each output of a section to the step after: to its input, or to another row that reads it."""
    top = max(range(len(section.rows)), key=lambda k: section.rows[k].level)
    shape, columns = section.rows[top].step_shape, range(len(section.columns))
    return [Edge("feedback", Place(0, number, top, a), Place(0, number, row, b), shape) for a, b in pairwise(columns)]
