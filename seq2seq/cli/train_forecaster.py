"""`seq2seq train forecaster`: the next steps of series of numbers."""

from typing import Annotated, Any

from typer import Option

from seq2seq.cli import several
from seq2seq.cli.console import quiet_tensorflow
from seq2seq.cli.options import groups, series, training
from seq2seq.cli.outputs import check_folder
from seq2seq.config import ForecasterConfig, SeriesTrainingConfig, resolve
from seq2seq.config.series import ForecasterModelConfig, ForecasterWindowsConfig
from seq2seq.errors import InputError

SHAPE = "Windows"
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq train forecaster --data airline-passengers.csv --columns Passengers --look-back 24 --run runs/air

  seq2seq train forecaster --data power.csv --look-back 96 --horizon 24 --set model.calendar=hour --run runs/power

  seq2seq train forecaster --data tanks.csv --group tank --columns pressure --look-back 48 --horizon 12 --run runs/tanks

  seq2seq train forecaster --data sensor.csv --stateful --chunk 50 --run runs/stream
"""


@groups.options(series.READING)
def forecaster(
    run: training.RunFolder,
    data: Annotated[
        str | None,
        Option(
            help="Series of numbers: CSV (plain or .gz), Parquet, NPY or NPZ file, tfds:NAME/CONFIG, hf:NAME.",
            show_default="the recipe's",
            rich_help_panel=series.DATA,
        ),
    ] = None,
    non_negative: Annotated[
        str | None,
        Option(
            metavar="COLUMNS",
            help="Columns whose forecasts and intervals never go below 0.",
            show_default="those that reach 0 in training, and are never below",
            rich_help_panel=series.DATA,
        ),
    ] = None,
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
            show_default=f"{ForecasterWindowsConfig.chunk}, or the recipe's",
            rich_help_panel=SHAPE,
        ),
    ] = None,
    interval: Annotated[
        float | None,
        Option(
            help="Share of actual values that the prediction interval is to hold; 0 for none.",
            show_default=f"{ForecasterModelConfig.interval}, or the recipe's",
            rich_help_panel=training.SETUP,
        ),
    ] = None,
    from_: training.From = None,
    resume: training.Resume = False,
    finish: training.Finish = False,
    max_time: training.MaxTime = None,
    workers: training.Workers = None,
    recipe: training.Recipe = None,
    set_: training.Settings = None,
    epochs: Annotated[
        int | None,
        Option(
            help="Passes over the training part.",
            show_default=f"{SeriesTrainingConfig.epochs}, or the recipe's",
            rich_help_panel=training.SETUP,
        ),
    ] = None,
    seed: training.Seed = None,
    seeds: training.Seeds = None,
    *,
    chosen: dict[str, Any],
) -> None:
    """Train a forecaster: from the last steps of a series to the next ones, or step by step with a lasting state.

    Each series is cut in time into training, validation and test part before it is cut into windows, and units are
    measured on the training part alone. What is taken for what is shown before training begins.

    The model learns the change from a linear forecast, for each step ahead a regression beside the naive one that suits
    it, and counts as far as the validation part says. What it reaches there stands beside them at the end.

    The run folder gets the settings, the units, the weights, the intervals, the history and the metrics.
    """
    report = training.report_of(workers)
    config = resolve(
        ForecasterConfig,
        recipe,
        set_ or (),
        report,
        training.settings_before(ForecasterConfig, from_, run, resume or finish),
        data__location=data,
        data__non_negative=non_negative,
        windows__look_back=look_back,
        windows__horizon=horizon,
        windows__chunk=chunk,
        model__kind="stateful" if stateful else None,
        model__interval=interval,
        training__epochs=epochs,
        seed=seed,
        **{f"data__{name}": value for name, value in chosen.items()},
    )
    if not config.data.location:
        raise InputError("--data is missing, and no recipe names data: give a file.")
    check_folder(run, "--run")

    training.launch(workers, seeds)
    with quiet_tensorflow():
        from seq2seq.tasks import train_forecaster as task
        from seq2seq.tasks.starting import series_files

    how = {"resume": resume, "max_time": max_time, "finish": finish, "parent": from_}
    if seeds is None:
        training.train_run(task.train, config, run, report, **how)
    else:
        runs = several.of_seeds(seeds, config)
        several.train_several(runs, task.train, config, run, report, files=series_files, **how)
