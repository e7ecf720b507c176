"""`seq2seq train language-model`: a model of characters from a text."""

from pathlib import Path
from typing import Annotated

from typer import Option

from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.outputs import check_folder
from seq2seq.config import LanguageConfig, resolve
from seq2seq.config.language_model import LanguageDataConfig, LanguageTrainingConfig
from seq2seq.errors import InputError

DATA, RUN, SETUP = "Data", "Run", "Model and training"
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq train language-model --text poems.txt --run runs/poet

  seq2seq train language-model --text poems.txt --run runs/big --set model.units=512 --set model.num_layers=2

  seq2seq train language-model --text poems.txt --run runs/poet --epochs 40 --resume
"""


def language_model(
    run: Annotated[Path, Option(help="Folder that the trained run is written to.", rich_help_panel=RUN)],
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
            help="Change any setting: model.units=512. May be repeated; wins over the recipe.",
            show_default="none",
            rich_help_panel=SETUP,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        Option(
            help="Passes over the text.",
            show_default=f"{LanguageTrainingConfig.epochs}, or the recipe's",
            rich_help_panel=SETUP,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        Option(
            help="Decides every random choice.",
            show_default=f"{LanguageConfig.seed}, or the recipe's",
            rich_help_panel=SETUP,
        ),
    ] = None,
) -> None:
    """Train a character language model on a text, for `generate`.

    Every character counts as it stands, line breaks and runs of spaces too. The text is cut into connected parts that
    are read side by side, chunk after chunk, each part's state going on from one chunk to the next.

    The run folder gets the settings, the characters, the weights, the history and the metrics.
    """
    config = resolve(
        LanguageConfig,
        recipe,
        set_ or (),
        data__text=text,
        data__chunk=chunk,
        training__epochs=epochs,
        seed=seed,
    )
    if not config.data.text:
        raise InputError("--text is missing, and no recipe names a text: give a file.")
    check_folder(run, "--run")

    with quiet_tensorflow():
        from seq2seq.tasks import language_modelling as task

    report = ConsoleReport()
    try:
        metrics = task.train(config, run, resume=resume, report=report)
    except KeyboardInterrupt as stop:
        goes_on = "the same command with --resume goes on after the last epoch that was finished"
        raise KeyboardInterrupt(f"{run} keeps what there is of it: {goes_on}.") from stop
    best = f"epoch {metrics['epoch']}, the best of {metrics['epochs']} by validation {config.training.monitor}"
    held_out = f"perplexity {metrics['val_perplexity']:.3f}, {metrics['val_bits_per_character']:.3f} bits per character"
    report.say(f"{run} holds the weights of {best}: {held_out} on the held-out end of the text")
