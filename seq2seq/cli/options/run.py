"""The runs of a command, and what it can know of one before it loads it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from typer import Option


def _with(panel):
    return Annotated[
        list[Path] | None,
        Option(
            "--with",
            metavar="RUN",
            help="Another run, which translates together with RUN: at each step the mean of their probabilities "
            "decides. They must have the same tokenizers; the settings are those of RUN. Repeat it for more runs.",
            show_default="none",
            rich_help_panel=panel,
        ),
    ]


With, WithInNoPanel = _with("Search"), _with(None)


def together(run: Path, others: Sequence[Path] | None) -> Path | list[Path]:
    """The run, or those of an ensemble, as `Translator.load` takes them."""
    return [run, *others] if others else run


def data_of(run: Path) -> Mapping[str, Any]:
    """The `data` section of the run's settings; empty where there is no run, which loading it will tell."""
    from seq2seq.run.integrity import read_config

    return read_config(run)[1].get("data", {}) if (run / "config.json").exists() else {}
