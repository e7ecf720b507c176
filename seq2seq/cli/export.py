"""`seq2seq export`: a run as a folder that answers without TensorFlow."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.errors import InputError

EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq export runs/tanks --output tanks

  seq2seq-run detect tanks --input june.csv --output scores.csv

  seq2seq export runs/air --output air --sample this_week.csv
"""


def export(
    run: Annotated[Path, Argument(metavar="RUN", help="Folder of a trained run.")],
    output: Annotated[Path, Option(help="Folder for the export: a new one.")],
    format_: Annotated[str, Option("--format", help="What graphs it has: onnx.")] = "onnx",
    sample: Annotated[
        str | None,
        Option(
            help="Data to hold the export against, in the form of those of the training.",
            show_default="the validation part of the training",
        ),
    ] = None,
) -> None:
    """Write a run as a folder that answers with NumPy and ONNX Runtime alone, by the command seq2seq-run.

    Both are asked the same, validation data and values missing in every way; where they answer alike to five digits the
    folder gets its name, and otherwise nothing is written.
    """
    missing = [name for name in ("onnx", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise InputError(f"export needs {' and '.join(missing)}: pip install 'seq2seq[onnx]'.")
    with quiet_tensorflow(run):
        from seq2seq.export import export as export_run

    report = ConsoleReport(stderr=True)
    differences = export_run(run, output, format=format_, sample=sample, report=report)
    answers, largest = sum(each.answers for each in differences), max(each.largest for each in differences)
    size = sum(file.stat().st_size for file in output.iterdir())
    report.say(
        f"{output} ({size / 1e6:,.2f} MB) answered {len(differences)} kinds of input as the run does: {answers:,} "
        f"answers, numbers at most {largest:.0e} apart"
    )
