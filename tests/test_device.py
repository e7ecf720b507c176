"""What a training is told to compute in suits the device."""

import os

import pytest
import tensorflow as tf

from seq2seq import device as module
from seq2seq.config import AutoencoderConfig, TranslationConfig, resolve
from seq2seq.run import Run, RunFolder
from seq2seq.training.setup import Setup


@pytest.fixture
def on(monkeypatch):
    """A function that makes it look as if there were a processor with these features, or GPUs with these abilities."""

    def looks(*features, gpus=()):
        monkeypatch.setattr(module, "processor_features", lambda: set(features))
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
        (["amx_bf16"], [(7, 5)], "float32"),
        (["amx_bf16"], [(9, 0)], "float32"),
        ([], [None], "float32"),
    ],
)
def test_the_fastest_products_of_a_device_are_taken(on, features, gpus, suited):
    on(*features, gpus=gpus)
    assert module.suited_precision() == suited
    assert module.multiplies_in(suited)
    assert module.suited_precision(products_are_large=False) == "float32"


@pytest.mark.parametrize(
    ("gpus", "multiplied"),
    [
        ([(6, 1)], ["float32"]),
        ([(7, 5)], ["float32", "mixed_float16"]),
        ([(8, 0)], ["float32", "mixed_bfloat16", "mixed_float16"]),
        ([(9, 0), (7, 0)], ["float32", "mixed_float16"]),
    ],
)
def test_the_least_of_several_gpus_says_what_is_multiplied(on, gpus, multiplied):
    on("amx_bf16", gpus=gpus)
    assert [name for name in ("float32", "mixed_bfloat16", "mixed_float16") if module.multiplies_in(name)] == multiplied


def test_the_features_of_this_processor_are_read():
    assert module.processor_features() & {"fpu", "fp", "neon"} or not module.processor_features()


@pytest.mark.parametrize(
    ("version", "device", "hidden", "said"),
    [
        (None, True, None, ""),
        ("470.82.01", True, None, "its CUDA 12.5.1 wants driver 525.60.13 or newer, this is 470.82.01"),
        ("535.104.05", False, None, "give it to the container"),
        ("535.104.05", True, None, "make install GPU=1, or pip install '.[gpu]'"),
        ("535.104.05", True, "-1", ""),
        ("470.82.01", True, "", ""),
    ],
)
def test_why_there_is_no_gpu_is_told_with_what_helps(tmp_path, monkeypatch, version, device, hidden, said):
    monkeypatch.setattr(module, "DRIVER", tmp_path / "version")
    monkeypatch.setattr(module, "DEVICES", tmp_path)
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(tf.sysconfig, "get_build_info", lambda: {"cuda_version": "12.5.1"})
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if version:
        (tmp_path / "version").write_text(f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {version}  Sat Sep 2023\n")
    if device:
        (tmp_path / "nvidia0").touch()
    if hidden is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    told = module.why_no_gpu()
    assert said in told and "\n" not in told
    assert bool(told) == bool(said)


def test_a_run_has_a_precision_and_keeps_it(on, tmp_path):
    asked = resolve(TranslationConfig, data__train="a", data__source="b", data__target="c")
    on("amx_bf16")
    begun = Setup(asked, tmp_path / "run", resume=False).config
    assert begun.training.precision == "mixed_bfloat16"
    Run.start(tmp_path / "run", "translation", begun)
    RunFolder(tmp_path / "run").weights.touch()
    on("avx2")
    assert Setup(asked, tmp_path / "run", resume=True).config == begun
    assert Setup(asked, tmp_path / "other", resume=False).config.training.precision == "float32"


def test_what_is_asked_for_is_taken(on, tmp_path):
    on("amx_bf16")
    asked = resolve(TranslationConfig, settings=["training.precision=float32"], data__train="a", data__source="b")
    assert Setup(asked, tmp_path / "run", resume=False).config == asked
    numbers = resolve(AutoencoderConfig, data__location="a.csv")
    assert Setup(numbers, tmp_path / "run", resume=False).config.training.precision == "float32"


def test_workers_of_a_machine_share_the_time_of_their_container(monkeypatch):
    kept = []
    monkeypatch.setattr(module, "_cores", None)
    monkeypatch.setattr(module, "time_limit", lambda: 6.0)
    monkeypatch.setattr(module, "usable_cores", lambda processes=1: 6 // processes)
    monkeypatch.setattr(module, "keep_to_cores", kept.append)
    module.use_device()
    module.use_device(2)
    assert kept == [6, 3]


@pytest.mark.parametrize("said", [None, "global"])
def test_a_gpu_has_threads_of_its_own_unless_the_environment_says_otherwise(said, monkeypatch):
    monkeypatch.delenv("TF_GPU_THREAD_MODE", raising=False)
    if said:
        monkeypatch.setenv("TF_GPU_THREAD_MODE", said)
    module.use_device()
    assert os.environ["TF_GPU_THREAD_MODE"] == (said or "gpu_private")
