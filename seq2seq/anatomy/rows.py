"""Rows of a description, made from layers."""

from dataclasses import replace

import keras

from seq2seq.anatomy.description import BATCH, BOTH, LEFT, Row, Shape, symbols_of
from seq2seq.models.recurrent import RecurrentStack

_CELLS = ((keras.layers.LSTM, "LSTM", 2), (keras.layers.GRU, "GRU", 1), (keras.layers.SimpleRNN, "RNN", 1))
RECURRENT = tuple(kind for kind, *_ in _CELLS)


def values(kind: str, title: str, letter: str, shape: Shape, columns: tuple[str, ...], shift: int = 0, **more) -> Row:
    """What goes in, `"input"`, or comes out, `"output"`, at each step."""
    return Row(title, kind, title, shape, symbols=symbols_of(letter, columns, shift), **more)


def recurrent(layer: keras.Layer, shape: Shape, return_sequences: bool, **more) -> Row:
    """A recurrent layer, maybe in two directions.

    Args:
        layer: of Keras or of `seq2seq.layers`, or `Bidirectional`.
        shape: of what it gives, see `Row`.
        return_sequences: bool. Whether the outputs of all steps are read.
        **more: of `Row`.
    """
    both = isinstance(layer, keras.layers.Bidirectional)
    inner = layer.forward_layer if both else layer
    mark, parts = next((mark, parts) for kind, mark, parts in _CELLS if isinstance(inner, kind))
    direction = BOTH if both else LEFT if inner.go_backwards else "right"
    return Row(
        layer.name,
        "recurrent",
        f"Bi{mark} 2 × {inner.units:,}" if both else f"{mark} {inner.units:,}",
        shape,
        mark,
        return_sequences=return_sequences,
        states=((shape[0], inner.units),) * parts * (2 if both else 1),
        direction=direction,
        weights=layer.count_params(),
        **more,
    )


def stack(stack: RecurrentStack, part: str, steps: int | str, last_alone: bool = False) -> list[Row]:
    """The rows of the stack of a `part`; with `last_alone` what is above it reads the last step of its top layer."""
    rows = []
    for k, layer in enumerate(stack.layers):
        every = not (last_alone and k == len(stack.layers) - 1)
        notes = ("adds its input (residual)",) if stack.residual and k else ()
        row = recurrent(layer, (BATCH, steps, stack.units) if every else (BATCH, stack.units), every, notes=notes)
        rows.append(replace(row, name=f"{part}/{row.name}"))
    return rows


def each(layer: keras.Layer, title: str, shape: Shape, mark: str = "Dense", **more) -> Row:
    """A layer that works on each step by itself, or on one vector."""
    return Row(layer.name, "each", title, shape, mark, **({"weights": layer.count_params()} | more))


def embedding(layer: keras.Layer, steps: int | str, counted: bool = True) -> Row:
    """A `TokenEmbedding`; its weights are not `counted` where another part has them, too."""
    table, notes = layer.table, () if counted else ("the source's table",)
    title, shape = f"Embedding {table.input_dim:,} → {table.output_dim}", (BATCH, steps, table.output_dim)
    return Row(layer.name, "each", title, shape, "Embed", weights=layer.count_params() if counted else 0, notes=notes)
