"""`seq2seq doctor`: what this machine has, and what will be used."""

import json
from pathlib import Path
from typing import Annotated

from typer import Option

from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.outputs import check_file, write_text

MEASURE, RESULT = "Measuring", "Results"
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq doctor

  seq2seq doctor --seconds 0 --json machine.json
"""


def doctor(
    seconds: Annotated[
        float,
        Option(
            min=0.0,
            max=600.0,
            help="How long to train in each precision that the device multiplies; 0 measures none.",
            rich_help_panel=MEASURE,
        ),
    ] = 10.0,
    json_: Annotated[
        Path | None,
        Option(
            "--json", help="File for all of it; - for standard output.", show_default="none", rich_help_panel=RESULT
        ),
    ] = None,
) -> None:
    """Tell what this machine has and what trainings will use of it: paste it into a report of a bug.

    Recurrent layers are run, forward and backward, and compared with Keras's cells on the processor; a translator is
    trained for some seconds in each precision. On a machine with an NVIDIA driver and without a GPU for TensorFlow it
    says why.
    """
    check_file(json_, "--json")
    with quiet_tensorflow():
        from seq2seq.tasks.examine_device import examine

    as_json = str(json_) == "-"
    report = ConsoleReport(stderr=True)
    found = examine(seconds, report)
    if json_:
        text = json.dumps(found.as_dict(), ensure_ascii=False, indent=2)
        write_text(json_, f"{text}\n")
    (report if as_json else ConsoleReport()).table("This machine", ("", ""), found.rows())
    for warning in found.warnings:
        report.warn(warning)
