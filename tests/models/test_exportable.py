"""Models are exported by Keras as they are, for batches and lengths that they have not seen."""

import numpy as np
import pytest
import tensorflow as tf

from seq2seq.models import Autoencoder, EncoderDecoder, LanguageModel, StreamForecaster, WindowForecaster
from tests.conftest import slow
from tests.stand_ins.graphics_card import ops_of, seen

MODELS = {
    "autoencoder": lambda: Autoencoder(2, units=4),
    "conditional": lambda: Autoencoder(2, units=4, latent_dim=3, bidirectional=True, conditional=True),
    "composite": lambda: Autoencoder(2, units=4, horizon=2),
    "window": lambda: WindowForecaster(2, 3, units=4, residual="season", season=5, quantiles=(0.1, 0.5, 0.9)),
    "known": lambda: WindowForecaster(2, 3, units=4, known_features=1, kind="encoder_decoder"),
    "stream": lambda: StreamForecaster(2, units=4, residual="last"),
    "encoder-decoder": lambda: EncoderDecoder(9, 8, units=4, embedding_dim=3),
    "language model": lambda: LanguageModel(9, units=4, embedding_dim=3, cell="gru"),
}


@pytest.mark.parametrize("name", [slow(name) if name in ("composite", "conditional") else name for name in MODELS])
def test_an_exported_model_answers_as_the_model_wherever_it_was_exported(name, tmp_path):
    model = MODELS[name]()
    with seen():  # graphs are traced for a GPU, and run on this machine
        model.export(tmp_path, verbose=False)
    exported = tf.saved_model.load(tmp_path)
    assert not [op for op in ops_of(exported.signatures["serving_default"].graph) if "Cudnn" in op]
    draw = np.random.default_rng(0)
    for batch, steps in ((1, 7), (3, 12)):
        series = draw.normal(size=(batch, steps, 2)).astype(np.float32)
        series[0, 2, 1] = np.nan
        tokens = draw.integers(1, 8, (batch, steps), np.int32)
        inputs = {"known": (series, series[:, :3, :1]), "encoder-decoder": (tokens, tokens[:, :4])}
        x = inputs.get(name, tokens if name == "language model" else series)
        for expected, found in zip(tf.nest.flatten(model(x)), tf.nest.flatten(exported.serve(x)), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
