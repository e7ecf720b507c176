"""`seq2seq explain`: what the network of a run is made of, as a table and as a picture."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.options.series import PICTURE, check_of_picture
from seq2seq.cli.outputs import check_outputs, check_picture
from seq2seq.errors import InputError

LENGTHS = "Lengths"
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq explain runs/tanks

  seq2seq explain runs/ende --plot training.svg

  seq2seq explain runs/ende --predicting --steps 7 --target-steps 9 --show 4 --plot prediction.png

  seq2seq explain runs/air --batches 3 --plot stateful.pdf
"""


def explain(
    run: Annotated[Path, Argument(metavar="RUN", help="Folder of a trained run.")],
    steps: Annotated[
        int | None,
        Option(
            min=1,
            help="The length of the input, where the model takes any.",
            show_default="that of the training, or a letter",
            rich_help_panel=LENGTHS,
        ),
    ] = None,
    target_steps: Annotated[
        int | None,
        Option(
            min=1,
            help="The length of a translation, or of what is written or forecast.",
            show_default="that of the training, or a letter",
            rich_help_panel=LENGTHS,
        ),
    ] = None,
    predicting: Annotated[
        bool,
        Option(
            "--predicting",
            help="As at prediction, where some models read what they have written; else as in training.",
            rich_help_panel="Network",
        ),
    ] = False,
    plot: Annotated[
        Path | None,
        Option(
            help="Draw the network over its steps: .png, .svg or .pdf.",
            show_default="no picture",
            rich_help_panel=PICTURE,
        ),
    ] = None,
    show: Annotated[
        int | None,
        Option(
            min=2,
            help="Steps of each part that are drawn; others are left out.",
            show_default="2 to 5",
            rich_help_panel=PICTURE,
        ),
    ] = None,
    batches: Annotated[
        int | None,
        Option(
            min=1,
            help="Draw so many batches in a row, of a model whose state goes on from one to the next.",
            show_default="1",
            rich_help_panel=PICTURE,
        ),
    ] = None,
    slots: Annotated[
        int | None,
        Option(min=1, help="Rows of such batches that are drawn.", show_default="2", rich_help_panel=PICTURE),
    ] = None,
) -> None:
    """Tell what the network of a run is made of: its layers, the shapes of what they read and give, and their weights.

    The picture shows it step by step, time from left to right: what each layer hands to the next one and to the next
    step, which outputs are used, and what the model reads of what it has written. A letter in a shape stands for any
    number of steps.
    """
    check_picture(plot, "--plot")
    for option, value in (("--show", show), ("--batches", batches), ("--slots", slots)):
        check_of_picture(plot, option, value)
    check_outputs({"--plot": plot}, {}, run)
    with quiet_tensorflow(run):
        from seq2seq.anatomy import unrolled

    model, lengths = _loaded(run)
    asked = {"steps": steps, "target_steps": target_steps}
    lengths |= {name: value for name, value in asked.items() if value is not None}
    described = unrolled(model, **lengths, predicting=predicting, batches=batches or 1, slots=slots, shown=show)
    if plot:
        from seq2seq.plots import draw_unrolled, save_figure

        save_figure(draw_unrolled(described), plot)
    rows = [
        (
            "" if (batches or 1) > 1 else section.name,
            f"{row.title}: {'; '.join(row.notes)}" if row.kind == "output" and row.notes else row.title,
            _text(read),
            _text(row.shape),
            *_returned(row),
            f"{row.weights:,}",
        )
        for section, row, read in described.layers
    ]
    columns = ("part", "layer", "reads", "gives", "of its steps", "weights")
    ConsoleReport().table(f"{described.title}: {model.count_params():,} weights", columns, rows)


def _loaded(path):
    """The model of a run, and the lengths that it was trained on."""
    from seq2seq.inference.forecaster import Forecaster
    from seq2seq.inference.reconstructor import Reconstructor
    from seq2seq.inference.translator import Translator
    from seq2seq.inference.writer import Writer
    from seq2seq.run import Run
    from seq2seq.runtime.folder import is_exported

    if is_exported(path):
        raise InputError(f"{path} is an exported folder, whose graphs are compiled: give the run that it is of.")
    classes = {
        "translation": Translator,
        "language-model": Writer,
        "autoencoder": Reconstructor,
        "forecaster": Forecaster,
    }
    loaded = classes[Run.open(path, *classes).task].load(path)
    windows = getattr(loaded.config, "windows", None)
    if windows is None:
        return loaded.model, {}
    if getattr(loaded.config.model, "kind", "") == "stateful":
        return loaded.model, {"steps": windows.chunk}
    return loaded.model, {"steps": windows.look_back or None}


def _text(shape):
    return f"({', '.join(map(str, shape))})"


def _returned(row):
    """Which of its outputs a layer with a state hands on."""
    return ({None: "", True: "all", False: "the last"}[row.return_sequences],)
