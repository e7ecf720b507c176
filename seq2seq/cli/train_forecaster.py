"""`seq2seq train forecaster`: the next steps of series of numbers."""

from pathlib import Path
from typing import Annotated

from typer import Option

from seq2seq.cli import series
from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.outputs import check_folder
from seq2seq.config import ForecasterConfig, SeriesTrainingConfig, WindowsConfig, resolve
from seq2seq.config.series import ForecasterModelConfig, ForecasterWindowsConfig
from seq2seq.errors import InputError

RUN, SHAPE, SETUP = "Run", "Windows", "Model and training"
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq train forecaster --data airline-passengers.csv --columns Passengers --look-back 12 --run runs/air

  seq2seq train forecaster --data power.csv --look-back 96 --horizon 24 --set model.calendar=hour --run runs/power

  seq2seq train forecaster --data tanks.csv --group tank --columns pressure --look-back 48 --horizon 12 --run runs/tanks

  seq2seq train forecaster --data sensor.csv --stateful --chunk 50 --run runs/stream
"""


def forecaster(
    run: Annotated[Path, Option(help="Folder that the trained run is written to.", rich_help_panel=RUN)],
    data: Annotated[
        str | None,
        Option(
            help="Series of numbers: CSV (plain or .gz), Parquet, NPY or NPZ file, or tfds:NAME/CONFIG.",
            show_default="the recipe's",
            rich_help_panel=series.DATA,
        ),
    ] = None,
    array: series.Array = None,
    keep: series.Keep = None,
    columns: series.Columns = None,
    group: series.Group = None,
    time: series.Time = None,
    missing: series.Missing = None,
    limit: series.Limit = None,
    look_back: Annotated[
        int | None,
        Option(help="Steps that a forecast is made from.", show_default="the recipe's", rich_help_panel=SHAPE),
    ] = None,
    horizon: Annotated[
        int | None,
        Option(
            help="Steps to forecast at once.",
            show_default=f"{ForecasterWindowsConfig.horizon}, or the recipe's",
            rich_help_panel=SHAPE,
        ),
    ] = None,
    stateful: Annotated[
        bool,
        Option(
            "--stateful",
            help="No windows: one step ahead after every step, from a state that goes on as long as the data do.",
            rich_help_panel=SHAPE,
        ),
    ] = False,
    chunk: Annotated[
        int | None,
        Option(
            help="Steps in a chunk of stateful training: how far back gradients go.",
            show_default=f"{WindowsConfig.chunk}, or the recipe's",
            rich_help_panel=SHAPE,
        ),
    ] = None,
    interval: Annotated[
        float | None,
        Option(
            help="Share of actual values that the prediction interval is to hold; 0 for none.",
            show_default=f"{ForecasterModelConfig.interval}, or the recipe's",
            rich_help_panel=SETUP,
        ),
    ] = None,
    resume: Annotated[
        bool, Option("--resume", help="Continue a run that was stopped, from its last checkpoint.", rich_help_panel=RUN)
    ] = False,
    recipe: Annotated[
        str | None,
        Option(help="TOML file of settings, or the name of a shipped one.", show_default="none", rich_help_panel=SETUP),
    ] = None,
    set_: Annotated[
        list[str] | None,
        Option(
            "--set",
            metavar="SECTION.NAME=VALUE",
            help="Change any setting: model.units=128. May be repeated; wins over the recipe.",
            show_default="none",
            rich_help_panel=SETUP,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        Option(
            help="Passes over the training part.",
            show_default=f"{SeriesTrainingConfig.epochs}, or the recipe's",
            rich_help_panel=SETUP,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        Option(
            help="Decides every random choice.",
            show_default=f"{ForecasterConfig.seed}, or the recipe's",
            rich_help_panel=SETUP,
        ),
    ] = None,
) -> None:
    """Train a forecaster: from the last steps of a series to the next ones, or step by step with a lasting state.

    Each series is cut in time into training, validation and test part before it is cut into windows, and units are
    measured on the training part alone. What is taken for what is shown before training begins.

    The run folder gets the settings, the units, the weights, the intervals, the history and the metrics.
    """
    config = resolve(
        ForecasterConfig,
        recipe,
        set_ or (),
        data__location=data,
        data__array=array,
        data__keep=keep,
        data__columns=columns,
        data__group=group,
        data__time=time,
        data__missing=missing,
        data__limit=limit,
        windows__look_back=look_back,
        windows__horizon=horizon,
        windows__chunk=chunk,
        model__kind="stateful" if stateful else None,
        model__interval=interval,
        training__epochs=epochs,
        seed=seed,
    )
    if not config.data.location:
        raise InputError("--data is missing, and no recipe names data: give a file.")
    check_folder(run, "--run")

    with quiet_tensorflow():
        from seq2seq.tasks import forecasting as task

    report = ConsoleReport()
    try:
        metrics = task.train(config, run, resume=resume, report=report)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(_kept(run)) from stop
    best = f"epoch {metrics['epoch']}, the best of {metrics['epochs']} by validation {config.training.monitor}"
    report.say(f"{run} holds the weights of {best}")


def _kept(run: Path) -> str:
    """What an interrupted training leaves, and how to go on."""
    from seq2seq.run import Run

    if Run(run, "forecaster", {}).checkpoint.exists():
        return f"{run} keeps the best weights and the last finished epoch: the same command with --resume goes on."
    return f"{run} has no finished epoch: the same command with --resume starts again."
