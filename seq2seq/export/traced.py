"""What models do as functions of TensorFlow whose inputs and outputs have names, for what TensorFlow writes itself."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import tensorflow as tf

from seq2seq.export.signature import Value
from seq2seq.models import Autoencoder, WindowForecaster
from seq2seq.models.exportable import without_cudnn

Function = Callable[..., dict[str, tf.Tensor]]


def functions_of(model: Any) -> dict[str, Function]:
    """The functions of a model of numbers; their names, and those of what goes in and comes out, are those of its ONNX
    graphs. A stateful forecaster has `step` beside them, which reads one step, `(batch, features)`."""
    if isinstance(model, Autoencoder):

        def reconstruct(x):
            reconstructed, following = model.write(x)
            return {"reconstructed": reconstructed} | ({} if following is None else {"following": following})

        return {"reconstruct": reconstruct, "encode": lambda x: {"code": model.encoder(x)}}
    if isinstance(model, WindowForecaster):
        return {"forecast": lambda window, **known: {"forecast": model((window, known["known"]) if known else window)}}
    return _of_stream(model)


def _of_stream(model):
    nest = tf.nest.map_structure(lambda width: width, [list(layer) for layer in model.state_widths])

    def packed(states):
        return tf.nest.pack_sequence_as(nest, [states[f"state{number}"] for number in range(len(states))])

    def named(states):
        return {f"new_state{number}": part for number, part in enumerate(tf.nest.flatten(states))}

    def run(x, lengths, **states):
        outputs, new = model.run(x, packed(states), mask=tf.sequence_mask(lengths, tf.shape(x)[1]))
        return {"outputs": outputs, **named(new)}

    def step(x, **states):
        output, new = model.step(x, packed(states))
        return {"output": output, **named(new)}

    return {"run": run, "step": step}


def save(
    folder: str, models: Sequence[Any], functions: Mapping[str, Function], inputs: Mapping[str, list[Value]]
) -> None:
    """Write functions as signatures of a SavedModel, which runs anywhere, also where it was written beside a GPU.

    Args:
        folder: of the SavedModel.
        models: the Keras models that the functions call.
        functions: by name.
        inputs: of each of them; a str in a shape is a size that may be any.
    """
    module = tf.Module()
    module.kept = [variable.value for model in models for variable in model.variables]
    with ExitStack() as without:
        for model in models:
            without.enter_context(without_cudnn(model))
        signatures = {
            name: tf.function(function, autograph=False).get_concrete_function(**_specs(inputs[name]))
            for name, function in functions.items()
        }
    tf.saved_model.save(module, folder, signatures)


def _specs(values):
    return {
        each.name: tf.TensorSpec(
            [None if isinstance(size, str) else size for size in each.shape], each.dtype, each.name
        )
        for each in values
    }
