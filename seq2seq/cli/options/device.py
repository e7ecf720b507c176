"""The option of all commands that says what they run on."""

import os
import re
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperOption

from seq2seq.errors import InputError

# What NVIDIA's driver leaves on a machine, in a container, in Windows' Linux: the signs that `make` goes by too.
DRIVER = tuple(map(Path, ("/proc/driver/nvidia/version", "/dev/nvidiactl", "/usr/lib/wsl/lib/libcuda.so.1")))
VISIBLE = "CUDA_VISIBLE_DEVICES"


def choose(device: str | None) -> None:
    """Let TensorFlow see a device only; the numbers of GPUs count those that this process may see.

    Raises:
        InputError: there is no such device, or no NVIDIA driver.
    """
    if device is None:
        return
    found = re.fullmatch(r"cpu|gpu(?::(\d+(?:,\d+)*))?", device)
    if not found:
        raise InputError(f"--device {device}: expected cpu, gpu, or the number of a GPU such as gpu:0.")
    if device == "cpu":
        os.environ[VISIBLE] = "-1"
        return
    if not any(sign.exists() for sign in DRIVER):
        raise InputError(f"--device {device}: there is no NVIDIA driver on this machine; seq2seq doctor tells what is.")
    seen = [each for each in os.environ.get(VISIBLE, "").split(",") if each]
    if seen == ["-1"] or os.environ.get(VISIBLE) == "":
        raise InputError(f"--device {device}: {VISIBLE} hides all GPUs from this process; unset it.")
    if found[1]:
        numbers = [int(number) for number in found[1].split(",")]
        if seen and max(numbers) >= len(seen):
            raise InputError(f"--device {device}: {VISIBLE}={','.join(seen)} lets this process see {len(seen)} GPUs.")
        os.environ[VISIBLE] = ",".join(seen[number] if seen else str(number) for number in numbers)


def device_option() -> TyperOption:
    """`--device`, which takes effect as TensorFlow is loaded, so that no command need know of it."""
    command = typer.Typer(add_completion=False)
    command.command()(_takes_device)
    option = next(each for each in typer.main.get_command(command).params if each.name == "device")
    option.expose_value = False
    return option


def _takes_device(
    device: Annotated[
        str | None,
        typer.Option(
            metavar="cpu|gpu|gpu:N",
            help="What to run on: the processor, all GPUs, or those with these numbers, such as gpu:0 or gpu:0,2.",
            show_default="the GPUs, where there are some",
            rich_help_panel="Machine",
            callback=lambda value: choose(value),
        ),
    ] = None,
) -> None: ...
