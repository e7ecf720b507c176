"""What goes into a graph and comes out of it, in words for whoever calls it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Value:
    """An input or an output; a str in its shape names a size that may be any."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    meaning: str


@dataclass(frozen=True)
class Signature:
    """All inputs and all outputs of a graph, in order."""

    inputs: list[Value]
    outputs: list[Value]
