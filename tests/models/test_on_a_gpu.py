"""Every model on a GPU: its recurrent layers are cuDNN's, forward and backward, and its numbers are those of a CPU."""

import numpy as np
import pytest
import tensorflow as tf

from seq2seq.config import TrainingConfig
from seq2seq.device import kernels_of
from seq2seq.models import Autoencoder, EncoderDecoder, LanguageModel, StreamForecaster, WindowForecaster
from seq2seq.training.number_losses import ObservedLoss
from seq2seq.training.optimizers import make_optimizer
from seq2seq.training.token_losses import TokenCrossEntropy
from tests.conftest import slow
from tests.stand_ins.graphics_card import (
    loops_of_cells,
    ops_of,
    seen,
    standing_in,
    where_there_is_none,
    without_gpu_kernel,
)

pytestmark = where_there_is_none
LENGTHS, STEPS = (5, 1, 3), 5
REAL = np.arange(STEPS) < np.array(LENGTHS)[:, None]
TOKENS = np.where(REAL, np.arange(4, 4 + STEPS), 0).astype("int32")
SERIES = np.random.default_rng(0).normal(size=(3, STEPS, 2)).astype("float32")
PADDED = np.where(REAL[..., None], SERIES, np.nan)
TOLERANCE = {"float32": 1e-6, "mixed_float16": 0.02, "mixed_bfloat16": 0.1}


def translator(**options):
    return lambda dtype: EncoderDecoder(11, 11, embedding_dim=4, units=6, dtype=dtype, **options)


# How a model is made, what it reads, and how many recurrent layers are in it, each direction counted.
MODELS = {
    "translator": (translator(), (TOKENS, TOKENS), 3),
    "translator, deep": (translator(encoder_layers=2, decoder_layers=2), (TOKENS, TOKENS), 6),
    "translator, attends first": (translator(attention_at="first", decoder_layers=2), (TOKENS, TOKENS), 4),
    "translator, backwards": (translator(bidirectional=False, go_backwards=True), (TOKENS, TOKENS), 2),
    "translator, state passing": (translator(attention="none", bridge="copy"), (TOKENS, TOKENS), 3),
    "translator, GRU": (translator(cell="gru"), (TOKENS, TOKENS), 3),
    "autoencoder": (lambda dtype: Autoencoder(2, units=4, encoder_layers=2, dtype=dtype), PADDED, 3),
    "autoencoder, all": (
        lambda dtype: Autoencoder(2, units=4, bidirectional=True, conditional=True, horizon=2, dtype=dtype),
        PADDED,
        4,
    ),
    "autoencoder, GRU": (lambda dtype: Autoencoder(2, units=4, cell="gru", dtype=dtype), PADDED, 2),
    "window": (lambda dtype: WindowForecaster(2, 3, units=4, num_layers=2, residual="last", dtype=dtype), SERIES, 2),
    "window, GRU": (lambda dtype: WindowForecaster(2, 3, units=4, cell="gru", dtype=dtype), SERIES, 1),
    "stream": (lambda dtype: StreamForecaster(2, units=4, num_layers=2, residual="last", dtype=dtype), PADDED, 2),
    "stream, GRU": (lambda dtype: StreamForecaster(2, units=4, cell="gru", dtype=dtype), PADDED, 1),
    "language model": (lambda dtype: LanguageModel(11, units=4, num_layers=2, dtype=dtype), TOKENS, 2),
    "language model, GRU": (lambda dtype: LanguageModel(11, units=4, cell="gru", dtype=dtype), TOKENS, 1),
}


def cases(*by_default):
    """All models in all precisions; those that are not named are slow tests."""
    for name in MODELS:
        for dtype in TOLERANCE:
            yield (name, dtype) if (name, dtype) in by_default else slow(name, dtype)


def made(name, dtype):
    """The model with random weights, and what it reads."""
    make, x, _ = MODELS[name]
    model, random = make(dtype), np.random.default_rng(1)
    for weight in model.trainable_variables:
        weight.assign(random.normal(size=weight.shape, scale=0.6))
    return model, x


