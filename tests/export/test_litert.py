"""Graphs for devices answer as the run does, by the same commands; what does not fit one is refused."""

import numpy as np
import pytest

from seq2seq.config import AutoencoderConfig, ForecasterConfig, resolve
from seq2seq.errors import InputError
from seq2seq.export import export
from seq2seq.inference.forecaster import Forecaster
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.tasks import train_autoencoder, train_forecaster
from tests.conftest import OLDER_RUNS

pytest.importorskip("ai_edge_litert")
SERIES = str(OLDER_RUNS / "series.csv")
LOADED = {"autoencoder": Reconstructor, "forecaster": Forecaster, "stream": Forecaster}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LOADED)
def test_what_fits_a_device_answers_as_the_run(kind, tmp_path):
    held = export(OLDER_RUNS / kind, tmp_path / "lite", format="litert", sample=SERIES)
    assert all(each.is_small for each in held.differences) and list((tmp_path / "lite").glob("*.tflite"))
    own, lite = (LOADED[kind].load(path) for path in (OLDER_RUNS / kind, tmp_path / "lite"))
    sides = []
    for loaded in (own, lite):
        series = loaded.read(SERIES)
        answers = loaded.reconstruct(series) if kind == "autoencoder" else loaded.forecast(series).values
        sides.append(np.concatenate([np.asarray(each).ravel() for each in answers]))
    np.testing.assert_allclose(*sides, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("network", ["segments", "direct", "encoder_decoder", "autoencoder"])
def test_linear_forecasts_fit_a_device(network, tmp_path):
    config = {"windows__look_back": 12, "data__location": SERIES, "training__epochs": 1, "model__units": 8}
    kind = "autoencoder" if network == "autoencoder" else "forecaster"
    if kind == "forecaster":
        windows = {"windows__horizon": 2, "model__kind": network}
        train_forecaster.train(resolve(ForecasterConfig, **config, **windows), tmp_path / "run")
    else:
        train_autoencoder.train(resolve(AutoencoderConfig, **config, model__horizon=2), tmp_path / "run")
    assert LOADED[kind].load(tmp_path / "run").model.start
    held = export(tmp_path / "run", tmp_path / "lite", format="litert", sample=SERIES)
    assert all(each.is_small for each in held.differences)


@pytest.mark.parametrize("kind", ["translation", "language-model"])
def test_texts_do_not_fit(kind, tmp_path):
    with pytest.raises(InputError, match=r"as long as they turn out.*--format onnx"):
        export(OLDER_RUNS / kind, tmp_path / "lite", format="litert", sample=str(OLDER_RUNS / "texts.src"))
    assert not any(tmp_path.iterdir())


def test_whole_sequences_do_not_fit(beats_run, tmp_path):
    with pytest.raises(InputError, match="sequences of any length"):
        export(beats_run, tmp_path / "lite", format="litert")
