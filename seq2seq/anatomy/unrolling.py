"""The description of any network that can be drawn, by what kind of network it is."""

from typing import Any

import keras

from seq2seq.anatomy import chains, numbers, texts
from seq2seq.anatomy.description import Unrolled
from seq2seq.anatomy.options import Options
from seq2seq.errors import InputError
from seq2seq.models import Autoencoder, EncoderDecoder, LanguageModel, StreamForecaster, WindowForecaster
from seq2seq.models.stateful import StatefulModel

_KINDS = {
    EncoderDecoder: texts.encoder_decoder,
    LanguageModel: texts.language_model,
    Autoencoder: numbers.autoencoder,
    StreamForecaster: numbers.stream_forecaster,
    WindowForecaster: numbers.window_forecaster,
}


def unrolled(
    model: Any,
    steps: int | None = None,
    target_steps: int | None = None,
    *,
    predicting: bool = False,
    batches: int = 1,
    slots: int | None = None,
    shown: int | None = None,
) -> Unrolled:
    """Describe a network as it is drawn: its layers from bottom to top, its steps from left to right, all arrows.

    It takes the models of this package, and chains of Keras layers, sequential or functional: recurrent ones, also
    bidirectional and stateful, `RepeatVector` or `seq2seq.layers.Repeat`, and those that work on each step by itself.
    A functional model may also be an encoder and a decoder, two chains of which the second begins in states of the
    first (`initial_state`), attends to what it gives (`Attention`, `AdditiveAttention`, `MultiHeadAttention`), or both.

    Args:
        model: `keras.Model`, whose shapes are known.
        steps: int. The length of the input, where the model takes any; by default that is written as a letter.
        target_steps: int. The length of the target of an `EncoderDecoder` or another decoder, of the forecast of a
            `StreamForecaster`, or of what a `LanguageModel` writes.
        predicting: bool. As at prediction, where some models read what they have written, not as in training. Models
            that do the same in both are described alike.
        batches: int. So many batches in a row of a model whose state goes on from one to the next.
        slots: int. So many rows of such batches; by default 2.
        shown: int, at least 2. Steps of each section that are drawn before the others are left out; by default as many
            as go into a picture of usual width.

    Returns:
        `Unrolled`, which `seq2seq.draw_unrolled` draws.

    Raises:
        InputError: a number out of range; several batches of a model that keeps no state; or a model of other layers,
            or of such as are neither.

    >>> model = keras.Sequential([keras.Input((24, 2)), LSTM(32), Dense(1)])
    >>> [row.shape for row in unrolled(model).sections[0].rows]
    [('batch', 24, 2), ('batch', 32), ('batch', 1), ('batch', 1)]
    """
    given = {"steps": steps, "target_steps": target_steps, "batches": batches, "slots": slots}
    for name, value in given.items():
        if value is not None and (not isinstance(value, int) or value < 1):
            raise InputError(f"{name}={value!r}: expected a number of at least 1.")
    if shown is not None and shown < 2:
        raise InputError(f"shown={shown}: expected at least 2 steps, the first and the last.")
    if batches > 1 and (predicting or not _keeps_state(model)):
        raise InputError(
            f"batches={batches}: a state goes on to the next batch in the training of stateful models alone; "
            "ask for one batch."
        )
    if slots is not None and batches == 1:
        raise InputError(f"slots={slots}: these are rows of several batches; give batches, too, or leave slots out.")
    options = Options(steps, target_steps, predicting, batches, slots or 2, shown)
    for kind, describe in _KINDS.items():
        if isinstance(model, kind):
            return describe(model, options)
    return chains.chain(model, options)


def _keeps_state(model):
    return isinstance(model, StatefulModel) or (
        isinstance(model, keras.Model) and any(getattr(layer, "stateful", False) for layer in model.layers)
    )
