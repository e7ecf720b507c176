"""`seq2seq train …`: a model from data."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from seq2seq.cli import several, train_autoencoder, train_forecaster, train_language_model
from seq2seq.cli.command import SETTINGS, Command, Tasks
from seq2seq.cli.console import quiet_tensorflow
from seq2seq.cli.options import training
from seq2seq.cli.options.run import data_of
from seq2seq.cli.outputs import check_folder
from seq2seq.config import TranslationConfig, resolve
from seq2seq.errors import InputError
from seq2seq.text.table import is_table

app = typer.Typer(help="Train a model.", cls=Tasks, **SETTINGS)

DATA = "Data"
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq train translation --train corpus/train --valid corpus/val --source en --target de --run runs/ende

  seq2seq train translation --train fra-eng.txt.gz --swap --run runs/fra

  seq2seq train translation --train pairs.tsv --source english --target 3 --run runs/columns

  seq2seq train translation --train tfds:NAME/CONFIG --source en --target pt --run runs/pt

  seq2seq train translation --train hf:OWNER/NAME --source en --target de --run runs/hf

  seq2seq train translation --train corpus/train --source en --target de --run runs/big --set model.units=1024

  seq2seq train translation --from runs/ende --train manuals/train --epochs 5 --run runs/manuals

  seq2seq train translation --teacher runs/a --teacher runs/b --train corpus/train --valid corpus/val --source en \
      --target de --run runs/student
"""


@app.command("translation", cls=Command, epilog=EXAMPLES)
def translation(
    run: training.RunFolder,
    train: Annotated[
        str | None,
        Option(
            help="Training pairs: PREFIX of the files PREFIX.source and PREFIX.target, plain or .gz; or a TSV file "
            "(CSV, if named .csv), one column to another; or tfds:NAME/CONFIG or hf:NAME, data sets.",
            show_default="the recipe's",
            rich_help_panel=DATA,
        ),
    ] = None,
    valid: Annotated[
        str | None,
        Option(
            help="Validation pairs, in the same forms.",
            show_default="that split of a data set, or a share of the training pairs, held out",
            rich_help_panel=DATA,
        ),
    ] = None,
    source: Annotated[
        str | None,
        Option(
            help="Suffix of the source file: en; or the column of a TSV: its name in the first row, or its number, "
            "counted from 1; or the feature of a data set.",
            show_default="none; of a TSV the first column, or the first of text",
            rich_help_panel=DATA,
        ),
    ] = None,
    target: Annotated[
        str | None,
        Option(
            help="The same for the target: de.",
            show_default="none; of a TSV the second column, or the second of text",
            rich_help_panel=DATA,
        ),
    ] = None,
    header: Annotated[
        bool | None,
        Option(
            "--header/--no-header",
            help="Whether the first row of a TSV names its columns.",
            show_default="as it looks",
            rich_help_panel=DATA,
        ),
    ] = None,
    swap: Annotated[
        bool, Option("--swap", help="Translate the other way: target to source.", rich_help_panel=DATA)
    ] = False,
    limit: Annotated[
        int | None, Option(help="Read only the first lines.", show_default="all", rich_help_panel=DATA)
    ] = None,
    cache: Annotated[
        Path | None,
        Option(
            help="Folder of prepared corpora: what one training has read and encoded, the next one finds there.",
            show_default="inside the run, for large corpora",
            rich_help_panel=DATA,
        ),
    ] = None,
    from_: training.From = None,
    teacher: Annotated[
        list[Path] | None,
        Option(
            metavar="RUN",
            help="Learn from what this run makes of the training sources, too; given several times, from what these "
            "runs make of them together.",
            show_default="none",
            rich_help_panel=training.RUN,
        ),
    ] = None,
    resume: training.Resume = False,
    max_time: training.MaxTime = None,
    workers: training.Workers = None,
    recipe: training.Recipe = None,
    set_: training.Settings = None,
    epochs: Annotated[
        int | None,
        Option(
            help="Passes over the training pairs.",
            show_default="as suits the number of pairs, or the recipe's",
            rich_help_panel=training.SETUP,
        ),
    ] = None,
    seed: training.Seed = None,
    seeds: training.Seeds = None,
) -> None:
    """Train an encoder-decoder on parallel text: translation, or any other string to string task.

    Settings are the defaults, changed by the recipe, changed by the command line.

    The run folder gets the settings, the tokenizer, the weights, the history and the metrics.
    """
    report = training.report_of(workers)
    base = training.settings_before(TranslationConfig, from_, run, resume)
    other_kind = from_ and train and is_table(train) != is_table(data_of(from_).get("train", ""))
    if from_ and (other_kind or source or target):  # suffixes of files are no columns, and all three say one thing
        base = replace(base, data=replace(base.data, source=None, target=None, swap=False))
    config = resolve(
        TranslationConfig,
        recipe,
        set_ or (),
        report,
        base,
        data__train=train,
        data__valid=valid,
        data__source=source,
        data__target=target,
        data__header=header,
        data__swap=swap or None,
        data__limit=limit,
        data__cache=cache and str(cache),
        training__epochs=epochs,
        distillation__teachers=tuple(map(str, teacher)) if teacher else None,
        seed=seed,
    )
    if not config.data.train:
        raise InputError("--train is missing, and no recipe names training pairs: give a file or the prefix of two.")
    check_folder(run, "--run")

    training.launch(workers, seeds)
    with quiet_tensorflow():
        from seq2seq.tasks import train_translation as task
        from seq2seq.tasks.translation_corpus import training_files

    how = {"resume": resume, "max_time": max_time, "parent": from_}
    if seeds is None:
        training.train_run(task.train, config, run, report, **how)
    else:
        runs = several.of_seeds(seeds, config)
        several.train_several(runs, task.train, config, run, report, files=training_files, **how)


app.command("autoencoder", cls=Command, epilog=train_autoencoder.EXAMPLES)(train_autoencoder.autoencoder)
app.command("forecaster", cls=Command, epilog=train_forecaster.EXAMPLES)(train_forecaster.forecaster)
app.command("language-model", cls=Command, epilog=train_language_model.EXAMPLES)(train_language_model.language_model)
