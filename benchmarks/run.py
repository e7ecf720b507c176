"""`python benchmarks/run.py`: how fast this project is beside its peers, and how good beside naive forecasts."""

import json
import sys
import tempfile
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import naive
import typer
from chart import draw, draw_curves
from curves import SENTENCES, curves
from typer import Argument, Option
from works import PEERS, Bench, autoencoder, check_peers, pipeline, startup, training, translation, translation_bench

from seq2seq.cli.command import SETTINGS, Command
from seq2seq.cli.console import ConsoleReport, quiet_tensorflow
from seq2seq.cli.outputs import check_file, check_suffix
from seq2seq.cores import usable_cores
from seq2seq.errors import InputError
from seq2seq.storage import replacing

app = typer.Typer(**SETTINGS | {"no_args_is_help": False})
COLUMNS = ("work", "system", "unit", "median", "low", "high", "ratio", "peak_mib")


class Work(StrEnum):
    """What can be measured."""

    TRAINING = "training"
    TRANSLATION = "translation"
    PIPELINE = "pipeline"
    AUTOENCODER = "autoencoder"
    STARTUP = "startup"
    CURVES = "curves"
    NAIVE = "naive"


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
        str, Option(help=f"Whom to measure beside: any of {', '.join(PEERS)}; or an empty string.")
    ] = ",".join(PEERS),
    torch_python: Annotated[
        str, Option(help="Python interpreter that has PyTorch.", show_default="this one")
    ] = sys.executable,
    joey_python: Annotated[
        str | None, Option(help="Python interpreter that has JoeyNMT.", show_default="that with PyTorch")
    ] = None,
    data: Annotated[
        str | None,
        Option(help="Parallel text, as of `seq2seq train --train`; needed to translate.", show_default="generated"),
    ] = None,
    source: Annotated[str | None, Option(help="Suffix of its source file, or feature of a data set.")] = None,
    target: Annotated[str | None, Option(help="Suffix of its target file, or feature of a data set.")] = None,
    run: Annotated[Path | None, Option(help="Run directory to translate with.")] = None,
    turns: Annotated[int, Option(min=1, help="Turns of each system.")] = 5,
    steps: Annotated[int, Option(min=1, help="Training steps, of 64 sentences each, in a turn.")] = 20,
    threads: Annotated[
        int | None, Option(min=1, help="Threads of each system.", show_default="all cores that it may use")
    ] = None,
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
    if plot and Work.CURVES in works and len(works) > 1:
        raise InputError("The curves are a picture of their own: give --plot to a call that measures nothing else.")
    if Work.NAIVE in works and (len(works) > 1 or plot):
        raise InputError("naive is a table of its own: name no other work beside it, and no --plot.")
    pythons = {"torch": torch_python, "joeynmt": joey_python or torch_python}
    peers = {peer: pythons.get(peer, sys.executable) for peer in check_peers(peers)}
    check_file(json_file, "--json")
    check_file(plot, "--plot")
    check_suffix(plot, "--plot", (".png", ".svg", ".pdf"))
    report, spec = ConsoleReport(), {"threads": threads or usable_cores(), "steps": steps}
    with tempfile.TemporaryDirectory() as folder:
        # The workers have a folder of their own.
        bench = Bench(spec, turns, peers, report)
        rows = measured(works, bench, folder, run and run.resolve(), (data, source, target))
    columns = naive.COLUMNS if Work.NAIVE in works else COLUMNS
    report.table("", columns, [[row[column] for column in columns] for row in rows])
    if Work.NAIVE in works:
        report.say(naive.summary(rows))
    if plot:
        (draw_curves if Work.CURVES in works else draw)(rows, plot)
    if json_file:
        with replacing(json_file) as temporary:
            temporary.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def measured(works, bench, folder, run, corpus):
    """The rows of all works; what their workers read is written into `folder`."""
    with quiet_tensorflow():
        import prepare

    if {Work.TRAINING, Work.PIPELINE} & set(works):
        rows = prepare.read_corpus(*corpus) if corpus[0] else prepare.generated_corpus(prepare.PAIRS)
        bench = bench.having(**prepare.write_corpus(folder, *rows) | prepare.write_material(folder, *rows))
    translating = partial(translation_bench, bench, run, *corpus, partial(prepare.write_translator, folder))
    jobs = {
        Work.TRAINING: lambda: training(bench),
        Work.PIPELINE: lambda: pipeline(bench),
        Work.AUTOENCODER: lambda: autoencoder(bench, partial(prepare.write_series, folder)),
        Work.STARTUP: lambda: startup(bench, run),
        Work.TRANSLATION: lambda: translation(translating()),
        Work.NAIVE: lambda: naive.compare(naive.sources(), Path(folder), bench.report),
        Work.CURVES: lambda: curves(bench, prepare, translating(SENTENCES) if run and corpus[0] else None),
    }
    rows = []
    for work in works:
        bench.report.say(f"{work}, turns of each: {bench.turns}, threads: {bench.spec['threads']}")
        rows += jobs[work]()
    return rows


if __name__ == "__main__":
    app()
