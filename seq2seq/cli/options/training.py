"""What all commands that train share: their options, and how they end."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from typer import Exit, Option

from seq2seq.cli.console import ConsoleReport, Waiting, quiet_tensorflow
from seq2seq.cli.launching import run_workers, starts_workers
from seq2seq.errors import InputError
from seq2seq.interruption import Interruption, Stopped
from seq2seq.report import Report
from seq2seq.workers import find_place

RUN, SETUP = "Run", "Model and training"

RunFolder = Annotated[Path, Option(help="Folder that the trained run is written to.", rich_help_panel=RUN)]
From = Annotated[
    Path | None,
    Option(
        "--from",
        metavar="RUN",
        help="Start from the weights of this run, with its tokenizers or units; its settings are the defaults. With "
        "--resume a run that has begun so goes on.",
        show_default="fresh weights",
        rich_help_panel=RUN,
    ),
]
Resume = Annotated[
    bool, Option("--resume", help="Continue a run that was stopped, from its last checkpoint.", rich_help_panel=RUN)
]
Finish = Annotated[
    bool,
    Option(
        "--finish",
        help="Train a run that was stopped no further: its best weights are made ready for use.",
        rich_help_panel=RUN,
    ),
]


def recipes_like(incomplete: str) -> list[str]:
    """The shipped recipes whose names begin so, for a shell that completes them."""
    from seq2seq.config.recipes import shipped_recipes

    return [name for name in shipped_recipes() if name.startswith(incomplete)]


Recipe = Annotated[
    str | None,
    Option(
        help="TOML file of settings, or the name of a shipped one.",
        show_default="none",
        rich_help_panel=SETUP,
        autocompletion=recipes_like,
    ),
]
MaxTime = Annotated[
    str | None,
    Option(
        metavar="H:MM:SS",
        help="Stop after this time, with a checkpoint that --resume goes on from, and exit code 75.",
        show_default="none",
        rich_help_panel=RUN,
    ),
]
Workers = Annotated[
    int | None,
    Option(
        metavar="N",
        help="Processes on this machine that share each batch, on a GPU each or a share of the cores. On several "
        "machines TF_CONFIG or srun says who shares: then leave it out.",
        show_default="1",
        rich_help_panel=RUN,
    ),
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
Seeds = Annotated[
    int | None,
    Option(
        metavar="N",
        help="Train so many runs that differ by their random numbers alone, one after the other; their folder "
        "answers as one.",
        show_default="one run",
        rich_help_panel=RUN,
    ),
]
Folds = Annotated[
    int | None,
    Option(
        metavar="N",
        help="Train so many runs, each with another part of the samples held out, one after the other; their folder "
        "answers as one, with a threshold fitted to what each makes of its held-out part.",
        show_default="one run",
        rich_help_panel=RUN,
    ),
]
Seed = Annotated[
    int | None, Option(help="Decides every random choice.", show_default="1, or the recipe's", rich_help_panel=SETUP)
]


def report_of(workers: int | None) -> Report:
    """What this process tells its user through: of several that train one run, the chief alone tells how it goes."""
    with quiet_tensorflow():  # which reads what Slurm says
        if starts_workers(workers):
            return Report()
        return ConsoleReport() if find_place().is_chief else Waiting()


def launch(workers: int | None, seeds: int | None = None, folds: int | None = None) -> None:
    """Start the workers that `--workers` asks for, wait for them, and exit as they did; or return in one of them.

    Raises:
        InputError: several runs are asked for, too.
    """
    if workers and (option := "--seeds" if seeds is not None else "--folds" if folds is not None else None):
        raise InputError(f"{option} trains runs one after the other in this process: leave --workers out.")
    if starts_workers(workers):
        raise Exit(run_workers(workers))


def settings_before(kind: Any, parent: Path | None, run: Path, goes_on: bool) -> Any:
    """What takes the place of the default settings, or None: the settings of a parent, or those of the run itself.

    A run that began from a parent has its own settings where it `goes_on`, and needs the parent no more.

    Args:
        kind: dataclass of the configuration.
        parent: what `--from` gives.
        run: the run directory.
        goes_on: whether a run goes on, or is finished.

    Raises:
        InputError: a parent that cannot be started from, or of a run that goes on and has none; none, or another, of
            several runs that go on and have one.
    """
    from seq2seq.run import Run, RunFolder
    from seq2seq.run.parent import Parent, parent_of, refuse_other_origin, refuse_other_parent
    from seq2seq.run.seeds import has_begun

    if goes_on and has_begun(run):
        refuse_other_origin(run, parent)

    if parent and goes_on and RunFolder(run).holds_run and not parent_of(run):
        refuse_other_parent(run, parent)
    if parent and not (goes_on and RunFolder(run).holds_run):
        return Parent.open(parent, kind, run).settings
    if goes_on and parent_of(run):
        return Run.open(run, kind.task).read_config_as(kind)
    return None


def train_run(
    train: Callable[..., dict],
    config: Any,
    run: Path,
    report: Report,
    resume: bool,
    max_time: str | None = None,
    finish: bool | None = None,
    parent: Path | None = None,
    interruption: Interruption | None = None,
) -> dict:
    """Train by `train` of a task, with progress shown; say what the folder `run` holds then, also after a stop.

    Args:
        train: `train` of a task.
        config: its configuration.
        run: the run directory.
        report: `Report`.
        resume: whether to go on with it.
        max_time: `"H:MM:SS"`, after which to stop.
        finish: whether to finish it without training; None where the task has nothing to finish.
        parent: the run to start from.
        interruption: what may stop it, in place of one by `max_time`.
    """
    if resume and finish:
        raise InputError("--resume trains on and --finish does not: give one of them.")
    from seq2seq.run import Run
    from seq2seq.run.parent import parent_of

    if resume and find_place().is_chief and not Run.check(run, resume) and (parent or not parent_of(run)):
        report.warn(f"{run} holds no run to resume: it is started")
    finishing = {} if finish is None else {"finish": finish}
    interruption = interruption or Interruption(None if max_time is None else seconds_of(max_time))
    try:
        with interruption.listening():
            how = {"resume": resume, "parent": parent, "report": report, "interruption": interruption}
            metrics = train(config, run, **how, **finishing)
    except Stopped as stop:
        raise Stopped(f"{stop}: {_kept(run, finish is not None)}", stop.exit_code) from stop
    monitor = Run.open(run, config.task).config["training"].get("monitor", "loss")  # which may have been left open
    weights = f"of epoch {metrics['epoch']}, the best of {metrics['epochs']} by validation {monitor}"
    if not metrics["epochs"]:
        weights = f"of batch {metrics['batches']:,} of the first epoch"
    report.say(f"{run} holds the weights {weights}")
    return metrics


def _kept(run, can_finish):
    from seq2seq.run import RunFolder

    folder = RunFolder(run)
    if folder.checkpoints():
        finish = ", with --finish takes the best weights so far" * can_finish
        return f"{run} keeps all of it: the same command with --resume goes on{finish}."
    if written := sum(1 for _ in folder.taught.glob("*.json")):
        files = f"{written:,} file{'s' * (written > 1)}"
        return f"{run} keeps {files} of what the teachers wrote: the same command goes on from there."
    return f"{run} has nothing to keep yet: the same command with --resume starts again."


def seconds_of(duration: str) -> int:
    """`"3:50:00"`, hours, minutes and seconds, or `"50:00"` → seconds."""
    if not re.fullmatch(r"(\d+:)?\d?\d:\d\d", duration):
        raise InputError(f"--max-time {duration}: expected hours, minutes and seconds, such as 3:50:00.")
    parts = [int(part) for part in duration.split(":")]
    return sum(part * 60**power for power, part in enumerate(reversed(parts)))
