"""Keras models as strands of layers that follow one another, of which one may begin in the states of another."""

from dataclasses import dataclass, field
from typing import Any

import keras

from seq2seq.anatomy.rows import RECURRENT
from seq2seq.errors import InputError
from seq2seq.layers import Repeat

ATTENTIONS = (keras.layers.Attention, keras.layers.AdditiveAttention, keras.layers.MultiHeadAttention)
_WITH_STATES = (*RECURRENT, keras.layers.Bidirectional)
_MERGES = (keras.layers.Concatenate, keras.layers.Add, keras.layers.Average)
_ON_THE_WAY = (*_MERGES, keras.layers.Dense, keras.layers.Dropout, keras.layers.Activation)
_EXPECTED = (
    "expected a chain of layers, or two of which the second begins in states of the first, attends to it, or both."
)


@dataclass
class Strand:
    """Layers that follow one another.

    Attributes:
        read: tensor of Keras. What goes into the first one.
        layers: from first to last.
        merged: dict from the name of an attention to the layer that puts its context beside what it was asked with.
    """

    read: Any
    layers: list = field(default_factory=list)
    merged: dict = field(default_factory=dict)

    def maker(self, tensor: Any) -> Any:
        """The layer whose first output is `tensor`; None of what goes into the first one."""
        return next((layer for layer in self.layers if tensors(layer.output)[0] is tensor), None)


@dataclass(frozen=True)
class Handed:
    """A state that one layer leaves and in which another begins.

    Attributes:
        start: layer.
        end: layer.
        through: the layers that it goes through on its way.
    """

    start: Any
    end: Any
    through: tuple


def strands_of(model: Any) -> tuple[list[Strand], list[Handed]]:
    """The one or two strands of a model, that of the encoder first, and the states that go from one to the other.

    Raises:
        InputError: what is made of other layers, of more inputs or outputs, or of layers that are called twice.
    """
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        what = type(model).__name__
        raise InputError(
            f"{what} cannot be unrolled: expected one of this package's models, or a sequential or functional Keras "
            "model that begins with keras.Input."
        )
    return _Graph(model).read()


def tensors(given: Any) -> list:
    """What a layer reads or gives, as a list, without its mask."""
    return [tensor for tensor in _listed(given) if tensor.dtype != "bool"]


def is_masked(layer: Any) -> bool:
    """Whether a layer reads a mask."""
    return any(tensor.dtype == "bool" for tensor in _listed(layer.input))


def _listed(given):
    return list(given) if isinstance(given, list | tuple) else [given]


class _Graph:
    """A model that is read from its output to its inputs."""

    def __init__(self, model):
        self.model = model
        self.layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
        self.inputs = {id(tensor) for tensor in model.inputs}
        self.makers = {id(made): layer for layer in self.layers for made in tensors(layer.output)}
        self.used = set()

    def read(self):
        if len(self.model.outputs) != 1:
            raise InputError(f"Model {self.model.name!r} has {len(self.model.outputs)} outputs: {_EXPECTED}")
        last = self.strand(self.model.outputs[0])
        handed = [each for layer in last.layers for each in self.states_of(layer)]
        tops = [tensors(each.start.output)[0] for each in handed]
        tops += [tensors(layer.input)[1] for layer in last.layers if isinstance(layer, ATTENTIONS)]
        strands = sorted((self.strand(top) for top in tops), key=lambda strand: len(strand.layers))
        found = [*strands[-1:], last]
        for strand in strands:
            if strand.layers != found[0].layers[: len(strand.layers)]:
                raise InputError(f"Model {self.model.name!r} has branches: {_EXPECTED}")
        for layer in self.layers:
            if layer.name not in self.used:
                raise self.alone(layer)
        if len(self.inputs) != len(found) or self.inputs != {id(strand.read) for strand in found}:
            raise InputError(f"Model {self.model.name!r} of {len(self.inputs)} inputs cannot be unrolled: {_EXPECTED}")
        return found, handed

    def strand(self, tensor):
        """The layers by which `tensor` is made, back to an input."""
        found = Strand(None)
        while id(tensor) not in self.inputs:
            layer = self.maker(tensor)
            read = tensors(layer.input)
            asked = self.attention_in(layer, read)
            if asked is not None:
                found.merged[asked.name] = layer
                self.used.add(layer.name)
                layer, read = asked, tensors(asked.input)
            elif len(read) > 1 and not isinstance(layer, (*_WITH_STATES, Repeat, *ATTENTIONS)):
                raise self.alone(layer)
            self.used.add(layer.name)
            found.layers.insert(0, layer)
            tensor = read[0]
        found.read = tensor
        return found

    def maker(self, tensor):
        """The layer whose first output is `tensor`."""
        layer = self.makers.get(id(tensor))
        if layer is None:
            raise InputError(
                f"Model {self.model.name!r} computes more than layers do that are each called once: {_EXPECTED}"
            )
        if tensor is not tensors(layer.output)[0]:
            raise self.alone(layer)
        return layer

    def attention_in(self, merge, read):
        """The attention of which `merge` puts the context beside what it was asked with; `None` where it does not."""
        if not isinstance(merge, _MERGES) or len(read) != 2:
            return None
        for context, query in (read, read[::-1]):
            layer = self.makers.get(id(context))
            if isinstance(layer, ATTENTIONS) and tensors(layer.input)[0] is query:
                return layer
        return None

    def states_of(self, layer):
        """The states in which `layer` begins: each layer that leaves one of them, once."""
        found = {}
        for tensor in tensors(layer.input)[1:] if isinstance(layer, _WITH_STATES) else []:
            for start, through in self.sources(tensor, layer):
                known = found.get(start.name)
                through = {each.name: each for each in (*(known.through if known else ()), *through)}
                found[start.name] = Handed(start, layer, tuple(through.values()))
        return list(found.values())

    def sources(self, tensor, end):
        """The layers with a state by which `tensor` is made, each with what is between."""
        layer = self.makers.get(id(tensor))
        if isinstance(layer, _WITH_STATES):
            return [(layer, ())]
        if not isinstance(layer, _ON_THE_WAY):
            raise InputError(
                f"Layer {end.name!r} ({type(end).__name__}) begins in a state that no recurrent layer of the model "
                f"leaves: {_EXPECTED}"
            )
        self.used.add(layer.name)
        found = [each for read in tensors(layer.input) for each in self.sources(read, end)]
        return [(start, (*through, layer)) for start, through in found]

    def alone(self, layer):
        """The refusal of a layer."""
        return InputError(
            f"Layer {layer.name!r} ({type(layer).__name__}) does not follow the one before it alone, or gives more "
            f"than one output: {_EXPECTED}"
        )
