"""Users say what a command runs on."""

import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from seq2seq.cli import app
from seq2seq.cli.options import device as module
from seq2seq.cli.options.device import choose
from seq2seq.errors import InputError


@pytest.fixture
def driver(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "DRIVER", (tmp_path / "none", tmp_path))
    monkeypatch.delenv(module.VISIBLE, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("before", "device", "after"),
    [
        (None, None, None),
        ("1", None, "1"),
        (None, "gpu", None),
        (None, "cpu", "-1"),
        ("2,3", "cpu", "-1"),
        (None, "gpu:1", "1"),
        (None, "gpu:0,2", "0,2"),
        ("2,3", "gpu", "2,3"),
        ("2,3", "gpu:1", "3"),
        ("GPU-a,GPU-b", "gpu:0", "GPU-a"),
    ],
)
def test_tensorflow_sees_what_was_chosen_of_what_there_was(driver, before, device, after):
    if before:
        driver.setenv(module.VISIBLE, before)
    driver.setitem(os.environ, module.VISIBLE, os.environ.get(module.VISIBLE, ""))  # restored at the end
    if before is None:
        del os.environ[module.VISIBLE]
    choose(device)
    assert os.environ.get(module.VISIBLE) == after


@pytest.mark.parametrize(
    ("before", "device", "said"),
    [
        (None, "tpu", "expected cpu, gpu, or the number of a GPU such as gpu:0"),
        (None, "gpu:", "expected cpu, gpu"),
        ("2,3", "gpu:2", "=2,3 lets this process see 2 GPUs"),
        ("-1", "gpu", "hides all GPUs from this process"),
        ("", "gpu:0", "hides all GPUs from this process"),
    ],
)
def test_what_is_not_there_is_refused(driver, before, device, said):
    if before is not None:
        driver.setenv(module.VISIBLE, before)
    with pytest.raises(InputError, match=said):
        choose(device)


def test_without_a_driver_there_is_no_gpu_and_all_commands_say_so_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "DRIVER", (tmp_path / "none",))
    result = CliRunner().invoke(app, ["translate", "runs/x", "a", "--device", "gpu"])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1) and "no NVIDIA driver" in result.stderr
    commands = list(typer.main.get_command(app).commands.values())
    for command in commands:
        commands += getattr(command, "commands", {}).values()
    assert all(any(each.name == "device" for each in one.params) for one in commands if not hasattr(one, "commands"))


def test_a_driver_is_seen_by_the_signs_that_make_goes_by():
    makefile = (Path(__file__).parents[2] / "Makefile").read_text()
    assert f"DRIVER := $(wildcard {' '.join(map(str, module.DRIVER))})" in makefile
