"""`seq2seq info`: what a folder holds."""

import json
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from seq2seq.cli.console import ConsoleReport
from seq2seq.cli.outputs import check_outputs, write_text

RESULT = "Results"
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq info runs/ende

  seq2seq info runs/ende --json -
"""


def info(
    run: Annotated[
        Path, Argument(metavar="RUN", help="Folder of a trained run, of several runs, or one that export wrote.")
    ],
    json_: Annotated[
        Path | None,
        Option(
            "--json", help="File for all of it; - for standard output.", show_default="none", rich_help_panel=RESULT
        ),
    ] = None,
) -> None:
    """Tell what a run is: its task, what made it, what it was trained on, how large and how good it is.

    Figures of the validation part are those of the best epoch, as the training wrote them; evaluate measures anew.
    """
    check_outputs({"--json": json_}, {}, run)
    from seq2seq.tasks.describe_run import describe

    found = describe(run)
    if json_:
        text = json.dumps(found.as_dict(), ensure_ascii=False, indent=2)
        write_text(json_, f"{text}\n")
    report = ConsoleReport(stderr=str(json_) == "-")
    report.table(str(run), ("", ""), found.rows())
    if found.kind == "runs":
        report.table("\nIts runs", found.member_columns, found.member_rows())
