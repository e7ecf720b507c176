"""What a training is told to compute in suits the device."""

import pytest
import tensorflow as tf

from seq2seq import device
from seq2seq.config import AutoencoderConfig, TranslationConfig, resolve
from seq2seq.inference.translator import Translator
from seq2seq.tasks.train_translation import train
from seq2seq.training.setup import Setup


@pytest.fixture
def on(monkeypatch):
    """A function that makes it look as if there were a processor with these features, or GPUs with these abilities."""

    def looks(*features, gpus=()):
        monkeypatch.setattr(device, "processor_features", lambda: set(features))
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: list(gpus))
        details = lambda gpu: {"compute_capability": gpu} if gpu else {}  # noqa: E731
        monkeypatch.setattr(tf.config.experimental, "get_device_details", details)

    return looks


@pytest.mark.parametrize(
    ("features", "gpus", "suited"),
    [
        (["avx2", "fma"], [], "float32"),
        (["avx2", "avx512f"], [], "float32"),
        (["avx2", "avx512f", "avx512_bf16"], [], "mixed_bfloat16"),
        (["amx_bf16"], [], "mixed_bfloat16"),
        ([], [], "float32"),
        (["amx_bf16"], [(6, 1)], "float32"),
        ([], [(7, 5)], "mixed_float16"),
        ([], [(8, 0)], "mixed_bfloat16"),
        ([], [(9, 0), (7, 0)], "mixed_float16"),
        ([], [None], "float32"),
    ],
)
def test_the_fastest_products_of_a_device_are_taken(on, features, gpus, suited):
    on(*features, gpus=gpus)
    assert device.suited_precision() == suited
    assert device.multiplies_in(suited)
    assert device.suited_precision(products_are_large=False) == "float32"


def test_the_features_of_this_processor_are_read():
    assert device.processor_features() & {"fpu", "fp", "neon"} or not device.processor_features()


def test_a_run_has_a_precision_and_keeps_it(on, tiny_config, tmp_path, monkeypatch):
    on("amx_bf16")
    config = tiny_config("training.precision=auto", "training.epochs=1")
    train(config, tmp_path / "run")
    stored = Translator.load(tmp_path / "run").config.training.precision
    assert stored == "mixed_bfloat16"
    on("avx2")
    assert Setup(config, tmp_path / "run", resume=True).config.training.precision == stored
    assert Setup(config, tmp_path / "other", resume=False).config.training.precision == "float32"


def test_what_is_asked_for_is_taken(on, tmp_path):
    on("amx_bf16")
    asked = resolve(TranslationConfig, settings=["training.precision=float32"], data__train="a", data__source="b")
    assert Setup(asked, tmp_path / "run", resume=False).config == asked
    numbers = resolve(AutoencoderConfig, data__location="a.csv")
    assert Setup(numbers, tmp_path / "run", resume=False).config.training.precision == "float32"
