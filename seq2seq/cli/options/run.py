"""What a command can know of a trained run before it loads it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def data_of(run: Path) -> Mapping[str, Any]:
    """The `data` section of the run's settings; empty where there is no run, which loading it will tell."""
    from seq2seq.run.integrity import read_config

    return read_config(run)[1].get("data", {}) if (run / "config.json").exists() else {}
