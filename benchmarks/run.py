"""`python benchmarks/run.py`: how fast this project is, beside its peers, on this machine."""

import json
import os
import sys
import tempfile
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from chart import draw
from typer import Argument, Option
from works import Bench, autoencoder, check_peers, pipeline, startup, training, translation

from seq2seq.cli.command import SETTINGS, Command
from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.outputs import check_file, check_suffix
from seq2seq.errors import InputError
from seq2seq.run import replacing

app = typer.Typer(**SETTINGS | {"no_args_is_help": False})
COLUMNS = ("work", "system", "unit", "median", "low", "high", "ratio", "peak_mib")


class Work(StrEnum):
    """What can be measured."""

    TRAINING = "training"
    TRANSLATION = "translation"
    PIPELINE = "pipeline"
    AUTOENCODER = "autoencoder"
    STARTUP = "startup"


@app.command(cls=Command)
def measure(
    works: Annotated[
        list[Work] | None,
        Argument(
            help="What to measure.",
            show_default="training pipeline autoencoder; with --run startup; with --run and --data translation",
        ),
    ] = None,
    peers: Annotated[
        str, Option(help="Whom to train beside: any of torch, keras and bfloat16, with commas; or an empty string.")
    ] = "torch,keras,bfloat16",
    torch_python: Annotated[
        str, Option(help="Python interpreter that has PyTorch.", show_default="this one")
    ] = sys.executable,
    data: Annotated[
        str | None,
        Option(help="Parallel text, as of `seq2seq train --train`; needed to translate.", show_default="generated"),
    ] = None,
    source: Annotated[str | None, Option(help="Suffix of its source file, or TFDS feature.")] = None,
    target: Annotated[str | None, Option(help="Suffix of its target file, or TFDS feature.")] = None,
    run: Annotated[Path | None, Option(help="Run directory to translate with.")] = None,
    turns: Annotated[int, Option(min=1, help="Turns of each system.")] = 5,
    steps: Annotated[int, Option(min=1, help="Training steps, of 64 sentences each, in a turn.")] = 20,
    threads: Annotated[int | None, Option(min=1, help="Threads of each system.", show_default="all cores")] = None,
    json_file: Annotated[Path | None, Option("--json", help="Write the rows of the table to this file.")] = None,
    plot: Annotated[Path | None, Option(help="Draw the rates: .png, .svg or .pdf.")] = None,
) -> None:
    """Measure this project beside its peers: the same work, in turn, on this machine.

    A row has the median, lowest and highest rate of the turns. Its ratio is our rate / the rate of that system, turn by
    turn, and of these the median: above 1 ours is faster.
    """
    with_run = [Work.STARTUP, *([Work.TRANSLATION] if data else [])] if run else []
    works = works or [Work.TRAINING, Work.PIPELINE, Work.AUTOENCODER, *with_run]
    if Work.TRANSLATION in works and not (run and data):
        raise InputError("To measure translation, name a trained run and the sentences: --run RUN --data PREFIX.")
    if Work.STARTUP in works and not run:
        raise InputError("To measure the start, name a trained run: --run RUN.")
    peers = check_peers(peers)
    check_file(json_file, "--json")
    check_file(plot, "--plot")
    check_suffix(plot, "--plot", (".png", ".svg", ".pdf"))
    with quiet_tensorflow():
        import prepare

    report = ConsoleReport()
    with tempfile.TemporaryDirectory() as folder:
        spec = {"threads": threads or len(os.sched_getaffinity(0)), "steps": steps}
        if {Work.TRAINING, Work.PIPELINE} & set(works):
            corpus = prepare.read_corpus(data, source, target) if data else prepare.generated_corpus(prepare.PAIRS)
            spec |= prepare.write_material(folder, *corpus)
        bench = Bench(spec, turns, torch_python, report)
        rows = []
        for work in works:
            report.say(f"{work}, turns of each: {turns}, threads: {spec['threads']}")
            if work == Work.TRAINING:
                rows += training(bench, peers)
            elif work == Work.PIPELINE:
                rows += pipeline(bench)
            elif work == Work.AUTOENCODER:
                rows += autoencoder(bench, peers, prepare.write_series(folder))
            elif work == Work.STARTUP:
                rows += startup(bench, run)
            else:
                write = partial(prepare.write_translator, folder)
                rows += translation(bench, peers, run, data, source, target, write)
    report.table("", COLUMNS, [[row[column] for column in COLUMNS] for row in rows])
    if plot:
        draw(rows, plot)
    if json_file:
        with replacing(json_file) as temporary:
            temporary.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    app()
