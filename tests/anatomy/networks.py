"""Networks of every kind that can be drawn, by name, as descriptions."""

import keras
from keras.layers import (
    GRU,
    LSTM,
    Add,
    Attention,
    Bidirectional,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    Masking,
    MultiHeadAttention,
    RepeatVector,
    SimpleRNN,
    TimeDistributed,
)

from seq2seq import Autoencoder, EncoderDecoder, LanguageModel, StreamForecaster, WindowForecaster, unrolled
from seq2seq.layers import Repeat


def chain(*layers):
    return keras.Sequential(layers)


def repeated():
    inputs = keras.Input((24, 2))
    code = LSTM(8)(inputs)
    return keras.Model(inputs, Dense(2)(LSTM(32, return_sequences=True)(Repeat()((code, inputs)))))


def stateful():
    layers = [LSTM(units, stateful=True, return_sequences=True) for units in (16, 8)]
    return chain(keras.Input(batch_shape=(6, 96, 2)), *layers, Dense(2))


CHAINS = {
    "many to one": lambda: chain(keras.Input((24, 2)), LSTM(32), Dense(1)),
    "many to many": lambda: chain(
        keras.Input((24, 2)), LSTM(32, return_sequences=True), Dropout(0.2), TimeDistributed(Dense(2))
    ),
    "one to many": lambda: chain(keras.Input((8,)), RepeatVector(24), GRU(32, return_sequences=True), Dense(2)),
    "repeated": repeated,
    "few steps": lambda: chain(keras.Input((2, 3)), SimpleRNN(5, return_sequences=True), GRU(4)),
    "one step": lambda: chain(keras.Input((1, 3)), LSTM(5, return_sequences=True), Dense(4, activation="softmax")),
    "backwards": lambda: chain(keras.Input((9, 3)), LSTM(5, go_backwards=True), Dense(1)),
    "turned": lambda: chain(
        keras.Input((9, 3)), LSTM(5, go_backwards=True, return_sequences=True), GRU(4, return_sequences=True), Dense(2)
    ),
    "bidirectional": lambda: chain(
        keras.Input((24,)),
        Embedding(1000, 64),
        Bidirectional(LSTM(32, return_sequences=True)),
        Bidirectional(GRU(8)),
        Dense(1),
    ),
    "masked": lambda: chain(keras.Input((24, 2)), Masking(), LSTM(8, return_sequences=True), GRU(4)),
    "stateful": stateful,
}


def handed_over():
    source, target = keras.Input((None, 3)), keras.Input((None, 2))
    _, h, c = LSTM(8, return_state=True)(source)
    written, _, _ = LSTM(8, return_sequences=True, return_state=True)(target, initial_state=[h, c])
    return keras.Model([source, target], Dense(2)(written))


def backwards():
    source, target = keras.Input((9, 3)), keras.Input((5, 2))
    _, h = GRU(8, go_backwards=True, return_state=True)(source)
    return keras.Model([source, target], GRU(8, return_sequences=True)(target, initial_state=h))


def attentive():
    source, target = keras.Input((7,)), keras.Input((6,))
    read = LSTM(8, return_sequences=True)(Embedding(30, 4, mask_zero=True)(source))
    read, h, c = LSTM(8, return_sequences=True, return_state=True)(read)
    written = LSTM(8, return_sequences=True)(Embedding(20, 4, mask_zero=True)(target), initial_state=[h, c])
    written = Concatenate()([Attention()([written, Dropout(0.2)(read)]), written])
    return keras.Model([source, target], Dense(20)(LSTM(5, return_sequences=True)(written)))


def bridged():
    source, target = keras.Input((24, 3)), keras.Input((12, 2))
    read, *states = Bidirectional(LSTM(4, return_sequences=True, return_state=True))(source)
    h, c = (Dense(6)(Concatenate()([there, back])) for there, back in zip(states[:2], states[2:], strict=True))
    written = LSTM(6, return_sequences=True)(target, initial_state=[h, c])
    return keras.Model([source, target], Dense(2)(Add()([written, MultiHeadAttention(2, 5)(written, read)])))


PAIRS = {"handed over": handed_over, "read backwards": backwards, "attentive": attentive, "bridged": bridged}


def encoder_decoder(**arguments):
    return EncoderDecoder(11, 13, embedding_dim=8, units=16, **arguments)


def window_forecaster(**arguments):
    return WindowForecaster(features=3, horizon=24, look_back=48, units=8, **arguments)


OWN = {
    "attention": encoder_decoder,
    "attention below": lambda: encoder_decoder(decoder_layers=3, encoder_layers=2, attention_at="first", bridge="zero"),
    "more layers": lambda: encoder_decoder(decoder_layers=3, attention="multi_head"),
    "no attention": lambda: encoder_decoder(
        attention="none", bidirectional=False, go_backwards=True, bridge="copy", cell="gru", tie_output=False
    ),
    "one table": lambda: EncoderDecoder(11, 11, embedding_dim=8, units=16, tie_source=True, attention="additive"),
    "language model": lambda: LanguageModel(60, units=32, num_layers=2),
    "stream": lambda: StreamForecaster(features=2, units=16),
    "autoencoder": lambda: Autoencoder(features=2, units=32, latent_dim=8),
    "conditional": lambda: Autoencoder(features=2, units=32, bidirectional=True, encoder_layers=2, conditional=True),
    "horizon": lambda: Autoencoder(features=2, units=32, horizon=6),
    "horizon of windows": lambda: Autoencoder(features=2, units=32, horizon=6, look_back=30),
    "direct": lambda: window_forecaster(known_features=1, residual="season", season=24, target_columns=(0,)),
    "linear": lambda: window_forecaster(residual="linear", quantiles=(0.1, 0.5, 0.9), normalize_window=True),
    "step by step": lambda: window_forecaster(kind="encoder_decoder", known_features=2, num_layers=2),
    "segments": lambda: window_forecaster(kind="segments", segment=6, target_columns=(0, 1), known_features=1),
}


def large():
    return EncoderDecoder(32000, 32000, embedding_dim=100, units=128, encoder_layers=2, decoder_layers=2)


PREDICTING = ("attention", "no attention", "language model", "stream", "conditional")
DESCRIBED = {
    **{name: lambda make=make: unrolled(make()) for name, make in (CHAINS | PAIRS | OWN).items()},
    **{f"{name}, predicting": lambda name=name: unrolled(OWN[name](), 30, 7, predicting=True) for name in PREDICTING},
    "chunks": lambda: unrolled(OWN["stream"](), 96, batches=3),
    "chunks of any length": lambda: unrolled(OWN["language model"](), batches=3, slots=1),
    "chunks of a chain": lambda: unrolled(stateful(), batches=3),
    "all shown": lambda: unrolled(encoder_decoder(), 6, 7, shown=9, predicting=True),
    "large": lambda: unrolled(large(), predicting=True),
}