def answers(model, x):
    """Outputs in training, 0 where they are padding, and the gradients of a random sum of them."""
    first = tf.nest.flatten(x)[-1]
    real = first != 0 if first.dtype.is_integer else ~tf.math.is_nan(first[..., 0])
    with tf.GradientTape() as tape:
        outputs = tf.nest.flatten(model(x, training=True))
        if outputs[0].shape[1] == real.shape[1]:
            outputs[0] = tf.where(real[..., None], outputs[0], 0.0)
        loss = tf.add_n(
            [tf.reduce_sum(tf.sin(out + tf.cast(tf.range(tf.shape(out)[1])[:, None], tf.float32))) for out in outputs]
        )
    return [*outputs, *tape.gradient(loss, model.trainable_variables, unconnected_gradients="zero")]


def training_graph(name, dtype):
    """The graph of an update of any batch, as a training compiles it."""
    model, x = made(name, dtype)
    y = tf.nest.flatten(x)[-1]
    loss = TokenCrossEntropy(0.1) if y.dtype == "int32" else ObservedLoss()
    y = {"autoencoder, all": (x, SERIES[:, :2]), "window": SERIES[:, :3], "window, GRU": SERIES[:, :3]}.get(name, y)
    model.compile(make_optimizer(TrainingConfig(precision=dtype), 0.001), loss, jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    specs = tf.nest.map_structure(lambda part: tf.TensorSpec((None, None, *part.shape[2:]), part.dtype), (x, y))
    return tf.function(model.train_step, autograph=False).get_concrete_function(specs).graph


@pytest.mark.parametrize(
    ("name", "dtype"),
    list(cases(("translator", "mixed_bfloat16"), ("autoencoder, GRU", "mixed_float16"), ("stream", "float32"))),
)
def test_an_update_runs_on_cudnn_and_nothing_of_it_on_the_processor(name, dtype):
    with seen():
        graph = training_graph(name, dtype)
    ops = ops_of(graph)
    assert ops["CudnnRNNV3"] == ops["CudnnRNNBackpropV3"] == MODELS[name][2]
    assert loops_of_cells(graph) == []
    assert without_gpu_kernel(graph) == set()


@pytest.mark.parametrize(("name", "dtype"), list(cases(("autoencoder, all", "float32"))))
def test_on_cudnn_outputs_and_gradients_are_those_of_a_cpu(name, dtype):
    x = tf.nest.map_structure(tf.constant, made(name, dtype)[1])
    expected = answers(made(name, "float32")[0], x)
    with standing_in() as op:
        found = answers(made(name, dtype)[0], x)
    assert op.call_count == MODELS[name][2]
    for mine, other in zip(found, expected, strict=True):
        other = tf.convert_to_tensor(other)
        scale = max(1.0, np.abs(other).max())
        np.testing.assert_allclose(tf.convert_to_tensor(mine), other, rtol=0, atol=TOLERANCE[dtype] * scale)


INFERENCE = {
    "translator, deep": lambda model: model.start(TOKENS),
    "translator, GRU": lambda model: model.start(TOKENS),
    "autoencoder, all": lambda model: model(PADDED),
    "stream": lambda model: model.forecast(PADDED, 3),
    "language model": lambda model: model.start(TOKENS),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", INFERENCE)
def test_so_are_states_and_forecasts(name):
    expected = INFERENCE[name](made(name, "float32")[0])
    with standing_in() as op:
        found = INFERENCE[name](made(name, "float32")[0])
    assert op.called
    for mine, other in zip(tf.nest.flatten(found), tf.nest.flatten(expected), strict=True):
        np.testing.assert_allclose(mine, other, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("name", ["translator", "window", slow("autoencoder"), slow("stream")])
def test_a_training_tells_whether_its_layers_are_on_cudnn(name):
    model, _ = made(name, "float32")
    assert kernels_of(model) == ""
    with seen():
        assert kernels_of(model) == ", recurrent layers on cuDNN"
        for layer in model._flatten_layers():
            layer.use_cudnn = False
        assert kernels_of(model) == ", recurrent layers NOT on cuDNN"
