"""What all commands that train share: their options, and how they end."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from seq2seq.cli.console import ConsoleReport

RUN, SETUP = "Run", "Model and training"

RunFolder = Annotated[Path, Option(help="Folder that the trained run is written to.", rich_help_panel=RUN)]
Resume = Annotated[
    bool, Option("--resume", help="Continue a run that was stopped, from its last checkpoint.", rich_help_panel=RUN)
]
Recipe = Annotated[
    str | None,
    Option(help="TOML file of settings, or the name of a shipped one.", show_default="none", rich_help_panel=SETUP),
]
Settings = Annotated[
    list[str] | None,
    Option(
        "--set",
        metavar="SECTION.NAME=VALUE",
        help="Change any setting: model.units=128. May be repeated; wins over the recipe.",
        show_default="none",
        rich_help_panel=SETUP,
    ),
]
Seed = Annotated[
    int | None, Option(help="Decides every random choice.", show_default="1, or the recipe's", rich_help_panel=SETUP)
]


def train_run(train: Callable[..., dict], config: Any, run: Path, resume: bool) -> dict:
    """Train by `train` of a task, with progress shown; say what the folder `run` holds then, also after Ctrl-C."""
    report = ConsoleReport()
    try:
        metrics = train(config, run, resume=resume, report=report)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(_kept(run)) from stop
    best = f"epoch {metrics['epoch']}, the best of {metrics['epochs']} by validation {config.training.monitor}"
    report.say(f"{run} holds the weights of {best}")
    return metrics


def _kept(run):
    from seq2seq.run import Run

    left = Run(run, "", {})
    if left.checkpoint.exists():
        return f"{run} keeps the best weights and the last finished epoch: the same command with --resume goes on."
    kept = "its weights so far can be used" if left.weights.exists() else "nothing of it is kept"
    return f"{run} has no finished epoch: {kept}; the same command with --resume starts again."
