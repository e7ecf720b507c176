"""`seq2seq train autoencoder`: sequences of numbers into one vector each, and back."""

from typing import Annotated, Any

from typer import Option

from seq2seq.cli import several
from seq2seq.cli.console import quiet_tensorflow
from seq2seq.cli.options import groups, series, training
from seq2seq.cli.outputs import check_folder
from seq2seq.config import AutoencoderConfig, resolve
from seq2seq.config.series import AutoencoderModelConfig, AutoencoderTrainingConfig, RecurrentConfig
from seq2seq.errors import InputError

SHAPE = "Windows"
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq train autoencoder --data ECG5000.npz --array X_train --keep "y_train==1" --run runs/ecg

  seq2seq train autoencoder --data tanks.csv --group tank --columns pressure,temperature --look-back 24 --run runs/tanks

  seq2seq train autoencoder --data sensors.csv --look-back 48 --latent-dim 8 --set model.bidirectional=true --run runs/s
"""


@groups.options(series.READING)
def autoencoder(
    run: training.RunFolder,
    data: Annotated[
        str | None,
        Option(
            help="Normal sequences of numbers: CSV (plain or .gz), Parquet, NPY, NPZ file, tfds:NAME/CONFIG, hf:NAME.",
            show_default="the recipe's",
            rich_help_panel=series.DATA,
        ),
    ] = None,
    look_back: Annotated[
        int | None,
        Option(
            help="Steps in a window. Without it each sample of the data is read and written as a whole.",
            show_default="whole sequences",
            rich_help_panel=SHAPE,
        ),
    ] = None,
    units: Annotated[
        int | None,
        Option(
            help="Width of the recurrent layers.",
            show_default=f"{RecurrentConfig.units}, or the recipe's",
            rich_help_panel=training.SETUP,
        ),
    ] = None,
    latent_dim: Annotated[
        int | None,
        Option(
            help="Width of the vector between encoder and decoder.",
            show_default=f"{AutoencoderModelConfig.latent_dim or 'the units'}, or the recipe's",
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
            show_default=f"as many as make {AutoencoderTrainingConfig.updates:,} batches, or the recipe's",
            rich_help_panel=training.SETUP,
        ),
    ] = None,
    seed: training.Seed = None,
    seeds: training.Seeds = None,
    folds: training.Folds = None,
    *,
    chosen: dict[str, Any],
) -> None:
    """Train an autoencoder: from a sequence to one vector, and from that back to the sequence.

    Trained on normal data it finds anomalies: what it cannot write again. What errors are usual, and from where on they
    are an alarm, is learned on a validation part that trained nothing.

    The run folder gets the settings, the units, the weights, the detector, the history and the metrics.
    """
    report = training.report_of(workers)
    config = resolve(
        AutoencoderConfig,
        recipe,
        set_ or (),
        report,
        training.settings_before(AutoencoderConfig, from_, run, resume or finish),
        data__location=data,
        windows__look_back=_checked(look_back),
        model__units=units,
        model__latent_dim=latent_dim,
        training__epochs=epochs,
        seed=seed,
        **{f"data__{name}": value for name, value in chosen.items()},
    )
    if not config.data.location:
        raise InputError("--data is missing, and no recipe names data: give a file.")
    check_folder(run, "--run")

    if seeds is not None and folds is not None:
        raise InputError(f"--seeds {seeds} and --folds {folds}: give one; runs of folds have seeds of their own.")
    training.launch(workers, seeds, folds)
    with quiet_tensorflow():
        from seq2seq.tasks import train_autoencoder as task
        from seq2seq.tasks.starting import series_files

    how = {"resume": resume, "max_time": max_time, "finish": finish, "parent": from_}
    if seeds is None and folds is None:
        training.train_run(task.train, config, run, report, **how)
    else:
        runs = several.of_folds(folds, config) if seeds is None else several.of_seeds(seeds, config)
        if folds is not None and not (resume or finish):
            task.check_folds(config, folds)
        several.train_several(runs, task.train, config, run, report, files=series_files, **how)


def _checked(look_back: int | None) -> int | None:
    if look_back == 0:
        raise InputError("--look-back 0: expected at least 1 step; leave the option out to read whole sequences.")
    return look_back
