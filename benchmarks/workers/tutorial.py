"""Translates as the sequence-to-sequence tutorials of Keras do: an encoder and a decoder as two `keras.Model`s of stock
layers, and a loop in Python that calls `predict` for every token of one sentence after the other. Same weights."""

import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from workers.protocol import serve
from workers.sentences import length_limit, padded, spread

BOS, EOS = 2, 3
SENTENCES = 5  # in a turn: it is slow


def make_models(source_vocabulary_size, target_vocabulary_size, embedding_dim, units, **dropouts):
    """`encoder`: source → keys and values of the attention, state h, state c. `decoder`: a token, these four → logits,
    h, c."""
    source = keras.Input((None,), dtype="int32")
    embedded = layers.Embedding(source_vocabulary_size, embedding_dim, name="source_embedding")(source)
    lstm = layers.LSTM(units // 2, return_sequences=True, return_state=True)
    values, *states = layers.Bidirectional(lstm, name="encoder")(embedded)
    h, c = layers.concatenate(states[0::2]), layers.concatenate(states[1::2])
    h = layers.Dense(units, activation="tanh", name="bridge_h")(h)
    c = layers.Dense(units, activation="tanh", name="bridge_c")(c)
    keys = layers.Dense(units, use_bias=False, name="key")(values)
    encoder = keras.Model(source, (keys, values, h, c))

    token = keras.Input((1,), dtype="int32")
    attended = keras.Input((None, units)), keras.Input((None, units))
    state = keras.Input((units,)), keras.Input((units,))
    embedded = layers.Embedding(target_vocabulary_size, embedding_dim, name="target_embedding")(token)
    lstm = layers.LSTM(units, return_sequences=True, return_state=True, name="decoder")
    outputs, *new_state = lstm(embedded, initial_state=state)
    context = layers.Attention()([outputs, attended[1], attended[0]])
    readout = layers.Dense(embedding_dim, activation="tanh", name="readout")(layers.concatenate((outputs, context)))
    logits = layers.Dense(target_vocabulary_size, name="output")(readout)
    return encoder, keras.Model((token, *attended, *state), (logits, *new_state))


def take_weights(encoder, decoder, path):
    """Set the weights that `prepare.write_translator` wrote, by the names of their paths in the run's model."""
    with np.load(path) as saved:
        weights = {name.partition("/")[2]: saved[name] for name in saved.files}
    under = lambda part: [value for name, value in weights.items() if part in name]  # noqa: E731
    bridge = under("/bridge/")  # kernel and bias of h, then of c
    table = weights["decoder/target_embedding/table/embeddings"]
    for layer, values in (
        (encoder.get_layer("source_embedding"), [weights["encoder/source_embedding/table/embeddings"]]),
        (encoder.get_layer("encoder"), under("/forward") + under("/backward")),
        (encoder.get_layer("bridge_h"), bridge[:2]),
        (encoder.get_layer("bridge_c"), bridge[2:]),
        (encoder.get_layer("key"), under("/attention/key")),
        (decoder.get_layer("target_embedding"), [table]),
        (decoder.get_layer("decoder"), under("decoder/stack")),
        (decoder.get_layer("readout"), under("decoder/readout")),
        (decoder.get_layer("output"), [table.T, weights["decoder/output_bias"]]),
    ):
        layer.set_weights(values)


def make_search(spec):
    """The function that translates one int source `(1, steps)`: a list of ids, with EOS if it got there."""
    encoder, decoder = make_models(**spec["translator"])
    take_weights(encoder, decoder, Path(spec["folder"]) / "translator.npz")

    def translate(source):
        keys, values, *state = encoder.predict(source, verbose=0)
        found = [BOS]
        while found[-1] != EOS and len(found) <= length_limit(spec, source):
            token = np.array([found[-1:]])
            logits, *state = decoder.predict((token, keys, values, *state), verbose=0)
            found.append(int(logits[0, -1].argmax()))
        return found[1:]

    return translate


def start(spec):
    """Get ready to translate the same few sources each turn, of lengths spread as those of all sources are."""
    tf.config.threading.set_intra_op_parallelism_threads(spec["threads"])
    translate = make_search(spec)
    sources = [padded([source]) for source in spread(spec["sources"], SENTENCES)]

    def turn(_):
        began = time.perf_counter()
        for source in sources:
            translate(source)
        return len(sources), time.perf_counter() - began

    turn(-1)
    return {"about": f"Keras {keras.__version__}, predict for each token, {len(sources)} sentences one by one"}, turn


if __name__ == "__main__":
    serve(start)
