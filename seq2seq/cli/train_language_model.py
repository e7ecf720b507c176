"""`seq2seq train language-model`: a model of characters from a text."""

from typing import Annotated

from typer import Option

from seq2seq.cli.console import quiet_tensorflow
from seq2seq.cli.options import training
from seq2seq.cli.outputs import check_folder
from seq2seq.config import LanguageConfig, resolve
from seq2seq.config.language_model import LanguageDataConfig, LanguageTrainingConfig
from seq2seq.errors import InputError

DATA = "Data"
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq train language-model --text poems.txt --run runs/poet

  seq2seq train language-model --text poems.txt --run runs/big --set model.units=512 --set model.num_layers=2

  seq2seq train language-model --text poems.txt --run runs/poet --epochs 40 --resume
"""


def language_model(
    run: training.RunFolder,
    text: Annotated[
        str | None,
        Option(
            help="UTF-8 text, plain or .gz. Its end is kept for validation.",
            show_default="the recipe's",
            rich_help_panel=DATA,
        ),
    ] = None,
    chunk: Annotated[
        int | None,
        Option(
            help="Characters in a chunk. The state goes on from chunk to chunk, gradients go back within one.",
            show_default=f"{LanguageDataConfig.chunk}, or the recipe's",
            rich_help_panel=DATA,
        ),
    ] = None,
    from_: training.From = None,
    resume: training.Resume = False,
    max_time: training.MaxTime = None,
    workers: training.Workers = None,
    recipe: training.Recipe = None,
    set_: training.Settings = None,
    epochs: Annotated[
        int | None,
        Option(
            help="Passes over the text.",
            show_default=f"{LanguageTrainingConfig.epochs}, or the recipe's",
            rich_help_panel=training.SETUP,
        ),
    ] = None,
    seed: training.Seed = None,
) -> None:
    """Train a character language model on a text, for `generate`.

    Every character counts as it stands, line breaks and runs of spaces too. The text is cut into connected parts that
    are read side by side, chunk after chunk, each part's state going on from one chunk to the next.

    The run folder gets the settings, the characters, the weights, the history and the metrics.
    """
    report = training.report_of(workers)
    config = resolve(
        LanguageConfig,
        recipe,
        set_ or (),
        report,
        training.settings_before(LanguageConfig, from_, run, resume),
        data__text=text,
        data__chunk=chunk,
        training__epochs=epochs,
        seed=seed,
    )
    if not config.data.text:
        raise InputError("--text is missing, and no recipe names a text: give a file.")
    check_folder(run, "--run")

    training.launch(workers)
    with quiet_tensorflow():
        from seq2seq.tasks import train_language_model as task

    metrics = training.train_run(task.train, config, run, report, resume, max_time, parent=from_)
    bits = metrics["val_bits_per_character"]
    report.say(
        f"on the held-out end of the text: perplexity {metrics['val_perplexity']:.3f}, {bits:.3f} bits per character"
    )
