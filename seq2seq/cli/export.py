"""`seq2seq export`: a run as a folder that answers without TensorFlow."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.options.run import WithAny, members, together
from seq2seq.errors import InputError, installed_with

EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq export runs/tanks --output tanks

  seq2seq-run detect tanks --input june.csv --output scores.csv

  seq2seq export runs/air --output air --sample this_week.csv

  seq2seq export runs/ende --output ende --int8

  seq2seq export runs/ende --output ende --int8 --sample new.en --reference new.de

  seq2seq export runs/ende --with runs/ende2 --with runs/ende3 --output ende

  seq2seq export runs/air --with runs/air2 --output air

  seq2seq export runs/tanks --output tanks --format litert
"""


def export(
    run: Annotated[Path, Argument(metavar="RUN", help="Folder of a trained run.")],
    output: Annotated[Path, Option(help="Folder for the export: a new one.")],
    with_: WithAny = None,
    format_: Annotated[str, Option("--format", help="What graphs it has: onnx, saved-model or litert.")] = "onnx",
    int8: Annotated[
        bool, Option("--int8", help="Weights that take a byte each; tells what that costs and saves.")
    ] = False,
    sample: Annotated[
        str | None,
        Option(
            help="Data to hold the export against, in the form of those of the training.",
            show_default="the validation part of the training",
        ),
    ] = None,
    reference: Annotated[
        str | None,
        Option(
            help="Translations of the lines of --sample, by which --int8 is judged: line n of line n.",
            show_default="with the validation part, its targets",
        ),
    ] = None,
) -> None:
    """Write a run as a folder that answers with NumPy and ONNX Runtime alone, by the command seq2seq-run; or several
    runs that answer as one.

    Of other formats saved-model is for TensorFlow Serving, and litert for devices: single steps and windows.

    Both are asked the same, validation data and values missing in every way; where they answer alike to five digits the
    folder gets its name, and otherwise nothing is written.
    """
    from seq2seq.runtime.folder import is_exported

    run, with_ = members(run, with_)
    if is_exported(run):
        raise InputError(f"{run} is an exported folder: give the run that it is of, or all of its runs by --with.")
    _check_installed("onnx", "onnx", "onnxruntime")
    if format_ == "litert":
        _check_installed("litert", "ai_edge_litert")
    with quiet_tensorflow(run):
        from seq2seq.export import export as export_run

    report = ConsoleReport(stderr=True)
    how = {"format": format_, "int8": int8, "sample": sample, "reference": reference}
    held = export_run(together(run, with_), output, **how, report=report)
    answers, largest = sum(each.answers for each in held.differences), max(each.largest for each in held.differences)
    size = sum(file.stat().st_size for file in output.rglob("*") if file.is_file())
    graphs, asked = "in float32 " if int8 else "", "runs do" if with_ else "run does"
    report.say(
        f"{output} ({size / 1e6:,.2f} MB) answered {graphs}{len(held.differences)} kinds of input as the {asked}: "
        f"{answers:,} answers, numbers at most {largest:.0e} apart"
    )
    if int8:
        figures = ", ".join(map(str, held.costs))
        report.say(f"int8: {figures}; {held.size:.0%} of the size, {held.rate:.2f} times the rate of float32")


def _check_installed(extra, *names):
    if missing := [name for name in names if find_spec(name) is None]:
        raise InputError(f"export needs {' and '.join(missing)}: {installed_with(extra)}.")
