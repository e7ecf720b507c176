"""`seq2seq demo`: two trainings on the data that come with the package, and what the models then can do."""

import shlex
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from seq2seq.cli.console import ConsoleReport
from seq2seq.cli.outputs import check_folder
from seq2seq.errors import InputError

DATA = Path(__file__).parents[1] / "data"
RUN = "Run"
EXAMPLES = """\
[bold]Examples[/bold]

  seq2seq demo

  seq2seq demo --output /tmp/demo
"""


def demo(
    output: Annotated[
        Path, Option(help="Folder for the two runs, demo and tanks, tables and pictures.", rich_help_panel=RUN)
    ] = Path("runs"),
) -> None:
    """Train on the shipped data, some minutes: translate English into French, and find the faults of oil tanks.

    Each command is shown before it runs: with other data it is yours.
    """
    from seq2seq.cli.app import app

    check_folder(output, "--output")
    for run in (output / "demo", output / "tanks"):  # the second one is told of before the first is trained
        if run.exists():
            raise InputError(f"--output {output}: {run} is there already: delete it, or name another folder.")
    report, program = ConsoleReport(stderr=True), typer.main.get_command(app)
    for arguments in commands(output):
        report.say(f"\n$ seq2seq {shlex.join(arguments)}")
        if code := program.main(arguments, prog_name="seq2seq", standalone_mode=False):
            raise typer.Exit(code)
    report.say(
        f"\nThe runs are {output / 'demo'} and {output / 'tanks'}, the scores of the tanks {output / 'scores.png'}."
    )


def commands(output: Path) -> list[list[str]]:
    """The arguments of each command of the demo, in their order."""
    corpus, tanks, demo, found = DATA / "en-fr", DATA / "tanks", output / "demo", output / "tanks"
    sides = ["--source", "en", "--target", "fr"]
    texts = ["My brother does not see the white house.", "We bought some beautiful horses."]
    texts += ["nine hundred and fifty-nine", "from 23 February to 15 August"]
    pairs = ["--train", corpus / "train", "--valid", corpus / "valid", *sides]
    series = ["--data", tanks / "tanks.csv", "--group", "tank", "--columns", "pressure,temperature"]
    windows = ["--look-back", "24", "--set", "training.updates=2000"]
    test = ["--input", tanks / "test.csv"]
    drawn = [output / "reconstructed.csv", "--plot", output / "reconstruction.png"]
    scored = ["--labels", tanks / "faults.json", "--output", output / "scores.csv", "--plot", output / "scores.png"]
    each = (
        ["train", "translation", "--recipe", "demo", *pairs, "--run", demo],
        ["evaluate", demo, "--data", corpus / "test"],
        ["translate", demo, *texts],
        ["train", "autoencoder", *series, *windows, "--run", found],
        ["reconstruct", found, *test, "--output", *drawn],
        ["detect", found, *test, *scored],
    )
    return [[str(argument) for argument in command] for command in each]
